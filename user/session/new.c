/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --include-new: files that the container made or changed, as they are when it has ended. The
 * engine tells which ones these are, and copies them out, whatever its storage.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/path.h"

enum { CHANGED, ADDED }; /* "Kind" of a change; the third is "deleted" */

/* Path -> kind + 1 of all that is there and is not as the image has it. */
static int read_changes(struct run *run, struct strmap *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *changes = NULL;
	const cJSON *change;
	int r = engine_container_changes(run->engine, run->container, &changes, err);

	if (r < 0)
		return r;
	cJSON_ArrayForEach (change, changes) {
		const char *path = json_str(change, "Path", NULL);
		uint64_t kind = json_u64(change, "Kind", UINT64_MAX);

		if (path && *path == '/' && kind <= ADDED)
			strmap_put(ret, path, (void *)(uintptr_t)(kind + 1));
	}
	return 0;
}

static bool is_made(const struct strmap *changes, const char *path)
{
	return (uintptr_t)strmap_get(changes, path) == ADDED + 1;
}

struct selection {
	const char *path;
	struct strmap *only;
	bool found;
};

static int select_change(const char *key, size_t len, void *value, void *ctx)
{
	struct selection *s = ctx;

	(void)len;
	if (!path_is_under(key, s->path))
		return 0;
	strmap_put(s->only, key, value);
	s->found = true;
	return 0;
}

/* The outermost directory above @path that the container made, else @path: what is copied. */
static char *select_top(const struct strmap *changes, const char *path, struct strmap *only)
{
	char *top = xstrdup(path);

	for (char *slash; (slash = strrchr(top, '/')) && slash != top;) {
		*slash = '\0';
		if (!is_made(changes, top)) {
			*slash = '/';
			break;
		}
		strmap_put(only, top, (void *)1);
	}
	return top;
}

static int not_new(const char *path, struct err *err)
{
	err_class_set(err, ERR_USAGE, ENOENT,
		      "--include-new: the container made and changed nothing at '%s'", path);
	return err_hint(err, "what lies on a volume or another mount is not the image's");
}

static int copy_out(struct run *run, const char *top, struct err *err)
{
	struct run_new *added = &run->added;
	const char *name = path_basename(top);
	int fd = io_open_unlinked(run->tmpdir, err);

	if (fd < 0)
		return fd;
	ALLOC_GROW(added->files, added->n + 1, added->cap);
	strvec_push_len(&added->dirs, top, (size_t)(name - top));
	added->files[added->n++] = (struct image_files){ .fd = fd };
	return engine_container_copy(run->engine, run->container, top, fd, err);
}

/* Volumes and other mounts lie over the image: what is in them is not the container's own. */
static bool is_mounted(const cJSON *inspect, const char *path)
{
	const cJSON *mount;

	cJSON_ArrayForEach (mount, json_get(inspect, "Mounts")) {
		const char *at = json_str(mount, "Destination", NULL);

		if (at && path_is_under(path, at))
			return true;
	}
	return false;
}

static int take(struct run *run, const cJSON *inspect, const struct strmap *changes,
		const char *given, struct err *err)
{
	_cleanup_free_ char *path = path_normalize(given), *top = NULL;
	struct selection s = { .path = path, .only = run->added.only };

	if (!is_mounted(inspect, path))
		strmap_each(changes, select_change, &s);
	if (!s.found)
		return not_new(given, err);
	top = select_top(changes, path, run->added.only);
	return copy_out(run, top, err);
}

int run_copy_new(struct run *run, struct err *err)
{
	const struct strvec *paths = &run->opts->include_new;
	_cleanup_(strmap_free) struct strmap *changes = strmap_new();
	_cleanup_(json_free) cJSON *inspect = NULL;
	int r;

	if (!paths->n)
		return 0;
	run->added.only = strmap_new();
	r = engine_container_inspect(run->engine, run->container, &inspect, err);
	if (!r)
		r = read_changes(run, changes, err);
	for (size_t i = 0; !r && i < paths->n; i++)
		r = take(run, inspect, changes, paths->v[i], err);
	return r;
}

int run_add_new(struct run *run, struct err *err)
{
	struct run_new *added = &run->added;
	size_t n = added->n;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		added->files[i].dir = added->dirs.v[i];
	added->n = 0; /* the image's now */
	return image_add_files(run->img, added->files, n, added->only, err);
}

void run_release_new(struct run *run)
{
	for (size_t i = 0; i < run->added.n; i++)
		close(run->added.files[i].fd);
	free(run->added.files);
	strvec_release(&run->added.dirs);
	strmap_free(run->added.only);
}
