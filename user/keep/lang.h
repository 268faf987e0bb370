/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules for languages share. */
#ifndef SLIMTRACE_KEEP_LANG_H
#define SLIMTRACE_KEEP_LANG_H

#include "keep/set.h"

/* The entry @name in @dir; NULL when there is none or @dir is no directory. */
struct image_entry *keep_child(const struct image_entry *dir, const char *name);
/* Has @name more than @end, and ends with it? */
bool keep_ends_with(const char *name, const char *end);

#endif
