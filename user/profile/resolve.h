/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that were asked for, as the kernel's checks see them. */
#ifndef PROFILE_RESOLVE_H
#define PROFILE_RESOLVE_H

#include <stdbool.h>

#include "slimtrace/image.h"

/*
 * Where the name lies: its directories are resolved in @img as far as they are there, and with
 * @follow the last component too. The rest, or everything when @img is NULL, is taken as it was
 * asked for. malloc'ed.
 */
char *resolve_name(const struct image *img, const char *path, bool follow);

#endif
