/* SPDX-License-Identifier: BSD-2-Clause */
/* --include-path: what the user knows better. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "keep/exec.h"
#include "keep/rules.h"
#include "slimtrace/base/alloc.h"

/* Programs and shared libraries: nothing showed what they load. */
static bool may_load(const struct image_entry *e)
{
	return e->type == ENTRY_FILE &&
	       (e->mode & 0111 || !fnmatch("*.so", e->name, 0) || !fnmatch("*.so.*", e->name, 0));
}

static int include_one(struct keep *k, struct image_entry *e, struct err *err)
{
	keep_add(k, e, KEEP_INCLUDE, NO_ACCESS);
	return may_load(e) ? keep_needed(k, e, err) : 0;
}

/* @top with all below it; links are kept as they are. */
static int include_tree(struct keep *k, struct image_entry *top, struct err *err)
{
	_cleanup_free_ struct image_entry **todo = NULL;
	size_t n = 0, cap = 0;
	int r = 0;

	ALLOC_GROW(todo, 1, cap);
	todo[n++] = top;
	while (r >= 0 && n > 0) {
		struct image_entry *e = todo[--n];

		r = include_one(k, e, err);
		ALLOC_GROW(todo, n + e->n_children, cap);
		for (size_t i = 0; i < e->n_children; i++)
			todo[n++] = e->children[i];
	}
	return r;
}

static int include_path(struct keep *k, const char *path, struct err *err)
{
	struct image_entry *e;
	int r;

	if (*path != '/') {
		err_class_set(err, ERR_USAGE, EINVAL, "include path '%s' is not absolute", path);
		return err_hint(err, "give it as it is in the image, from '/'");
	}
	e = keep_path(k, path, false, KEEP_INCLUDE, NO_ACCESS);
	if (!e) {
		err_class_set(err, ERR_USAGE, ENOENT, "include path '%s' is not in the image",
			      path);
		return err_hint(err, "files made by the running container are not; check the "
				     "spelling, or leave the option out");
	}
	r = include_tree(k, e, err);
	if (r < 0 || e->type != ENTRY_SYMLINK)
		return r;
	e = keep_path(k, path, true, KEEP_INCLUDE, NO_ACCESS);
	return e ? include_tree(k, e, err) : 0;
}

int keep_includes(struct keep *k, struct err *err)
{
	const struct strvec *paths = k->opts ? k->opts->include_paths : NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && paths && i < paths->n; i++)
		r = include_path(k, paths->v[i], err);
	return r;
}
