/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While layers are applied, a directory's children are a list (to walk and unlink) and a balanced
 * search tree (to find): a layer's order and a directory's size are the image's choice, and nothing
 * may cost their square. Once all are applied, they become the sorted arrays that readers see.
 */
#include "image/tree.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

/* The entry comes first: a pointer to one is a pointer to the other. */
struct tree_node {
	struct image_entry entry;
	void *index;			 /* tsearch(3) root of the children, by name */
	struct tree_node *first;	 /* child */
	struct tree_node *next, **pprev; /* sibling, and what points here */
	struct tree_node *made;		 /* the one that was made before */
	uint32_t cleared;		 /* layer + 1 whose opaque mark was obeyed last */
	bool hidden;			 /* taken out */
};
_Static_assert(offsetof(struct tree_node, entry) == 0, "entries and nodes are converted");

static struct tree_node *node_of(const struct image_entry *e)
{
	return (struct tree_node *)(uintptr_t)e;
}

static int compare_entries(const void *a_arg, const void *b_arg)
{
	const struct image_entry *a = a_arg, *b = b_arg;
	int r = memcmp(a->name, b->name, a->name_len < b->name_len ? a->name_len : b->name_len);

	return r ? r : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static int compare_children(const void *a, const void *b)
{
	return compare_entries(*(struct image_entry *const *)a, *(struct image_entry *const *)b);
}

struct image_entry *image_child(const struct image_entry *dir, const char *name, size_t len)
{
	const struct image_entry key = { .name = (char *)(uintptr_t)name, .name_len = len };
	const struct image_entry *const by_key = &key;
	const struct tree_node *node = node_of(dir);
	struct image_entry **found;

	if (node->index)
		found = tfind(&key, &node->index, compare_entries);
	else if (dir->children)
		found = bsearch(&by_key, dir->children, dir->n_children, sizeof(*dir->children),
				compare_children);
	else
		return NULL;
	return found ? *found : NULL;
}

static struct image_entry *new_entry(struct image *img, const char *name, size_t len)
{
	struct tree_node *node = xcalloc(1, sizeof(*node));

	node->entry.name = xmemdup(name, len);
	node->entry.name_len = len;
	node->entry.inode = img->n_inodes++;
	node->made = img->made;
	img->made = node;
	img->n_made++;
	img->held += len;
	return &node->entry;
}

struct image *image_new(const struct image_source *source)
{
	struct image *img = xcalloc(1, sizeof(*img));

	img->source = source;
	img->archive_fd = img->unpacked_fd = -1;
	img->root = new_entry(img, "", 0);
	img->root->parent = img->root;
	img->root->type = ENTRY_DIR;
	img->root->mode = 0755;
	return img;
}

static void insert(struct image_entry *dir, struct image_entry *e)
{
	struct tree_node *up = node_of(dir), *node = node_of(e);

	if (!tsearch(e, &up->index, compare_entries))
		abort(); /* out of memory */
	node->next = up->first;
	if (up->first)
		up->first->pprev = &node->next;
	node->pprev = &up->first;
	up->first = node;
	e->parent = dir;
	dir->n_children++;
}

/* Takes @node out of its directory. It is freed with the image only: others may know it. */
static void take_out(struct tree_node *node, uint32_t layer)
{
	struct tree_node *up = node_of(node->entry.parent);

	node->hidden = true;
	node->entry.gone = layer;
	tdelete(&node->entry, &up->index, compare_entries);
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	up->entry.n_children--;
}

static struct tree_node *deepest_first(struct tree_node *node)
{
	while (node->first)
		node = node->first;
	return node;
}

/* A directory that no layer describes any more, and that stays for what is in it. */
static void make_plain(struct image_entry *dir, uint32_t layer)
{
	dir->mode = 0755;
	dir->uid = dir->gid = 0;
	dir->mtime = dir->mtime_nsec = 0;
	dir->layer = layer;
	tree_clear_xattrs(dir);
}

/* For an entry of a layer below @layer, all below it done. @by is the layer that does it. */
static void hide_one(struct tree_node *node, uint32_t layer, uint32_t by)
{
	if (node->first)
		make_plain(&node->entry, layer);
	else
		take_out(node, by);
}

/*
 * Takes all that is below @dir and comes from layers below @layer out of the tree, from the leaves
 * up.
 */
static void hide_below(struct image_entry *dir, uint32_t layer, uint32_t by)
{
	struct tree_node *top = node_of(dir), *node, *next;

	if (top->cleared > layer)
		return;
	top->cleared = layer + 1;
	for (node = deepest_first(top); node != top; node = next) {
		next = node->next ? deepest_first(node->next) : node_of(node->entry.parent);
		if (node->entry.layer < layer)
			hide_one(node, layer, by);
	}
}

static bool usable_name(const char *name, size_t len)
{
	return len > 0 && len <= IMAGE_MAX_NAME && !memchr(name, '/', len) &&
	       !memchr(name, '\0', len) && !(len == 1 && *name == '.') &&
	       !(len == 2 && !memcmp(name, "..", 2));
}

static int check_held(const struct image *img, size_t more, struct err *err)
{
	if (img->n_made >= IMAGE_MAX_ENTRIES)
		return err_class_set(err, ERR_IMAGE, E2BIG, "the image has more than %u entries",
				     IMAGE_MAX_ENTRIES);
	if (more > IMAGE_MAX_METADATA - img->held)
		return err_class_set(err, ERR_IMAGE, E2BIG,
				     "the image has more than %llu bytes of names and attributes",
				     IMAGE_MAX_METADATA);
	return 0;
}

static int check_put(const struct image *img, const struct image_entry *dir, const char *name,
		     size_t len, struct err *err)
{
	size_t depth = 0;

	if (!usable_name(name, len))
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "a layer has an entry of an unusable name '%.*s'",
				     (int)(len < 300 ? len : 300), name);
	for (; dir->parent != dir; dir = dir->parent)
		depth++;
	if (depth >= IMAGE_MAX_DEPTH)
		return err_class_set(err, ERR_IMAGE, ENAMETOOLONG,
				     "the image has directories more than %u deep",
				     IMAGE_MAX_DEPTH);
	return check_held(img, len, err);
}

