/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/tree.h"

#include <stdlib.h>

#include "keep/glob.h"
#include "slimtrace/base/alloc.h"

int keep_tree(struct image_entry *top, keep_tree_fn *fn, void *ctx, struct err *err)
{
	_cleanup_free_ struct image_entry **todo = NULL;
	size_t n = 0, cap = 0;

	ALLOC_GROW(todo, 1, cap);
	todo[n++] = top;
	while (n > 0) {
		struct image_entry *e = todo[--n];
		int r = fn(e, ctx, err);

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		ALLOC_GROW(todo, n + e->n_children, cap);
		for (size_t i = e->n_children; i > 0; i--)
			todo[n++] = e->children[i - 1];
	}
	return 0;
}

struct matches {
	struct keep *k;
	enum keep_reason reason;
};

static int keep_below(struct image_entry *e, void *ctx, struct err *err)
{
	const struct matches *m = ctx;

	(void)err;
	keep_add(m->k, e, m->reason, NO_ACCESS);
	return 0;
}

static int keep_match(const char *path, struct image_entry *e, void *ctx, struct err *err)
{
	struct matches *m = ctx;

	keep_path(m->k, path, false, m->reason, NO_ACCESS);
	if (e->type != ENTRY_SYMLINK)
		return 0;
	/* To a directory that stands elsewhere: it is what the link is for. */
	e = keep_path(m->k, path, true, m->reason, NO_ACCESS);
	return e ? keep_tree(e, keep_below, ctx, err) : 0;
}

int keep_matches(struct keep *k, const char *pattern, enum keep_reason reason, struct err *err)
{
	struct matches m = { k, reason };

	return keep_glob(k, pattern, keep_match, &m, err);
}

int keep_all_matches(struct keep *k, const char *dir, const char *const *patterns, size_t n,
		     enum keep_reason reason, struct err *err)
{
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *pattern = xasprintf("%s%s", dir, patterns[i]);
		int r = keep_matches(k, pattern, reason, err);

		if (r < 0)
			return r;
		found = r ? r : found;
	}
	return found;
}
