/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of which only parts stay (keep_cut()), in layers that several images share. */
#ifndef SLIMTRACE_SLIM_PARTS_H
#define SLIMTRACE_SLIM_PARTS_H

#include "slim/plan.h"

struct parts {
	struct keep_range *v; /* ascending, apart */
	size_t n;
	uint64_t bytes;
};

/*
 * What stays of a file that @items, one for each image, are about: what stays in any of them. False
 * when that is all of it.
 */
bool parts_find(const struct slim_set *set, const struct plan_item *items, size_t n,
		struct parts *ret);
void parts_release(struct parts *parts);
static inline void parts_release_p(struct parts *parts)
{
	parts_release(parts);
}

#endif
