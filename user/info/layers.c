/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each layer does to those below. An entry that an upper layer took away was changed when that
 * layer has one of the same path, else deleted. A file counts as wasted when no name of it is seen.
 */
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/strmap.h"

/* An entry that is gone, and what replaced it. */
struct past {
	struct image_entry *e;
	bool replaced;
};

struct history {
	const struct image *img;
	struct info *info;
	struct past *past;
	size_t n, cap;
	struct strmap *by_path; /* path, NUL, the layer it went in -> index in past + 1 */
	uint32_t max_inode;
	struct inode {
		uint32_t names; /* in all layers */
		uint32_t layer; /* that has the content: the lowest with a name of it */
	} * inodes;
	struct strmap *counted; /* struct count: what has had its bytes */
	struct err *err;
};

static void put_key(const struct image_entry *e, uint32_t layer, struct strbuf *ret)
{
	strbuf_reset(ret);
	image_entry_path(e, ret);
	strbuf_addch(ret, '\0');
	strbuf_add(ret, &layer, sizeof(layer));
}

/* Of two entries of one name in one layer the first one means nothing. */
static int take_past(struct image_entry *e, void *ctx)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;
	struct history *h = ctx;

	if (e->type == ENTRY_DIR || e->gone <= e->layer || e->gone >= h->info->n_layers)
		return 0;
	ALLOC_GROW(h->past, h->n + 1, h->cap);
	h->past[h->n++] = (struct past){ .e = e };
	put_key(e, e->gone, &key);
	strmap_put_len(h->by_path, key.buf, key.len, (void *)h->n);
	if (e->inode > h->max_inode)
		h->max_inode = e->inode;
	return 0;
}

static void take_name(struct history *h, const struct image_entry *e)
{
	struct inode *inode = &h->inodes[e->inode];

	if (!inode->names++ || e->layer < inode->layer)
		inode->layer = e->layer;
}

static void take_names(struct history *h)
{
	for (size_t i = 0; i < image_entry_count(h->img); i++)
		if (image_entry(h->img, (uint32_t)i)->inode > h->max_inode)
			h->max_inode = image_entry(h->img, (uint32_t)i)->inode;
	h->inodes = xcalloc((size_t)h->max_inode + 1, sizeof(*h->inodes));
	for (size_t i = 0; i < image_entry_count(h->img); i++)
		take_name(h, image_entry(h->img, (uint32_t)i));
	for (size_t i = 0; i < h->n; i++)
		take_name(h, h->past[i].e);
}

/* What a layer adds and changes are its bytes: of several names of a file one has them. */
static uint64_t count_bytes(struct history *h, uint32_t layer, const struct image_entry *e,
			    bool deleted)
{
	const struct count {
		uint32_t layer, inode, deleted;
	} key = { layer, e->inode, deleted };

	if (e->type != ENTRY_FILE || (!deleted && h->inodes[e->inode].layer != layer))
		return 0;
	if (h->inodes[e->inode].names > 1 && strmap_put_len(h->counted, &key, sizeof(key), h))
		return 0;
	return e->size;
}

static void add_change(struct history *h, uint32_t layer, struct image_entry *e,
		       enum info_change_kind kind, bool same)
{
	struct info_layer *l = &h->info->layers[layer];
	uint64_t size = count_bytes(h, layer, e, kind == INFO_DELETED);

	ALLOC_GROW(l->changes, l->n_changes + 1, l->cap_changes);
	l->changes[l->n_changes++] = (struct info_change){ e, kind, same };
	l->n[kind]++;
	l->bytes[kind] += size;
	l->same += same;
	l->same_bytes += same ? size : 0;
}

static int has_same_content(const struct image *img, const struct image_entry *a,
			    const struct image_entry *b, bool *ret, struct err *err)
{
	struct digest da, db;
	int r;

	*ret = false;
	if (a->type != b->type)
		return 0;
	if (a->type == ENTRY_SYMLINK)
		*ret = !strcmp(a->target ? a->target : "", b->target ? b->target : "");
	if (a->type != ENTRY_FILE || a->size != b->size)
		return 0;
	if (!a->size || a->inode == b->inode) {
		*ret = true;
		return 0;
	}
	r = info_content_digest(img, a, &da, err);
	if (!r)
		r = info_content_digest(img, b, &db, err);
	if (!r)
		*ret = !strcmp(da.str, db.str);
	return r;
}

