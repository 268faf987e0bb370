/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sys/sysmacros.h>

#include "../lib/tap.h"
#include "test_image.h"

static struct image *img;
static struct err err;
static struct strbuf steps = { .buf = strbuf_empty };

static void on_step(struct image_entry *e, void *ctx)
{
	(void)ctx;
	if (e->type == ENTRY_SYMLINK) {
		image_entry_path(e, &steps);
		strbuf_addch(&steps, ' ');
	}
}

/* @want: the path reached, or NULL for @error. @links: those followed, each with a blank. */
static void walks(const char *path, bool follow, const char *want, int error, const char *links)
{
	_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
	struct image_entry *e = NULL;
	int r;

	strbuf_reset(&steps);
	r = image_walk(img, NULL, NULL, path, follow, on_step, NULL, &e);
	is_int(r, -error, "%s", path);
	if (!r)
		image_entry_path(e, &got);
	if (want)
		is_str(got.buf, want, "%s is reached", path);
	if (links)
		is_str(steps.buf, links, "%s: links on the way", path);
}

int main(void)
{
	static const struct item items[] = {
		{ "d/e/f", AE_IFREG, "x", 0, 0, NULL },
		{ "rel", AE_IFLNK, "d/e", 0, 0, NULL },
		{ "abs", AE_IFLNK, "/d/e/f", 0, 0, NULL },
		{ "d/up", AE_IFLNK, "../../../rel/f", 0, 0, NULL },
		{ "chain", AE_IFLNK, "chain2", 0, 0, NULL },
		{ "chain2", AE_IFLNK, "abs", 0, 0, NULL },
		{ "loop", AE_IFLNK, "loop", 0, 0, NULL },
		{ "dangling", AE_IFLNK, "/nothing/here", 0, 0, NULL },
	};
	struct strbuf layer = STRBUF_INIT;
	struct image_entry *e, *root;

	layer_tar(items, ARRAY_SIZE(items), &layer);
	if (image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &img, &err) < 0)
		return printf("Bail out! %s\n", err.msg), 1;
	walks("/d/e/f", true, "/d/e/f", 0, "");
	walks("//d/./e//../e/f", true, "/d/e/f", 0, "");
	walks("/../..", true, "/", 0, "");
	walks("/rel/f", true, "/d/e/f", 0, "/rel ");
	walks("/abs", true, "/d/e/f", 0, "/abs ");
	walks("/abs", false, "/abs", 0, "");
	walks("/rel/", false, "/d/e", 0, "/rel ");
	walks("/abs/", true, NULL, ENOTDIR, NULL);
	walks("/d/up", true, "/d/e/f", 0, "/d/up /rel ");
	walks("/chain", true, "/d/e/f", 0, "/chain /chain2 /abs ");
	walks("/loop", true, NULL, ELOOP, NULL);
	walks("/loop", false, "/loop", 0, "");
	walks("/dangling", true, NULL, ENOENT, "/dangling ");
	walks("/d/e/f/g", true, NULL, ENOTDIR, "");
	walks("/d/x", true, NULL, ENOENT, "");
	walks("", true, NULL, ENOENT, "");
	is_int(image_walk(img, NULL, NULL, "/d/x/y", true, NULL, NULL, &e), -ENOENT, "missing");
	ok(e == image_lookup(img, "/d"), "the deepest directory is told");
	root = image_lookup(img, "/d");
	is_int(image_walk(img, root, root, "/../e/f", true, NULL, NULL, &e), 0, "another root");
	ok(e == image_lookup(img, "/d/e/f"), "cannot be left upward");
	is_int(image_walk(img, NULL, root, "e/f", true, NULL, NULL, &e), 0,
	       "relative to a directory");
	strbuf_release(&layer);
	strbuf_release(&steps);
	image_free(img);
	return tap_done();
}
