/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fonts. Which one of a directory is asked for depends on the text, its style, and for fonts of web
 * pages on the browser. What fontconfig's cache tells of, it takes to be there without a look.
 */
#include <fnmatch.h>
#include <string.h>

#include "keep/places.h"
#include "keep/rules.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

#define CACHE_MAX (16u << 20)

static char *path_of(const struct image_entry *e)
{
	struct strbuf sb = STRBUF_INIT;

	image_entry_path(e, &sb);
	return strbuf_detach(&sb, NULL);
}

static bool is_font_file(const struct image_entry *e)
{
	for (size_t i = 0; i < places_fonts.n; i++)
		if (e->type == ENTRY_FILE && !fnmatch(places_fonts.v[i], e->name, FNM_CASEFOLD))
			return true;
	return false;
}

/* A link to a font has a name that need not tell: PostScript's name, say. */
static bool is_font(const struct keep *k, const struct image_entry *e)
{
	_cleanup_free_ char *path = NULL;

	if (e->type != ENTRY_SYMLINK)
		return is_font_file(e);
	path = path_of(e);
	e = keep_resolve(k, path, true);
	return e && is_font_file(e);
}

static void keep_fonts_of(struct keep *k, const struct image_entry *dir)
{
	for (size_t i = 0; i < dir->n_children; i++) {
		_cleanup_free_ char *path = NULL;

		if (!is_font(k, dir->children[i]))
			continue;
		path = path_of(dir->children[i]);
		keep_path(k, path, true, KEEP_FONTS, NO_ACCESS);
	}
}

/* --- fontconfig's caches, one for each directory --- */

/* The head of one (fontconfig, src/fcint.h, struct _FcCache), as 64-bit machines write it. */
struct cache_head {
	uint32_t magic, version;
	int64_t size, dir; /* dir: where in the file the name of the directory is */
};

#define CACHE_MAGIC 0xFC02FC04u

/* The directory that @data is the cache of; NULL when it is none. */
static const char *cached_dir(const char *data, size_t len)
{
	struct cache_head head;

	if (len < sizeof(head))
		return NULL;
	memcpy(&head, data, sizeof(head));
	if (head.magic != CACHE_MAGIC || head.dir < (int64_t)sizeof(head) ||
	    (uint64_t)head.dir >= len || !memchr(data + head.dir, '\0', len - (size_t)head.dir))
		return NULL;
	return data[head.dir] == '/' ? data + head.dir : NULL;
}

static int keep_cached(struct keep *k, const struct image_entry *cache, struct err *err)
{
	_cleanup_free_ char *data = NULL;
	const struct image_entry *dir;
	const char *name;
	size_t len;
	int r;

	if (cache->size > CACHE_MAX)
		return 0;
	r = image_file_read(k->img, cache, CACHE_MAX, &data, &len, err);
	if (r < 0)
		return r;
	name = cached_dir(data, len);
	dir = name ? keep_resolve(k, name, true) : NULL;
	if (dir && dir->type == ENTRY_DIR)
		keep_fonts_of(k, dir);
	return 0;
}

int keep_fonts(struct keep *k, struct err *err)
{
	/* Directories with a used font. */
	_cleanup_free_ bool *used = xcalloc(k->n, sizeof(*used));

	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		int r;

		/* One that stays for another reason tells of no use. */
		if (k->access[i] == NO_ACCESS)
			continue;
		if (is_font(k, e))
			used[e->parent->id] = true;
		if (e->type == ENTRY_FILE && !fnmatch("*-le64.cache-*", e->name, 0)) {
			r = keep_cached(k, e, err);
			if (r < 0)
				return r;
		}
	}
	for (size_t i = 0; i < k->n; i++)
		if (used[i])
			keep_fonts_of(k, image_entry(k->img, (uint32_t)i));
	return 0;
}
