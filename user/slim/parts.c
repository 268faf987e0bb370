/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/parts.h"

#include <stdlib.h>

#include "slimtrace/base/alloc.h"

/* An image that has the file only because another needs it has no say. */
static bool is_asked(const struct keep *keep, const struct image_entry *e)
{
	return keep_reasons(keep, e) & ~(1u << KEEP_SHARED);
}

static int compare_ranges(const void *left, const void *right)
{
	const struct keep_range *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static void merge(struct parts *parts)
{
	size_t n = 0;

	if (parts->n)
		qsort(parts->v, parts->n, sizeof(*parts->v), compare_ranges);
	for (size_t i = 0; i < parts->n; i++) {
		struct keep_range *p = &parts->v[i], *last = n ? &parts->v[n - 1] : NULL;

		if (!last || p->start > last->end)
			parts->v[n++] = *p;
		else if (p->end > last->end)
			last->end = p->end;
	}
	parts->n = n;
	for (size_t i = 0; i < n; i++)
		parts->bytes += parts->v[i].end - parts->v[i].start;
}

bool parts_find(const struct slim_set *set, const struct plan_item *items, size_t n,
		struct parts *ret)
{
	bool any = false;
	size_t cap = 0;

	for (size_t i = 0; i < n; i++) {
		const struct keep *keep = set->v[items[i].source].keep;
		const struct keep_range *cut;
		size_t n_cut = 0;

		if (items[i].kind != PLAN_ENTRY || !is_asked(keep, items[i].entry))
			continue;
		cut = keep_cut(keep, items[i].entry, &n_cut);
		if (!cut) {
			parts_release(ret);
			return false;
		}
		any = true;
		ALLOC_GROW(ret->v, ret->n + n_cut, cap);
		for (size_t j = 0; j < n_cut; j++)
			ret->v[ret->n++] = cut[j];
	}
	merge(ret);
	return any;
}

void parts_release(struct parts *parts)
{
	free(parts->v);
	*parts = (struct parts){ 0 };
}
