/* SPDX-License-Identifier: BSD-2-Clause */
#include "image/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

static int compare_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int r = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return r ? r : (a_len > b_len) - (a_len < b_len);
}

/* Where @name is, or would be put: *ret_found tells which. */
static size_t child_index(const struct image_entry *dir, const char *name, size_t len,
			  bool *ret_found)
{
	size_t low = 0, high = dir->n_children;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct image_entry *e = dir->children[mid];
		int r = compare_name(e->name, e->name_len, name, len);

		if (!r) {
			*ret_found = true;
			return mid;
		}
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_found = false;
	return low;
}

struct image_entry *image_child(const struct image_entry *dir, const char *name, size_t len)
{
	bool found;
	size_t i = child_index(dir, name, len, &found);

	return found ? dir->children[i] : NULL;
}

static struct image_entry *new_entry(struct image *img, const char *name, size_t len)
{
	struct image_entry *e = xcalloc(1, sizeof(*e));

	e->name = xmemdup(name, len);
	e->name_len = len;
	ALLOC_GROW(img->made, img->n_made + 1, img->cap_made);
	img->made[img->n_made++] = e;
	return e;
}

struct image *image_new(const struct image_source *source)
{
	struct image *img = xcalloc(1, sizeof(*img));

	img->source = source;
	img->root = new_entry(img, "", 0);
	img->root->parent = img->root;
	img->root->type = ENTRY_DIR;
	img->root->mode = 0755;
	img->root->inode = tree_new_inode(img);
	return img;
}

uint32_t tree_new_inode(struct image *img)
{
	return img->n_inodes++;
}

/* The capacity of a children array is the next power of two of its count. */
static void insert_child(struct image_entry *dir, size_t at, struct image_entry *e)
{
	size_t n = dir->n_children;

	if (!(n & (n - 1)))
		dir->children = xreallocarray(dir->children, n ? 2 * n : 1, sizeof(*dir->children));
	memmove(dir->children + at + 1, dir->children + at, (n - at) * sizeof(*dir->children));
	dir->children[at] = e;
	dir->n_children++;
	e->parent = dir;
}

static void remove_child(struct image_entry *dir, size_t at)
{
	struct image_entry **children = xmalloc((dir->n_children) * sizeof(*children));
	size_t n = 0;

	for (size_t i = 0; i < dir->n_children; i++)
		if (i != at)
			children[n++] = dir->children[i];
	/* Kept at the capacity that insert_child() counts on. */
	free(dir->children);
	dir->children = NULL;
	dir->n_children = 0;
	for (size_t i = 0; i < n; i++)
		insert_child(dir, i, children[i]);
	free(children);
}

static bool usable_name(const char *name, size_t len)
{
	return len > 0 && len <= IMAGE_MAX_NAME && !memchr(name, '/', len) &&
	       !memchr(name, '\0', len) && !(len == 1 && *name == '.') &&
	       !(len == 2 && !memcmp(name, "..", 2));
}

static int check_put(const struct image *img, const struct image_entry *dir, const char *name,
		     size_t len, struct err *err)
{
	size_t depth = 0;

	if (!usable_name(name, len))
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "a layer has an entry of an unusable name '%.*s'",
				     (int)(len < 300 ? len : 300), name);
	if (img->n_made >= IMAGE_MAX_ENTRIES)
		return err_class_set(err, ERR_IMAGE, E2BIG, "the image has more than %u entries",
				     IMAGE_MAX_ENTRIES);
	for (; dir->parent != dir; dir = dir->parent)
		depth++;
	if (depth >= IMAGE_MAX_DEPTH)
		return err_class_set(err, ERR_IMAGE, ENAMETOOLONG,
				     "the image has directories more than %u deep",
				     IMAGE_MAX_DEPTH);
	return 0;
}

int tree_put(struct image *img, struct image_entry *dir, const char *name, size_t len,
	     enum entry_type type, uint32_t layer, struct image_entry **ret, struct err *err)
{
	bool found;
	size_t at = child_index(dir, name, len, &found);
	struct image_entry *e;
	int r = check_put(img, dir, name, len, err);

	if (r < 0)
		return r;
	if (found && type == ENTRY_DIR && dir->children[at]->type == ENTRY_DIR) {
		e = dir->children[at];
		tree_clear_xattrs(e);
	} else {
		e = new_entry(img, name, len);
		if (found) {
			e->parent = dir;
			dir->children[at] = e;
		} else {
			insert_child(dir, at, e);
		}
		e->inode = tree_new_inode(img);
	}
	e->type = type;
	e->layer = layer;
	*ret = e;
	return 0;
}

void tree_remove(struct image_entry *dir, const char *name, size_t len, uint32_t layer)
{
	bool found;
	size_t at = child_index(dir, name, len, &found);

	if (found && dir->children[at]->layer < layer)
		remove_child(dir, at);
}

