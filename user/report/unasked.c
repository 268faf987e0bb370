/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Web content that nobody asked for: what lies beside the pages, pictures and style sheets that the
 * run served, and went. It was not used, but a visitor may ask for it: the user should know, and
 * says --include-path where it is to stay.
 */
#include "report/unasked.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"

/* Hardly ever read but to be sent: where one was opened there is a site. */
static const char *const served_types[] = {
	"html", "htm", "xhtml", "css",	"png",	"jpg",	 "jpeg",	"gif",
	"svg",	"ico", "webp",	"avif", "woff", "woff2", "webmanifest",
};

/* These belong to a site too, though elsewhere they may be code or data. */
static const char *const other_types[] = {
	"js",  "mjs", "map", "json", "xml", "txt",  "wasm", "ttf",
	"otf", "eot", "pdf", "mp3",  "ogg", "webm", "mp4",
};

/* What the directory of a site is mostly called. */
static const char *const root_names[] = {
	"public", "public_html", "static",  "staticfiles", "htdocs", "html",
	"www",	  "wwwroot",	 "webroot", "webapps",	   "assets", "site",
};

/* What is installed below is an application's code, with web content of its own at most. */
static const char *const code_names[] = {
	"node_modules", "bower_components", "vendor", "gems", "site-packages", "dist-packages",
};

static bool is_one_of(const char *name, const char *const *of, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(name, of[i]))
			return true;
	return false;
}

static bool has_type(const struct image_entry *e, const char *const *types, size_t n)
{
	const char *dot = strrchr(e->name, '.');

	return e->type == ENTRY_FILE && dot && is_one_of(dot + 1, types, n);
}

static bool is_served_type(const struct image_entry *e)
{
	return has_type(e, served_types, ARRAY_SIZE(served_types));
}

static bool is_web_content(const struct image_entry *e)
{
	return is_served_type(e) || has_type(e, other_types, ARRAY_SIZE(other_types));
}

static bool listens(const struct record *rec)
{
	for (size_t i = 0; i < rec->n_sockets; i++)
		if (rec->sockets[i].use == RECORD_LISTEN && rec->sockets[i].protocol == IPPROTO_TCP)
			return true;
	return false;
}

/* What a directory is to what lies below it. */
enum site { NO_SITE, SITE, NAMED_SITE };

static bool is_root(const struct image_entry *e)
{
	return e->parent == e;
}

static bool is_named(const struct image_entry *dir)
{
	return is_one_of(dir->name, root_names, ARRAY_SIZE(root_names));
}

static bool is_code(const struct image_entry *dir)
{
	return is_one_of(dir->name, code_names, ARRAY_SIZE(code_names));
}

/* The site that a served file is of: the uppermost directory above it that is called so, else its
 * own. */
static const struct image_entry *site_of(const struct image_entry *e)
{
	const struct image_entry *ret = e->parent;

	for (const struct image_entry *dir = ret; !is_root(dir) && !is_code(dir); dir = dir->parent)
		if (is_named(dir))
			ret = dir;
	return ret;
}

static void mark_sites(const struct image *img, const struct keep *keep, const struct record *rec,
		       enum site *sites)
{
	for (size_t i = 0; i < rec->n_accesses; i++) {
		const struct record_access *a = &rec->accesses[i];
		const struct image_entry *e, *site;

		if (a->source != RECORD_FILE || !(a->kinds & RECORD_READ))
			continue;
		e = image_lookup(img, a->path);
		if (!e || !keep_has(keep, e) || !is_served_type(e))
			continue;
		site = site_of(e);
		if (!is_root(site))
			sites[site->id] = is_named(site) ? NAMED_SITE : SITE;
	}
}

/* The uppermost site that @e is of, code between them apart; NULL when it is of none. */
static const struct image_entry *find_site(const struct image_entry *e, const enum site *sites)
{
	const struct image_entry *ret = NULL;

	for (const struct image_entry *dir = e->parent; !is_root(dir) && !is_code(dir);
	     dir = dir->parent)
		if (sites[dir->id] == NAMED_SITE || (sites[dir->id] == SITE && is_served_type(e)))
			ret = dir;
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct report_unasked *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->path, y->path);
}

static void add_site(struct report *report, const struct image_entry *site,
		     const struct report_unasked *sum)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct report_unasked *one;

	report->unasked =
		xreallocarray(report->unasked, report->n_unasked + 1, sizeof(*report->unasked));
	one = &report->unasked[report->n_unasked++];
	*one = *sum;
	image_entry_path(site, &path);
	one->path = xmemdup(path.buf, path.len);
}

void report_unasked_release(struct report *report)
{
	for (size_t i = 0; i < report->n_unasked; i++)
		free(report->unasked[i].path);
	free(report->unasked);
	report->unasked = NULL;
	report->n_unasked = 0;
}

/* Of a file with several names the bytes went when none of them stays, and count once. */
static uint64_t bytes_gone(const struct image_entry *e, struct strmap *counted)
{
	if (e->nlink > 1 &&
	    strmap_put_len(counted, &e->inode, sizeof(e->inode), (void *)(uintptr_t)1))
		return 0;
	return e->size;
}

static void note_kept(const struct image *img, const struct keep *keep, struct strmap *counted)
{
	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);

		if (e->type == ENTRY_FILE && e->nlink > 1 && keep_has(keep, e))
			strmap_put_len(counted, &e->inode, sizeof(e->inode), (void *)(uintptr_t)1);
	}
}

void report_unasked_find(struct report *report, const struct image *img, const struct keep *keep,
			 const struct record *rec)
{
	size_t n = image_entry_count(img);
	_cleanup_free_ enum site *sites = xcalloc(n, sizeof(*sites));
	_cleanup_free_ struct report_unasked *sums = xcalloc(n, sizeof(*sums));
	_cleanup_(strmap_free) struct strmap *counted = strmap_new(); /* inodes */

	report_unasked_release(report);
	if (!listens(rec))
		return;
	mark_sites(img, keep, rec, sites);
	note_kept(img, keep, counted);
	for (uint32_t id = 0; id < n; id++) {
		const struct image_entry *e = image_entry(img, id), *site;

		if (keep_has(keep, e) || keep_is_excluded(keep, e) || !is_web_content(e))
			continue;
		site = find_site(e, sites);
		if (!site)
			continue;
		sums[site->id].files++;
		sums[site->id].bytes += bytes_gone(e, counted);
	}
	for (uint32_t id = 0; id < n; id++)
		if (sums[id].files)
			add_site(report, image_entry(img, id), &sums[id]);
	if (report->n_unasked)
		qsort(report->unasked, report->n_unasked, sizeof(*report->unasked), compare);
}

void report_add_unasked(cJSON *ours, const struct report *report)
{
	cJSON *array = json_add(ours, "not_asked", json_array());

	for (size_t i = 0; i < report->n_unasked; i++) {
		const struct report_unasked *u = &report->unasked[i];
		cJSON *one = json_append(array, json_object());

		json_add_bytes(one, "path", u->path, strlen(u->path));
		json_add_int(one, "files", (int64_t)u->files);
		json_add_int(one, "bytes", (int64_t)u->bytes);
	}
}
