/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a container writes in its own file system: what a read-only one needs instead. */
#include <stdlib.h>
#include <string.h>

#include "profile/needs.h"
#include "profile/resolve.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/image.h"

#define WRITES (RECORD_WRITE | RECORD_CREATE | RECORD_DELETE | RECORD_CHANGE)

/* The deepest directory of the image that @path is below: what is made below it needs no more. */
static char *directory_of(const struct image *img, const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);

	for (;;) {
		char *slash = strrchr(dir, '/');
		struct image_entry *e;

		if (!slash || slash == dir)
			return xstrdup("/");
		*slash = '\0';
		e = img ? image_lookup(img, dir) : NULL;
		if (!img || (e && e->type == ENTRY_DIR))
			return TAKE_PTR(dir);
	}
}

/* Directories by path, so that none is searched for among all. */
struct dirs {
	struct strvec paths;  /* sorted in the end */
	struct strmap *index; /* then: place + 1 */
	bool *runs;	      /* something below it was executed, or mapped as a library is */
};

static void add_access(const struct record_access *a, const struct image *img, struct dirs *dirs)
{
	_cleanup_free_ char *path = NULL, *dir = NULL;

	if (!a->on_image || a->error || !(a->kinds & WRITES))
		return;
	path = a->source == RECORD_FILE ? xstrdup(a->path) : resolve_name(img, a->path, a->follow);
	if (path_is_under(path, "/proc") || path_is_under(path, "/sys") ||
	    path_is_under(path, "/dev"))
		return;
	dir = directory_of(img, path);
	if (!strmap_put(dirs->index, dir, dirs))
		strvec_push(&dirs->paths, dir);
}

/* Length of the directory that the first @len bytes of @path are in; 0 above the root. */
static size_t parent_len(const char *path, size_t len)
{
	if (len <= 1)
		return 0;
	while (len && path[len - 1] != '/')
		len--;
	return len > 1 ? len - 1 : len;
}

/* The nearest of the directories above the first *@len bytes of @path, which become it; 0: none. */
static size_t find_above(const struct dirs *dirs, const char *path, size_t *len)
{
	while ((*len = parent_len(path, *len))) {
		size_t place = (size_t)strmap_get_len(dirs->index, path, *len);

		if (place)
			return place;
	}
	return 0;
}

/* Below one that is in the list already: it is writable with that. */
static bool is_covered(const struct dirs *dirs, size_t i)
{
	size_t len = strlen(dirs->paths.v[i]);

	return find_above(dirs, dirs->paths.v[i], &len);
}

static void note_run(const struct record_access *a, struct dirs *dirs)
{
	size_t len = a->path_len, place;

	if (a->source != RECORD_FILE || !a->on_image || !(a->kinds & (RECORD_EXEC | RECORD_MAP)))
		return;
	while ((place = find_above(dirs, a->path, &len)))
		dirs->runs[place - 1] = true;
}

static void find_dirs(const struct record *const *records, size_t n, const struct image *img,
		      struct dirs *ret)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < records[i]->n_accesses; j++)
			add_access(&records[i]->accesses[j], img, ret);
	strvec_sort(&ret->paths);
	for (size_t i = 0; i < ret->paths.n; i++)
		strmap_put(ret->index, ret->paths.v[i], (void *)(i + 1));
	ret->runs = xcalloc(ret->paths.n + 1, sizeof(*ret->runs));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < records[i]->n_accesses; j++)
			note_run(&records[i]->accesses[j], ret);
}

/* A tmpfs is root's, has mode 1777, and nothing in it can be executed, unless it is told. */
static void add_tmpfs(const char *dir, const struct image_entry *e, bool runs, struct strvec *ret)
{
	if (e && (e->mode != 01777 || e->uid || e->gid))
		strvec_pushf(ret, "%s:mode=%o,uid=%u,gid=%u%s", dir, e->mode, e->uid, e->gid,
			     runs ? ",exec" : "");
	else
		strvec_pushf(ret, "%s%s", dir, runs ? ":exec" : "");
}

bool needs_writes(const struct record *const *records, size_t n, const struct image *img,
		  struct strvec *ret_tmpfs, struct strvec *ret_volumes)
{
	struct dirs dirs = { .index = strmap_new() };
	bool root = false;

	find_dirs(records, n, img, &dirs);
	for (size_t i = 0; !root && i < dirs.paths.n; i++) {
		const char *path = dirs.paths.v[i];
		struct image_entry *e = img ? image_lookup(img, path) : NULL;

		root = !strcmp(path, "/");
		if (root || is_covered(&dirs, i))
			continue;
		if (e && e->n_children)
			strvec_push(ret_volumes, path);
		else
			add_tmpfs(path, e, dirs.runs[i], ret_tmpfs);
	}
	strvec_release(&dirs.paths);
	strmap_free(dirs.index);
	free(dirs.runs);
	return !root;
}
