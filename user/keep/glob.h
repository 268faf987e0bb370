/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns of paths, expanded on the image's tree as a shell would: "*", "?" and "[...]" stand for
 * what they match within one name, hidden names too; "**" as a whole name stands for any number of
 * directories, also none. Links to directories are followed where a name says so, never by "**".
 */
#ifndef SLIMTRACE_KEEP_GLOB_H
#define SLIMTRACE_KEEP_GLOB_H

#include "keep/set.h"

/* @path: as the pattern spells it, links not resolved; @e: what is there, a link itself. */
typedef int keep_glob_fn(const char *path, struct image_entry *e, void *ctx, struct err *err);

/*
 * Calls @fn for each match of @pattern, from the root. Returns how many there were (at most
 * INT_MAX), or what @fn returned below 0. -ELOOP when the pattern has too many parts.
 */
int keep_glob(const struct keep *k, const char *pattern, keep_glob_fn *fn, void *ctx,
	      struct err *err);

#endif
