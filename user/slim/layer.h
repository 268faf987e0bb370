/* SPDX-License-Identifier: BSD-2-Clause */
/* The kept entries of an image as the entries of one layer's tar. */
#ifndef SLIMTRACE_SLIM_LAYER_H
#define SLIMTRACE_SLIM_LAYER_H

#include "slim/tar.h"
#include "slimtrace/slim.h"

/*
 * Directories before what is in them, siblings in bytewise order. Sockets are left out, since tar
 * has no type for them; the root is left out when it is as an engine makes it. A kept entry that a
 * layer cannot hold is ERR_IMAGE.
 */
int layer_write(const struct image *img, const struct keep *keep, const struct slim_opts *opts,
		struct tar *tar, struct err *err);

#endif
