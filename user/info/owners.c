/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which package a file is of, as its manager's own lists say: dpkg's *.list with the diversions
 * (dpkg-query(1), dpkg-divert(1)), apk's database, RPM's headers, RECORD and installed-files.txt of
 * Python (PEP 376), and of npm and gem the directory that a package has for itself. The first that
 * says so has it, and distributions speak before languages.
 */
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "info/rpmdb.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"

#define DPKG_INFO "/var/lib/dpkg/info"

struct finder {
	const struct image *img;
	struct info found;	   /* its packages are the result */
	struct strmap *versions;   /* "dpkg" name -> version, borrowed */
	struct strmap *diversions; /* path -> struct diversion */
	uint32_t *of;		   /* by entry: package + 1; 0: nobody's */
	uint32_t *below;	   /* by directory: whose all is that is in it and nobody else's */
	struct err *err;
};

struct diversion {
	char *to, *by; /* by: the package that has the path for itself; ":" is the local one */
};

/* --- claims --- */

static uint32_t last_package(const struct finder *f)
{
	return (uint32_t)f->found.n_packages;
}

static void claim(struct finder *f, const struct image_entry *e, uint32_t package)
{
	if (e && e->type != ENTRY_DIR && !f->of[e->id])
		f->of[e->id] = package;
}

static void claim_directory(struct finder *f, const struct image_entry *e, uint32_t package)
{
	if (e && e->type == ENTRY_DIR && !f->below[e->id])
		f->below[e->id] = package;
}

static void claim_path(struct finder *f, struct image_entry *cwd, const char *path,
		       uint32_t package)
{
	struct image_entry *e;

	if (*path && image_walk(f->img, NULL, cwd, path, false, NULL, NULL, &e) == 0)
		claim(f, e, package);
}

