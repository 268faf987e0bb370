/* SPDX-License-Identifier: BSD-2-Clause */
/* What stays, in figures. Files with several names are counted once. */
#include <stdlib.h>

#include "keep/set.h"
#include "slimtrace/base/alloc.h"

/* Reasons that only say that an entry is on the way to another. */
#define ON_THE_WAY (1u << KEEP_PARENT | 1u << KEEP_LINK)

/* A kept file with several names: one of them. */
struct name {
	uint32_t inode, reasons;
	uint64_t size;
};

static int compare_names(const void *left, const void *right)
{
	const struct name *a = left, *b = right;

	return (a->inode > b->inode) - (a->inode < b->inode);
}

/* All kept names of files that have several, sorted by file. */
static struct name *find_names(const struct keep *k, size_t *ret_n)
{
	struct name *names = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);

		if (!k->reasons[i] || e->type != ENTRY_FILE || e->nlink < 2)
			continue;
		ALLOC_GROW(names, n + 1, cap);
		names[n++] = (struct name){ e->inode, k->reasons[i], e->size };
	}
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	*ret_n = n;
	return names;
}

/* Bytes of the files in @names, those of which a name stays for one of @reasons, each once. */
static uint64_t names_bytes(const struct name *names, size_t n, uint32_t reasons)
{
	uint64_t bytes = 0;

	for (size_t i = 0, j; i < n; i = j) {
		uint32_t all = 0;

		for (j = i; j < n && names[j].inode == names[i].inode; j++)
			all |= names[j].reasons;
		if (all & reasons)
			bytes += names[i].size;
	}
	return bytes;
}

void keep_totals(const struct keep *k, struct keep_totals *ret)
{
	struct keep_totals t = { .entries_all = k->n, .bytes_all = image_total_size(k->img) };
	size_t n;
	_cleanup_free_ struct name *names = find_names(k, &n);

	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		bool file = e->type == ENTRY_FILE;

		t.files_all += file;
		if (!k->reasons[i])
			continue;
		t.entries++;
		t.files += file;
		if (file && e->nlink < 2)
			t.bytes += keep_size(k, e);
	}
	t.bytes += names_bytes(names, n, UINT32_MAX);
	*ret = t;
}

static void add_cost(struct keep_cost ret[KEEP_REASONS], uint32_t reasons, uint64_t entries,
		     uint64_t bytes)
{
	uint32_t content = reasons & ~ON_THE_WAY;

	for (unsigned int i = 0; i < KEEP_REASONS; i++) {
		uint32_t bit = 1u << i;
		bool sole = content ? content == bit : reasons == bit;

		if (!(reasons & bit))
			continue;
		ret[i].entries += entries;
		ret[i].bytes += bytes;
		ret[i].sole_entries += sole ? entries : 0;
		ret[i].sole_bytes += sole ? bytes : 0;
	}
}

void keep_costs(const struct keep *k, struct keep_cost ret[KEEP_REASONS])
{
	size_t n;
	_cleanup_free_ struct name *names = find_names(k, &n);

	for (unsigned int i = 0; i < KEEP_REASONS; i++)
		ret[i] = (struct keep_cost){ 0 };
	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		bool shared = e->type == ENTRY_FILE && e->nlink > 1;

		add_cost(ret, k->reasons[i], 1, shared ? 0 : keep_size(k, e));
	}
	for (size_t i = 0, j; i < n; i = j) {
		uint32_t all = 0;

		for (j = i; j < n && names[j].inode == names[i].inode; j++)
			all |= names[j].reasons;
		add_cost(ret, all, 0, names[i].size);
	}
}
