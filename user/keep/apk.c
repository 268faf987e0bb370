/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apk's database (apk-tools, doc/apk-v2.5.scd): one file, a paragraph for each package. "P:" names
 * the package, "F:" a directory, "R:" a file in it; what else is told about these follows them.
 */
#include <string.h>

#include "keep/cut.h"
#include "keep/packages.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"

static const char *const databases[] = { "/lib/apk/db/installed", "/usr/lib/apk/db/installed" };

/* Where a paragraph's reader is: the directory and the entry that lines tell about. */
struct reader {
	struct db_finder finder;
	char *dir;
	struct image_entry *e;
	bool in_files; /* after the first "F:" */
};

static void reader_release_p(struct reader *r)
{
	db_finder_release(&r->finder);
	free(r->dir);
}

static void read_line(struct reader *r, const struct db_line *line)
{
	_cleanup_free_ char *name = db_field(line, "R:"), *dir = db_field(line, "F:"), *path = NULL;

	if (dir) {
		free(r->dir);
		r->dir = xstrdup(dir);
		r->in_files = true;
	}
	if (dir || name) {
		path = dir ? xstrdup(dir) : path_join(r->dir ? r->dir : "", name);
		r->e = *path ? db_find(&r->finder, path, strlen(path))
			     : image_root(r->finder.k->img);
	}
}

/* Up to the end of the paragraph: does a file of it stay? */
static bool is_used(const struct keep *k, struct db_text *db)
{
	_cleanup_(reader_release) struct reader r = { .finder = { .k = k } };
	struct db_line line;
	bool used = false;

	while (db_next_line(db, &line) && !db_line_is_empty(&line)) {
		read_line(&r, &line);
		used |= r.e && db_is_used(k, r.e);
	}
	return used;
}

/* The lines of the package itself, and of what stays of it. */
static void cut_paragraph(struct keep *k, struct db_text *db)
{
	_cleanup_(reader_release) struct reader r = { .finder = { .k = k } };
	struct db_line line;

	while (db_next_line(db, &line)) {
		bool end = db_line_is_empty(&line);

		read_line(&r, &line);
		if (end || !r.in_files || (r.e && k->reasons[r.e->id]))
			keep_cut_add(k, db->e, line.start, line.end);
		if (end)
			return;
	}
}

static void cut_database(struct keep *k, const char *path, struct db_text *db)
{
	bool kept = false;

	while (db->pos < db->len) {
		size_t start = db->pos;

		if (!is_used(k, db))
			continue;
		if (!kept) {
			keep_path(k, path, true, KEEP_PACKAGES, NO_ACCESS);
			db_keep_cut(k, db->e);
			kept = true;
		}
		db->pos = start;
		cut_paragraph(k, db);
	}
}

int keep_apk(struct keep *k, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(databases); i++) {
		_cleanup_(db_text_release) struct db_text db = { 0 };

		r = db_read(k, databases[i], &db, err);
		if (r > 0)
			cut_database(k, databases[i], &db);
	}
	return r < 0 ? r : 0;
}
