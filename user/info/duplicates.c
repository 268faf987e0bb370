/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the merged tree with the same content: only those of one size are read. */
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"

struct candidate {
	struct image_entry *e;
	struct digest digest;
};

static int by_size(const void *a_arg, const void *b_arg)
{
	const struct image_entry *a = *(struct image_entry *const *)a_arg,
				 *b = *(struct image_entry *const *)b_arg;

	if (a->size != b->size)
		return (a->size < b->size) - (a->size > b->size);
	return (a->id > b->id) - (a->id < b->id);
}

static int by_digest(const void *a_arg, const void *b_arg)
{
	const struct candidate *a = a_arg, *b = b_arg;
	int r = strcmp(a->digest.str, b->digest.str);

	return r ? r : (a->e->id > b->e->id) - (a->e->id < b->e->id);
}

static int by_waste(const void *a_arg, const void *b_arg)
{
	const struct info_duplicate *a = a_arg, *b = b_arg;
	uint64_t wa = a->size * (a->n - 1), wb = b->size * (b->n - 1);

	if (wa != wb)
		return (wa < wb) - (wa > wb);
	return (a->entries[0]->id > b->entries[0]->id) - (a->entries[0]->id < b->entries[0]->id);
}

/* One name of each file that has content. */
static size_t list_files(const struct image *img, struct image_entry **ret)
{
	size_t n = 0, count = image_entry_count(img);
	struct strmap *seen = strmap_new();

	for (size_t i = 0; i < count; i++) {
		struct image_entry *e = image_entry(img, (uint32_t)i);

		if (e->type != ENTRY_FILE || !e->size)
			continue;
		if (e->nlink > 1 && strmap_put_len(seen, &e->inode, sizeof(e->inode), e))
			continue;
		ret[n++] = e;
	}
	strmap_free(seen);
	return n;
}

static void add_set(struct info *info, const struct candidate *c, size_t n)
{
	struct info_duplicate d = { .size = c->e->size, .n = n };

	d.entries = xcalloc(n, sizeof(*d.entries));
	for (size_t i = 0; i < n; i++)
		d.entries[i] = c[i].e;
	info->duplicates =
		xreallocarray(info->duplicates, info->n_duplicates + 1, sizeof(*info->duplicates));
	info->duplicates[info->n_duplicates++] = d;
	info->duplicated.files += n - 1;
	info->duplicated.bytes += d.size * (n - 1);
}

static int compare_group(const struct image *img, struct image_entry **files, size_t n,
			 struct info *info, struct err *err)
{
	_cleanup_free_ struct candidate *c = xcalloc(n, sizeof(*c));
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		c[i].e = files[i];
		r = info_content_digest(img, files[i], &c[i].digest, err);
	}
	if (r < 0)
		return r;
	qsort(c, n, sizeof(*c), by_digest);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && !strcmp(c[i].digest.str, c[j].digest.str);)
			j++;
		if (j - i > 1)
			add_set(info, c + i, j - i);
	}
	return 0;
}

int info_duplicates(const struct image *img, struct info *info, struct err *err)
{
	_cleanup_free_ struct image_entry **files =
		xcalloc(image_entry_count(img), sizeof(struct image_entry *));
	size_t n = list_files(img, files);
	int r = 0;

	qsort(files, n, sizeof(*files), by_size);
	for (size_t i = 0, j; !r && i < n; i = j) {
		for (j = i + 1; j < n && files[i]->size == files[j]->size;)
			j++;
		if (j - i > 1)
			r = compare_group(img, files + i, j - i, info, err);
	}
	if (info->n_duplicates)
		qsort(info->duplicates, info->n_duplicates, sizeof(*info->duplicates), by_waste);
	return r;
}