int tree_put(struct image *img, struct image_entry *dir, const char *name, size_t len,
	     enum entry_type type, uint32_t layer, struct image_entry **ret, struct err *err)
{
	struct image_entry *e = image_child(dir, name, len);
	int r = check_put(img, dir, name, len, err);

	if (r < 0)
		return r;
	if (e && (type != ENTRY_DIR || e->type != ENTRY_DIR)) {
		hide_below(e, UINT32_MAX - 1, layer);
		take_out(node_of(e), layer);
		e = NULL;
	}
	if (e) {
		tree_clear_xattrs(e);
	} else {
		e = new_entry(img, name, len);
		insert(dir, e);
	}
	e->type = type;
	e->layer = layer;
	*ret = e;
	return 0;
}

static void copy_attributes(struct image_entry *e, const struct image_entry *from)
{
	e->mode = from->mode;
	e->uid = from->uid;
	e->gid = from->gid;
	e->mtime = from->mtime;
	e->mtime_nsec = from->mtime_nsec;
}

int tree_link(struct image *img, struct image_entry *dir, const char *name, size_t len,
	      const struct image_entry *old, uint32_t layer, struct image_entry **ret,
	      struct err *err)
{
	struct image_entry *e;
	int r = tree_put(img, dir, name, len, old->type, layer, &e, err);

	if (r < 0)
		return r;
	copy_attributes(e, old);
	e->size = old->size;
	e->disk = old->disk;
	e->rdev_major = old->rdev_major;
	e->rdev_minor = old->rdev_minor;
	e->inode = old->inode;
	e->source = old->source;
	*ret = e;
	return old->target ? tree_set_target(img, e, old->target, strlen(old->target), err) : 0;
}

void tree_whiteout(struct image_entry *dir, const char *name, size_t len, uint32_t layer)
{
	struct image_entry *e = image_child(dir, name, len);

	if (!e)
		return;
	hide_below(e, layer, layer);
	if (e->layer < layer)
		hide_one(node_of(e), layer, layer);
}

void tree_make_opaque(struct image_entry *dir, uint32_t layer)
{
	hide_below(dir, layer, layer);
}

int tree_set_target(struct image *img, struct image_entry *e, const char *target, size_t len,
		    struct err *err)
{
	int r = check_held(img, len, err);

	if (r < 0)
		return r;
	if (!len || len > IMAGE_MAX_PATH)
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "the link '%s' has a target of %zu bytes", e->name, len);
	img->held += len;
	free(e->target);
	e->target = xmemdup(target, len);
	return 0;
}