/* Ends the line at *@p in place and goes to the next; NULL at the end. */
static char *next_line(char **p)
{
	char *line = *p, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*p = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

/* --- dpkg --- */

static int read_diversions(struct finder *f, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = info_read(f->img, info_resolve(f->img, "/var/lib/dpkg/diversions"), INFO_MAX_TEXT,
			  &text, err);
	char *p = text, *from, *to, *by;

	while (r > 0 && (from = next_line(&p)) && (to = next_line(&p)) && (by = next_line(&p))) {
		struct diversion *d;

		if (strmap_get(f->diversions, from))
			continue;
		d = xcalloc(1, sizeof(*d));
		*d = (struct diversion){ xstrdup(to), xstrdup(by) };
		strmap_put(f->diversions, from, d);
	}
	return r < 0 ? r : 0;
}

static void free_diversion(void *value)
{
	struct diversion *d = value;

	free(d->to);
	free(d->by);
	free(d);
}

/* NAME.list or NAME:ARCH.list */
static int read_list(struct finder *f, const struct image_entry *list, struct err *err)
{
	size_t len = strcspn(list->name, ":"), end = strlen(list->name) - strlen(".list");
	_cleanup_free_ char *text = NULL, *name = xstrndup(list->name, len < end ? len : end);
	const char *version = strmap_get(f->versions, name);
	int r = info_read(f->img, list, INFO_MAX_TEXT, &text, err);
	char *p = text, *line;

	if (r <= 0)
		return r;
	info_package_add(&f->found, "dpkg", name, strlen(name), version ? version : "",
			 version ? strlen(version) : 0);
	claim(f, list, last_package(f));
	while ((line = next_line(&p))) {
		const struct diversion *d = strmap_get(f->diversions, line);

		claim_path(f, NULL, d && strcmp(d->by, name) != 0 ? d->to : line, last_package(f));
	}
	return 0;
}

/* status.d has NAME and NAME.md5sums, "SUM  PATH" a line. */
static int read_sums(struct finder *f, const struct image_entry *sums, struct err *err)
{
	size_t len = strlen(sums->name) - strlen(".md5sums");
	_cleanup_free_ char *text = NULL, *name = xstrndup(sums->name, len);
	const char *version = strmap_get(f->versions, name);
	int r = info_read(f->img, sums, INFO_MAX_TEXT, &text, err);
	char *p = text, *line;

	if (r <= 0)
		return r;
	info_package_add(&f->found, "dpkg", name, len, version ? version : "",
			 version ? strlen(version) : 0);
	claim(f, sums, last_package(f));
	claim(f, image_child(sums->parent, name, len), last_package(f));
	while ((line = next_line(&p))) {
		char *path = line + strcspn(line, " ");

		claim_path(f, NULL, path + strspn(path, " "), last_package(f));
	}
	return 0;
}

typedef int list_fn(struct finder *f, const struct image_entry *list, struct err *err);

static int each_list(struct finder *f, const char *path, const char *suffix, list_fn *fn,
		     struct err *err)
{
	const struct image_entry *dir = info_resolve(f->img, path);
	size_t suffix_len = strlen(suffix);
	int r = 0;

	for (size_t i = 0; !r && dir && i < dir->n_children; i++) {
		const struct image_entry *e = dir->children[i];

		if (e->type != ENTRY_FILE || e->name_len <= suffix_len ||
		    strcmp(e->name + e->name_len - suffix_len, suffix) != 0)
			continue;
		r = fn(f, e, err);
		if (!r)
			r = cancel_check(err);
	}
	return r;
}

/* --- apk --- */

static void read_apk_line(struct finder *f, char *line, char **name, struct image_entry **dir)
{
	struct image_entry *e = NULL;
	char *value = line[0] && line[1] == ':' ? line + 2 : NULL;

	if (!value) {
		*name = NULL;
		*dir = NULL;
	} else if (line[0] == 'P') {
		*name = value;
		info_package_add(&f->found, "apk", value, strlen(value), "", 0);
	} else if (line[0] == 'V' && *name) {
		char **version = &f->found.packages[f->found.n_packages - 1].version;

		free(*version);
		*version = xstrdup(value);
	} else if (line[0] == 'F') {
		if (image_walk(f->img, NULL, NULL, *value ? value : "/", true, NULL, NULL, &e) < 0)
			e = NULL;
		*dir = e;
	} else if (line[0] == 'R' && *name && *dir) {
		claim(f, image_child(*dir, value, strlen(value)), last_package(f));
	}
}

static int read_apk(struct finder *f, const struct image_entry *db, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = info_read(f->img, db, INFO_MAX_TEXT, &text, err);
	char *p = text, *line, *name = NULL;
	struct image_entry *dir = NULL;

	while (r > 0 && (line = next_line(&p)))
		read_apk_line(f, line, &name, &dir);
	return r < 0 ? r : 0;
}

/* --- rpm --- */

static void claim_rpm_path(const char *path, void *ctx)
{
	claim_path(ctx, NULL, path, last_package(ctx));
}

static int read_rpm(const unsigned char *bytes, size_t len, void *ctx)
{
	_cleanup_strbuf_ struct strbuf version = STRBUF_INIT;
	struct finder *f = ctx;
	struct rpm_header h;
	const char *name = rpm_header_read(bytes, len, &h) ? rpm_name(&h) : NULL;

	if (!name)
		return 0;
	rpm_version(&h, &version);
	info_package_add(&f->found, "rpm", name, strlen(name), version.buf, version.len);
	rpm_each_path(&h, claim_rpm_path, f);
	return cancel_check(f->err);
}

static int read_distribution(struct finder *f, struct err *err)
{
	const struct image_entry *apk = info_resolve(f->img, "/lib/apk/db/installed");
	const struct image_entry *usr = info_resolve(f->img, "/usr/lib/apk/db/installed");
	int r = read_diversions(f, err);

	if (!r)
		r = each_list(f, DPKG_INFO, ".list", read_list, err);
	if (!r)
		r = each_list(f, "/var/lib/dpkg/status.d", ".md5sums", read_sums, err);
	if (!r)
		r = read_apk(f, apk, err);
	if (!r && usr != apk)
		r = read_apk(f, usr, err);
	f->err = err;
	return r ? r : rpmdb_each(f->img, read_rpm, f, NULL, err);
}

/* --- languages --- */

/* The first field of a line of CSV (RFC 4180), in place. */
static char *first_field(char *line)
{
	char *out = line;

	if (*line != '"') {
		line[strcspn(line, ",\r")] = '\0';
		return line;
	}
	for (char *in = line + 1; *in && (*in != '"' || in[1] == '"'); in++) {
		in += *in == '"';
		*out++ = *in;
	}
	*out = '\0';
	return line;
}

static int read_python(struct finder *f, struct image_entry *e, struct err *err)
{
	struct image_entry *record = image_child(e, "RECORD", strlen("RECORD"));
	struct image_entry *files =
		image_child(e, "installed-files.txt", strlen("installed-files.txt"));
	_cleanup_free_ char *text = NULL;
	int r = info_read(f->img, record ? record : files, INFO_MAX_TEXT, &text, err);
	char *p = text, *line;

	while (r > 0 && (line = next_line(&p)))
		claim_path(f, record ? e->parent : e, first_field(line), last_package(f));
	claim_directory(f, e, last_package(f));
	return r < 0 ? r : 0;
}

static struct image_entry *child_dir(const struct image_entry *dir, const char *name, size_t len)
{
	struct image_entry *e = dir && dir->type == ENTRY_DIR ? image_child(dir, name, len) : NULL;

	return e && e->type == ENTRY_DIR ? e : NULL;
}

/* Beside specifications/: gems/NAME-VERSION, extensions/PLATFORM/RUBY/NAME-VERSION. */
static void claim_gem(struct finder *f, const struct image_entry *spec)
{
	const struct image_entry *home = spec->parent, *extensions, *platform;
	size_t len = spec->name_len - strlen(".gemspec");

	home = strcmp(home->name, "specifications") != 0 ? home->parent->parent : home->parent;
	claim(f, spec, last_package(f));
	claim_directory(f, child_dir(child_dir(home, "gems", strlen("gems")), spec->name, len),
			last_package(f));
	extensions = child_dir(home, "extensions", strlen("extensions"));
	for (size_t i = 0; extensions && i < extensions->n_children; i++) {
		platform = extensions->children[i];
		for (size_t j = 0; platform->type == ENTRY_DIR && j < platform->n_children; j++)
			claim_directory(f, child_dir(platform->children[j], spec->name, len),
					last_package(f));
	}
}

static int read_language(struct finder *f, struct image_entry *e, struct err *err)
{
	size_t before = f->found.n_packages;
	int r = info_language_package(f->img, &f->found, e, err);
	const char *manager;

	if (r < 0 || f->found.n_packages == before)
		return r;
	manager = f->found.packages[before].manager;
	if (!strcmp(manager, "npm"))
		claim_directory(f, e->parent, last_package(f));
	else if (!strcmp(manager, "gem"))
		claim_gem(f, e);
	else if (e->type == ENTRY_DIR)
		r = read_python(f, e, err);
	else
		claim(f, e, last_package(f));
	return r;
}

/* What is in a package's directory is its own; of nested ones, the innermost's. */
static void claim_rest(struct finder *f)
{
	for (uint32_t id = 1; id < image_entry_count(f->img); id++) {
		const struct image_entry *e = image_entry(f->img, id);
		uint32_t package = f->below[e->parent->id];

		claim_directory(f, e, package);
		if (package)
			claim(f, e, package);
	}
}

/* --- all of it --- */

static int find_owners(struct finder *f, struct err *err)
{
	int r = read_distribution(f, err);

	for (uint32_t id = 0; !r && id < image_entry_count(f->img); id++)
		r = read_language(f, image_entry(f->img, id), err);
	if (!r)
		claim_rest(f);
	return r;
}

int info_owners_find(const struct image *img, struct info_owners *ret, struct err *err)
{
	struct info known = { 0 };
	struct finder f = { .img = img,
			    .versions = strmap_new(),
			    .diversions = strmap_new(),
			    .of = xcalloc(image_entry_count(img), sizeof(*f.of)),
			    .below = xcalloc(image_entry_count(img), sizeof(*f.below)) };
	int r = info_packages(img, &known, err);

	for (size_t i = 0; i < known.n_packages; i++)
		if (!strcmp(known.packages[i].manager, "dpkg"))
			strmap_put(f.versions, known.packages[i].name, known.packages[i].version);
	if (!r)
		r = find_owners(&f, err);
	if (!r) {
		ret->packages = TAKE_PTR(f.found.packages);
		ret->n = f.found.n_packages;
		ret->of = TAKE_PTR(f.of);
		f.found.n_packages = 0;
	}
	info_release(&f.found);
	info_release(&known);
	strmap_free(f.versions);
	strmap_free_with(f.diversions, free_diversion);
	free(f.of);
	free(f.below);
	return r;
}

const struct info_package *info_owner(const struct info_owners *owners, const struct image_entry *e)
{
	return owners && owners->of && owners->of[e->id] ? &owners->packages[owners->of[e->id] - 1]
							 : NULL;
}

void info_owners_release(struct info_owners *owners)
{
	for (size_t i = 0; i < owners->n; i++) {
		free(owners->packages[i].name);
		free(owners->packages[i].version);
	}
	free(owners->packages);
	free(owners->of);
	*owners = (struct info_owners){ 0 };
}
