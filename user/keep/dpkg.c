/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dpkg's database (dpkg-query(1), deb822(5)): /var/lib/dpkg/status has a paragraph for each
 * package, info/PACKAGE.list or info/PACKAGE:ARCH.list the paths of its files, ....md5sums their
 * sums. Images made without dpkg have a file for each paragraph instead, in status.d/.
 */
#include <stdlib.h>
#include <string.h>

#include "keep/cut.h"
#include "keep/lang.h"
#include "keep/packages.h"
#include "keep/places.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"

#define DPKG "/var/lib/dpkg"

/* The path in a line of an md5sums file: after the sum and two blanks. */
static void skip_sum(struct db_line *line)
{
	size_t i = 0;

	while (i < line->len && line->text[i] != ' ')
		i++;
	while (i < line->len && line->text[i] == ' ')
		i++;
	line->text += i;
	line->len -= i;
}

/* Does something stay that @list tells of? */
static bool is_list_used(const struct keep *k, struct db_text *list, bool sums)
{
	_cleanup_(db_finder_release) struct db_finder f = { .k = k };
	struct db_line line;

	for (list->pos = 0; db_next_line(list, &line);) {
		const struct image_entry *e;

		if (sums)
			skip_sum(&line);
		e = db_find(&f, line.text, line.len);
		if (e && db_is_used(k, e))
			return true;
	}
	return false;
}

/* The lines of what stays. */
static void cut_list(struct keep *k, struct db_text *list, bool sums)
{
	_cleanup_(db_finder_release) struct db_finder f = { .k = k };
	struct db_line line;

	db_keep_cut(k, list->e);
	for (list->pos = 0; db_next_line(list, &line);) {
		const struct image_entry *e;
		bool root = !sums && line.len == 2 && !memcmp(line.text, "/.", 2);

		if (sums)
			skip_sum(&line);
		e = db_find(&f, line.text, line.len);
		if (root || (e && k->reasons[e->id]))
			keep_cut_add(k, list->e, line.start, line.end);
	}
}

static int cut_sums(struct keep *k, const char *path, struct err *err)
{
	_cleanup_(db_text_release) struct db_text sums = { 0 };
	int r = db_read(k, path, &sums, err);

	if (r > 0)
		cut_list(k, &sums, true);
	return r < 0 ? r : 0;
}

/* One way to name a package's files: 1 when it is used, 0 when it is not or has no such list. */
static int keep_lists(struct keep *k, const char *package, struct err *err)
{
	_cleanup_free_ char *path = xasprintf(DPKG "/info/%s.list", package),
			    *sums = xasprintf(DPKG "/info/%s.md5sums", package);
	_cleanup_(db_text_release) struct db_text list = { 0 };
	int r = strchr(package, '/') ? 0 : db_read(k, path, &list, err);

	if (r <= 0 || !is_list_used(k, &list, false))
		return r < 0 ? r : 0;
	cut_list(k, &list, false);
	r = cut_sums(k, sums, err);
	return r < 0 ? r : 1;
}

/* A paragraph of status. */
struct paragraph {
	char *package, *arch;
	uint64_t start, end;
};

static bool next_paragraph(struct db_text *status, struct paragraph *ret)
{
	struct db_line line;
	bool any = false;

	*ret = (struct paragraph){ .start = status->pos };
	while (db_next_line(status, &line)) {
		if (!ret->package)
			ret->package = db_field(&line, "Package:");
		if (!ret->arch)
			ret->arch = db_field(&line, "Architecture:");
		ret->end = line.end;
		if (db_line_is_empty(&line) && any)
			break;
		any |= !db_line_is_empty(&line);
	}
	return any;
}

static int is_package_used(struct keep *k, const struct paragraph *p, struct err *err)
{
	_cleanup_free_ char *full = xasprintf("%s:%s", p->package, p->arch ? p->arch : "");
	int r = keep_lists(k, full, err);

	return r ? r : keep_lists(k, p->package, err);
}

int keep_dpkg(struct keep *k, struct err *err)
{
	_cleanup_(db_text_release) struct db_text status = { 0 };
	struct paragraph p;
	bool kept = false;
	int r = db_read(k, DPKG "/status", &status, err);

	while (r > 0 && next_paragraph(&status, &p)) {
		int used = p.package ? is_package_used(k, &p, err) : 0;

		if (used > 0 && !kept) {
			keep_path(k, DPKG "/status", true, KEEP_PACKAGES, NO_ACCESS);
			db_keep_cut(k, status.e);
			kept = true;
		}
		if (used > 0)
			keep_cut_add(k, status.e, p.start, p.end);
		free(p.package);
		free(p.arch);
		r = used < 0 ? used : r;
	}
	if (r > 0 && kept)
		r = keep_all_matches(k, "", places_dpkg.v, places_dpkg.n, KEEP_PACKAGES, err);
	return r < 0 ? r : 0;
}

/* --- status.d --- */

/* A package that does not tell of its files stays: it cannot be known that nothing of it does. */
static int keep_status(struct keep *k, struct image_entry *e, struct err *err)
{
	_cleanup_free_ char *path = xasprintf(DPKG "/status.d/%s.md5sums", e->name);
	_cleanup_(db_text_release) struct db_text sums = { 0 };
	int r = db_read(k, path, &sums, err);

	if (r < 0 || (r > 0 && !is_list_used(k, &sums, true)))
		return r < 0 ? r : 0;
	keep_add(k, e, KEEP_PACKAGES, NO_ACCESS);
	if (r > 0)
		cut_list(k, &sums, true);
	return 0;
}

int keep_dpkg_status_d(struct keep *k, struct err *err)
{
	const struct image_entry *dir = keep_resolve(k, DPKG "/status.d", true);
	int r = 0;

	for (size_t i = 0; !r && dir && i < dir->n_children; i++) {
		struct image_entry *e = dir->children[i];

		if (e->type == ENTRY_FILE && !keep_ends_with(e->name, ".md5sums"))
			r = keep_status(k, e, err);
	}
	return r;
}
