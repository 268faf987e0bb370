/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/glob.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"

#define PARTS_MAX 64

/* A place that the first @part parts of the pattern lead to. */
struct place {
	struct image_entry *e;
	char *path;
	size_t part;
};

struct glob {
	const struct keep *k;
	struct strvec parts;
	struct place *todo; /* the next one last */
	size_t n, cap;
	/* [part][entry id / 8]: for "**", the directories that it has been to. */
	uint8_t *seen[PARTS_MAX];
	keep_glob_fn *fn;
	void *ctx;
	int found;
};

static void push(struct glob *g, struct image_entry *e, char *path, size_t part)
{
	ALLOC_GROW(g->todo, g->n + 1, g->cap);
	g->todo[g->n++] = (struct place){ e, path, part };
}

static bool is_any(const struct glob *g, size_t part)
{
	return part < g->parts.n && !strcmp(g->parts.v[part], "**");
}

/* Where several "**" meet, a directory would be walked many times over. */
static bool first_visit(struct glob *g, const struct image_entry *e, size_t part)
{
	uint8_t *seen = g->seen[part], bit = (uint8_t)(1u << (e->id % 8));

	if (!seen)
		seen = g->seen[part] = xcalloc(g->k->n / 8 + 1, 1);
	if (seen[e->id / 8] & bit)
		return false;
	seen[e->id / 8] |= bit;
	return true;
}

static char *below(const struct place *at, const struct image_entry *child)
{
	return xasprintf("%s/%s", strcmp(at->path, "/") ? at->path : "", child->name);
}

/* The directory itself goes on with the next part, what is in it with this one. */
static void take_any(struct glob *g, const struct place *at)
{
	if (!first_visit(g, at->e, at->part))
		return;
	for (size_t i = at->e->n_children; at->e->type == ENTRY_DIR && i > 0; i--) {
		struct image_entry *child = at->e->children[i - 1];

		if (child->type == ENTRY_DIR || at->part + 1 == g->parts.n)
			push(g, child, below(at, child), at->part);
	}
	push(g, at->e, xstrdup(at->path), at->part + 1);
}

/* A link that more follows after leads somewhere. */
static struct image_entry *enter(const struct glob *g, const struct place *at)
{
	struct image_entry *e = at->e;

	if (e->type == ENTRY_SYMLINK)
		e = keep_resolve(g->k, at->path, true);
	return e && e->type == ENTRY_DIR ? e : NULL;
}

static void arrive(struct glob *g, const struct place *at, struct image_entry *child)
{
	struct place place = { child, below(at, child), at->part + 1 };

	/* "**" itself follows no links, but may begin at one. */
	if (is_any(g, place.part) && child->type == ENTRY_SYMLINK && enter(g, &place))
		place.e = enter(g, &place);
	push(g, place.e, place.path, place.part);
}

static void take_name(struct glob *g, const struct place *at)
{
	const struct image_entry *dir = enter(g, at);
	const char *name = g->parts.v[at->part];
	struct image_entry *child;

	if (!dir)
		return;
	if (!strpbrk(name, "*?[\\")) {
		child = image_child(dir, name, strlen(name));
		if (child)
			arrive(g, at, child);
		return;
	}
	for (size_t i = dir->n_children; i > 0; i--) {
		child = dir->children[i - 1];
		/* "[id].js" is what it says, too: names of files may look like patterns. */
		if (!fnmatch(name, child->name, 0) || !strcmp(name, child->name))
			arrive(g, at, child);
	}
}

static int take(struct glob *g, const struct place *at, struct err *err)
{
	if (at->part == g->parts.n) {
		g->found += g->found < INT32_MAX;
		return g->fn(at->path, at->e, g->ctx, err);
	}
	if (is_any(g, at->part))
		take_any(g, at);
	else
		take_name(g, at);
	return 0;
}

static int split(struct glob *g, const char *pattern, struct err *err)
{
	_cleanup_free_ char *path = path_normalize(pattern);

	for (const char *p = path + strspn(path, "/"); *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");
		bool again =
			g->parts.n && is_any(g, g->parts.n - 1) && len == 2 && !strncmp(p, "**", 2);

		if (g->parts.n == PARTS_MAX)
			return err_class_set(err, ERR_USAGE, ELOOP, "'%s' has more than %d parts",
					     pattern, PARTS_MAX);
		if (!again)
			strvec_push_len(&g->parts, p, len);
		p += len;
	}
	return 0;
}

int keep_glob(const struct keep *k, const char *pattern, keep_glob_fn *fn, void *ctx,
	      struct err *err)
{
	struct glob g = { .k = k, .fn = fn, .ctx = ctx };
	int r = split(&g, pattern, err);

	if (r >= 0)
		push(&g, image_root(k->img), xstrdup("/"), 0);
	while (g.n) {
		struct place at = g.todo[--g.n];

		if (r >= 0)
			r = take(&g, &at, err);
		free(at.path);
	}
	for (size_t i = 0; i < PARTS_MAX; i++)
		free(g.seen[i]);
	free(g.todo);
	strvec_release(&g.parts);
	return r < 0 ? r : g.found;
}
