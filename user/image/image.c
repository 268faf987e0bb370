/* SPDX-License-Identifier: BSD-2-Clause */
/* What readers of an image ask it. */
#include <string.h>

#include "image/limits.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"

const char *image_id(const struct image *img)
{
	return img->id.str;
}

const char *image_name(const struct image *img)
{
	return img->name;
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

struct image_entry *image_lookup(const struct image *img, const char *path)
{
	struct image_entry *e = image_root(img);

	while (e && *(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");

		e = e->type == ENTRY_DIR ? image_child(e, path, len) : NULL;
		path += len;
	}
	return e;
}
