/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image that a test makes up. The functions of image.h and keep.h that the slim module calls are
 * defined here, and the linker takes them instead of the library's. Included once.
 */
#ifndef SLIMTRACE_TESTS_SLIM_IMAGE_H
#define SLIMTRACE_TESTS_SLIM_IMAGE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/image.h"
#include "slimtrace/keep.h"

#define MAX_ENTRIES 64
#define MAX_LAYERS 8

/* Content: @data at @offset, a hole before and after it. */
struct content {
	const char *data;
	size_t len;
	uint64_t offset;
};

struct image {
	struct image_entry entries[MAX_ENTRIES];
	struct image_entry *children[MAX_ENTRIES][MAX_ENTRIES];
	struct content content[MAX_ENTRIES];
	bool dropped[MAX_ENTRIES];
	bool shared[MAX_ENTRIES]; /* kept for others only */
	const struct image_entry *cut_entry, *perm_entry;
	struct keep_range cut[4];
	size_t n_cut;
	struct keep_perm perm;
	uint32_t n;
	struct image_config config;
	struct image_layer layers[MAX_LAYERS];
	size_t n_layers;
	int open_files;
};

struct keep {
	struct image *img;
};

struct image_file {
	struct image *img;
	const struct content *content;
	size_t pos;
};

struct image_entry *image_root(const struct image *img)
{
	return (struct image_entry *)(uintptr_t)&img->entries[0];
}

size_t image_entry_count(const struct image *img)
{
	return img->n;
}

struct image_entry *image_entry(const struct image *img, uint32_t id)
{
	return (struct image_entry *)(uintptr_t)&img->entries[id];
}

size_t image_layer_count(const struct image *img)
{
	return img->n_layers;
}

const struct image_layer *image_layer(const struct image *img, size_t i)
{
	return &img->layers[i];
}

struct image_entry *image_child(const struct image_entry *dir, const char *name, size_t len)
{
	for (size_t i = 0; i < dir->n_children; i++)
		if (dir->children[i]->name_len == len && !memcmp(dir->children[i]->name, name, len))
			return dir->children[i];
	return NULL;
}

const struct image_config *image_config(const struct image *img)
{
	return &img->config;
}

void image_entry_path(const struct image_entry *e, struct strbuf *ret)
{
	const struct image_entry *chain[MAX_ENTRIES];
	size_t n = 0;

	for (; e->parent != e; e = e->parent)
		chain[n++] = e;
	if (!n)
		strbuf_addch(ret, '/');
	while (n)
		strbuf_addf(ret, "/%s", chain[--n]->name);
}

int image_file_open(const struct image *img, const struct image_entry *e, struct image_file **ret,
		    struct err *err)
{
	struct image_file *f = xcalloc(1, sizeof(*f));

	(void)err;
	f->img = (struct image *)(uintptr_t)img;
	f->img->open_files++;
	f->content = &img->content[e->id];
	*ret = f;
	return 0;
}

/* Two bytes a block, so that blocks that follow each other are seen. */
int image_file_block(struct image_file *f, const void **ret_data, size_t *ret_len,
		     uint64_t *ret_offset, struct err *err)
{
	const struct content *c = f->content;
	size_t n = c->len - f->pos < 2 ? c->len - f->pos : 2;

	if (!n)
		return 0;
	if (c->data[f->pos] == '!')
		return err_set(err, EIO, "cannot read");
	*ret_data = c->data + f->pos;
	*ret_len = n;
	*ret_offset = c->offset + f->pos;
	f->pos += n;
	return 1;
}

void image_file_close(struct image_file *f)
{
	f->img->open_files--;
	free(f);
}

bool keep_has(const struct keep *k, const struct image_entry *e)
{
	return !k->img->dropped[e->id];
}

uint32_t keep_reasons(const struct keep *k, const struct image_entry *e)
{
	if (!keep_has(k, e))
		return 0;
	return 1u << (k->img->shared[e->id] ? KEEP_SHARED : KEEP_USED);
}

const struct keep_range *keep_cut(const struct keep *k, const struct image_entry *e, size_t *ret_n)
{
	*ret_n = k->img->cut_entry == e ? k->img->n_cut : 0;
	return k->img->cut_entry == e ? k->img->cut : NULL;
}

const struct keep_perm *keep_perm(const struct keep *k, const struct image_entry *e)
{
	return k->img->perm_entry == e ? &k->img->perm : NULL;
}

/* The whole of a file, holes read as zeros. */
int image_file_read(const struct image *img, const struct image_entry *e, size_t max, char **ret,
		    size_t *ret_len, struct err *err)
{
	const struct content *c = &img->content[e->id];

	(void)err;
	*ret_len = e->size < max ? (size_t)e->size : max;
	*ret = xcalloc(*ret_len + 1, 1);
	memcpy(*ret + c->offset, c->data, c->len);
	return 0;
}

void keep_share(struct keep *k, struct image_entry *e)
{
	for (; e->parent != e; e = e->parent)
		k->img->dropped[e->id] = false;
}

static const char config_text[] =
	"{\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"/app\"]},\"created\":\"2026-01-02T03:"
	"04:05Z\",\"history\":[{}],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
	"]},\"x-ours\":1.0}";

static struct image *image_make(void)
{
	struct image *img = xcalloc(1, sizeof(*img));

	img->entries[0] = (struct image_entry){ .parent = &img->entries[0],
						.name = xstrdup(""),
						.type = ENTRY_DIR,
						.mode = 0755,
						.nlink = 1,
						.children = img->children[0] };
	img->n = 1;
	img->n_layers = 1;
	img->config.bytes = xstrdup(config_text);
	img->config.len = strlen(config_text);
	return img;
}

static void image_unmake(struct image *img)
{
	for (uint32_t i = 0; i < img->n; i++) {
		free(img->entries[i].name);
		free(img->entries[i].target);
	}
	free(img->config.bytes);
	free(img);
}

/* Adds an entry; those of one directory must come in order. */
static struct image_entry *add(struct image *img, struct image_entry *dir, const char *name,
			       enum entry_type type, uint32_t mode)
{
	struct image_entry *e = &img->entries[img->n];

	*e = (struct image_entry){ .id = img->n,
				   .parent = dir ? dir : &img->entries[0],
				   .name = xstrdup(name),
				   .name_len = strlen(name),
				   .type = type,
				   .mode = mode,
				   .mtime = 1000000000,
				   .inode = img->n,
				   .nlink = 1,
				   .children = img->children[img->n] };
	e->parent->children[e->parent->n_children++] = e;
	img->n++;
	return e;
}

static struct image_entry *add_file(struct image *img, struct image_entry *dir, const char *name,
				    const char *data)
{
	struct image_entry *e = add(img, dir, name, ENTRY_FILE, 0644);

	e->size = e->disk = strlen(data);
	img->content[e->id] = (struct content){ .data = data, .len = strlen(data) };
	return e;
}

#endif
