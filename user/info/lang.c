/* SPDX-License-Identifier: BSD-2-Clause */
/* Packages of languages, told by the form of names that their installers fix. */
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"

#define MAX_JSON_VALUES 65536

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && !strcmp(name + len - end_len, end);
}

/* NAME-VERSION[-more].dist-info or .egg-info: a directory, or of old ones a file. */
static void find_python(struct info *info, const struct image_entry *e)
{
	bool egg = ends_with(e->name, ".egg-info");
	size_t len = strlen(e->name), name = strcspn(e->name, "-"), version;

	if (!egg && !(ends_with(e->name, ".dist-info") && e->type == ENTRY_DIR))
		return;
	len -= strlen(egg ? ".egg-info" : ".dist-info");
	if (name >= len) {
		info_package_add(info, "pip", e->name, len, "", 0);
		return;
	}
	version = egg ? strcspn(e->name + name + 1, "-") : len - name - 1;
	if (version > len - name - 1)
		version = len - name - 1;
	info_package_add(info, "pip", e->name, name, e->name + name + 1, version);
}

/* specifications/NAME-VERSION.gemspec: the version is what comes after the last "-" and a digit. */
static void find_gem(struct info *info, const struct image_entry *e)
{
	const char *dir = e->parent->name;
	size_t len = strlen(e->name), dash = 0;

	if (!ends_with(e->name, ".gemspec") || e->type != ENTRY_FILE ||
	    (strcmp(dir, "specifications") != 0 &&
	     !(!strcmp(dir, "default") && !strcmp(e->parent->parent->name, "specifications"))))
		return;
	len -= strlen(".gemspec");
	for (size_t i = 0; i + 1 < len && !dash; i++)
		if (i && e->name[i] == '-' && e->name[i + 1] >= '0' && e->name[i + 1] <= '9')
			dash = i;
	if (dash)
		info_package_add(info, "gem", e->name, dash, e->name + dash + 1, len - dash - 1);
}

/* node_modules/NAME/package.json, node_modules/@SCOPE/NAME/package.json */
static bool is_npm(const struct image_entry *e)
{
	const struct image_entry *up = e->parent->parent;

	if (e->type != ENTRY_FILE || strcmp(e->name, "package.json") != 0)
		return false;
	if (up->name[0] == '@')
		up = up->parent;
	return !strcmp(up->name, "node_modules");
}

static int find_npm(const struct image *img, struct info *info, const struct image_entry *e,
		    struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const char *name, *version;
	int r;

	if (!is_npm(e))
		return 0;
	r = info_read(img, e, INFO_MAX_SMALL, &text, err);
	if (r <= 0)
		return r;
	if (json_parse_max(text, strlen(text), "it", MAX_JSON_VALUES, &json, &ignored) < 0)
		return 0;
	name = json_str(json, "name", e->parent->name);
	version = json_str(json, "version", "");
	info_package_add(info, "npm", name, strlen(name), version, strlen(version));
	return cancel_check(err);
}

int info_language_package(const struct image *img, struct info *info, const struct image_entry *e,
			  struct err *err)
{
	find_python(info, e);
	find_gem(info, e);
	return find_npm(img, info, e, err);
}

int info_language_packages(const struct image *img, struct info *info, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < image_entry_count(img); i++)
		r = info_language_package(img, info, image_entry(img, (uint32_t)i), err);
	return r;
}