int tree_add_xattr(struct image *img, struct image_entry *e, const char *name, const void *value,
		   size_t len, struct err *err)
{
	size_t at = e->n_xattrs, size = strlen(name) + len;
	int r = check_held(img, size, err);

	if (r < 0)
		return r;
	if (at >= IMAGE_MAX_XATTRS || len > IMAGE_MAX_XATTR_BYTES || !*name ||
	    strlen(name) > IMAGE_MAX_NAME)
		return err_class_set(err, ERR_IMAGE, E2BIG,
				     "'%s' has attributes that no file can have", e->name);
	e->xattrs = xreallocarray(e->xattrs, at + 1, sizeof(*e->xattrs));
	for (; at > 0 && strcmp(e->xattrs[at - 1].name, name) > 0; at--)
		e->xattrs[at] = e->xattrs[at - 1];
	e->xattrs[at] = (struct entry_xattr){ xstrdup(name), xmemdup(value, len), len };
	e->n_xattrs++;
	img->held += size;
	return 0;
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

static void keep_entry(void *entry)
{
	(void)entry; /* the search tree does not own what it finds */
}

static void drop_index(struct tree_node *node)
{
	tdestroy(node->index, keep_entry);
	node->index = NULL;
}

/* The list of children as a sorted array. */
static void sort_children(struct tree_node *node)
{
	struct image_entry *dir = &node->entry;
	size_t n = 0;

	drop_index(node);
	if (!dir->n_children)
		return;
	dir->children = xreallocarray(NULL, dir->n_children, sizeof(*dir->children));
	for (struct tree_node *child = node->first; child; child = child->next)
		dir->children[n++] = &child->entry;
	qsort(dir->children, n, sizeof(*dir->children), compare_children);
}

/* Level by level: entries[] is the queue, and a directory's children lie in a row. */
static void number_entries(struct image *img)
{
	size_t cap = 0;

	ALLOC_GROW(img->entries, 1, cap);
	img->entries[img->n_entries++] = img->root;
	for (size_t i = 0; i < img->n_entries; i++) {
		struct image_entry *e = img->entries[i];

		e->id = (uint32_t)i;
		sort_children(node_of(e));
		ALLOC_GROW(img->entries, img->n_entries + e->n_children, cap);
		for (size_t j = 0; j < e->n_children; j++)
			img->entries[img->n_entries++] = e->children[j];
	}
}

static bool same_xattrs(const struct image_entry *a, const struct image_entry *b)
{
	if (a->n_xattrs != b->n_xattrs)
		return false;
	for (size_t i = 0; i < a->n_xattrs; i++)
		if (strcmp(a->xattrs[i].name, b->xattrs[i].name) != 0 ||
		    a->xattrs[i].len != b->xattrs[i].len ||
		    memcmp(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].len) != 0)
			return false;
	return true;
}

/* What @last, which was made after @e and is or was the same file, says of the file. */
static int take_over(struct image *img, struct image_entry *e, const struct image_entry *last,
		     struct err *err)
{
	int r = 0;

	copy_attributes(e, last);
	if (same_xattrs(e, last))
		return 0;
	tree_clear_xattrs(e);
	for (size_t i = 0; !r && i < last->n_xattrs; i++)
		r = tree_add_xattr(img, e, last->xattrs[i].name, last->xattrs[i].value,
				   last->xattrs[i].len, err);
	return r;
}

/* The names of a file have one set of attributes: those that were told last, as for an engine. */
static int share_attributes(struct image *img, struct err *err)
{
	const struct image_entry **last = xcalloc(img->n_inodes, sizeof(*last));
	int r = 0;

	for (const struct tree_node *node = img->made; node; node = node->made)
		if (!last[node->entry.inode])
			last[node->entry.inode] = &node->entry;
	for (size_t i = 0; !r && i < img->n_entries; i++)
		if (last[img->entries[i]->inode] != img->entries[i])
			r = take_over(img, img->entries[i], last[img->entries[i]->inode], err);
	free(last);
	return r;
}

static void count_links(struct image *img)
{
	uint32_t *links = xcalloc(img->n_inodes, sizeof(*links));

	for (size_t i = 0; i < img->n_entries; i++) {
		struct image_entry *e = img->entries[i];

		if (e->type == ENTRY_FILE && !links[e->inode])
			img->total_size += e->size;
		links[e->inode]++;
	}
	for (size_t i = 0; i < img->n_entries; i++)
		img->entries[i]->nlink = links[img->entries[i]->inode];
	free(links);
}

int tree_finish(struct image *img, struct err *err)
{
	number_entries(img);
	count_links(img);
	return share_attributes(img, err);
}

void tree_resume(struct image *img)
{
	for (size_t i = 0; i < img->n_entries; i++) {
		struct tree_node *node = node_of(img->entries[i]);

		free(node->entry.children);
		node->entry.children = NULL;
		for (struct tree_node *child = node->first; child; child = child->next)
			if (!tsearch(&child->entry, &node->index, compare_entries))
				abort(); /* out of memory */
	}
	free(img->entries);
	img->entries = NULL;
	img->n_entries = 0;
	img->total_size = 0;
}

int image_each_hidden(const struct image *img, image_hidden_fn *fn, void *ctx)
{
	int r = 0;

	for (struct tree_node *node = img->made; !r && node; node = node->made)
		if (node->hidden)
			r = fn(&node->entry, ctx);
	return r;
}

static void free_nodes(struct image *img)
{
	struct tree_node *next;

	for (struct tree_node *node = img->made; node; node = next) {
		next = node->made;
		drop_index(node);
		tree_clear_xattrs(&node->entry);
		free(node->entry.name);
		free(node->entry.target);
		free(node->entry.children);
		free(node);
	}
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
	added_release(img);
	free_nodes(img);
	free(img->entries);
	for (size_t i = 0; i < img->n_layers; i++)
		free(img->layers[i].created_by);
	free(img->layers);
	free_config(&img->config);
	free(img->name);
	free(img);
}
