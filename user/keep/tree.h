/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole parts of the tree. */
#ifndef SLIMTRACE_KEEP_TREE_H
#define SLIMTRACE_KEEP_TREE_H

#include "keep/set.h"

/* @e and all below it, parents first: @fn returns 1 to leave out what is below, below 0 to end. */
typedef int keep_tree_fn(struct image_entry *e, void *ctx, struct err *err);
int keep_tree(struct image_entry *top, keep_tree_fn *fn, void *ctx, struct err *err);

/*
 * All that @pattern (see glob.h) matches stays for @reason, and what matched links lead to. Returns
 * the number of matches, or -errno.
 */
int keep_matches(struct keep *k, const char *pattern, enum keep_reason reason, struct err *err);
/* The same for a list of them, each put after @dir ("": the root). */
int keep_all_matches(struct keep *k, const char *dir, const char *const *patterns, size_t n,
		     enum keep_reason reason, struct err *err);

#endif