/* One that a layer has: added, or in the place of another one. */
static int take_made(struct history *h, struct image_entry *e)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;
	struct past *old = NULL;
	bool same = false;
	size_t at;
	int r = 0;

	if (e->type == ENTRY_DIR || e->layer >= h->info->n_layers)
		return 0;
	if (h->n) {
		put_key(e, e->layer, &key);
		at = (size_t)strmap_get_len(h->by_path, key.buf, key.len);
		old = at ? &h->past[at - 1] : NULL;
	}
	if (old) {
		old->replaced = true;
		r = has_same_content(h->img, old->e, e, &same, h->err);
	}
	if (!r)
		add_change(h, e->layer, e, old ? INFO_CHANGED : INFO_ADDED, same);
	return r < 0 ? r : cancel_check(h->err);
}

static int take_all(struct history *h)
{
	int r = 0;

	for (size_t i = 0; !r && i < image_entry_count(h->img); i++)
		r = take_made(h, image_entry(h->img, (uint32_t)i));
	for (size_t i = 0; !r && i < h->n; i++)
		r = take_made(h, h->past[i].e);
	return r;
}

static void count_waste(struct history *h)
{
	bool *seen = xcalloc((size_t)h->max_inode + 1, sizeof(*seen));

	for (size_t i = 0; i < image_entry_count(h->img); i++)
		seen[image_entry(h->img, (uint32_t)i)->inode] = true;
	for (size_t i = 0; i < h->n; i++) {
		struct image_entry *e = h->past[i].e;
		struct info_total *t =
			h->past[i].replaced ? &h->info->overwritten : &h->info->deleted;

		if (!h->past[i].replaced)
			add_change(h, e->gone, e, INFO_DELETED, false);
		if (e->type != ENTRY_FILE || seen[e->inode])
			continue;
		seen[e->inode] = true;
		t->files++;
		t->bytes += e->size;
	}
	free(seen);
}

static uint64_t change_size(const struct info_change *c)
{
	return c->e->type == ENTRY_FILE ? c->e->size : 0;
}

static int compare_paths(const struct image_entry *a, const struct image_entry *b)
{
	_cleanup_strbuf_ struct strbuf pa = STRBUF_INIT, pb = STRBUF_INIT;

	image_entry_path(a, &pa);
	image_entry_path(b, &pb);
	return strcmp(pa.buf, pb.buf);
}

static int by_size(const void *a_arg, const void *b_arg)
{
	const struct info_change *a = a_arg, *b = b_arg;
	uint64_t na = change_size(a), nb = change_size(b);

	return na != nb ? (na < nb) - (na > nb) : compare_paths(a->e, b->e);
}

int info_layers(const struct image *img, struct info *info, struct err *err)
{
	struct history h = { .img = img,
			     .info = info,
			     .by_path = strmap_new(),
			     .counted = strmap_new(),
			     .err = err };
	int r;

	info->n_layers = image_layer_count(img);
	info->layers = xcalloc(info->n_layers, sizeof(*info->layers));
	for (size_t i = 0; i < info->n_layers; i++) {
		const struct image_layer *l = image_layer(img, i);

		info->layers[i].diff_id = l->diff_id;
		info->layers[i].created_by = l->created_by;
		info->layers[i].size = l->size;
		info->size += l->size;
	}
	image_each_hidden(img, take_past, &h);
	take_names(&h);
	r = take_all(&h);
	if (!r)
		count_waste(&h);
	for (size_t i = 0; i < info->n_layers; i++)
		if (info->layers[i].n_changes)
			qsort(info->layers[i].changes, info->layers[i].n_changes,
			      sizeof(struct info_change), by_size);
	strmap_free(h.by_path);
	strmap_free(h.counted);
	free(h.inodes);
	free(h.past);
	return r;
}
