/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loaders of languages count on beside the files that they were seen to load. Told by the
 * form of names, which these languages fix, never by what an app is.
 */
#include <fnmatch.h>
#include <string.h>

#include "keep/lang.h"
#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

struct image_entry *keep_child(const struct image_entry *dir, const char *name)
{
	return dir->type == ENTRY_DIR ? image_child(dir, name, strlen(name)) : NULL;
}

bool keep_ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && !strcmp(name + len - end_len, end);
}

/* --- Ruby --- */

/* gems/NAME, or what of it is in extensions/PLATFORM/ABI/NAME, is used. */
static bool is_gem_used(const struct keep *k, const struct image_entry *home, const char *name)
{
	const struct image_entry *gems = keep_child(home, "gems");
	const struct image_entry *gem = gems ? keep_child(gems, name) : NULL;

	return gem && k->reasons[gem->id];
}

/* A gem without its marker counts as one whose extensions are not built: it cannot be loaded. */
static int keep_gem(struct keep *k, struct image_entry *spec, struct err *err)
{
	struct image_entry *home = spec->parent->parent;
	_cleanup_free_ char *name = xstrndup(spec->name, strlen(spec->name) - strlen(".gemspec"));
	_cleanup_strbuf_ struct strbuf pattern = STRBUF_INIT;
	int r;

	if (!k->reasons[spec->id] && !is_gem_used(k, home, name))
		return 0;
	keep_add(k, spec, KEEP_RUBY, NO_ACCESS);
	image_entry_path(home, &pattern);
	strbuf_addf(&pattern, "/extensions/*/*/%s/gem.build_complete", name);
	r = keep_matches(k, pattern.buf, KEEP_RUBY, err);
	return r < 0 ? r : 0;
}

int keep_ruby(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		struct image_entry *e = image_entry(k->img, (uint32_t)i);
		int r;

		if (strcmp(e->parent->name, "specifications") != 0 ||
		    !keep_ends_with(e->name, ".gemspec"))
			continue;
		r = keep_gem(k, e, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- Node --- */

/* The nearest package.json says how a module is read, one above it what it is called. */
int keep_node(struct keep *k, struct err *err)
{
	static const char *const modules[] = { ".js", ".cjs", ".mjs", ".node", ".json" };

	(void)err;
	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i), *dir;
		bool module = false;

		if (e->type != ENTRY_FILE || !keep_is_content(k, e))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(modules); j++)
			module |= keep_ends_with(e->name, modules[j]);
		for (dir = e->parent; module; dir = dir->parent) {
			struct image_entry *json = keep_child(dir, "package.json");

			if (json)
				keep_add(k, json, KEEP_NODE, NO_ACCESS);
			if (dir->parent == dir)
				break;
		}
	}
	return 0;
}

/* --- Java --- */

/* HOME/lib/modules, or HOME/lib/rt.jar before Java 9: all classes of the runtime. */
static bool is_java_home(const struct keep *k, const struct image_entry *lib)
{
	const struct image_entry *modules = keep_child(lib, "modules"),
				 *jar = keep_child(lib, "rt.jar");

	return !strcmp(lib->name, "lib") && lib->parent != lib &&
	       ((modules && keep_is_content(k, modules) && keep_child(lib, "jvm.cfg")) ||
		(jar && keep_is_content(k, jar)));
}

int keep_jvm(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		struct image_entry *e = image_entry(k->img, (uint32_t)i);
		_cleanup_strbuf_ struct strbuf home = STRBUF_INIT;
		int r;

		if (!k->reasons[i] || !is_java_home(k, e))
			continue;
		image_entry_path(e->parent, &home);
		strbuf_addch(&home, '/');
		r = keep_all_matches(k, home.buf, places_jvm.v, places_jvm.n, KEEP_JVM, err);
		if (r < 0)
			return r;
	}
	return 0;
}
