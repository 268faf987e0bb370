/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Package databases. Scanners learn from them what is inside and in which version, so they stay,
 * cut to what is true of the slim image: the packages of which files stay, and of these files.
 */
#include "keep/packages.h"

#include <stdlib.h>
#include <string.h>

#include "keep/cut.h"
#include "slimtrace/base/alloc.h"

#define TEXT_MAX (64u << 20)

int keep_settle(struct keep *k, struct err *err)
{
	int r;

	keep_cuts_reset(k);
	if (k->off & 1u << KEEP_PACKAGES)
		return 0;
	r = keep_dpkg(k, err);
	if (!r)
		r = keep_dpkg_status_d(k, err);
	return r ? r : keep_apk(k, err);
}

int db_read(const struct keep *k, const char *path, struct db_text *ret, struct err *err)
{
	struct image_entry *e = keep_resolve(k, path, true);
	int r;

	if (!e || e->type != ENTRY_FILE || e->size > TEXT_MAX)
		return 0;
	*ret = (struct db_text){ .e = e };
	r = image_file_read(k->img, e, TEXT_MAX, &ret->text, &ret->len, err);
	return r < 0 ? r : 1;
}

void db_text_release(struct db_text *t)
{
	free(t->text);
	t->text = NULL;
}

bool db_next_line(struct db_text *t, struct db_line *ret)
{
	const char *start = t->text + t->pos, *end;

	if (t->pos >= t->len)
		return false;
	end = memchr(start, '\n', t->len - t->pos);
	*ret = (struct db_line){ .text = start, .start = t->pos };
	ret->len = end ? (size_t)(end - start) : t->len - t->pos;
	t->pos += ret->len + (end != NULL);
	ret->end = t->pos;
	return true;
}

bool db_line_is_empty(const struct db_line *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (!strchr(" \t\r", line->text[i]))
			return false;
	return true;
}

char *db_field(const struct db_line *line, const char *field)
{
	size_t len = strlen(field);

	if (line->len < len || memcmp(line->text, field, len) != 0)
		return NULL;
	while (len < line->len && line->text[len] == ' ')
		len++;
	return xstrndup(line->text + len, line->len - len);
}

/* --- paths --- */

static void enter(struct db_finder *f, const char *path, size_t len)
{
	if (f->dir && strlen(f->dir) == len && !memcmp(f->dir, path, len))
		return;
	free(f->dir);
	f->dir = xstrndup(path, len);
	if (image_walk(f->k->img, NULL, NULL, len ? f->dir : "/", true, NULL, NULL, &f->at) < 0)
		f->at = NULL;
}

struct image_entry *db_find(struct db_finder *f, const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);
	const char *name = slash ? slash + 1 : path;

	enter(f, path, slash ? (size_t)(slash - path) : 0);
	if (!f->at || f->at->type != ENTRY_DIR)
		return NULL;
	return image_child(f->at, name, len - (size_t)(name - path));
}

void db_finder_release(struct db_finder *f)
{
	free(f->dir);
	f->dir = NULL;
}

bool db_is_used(const struct keep *k, const struct image_entry *e)
{
	return e->type != ENTRY_DIR && k->reasons[e->id];
}

void db_keep_cut(struct keep *k, struct image_entry *e)
{
	uint32_t others =
		k->reasons[e->id] & ~(1u << KEEP_PACKAGES | 1u << KEEP_SHARED | 1u << KEEP_PARENT);

	keep_add(k, e, KEEP_PACKAGES, NO_ACCESS);
	if (!others && e->type == ENTRY_FILE && e->nlink == 1)
		keep_cut_begin(k, e);
}