void tree_make_opaque(struct image_entry *dir, uint32_t layer)
{
	for (size_t i = dir->n_children; i-- > 0;)
		if (dir->children[i]->layer < layer)
			remove_child(dir, i);
}

static int compare_xattr(const void *a, const void *b)
{
	return strcmp(((const struct entry_xattr *)a)->name, ((const struct entry_xattr *)b)->name);
}

void tree_set_xattr(struct image_entry *e, const char *name, const void *value, size_t len)
{
	struct entry_xattr *x;

	if (e->n_xattrs >= IMAGE_MAX_XATTRS || len > IMAGE_MAX_XATTR_BYTES)
		return;
	e->xattrs = xreallocarray(e->xattrs, e->n_xattrs + 1, sizeof(*e->xattrs));
	x = &e->xattrs[e->n_xattrs++];
	x->name = xstrdup(name);
	x->value = xmemdup(value, len);
	x->len = len;
	qsort(e->xattrs, e->n_xattrs, sizeof(*e->xattrs), compare_xattr);
}

void tree_clear_xattrs(struct image_entry *e)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		free(e->xattrs[i].name);
		free(e->xattrs[i].value);
	}
	free(e->xattrs);
	e->xattrs = NULL;
	e->n_xattrs = 0;
}

/* Pre-order without recursion: entries[] is its own queue, each directory's children in a row. */
static void number_entries(struct image *img)
{
	size_t cap = 0;

	ALLOC_GROW(img->entries, 1, cap);
	img->entries[img->n_entries++] = img->root;
	for (size_t i = 0; i < img->n_entries; i++) {
		struct image_entry *e = img->entries[i];

		e->id = (uint32_t)i;
		ALLOC_GROW(img->entries, img->n_entries + e->n_children, cap);
		for (size_t j = 0; j < e->n_children; j++)
			img->entries[img->n_entries++] = e->children[j];
	}
}

int tree_finish(struct image *img, struct err *err)
{
	uint32_t *links = xcalloc(img->n_inodes, sizeof(*links));

	(void)err;
	number_entries(img);
	for (size_t i = 0; i < img->n_entries; i++) {
		struct image_entry *e = img->entries[i];

		if (e->type == ENTRY_FILE && !links[e->inode])
			img->total_size += e->size;
		links[e->inode]++;
	}
	for (size_t i = 0; i < img->n_entries; i++)
		img->entries[i]->nlink = links[img->entries[i]->inode];
	free(links);
	return 0;
}

static void free_config(struct image_config *c)
{
	free(c->bytes);
	free(c->user);
	free(c->workdir);
	free(c->stop_signal);
	free(c->arch);
	free(c->os);
	strvec_release(&c->entrypoint);
	strvec_release(&c->cmd);
	strvec_release(&c->env);
	strvec_release(&c->volumes);
	strvec_release(&c->ports);
	strvec_release(&c->shell);
	strvec_release(&c->healthcheck);
}

void image_free(struct image *img)
{
	if (!img)
		return;
	img->source->free(img);
	for (size_t i = 0; i < img->n_made; i++) {
		struct image_entry *e = img->made[i];

		tree_clear_xattrs(e);
		free(e->name);
		free(e->target);
		free(e->children);
		free(e);
	}
	free(img->made);
	free(img->entries);
	for (size_t i = 0; i < img->n_layers; i++)
		free(img->layers[i].created_by);
	free(img->layers);
	free(img->layer_fds);
	free(img->layer_start);
	free(img->layer_len);
	free_config(&img->config);
	free(img);
}

const char *image_id(const struct image *img)
{
	return img->id.str;
}

const struct image_config *image_config(const struct image *img)
{
	return &img->config;
}

size_t image_layer_count(const struct image *img)
{
	return img->n_layers;
}

const struct image_layer *image_layer(const struct image *img, size_t i)
{
	return &img->layers[i];
}

size_t image_entry_count(const struct image *img)
{
	return img->n_entries;
}

struct image_entry *image_entry(const struct image *img, uint32_t id)
{
	return img->entries[id];
}

struct image_entry *image_root(const struct image *img)
{
	return img->root;
}

uint64_t image_total_size(const struct image *img)
{
	return img->total_size;
}

void image_entry_path(const struct image_entry *e, struct strbuf *ret)
{
	const struct image_entry *chain[IMAGE_MAX_DEPTH + 2];
	size_t n = 0;

	for (; e->parent != e && n < ARRAY_SIZE(chain); e = e->parent)
		chain[n++] = e;
	if (!n)
		strbuf_addch(ret, '/');
	while (n-- > 0) {
		strbuf_addch(ret, '/');
		strbuf_add(ret, chain[n]->name, chain[n]->name_len);
	}
}
