/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a container writes in its own file system: what a read-only one needs instead. */
#include <string.h>

#include "profile/needs.h"
#include "profile/resolve.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
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

static void add_access(const struct record_access *a, const struct image *img, struct strvec *dirs)
{
	_cleanup_free_ char *path = NULL, *dir = NULL;

	if (!a->on_image || a->error || !(a->kinds & WRITES))
		return;
	path = a->source == RECORD_FILE ? xstrdup(a->path) : resolve_name(img, a->path, a->follow);
	if (path_is_under(path, "/proc") || path_is_under(path, "/sys") ||
	    path_is_under(path, "/dev"))
		return;
	dir = directory_of(img, path);
	if (!strvec_has(dirs, dir))
		strvec_push(dirs, dir);
}

/* Below one that is in the list already: it is writable with that. */
static bool is_covered(const struct strvec *dirs, size_t i)
{
	for (size_t j = 0; j < dirs->n; j++)
		if (j != i && path_is_under(dirs->v[i], dirs->v[j]))
			return true;
	return false;
}

/* Whether something below @dir was executed, or mapped as a library is. */
static bool runs_below(const struct record *const *records, size_t n, const char *dir)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < records[i]->n_accesses; j++) {
			const struct record_access *a = &records[i]->accesses[j];

			if (a->source == RECORD_FILE && a->on_image &&
			    a->kinds & (RECORD_EXEC | RECORD_MAP) && path_is_under(a->path, dir))
				return true;
		}
	return false;
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
	_cleanup_strvec_ struct strvec dirs = STRVEC_INIT;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < records[i]->n_accesses; j++)
			add_access(&records[i]->accesses[j], img, &dirs);
	strvec_sort(&dirs);
	for (size_t i = 0; i < dirs.n; i++) {
		struct image_entry *e = img ? image_lookup(img, dirs.v[i]) : NULL;

		if (!strcmp(dirs.v[i], "/"))
			return false;
		if (is_covered(&dirs, i))
			continue;
		if (e && e->n_children)
			strvec_push(ret_volumes, dirs.v[i]);
		else
			add_tmpfs(dirs.v[i], e, runs_below(records, n, dirs.v[i]), ret_tmpfs);
	}
	return true;
}
