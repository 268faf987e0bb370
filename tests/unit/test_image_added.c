/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of a container over an image's own. */
#include <errno.h>

#include "../lib/tap.h"
#include "test_image.h"

static struct image *open_image(void)
{
	static const struct item items[] = {
		{ "data", AE_IFDIR, NULL, 0710, 5, NULL },
		{ "data/config", AE_IFREG, "old", 0, 0, NULL },
		{ "data/same", AE_IFREG, "same", 0, 0, NULL },
		{ "data/was-a-file", AE_IFREG, "x", 0, 0, NULL },
		{ "other/one", AE_IFREG, "linked", 0, 0, NULL },
		{ "other/two", 0, "other/one", 0, 0, NULL },
	};
	struct strbuf layer = STRBUF_INIT;
	struct image *img = NULL;
	struct err err = ERR_INIT;

	layer_tar(items, ARRAY_SIZE(items), &layer);
	if (image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &img, &err) < 0) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	strbuf_release(&layer);
	return img;
}

static int tar_of(const struct item *items, size_t n)
{
	struct strbuf tar = STRBUF_INIT;
	int fd = memfd_create("files", MFD_CLOEXEC);

	layer_tar(items, n, &tar);
	if (write(fd, tar.buf, tar.len) != (ssize_t)tar.len)
		abort();
	strbuf_release(&tar);
	return fd;
}

static void holds(const struct image *img, const char *path, const char *text, bool added)
{
	const struct image_entry *e = image_lookup(img, path);
	_cleanup_free_ char *got = NULL;
	struct err err = ERR_INIT;
	size_t len;

	if (!e || image_file_read(img, e, 1000, &got, &len, &err) < 0) {
		ok(false, "%s can be read", path);
		return;
	}
	is_str(got, text, "%s has its content", path);
	is_int(image_is_added(img, e), added, "and is added, or not");
}

static void test_files(void)
{
	static const struct item first[] = {
		{ "data", AE_IFDIR, NULL, 0700, 9, NULL },
		{ "data/config", AE_IFREG, "new", 0600, 7, NULL },
		{ "data/same", AE_IFREG, "must not be taken", 0, 0, NULL },
		{ "data/was-a-file/now", AE_IFREG, "below", 0, 0, NULL },
		{ "data/.wh.same", AE_IFREG, "no whiteout", 0, 0, NULL },
		{ "data/again", 0, "data/config", 0600, 7, NULL },
	};
	static const struct item second[] = {
		{ "made", AE_IFDIR, NULL, 02750, 0, NULL },
		{ "made/up", AE_IFREG, "up", 0, 0, NULL },
		{ "../../../outside", AE_IFREG, "clamped", 0, 0, NULL },
	};
	struct image_files files[] = { { .fd = tar_of(first, ARRAY_SIZE(first)), .dir = "/" },
				       { .fd = tar_of(second, ARRAY_SIZE(second)),
					 .dir = "/data" } };
	_cleanup_(image_free) struct image *img = open_image();
	_cleanup_(strmap_free) struct strmap *only = strmap_new();
	static const char *const paths[] = { "/data/config",	     "/data/was-a-file",
					     "/data/was-a-file/now", "/data/.wh.same",
					     "/data/again",	     "/data/made",
					     "/data/made/up",	     "/outside" };
	struct err err = ERR_INIT;
	size_t before = image_entry_count(img);
	const struct image_entry *e;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		strmap_put(only, paths[i], (void *)1);
	ok(!image_is_added(img, image_root(img)), "an image without files of a container");
	is_int(image_add_files(img, files, 2, only, &err), 0, "files of a container: %s", err.msg);
	is_int((int64_t)image_layer_count(img), 2, "count as one more layer");
	holds(img, "/data/config", "new", true);
	holds(img, "/data/again", "new", true);
	holds(img, "/data/same", "same", false);
	holds(img, "/data/was-a-file/now", "below", true);
	holds(img, "/data/made/up", "up", true);
	holds(img, "/outside", "clamped", true);
	holds(img, "/other/two", "linked", false);
	ok(!image_lookup(img, "/data/.wh.same"), "what looks like a whiteout is none");
	e = image_lookup(img, "/data");
	ok(e->mode == 0710 && e->uid == 5, "a directory that was not asked for is as it was");
	e = image_lookup(img, "/data/made");
	is_int(e->mode, 02750, "one that was is as the container has it");
	e = image_lookup(img, "/data/config");
	is_int(e->mode, 0600, "so is a file");
	is_int(e->uid, 7, "with its owner");
	is_int(e->nlink, 2, "and both its names");
	is_int(image_lookup(img, "/other/one")->nlink, 2, "old links are linked still");
	is_int((int64_t)image_entry_count(img), (int64_t)before + 5, "nothing is counted twice");
	for (uint32_t i = 0; i < image_entry_count(img); i++)
		if (image_entry(img, i)->id != i)
			ok(false, "entry %u has its ID", i);
}

static void test_cut(void)
{
	static const struct item items[] = { { "data/config", AE_IFREG, "new", 0, 0, NULL } };
	struct image_files files = { .fd = tar_of(items, 1), .dir = "/" };
	_cleanup_(image_free) struct image *img = open_image();
	_cleanup_(strmap_free) struct strmap *only = strmap_new();
	struct err err = ERR_INIT;

	if (ftruncate(files.fd, 300) < 0)
		abort();
	ok(image_add_files(img, &files, 1, only, &err) < 0, "a tar that is cut");
	ok(strstr(err.msg, "the container's files") != NULL, "is told: %s", err.msg);
}

int main(void)
{
	test_files();
	test_cut();
	return tap_done();
}
