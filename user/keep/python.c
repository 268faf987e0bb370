/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Python. Byte code is only taken when the source beside it has the time that it was made from
 * (importlib/_bootstrap_external.py), so the source stays, as it is. Metadata of a distribution
 * (packaging.python.org, "Recording installed projects") is read by whoever asks for versions and
 * entry points, and by scanners. Flask and Django look for pages in "templates" beside a module;
 * the page of an error is among them, and Django cannot even log an error without.
 */
#include <stdlib.h>
#include <string.h>

#include "keep/lang.h"
#include "keep/rules.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"

#define LIST_MAX_BYTES (16u << 20) /* of a RECORD */

static int keep_one(struct image_entry *e, void *ctx, struct err *err)
{
	(void)err;
	keep_add(ctx, e, KEEP_PYTHON, NO_ACCESS);
	return 0;
}

/* --- modules: source or byte code --- */

static void keep_source(struct keep *k, const struct image_entry *dir, const char *code)
{
	size_t len = strcspn(code, ".");
	_cleanup_free_ char *name = xasprintf("%.*s.py", (int)len, code);
	struct image_entry *source = keep_child(dir, name);

	if (source)
		keep_add(k, source, KEEP_PYTHON, NO_ACCESS);
}

static int keep_templates(struct keep *k, const struct image_entry *dir, struct err *err)
{
	struct image_entry *templates = keep_child(dir, "templates");

	if (!templates || k->reasons[templates->id] & 1u << KEEP_PYTHON)
		return 0;
	return keep_tree(templates, keep_one, k, err);
}

static int keep_of_module(struct keep *k, const struct image_entry *e, struct err *err)
{
	bool code = keep_ends_with(e->name, ".pyc");
	const struct image_entry *dir = e->parent;

	if (!code && !keep_ends_with(e->name, ".py"))
		return 0;
	if (!strcmp(dir->name, "__pycache__"))
		dir = dir->parent;
	if (code)
		keep_source(k, dir, e->name);
	return keep_templates(k, dir, err);
}

/* --- distributions --- */

/* The path that begins a line of RECORD, up to its comma; quotes double inside quotes. */
static char *record_path(const char *line)
{
	struct strbuf sb = STRBUF_INIT;
	bool quoted = *line == '"';

	for (line += quoted; *line && (quoted || *line != ','); line++) {
		if (quoted && *line == '"' && *++line != '"')
			break;
		strbuf_addch(&sb, *line);
	}
	return strbuf_detach(&sb, NULL);
}

static bool is_used(const struct keep *k, struct image_entry *site, const char *path,
		    const struct image_entry *info)
{
	struct image_entry *e;

	if (!*path || image_walk(k->img, NULL, site, path, false, NULL, NULL, &e) < 0)
		return false;
	return e->type != ENTRY_DIR && e->parent != info && keep_is_content(k, e);
}

/* A name that a distribution brings: a package, or a module. */
static bool is_top_level_used(const struct keep *k, const struct image_entry *site,
			      const char *name)
{
	_cleanup_free_ char *module = xasprintf("%s.py", name);
	const struct image_entry *package = *name ? keep_child(site, name) : NULL,
				 *file = keep_child(site, module);

	return (package && k->reasons[package->id]) || (file && k->reasons[file->id]);
}

static int read_lines(const struct keep *k, const struct image_entry *info, const char *name,
		      char **ret, struct err *err)
{
	const struct image_entry *e = keep_child(info, name);
	size_t len;

	*ret = NULL;
	if (!e || e->type != ENTRY_FILE || e->size > LIST_MAX_BYTES)
		return 0;
	return image_file_read(k->img, e, LIST_MAX_BYTES, ret, &len, err);
}

/* 1 when something of the distribution that @info tells about stays. */
static int is_info_used(const struct keep *k, const struct image_entry *info, struct err *err)
{
	bool record = keep_ends_with(info->name, ".dist-info");
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	int r = read_lines(k, info, record ? "RECORD" : "top_level.txt", &text, err);

	rest = text;
	while (!r && (line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *path = NULL;

		line[strcspn(line, "\r")] = '\0';
		path = record ? record_path(line) : NULL;
		r = record ? is_used(k, info->parent, path, info)
			   : is_top_level_used(k, info->parent, line);
	}
	return r;
}

static bool is_info(const struct image_entry *e)
{
	return e->type == ENTRY_DIR &&
	       (keep_ends_with(e->name, ".dist-info") || keep_ends_with(e->name, ".egg-info"));
}

static int keep_infos(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		struct image_entry *e = image_entry(k->img, (uint32_t)i);
		int r = is_info(e) ? is_info_used(k, e, err) : 0;

		if (r > 0)
			r = keep_tree(e, keep_one, k, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Sources first: metadata does not always tell of byte code. */
int keep_python(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		int r = e->type == ENTRY_FILE && k->reasons[i] ? keep_of_module(k, e, err) : 0;

		if (r < 0)
			return r;
	}
	return keep_infos(k, err);
}
