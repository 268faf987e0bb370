/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of files. Nothing is ever written anew: what stays of a file that is cut are ranges of the
 * original's bytes.
 */
#include "keep/cut.h"

#include <stdlib.h>

#include "slimtrace/base/alloc.h"

struct cut {
	struct keep_range *v;
	size_t n, cap;
	uint64_t bytes;
};

static void cut_free(void *value)
{
	struct cut *cut = value;

	if (cut)
		free(cut->v);
	free(cut);
}

void keep_cuts_reset(struct keep *k)
{
	strmap_free_with(k->cuts, cut_free);
	k->cuts = NULL;
}

void keep_cut_begin(struct keep *k, const struct image_entry *e)
{
	if (!k->cuts)
		k->cuts = strmap_new();
	cut_free(strmap_put_len(k->cuts, &e->id, sizeof(e->id), xcalloc(1, sizeof(struct cut))));
}

static struct cut *find(const struct keep *k, const struct image_entry *e)
{
	return k->cuts ? strmap_get_len(k->cuts, &e->id, sizeof(e->id)) : NULL;
}

void keep_cut_add(struct keep *k, const struct image_entry *e, uint64_t start, uint64_t end)
{
	struct cut *cut = find(k, e);

	if (!cut || start >= end)
		return;
	cut->bytes += end - start;
	if (cut->n && cut->v[cut->n - 1].end == start) {
		cut->v[cut->n - 1].end = end;
		return;
	}
	ALLOC_GROW(cut->v, cut->n + 1, cut->cap);
	cut->v[cut->n++] = (struct keep_range){ start, end };
}

const struct keep_range *keep_cut(const struct keep *k, const struct image_entry *e, size_t *ret_n)
{
	static const struct keep_range nothing;
	const struct cut *cut = find(k, e);

	if (!cut)
		return NULL;
	*ret_n = cut->n;
	return cut->v ? cut->v : &nothing;
}

uint64_t keep_size(const struct keep *k, const struct image_entry *e)
{
	const struct cut *cut = find(k, e);

	if (e->type != ENTRY_FILE)
		return 0;
	return cut ? cut->bytes : e->size;
}
