/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path resolution as path_resolution(7) tells it, inside the tree. What is left to walk is a
 * string; a symlink's target is put in front of it, so nothing recurses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/image.h"

struct walk {
	struct image_entry *root, *at;
	struct strbuf rest; /* still to be walked: at most the path and the targets of all links */
	size_t pos;	    /* in it */
	unsigned int links;
	image_step_fn *step;
	void *ctx;
};

static void step(const struct walk *w, struct image_entry *e)
{
	if (w->step)
		w->step(e, w->ctx);
}

/* Puts a link's target before what is left. */
static int take_link(struct walk *w, struct image_entry *link)
{
	_cleanup_strbuf_ struct strbuf rest = STRBUF_INIT;
	const char *target = link->target ? link->target : "";

	if (++w->links > IMAGE_MAX_LINKS)
		return -ELOOP;
	step(w, link);
	if (!*target)
		return -ENOENT;
	if (*target == '/')
		w->at = w->root;
	strbuf_addstr(&rest, target);
	strbuf_add(&rest, w->rest.buf + w->pos, w->rest.len - w->pos);
	strbuf_reset(&w->rest);
	strbuf_add(&w->rest, rest.buf, rest.len);
	w->pos = 0;
	return 0;
}

/* One component. Returns 1 when the walk is over, 0 to go on, or -errno. */
static int take_name(struct walk *w, size_t len, bool follow_last, bool last)
{
	const char *name = w->rest.buf + w->pos;
	struct image_entry *e;

	if (w->at->type != ENTRY_DIR)
		return -ENOTDIR;
	if (len > IMAGE_MAX_NAME)
		return -ENAMETOOLONG;
	step(w, w->at);
	w->pos += len;
	if (len == 1 && *name == '.')
		return 0;
	if (len == 2 && !memcmp(name, "..", 2)) {
		if (w->at != w->root)
			w->at = w->at->parent;
		return 0;
	}
	e = image_child(w->at, name, len);
	if (!e)
		return -ENOENT;
	if (e->type == ENTRY_SYMLINK && (!last || follow_last))
		return take_link(w, e);
	w->at = e;
	return 0;
}

static int run_walk(struct walk *w, bool follow_last)
{
	for (;;) {
		size_t slashes = strspn(w->rest.buf + w->pos, "/"), len;
		const char *after;
		int r;

		w->pos += slashes;
		len = strcspn(w->rest.buf + w->pos, "/");
		if (!len) /* a slash at the end wants a directory */
			return slashes && w->at->type != ENTRY_DIR ? -ENOTDIR : 0;
		after = w->rest.buf + w->pos + len;
		/* A name with a slash after it is followed even when it is the last. */
		r = take_name(w, len, follow_last, !*after);
		if (r < 0)
			return r;
	}
}

int image_walk(const struct image *img, struct image_entry *root, struct image_entry *cwd,
	       const char *path, bool follow_last, image_step_fn *step_fn, void *ctx,
	       struct image_entry **ret_entry)
{
	struct walk w = { .root = root ? root : image_root(img),
			  .rest = STRBUF_INIT,
			  .step = step_fn,
			  .ctx = ctx };
	int r = 0;

	w.at = *path != '/' && cwd ? cwd : w.root;
	if (!*path)
		r = -ENOENT;
	else if (strlen(path) > IMAGE_MAX_PATH)
		r = -ENAMETOOLONG;
	if (!r) {
		strbuf_addstr(&w.rest, path);
		r = run_walk(&w, follow_last);
	}
	strbuf_release(&w.rest);
	*ret_entry = w.at;
	return r;
}
