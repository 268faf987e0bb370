/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a file of an image that is read to decide what stays: a program (ELF or script), the
 * loaders' configuration, databases of users, names and packages, a cache of fonts, and paths as a
 * user writes them. The first byte chooses which.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/test_image.h"
#include "slimtrace/keep.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What they hold when they are not the input. */
static const struct {
	const char *name, *text;
} files[] = {
	{ "app", "#!/lib/libc.so.6 x\n" },
	{ "etc/ld.so.conf", "" },
	{ "etc/ld-musl-x86_64.path", "" },
	{ "etc/passwd", "" },
	{ "etc/group", "" },
	{ "lib/libc.so.6", "" },
	{ "etc/nsswitch.conf", "hosts: dns\n" },
	{ "var/lib/dpkg/status", "Package: p\nArchitecture: a\n\n" },
	{ "var/lib/dpkg/info/p.list", "/.\n/app\n" },
	{ "var/lib/dpkg/info/p.md5sums", "0  app\n" },
	{ "lib/apk/db/installed", "P:p\nF:\nR:app\n\n" },
	{ "p.dist-info/RECORD", "app,,\n" },
	{ "p.egg-info/top_level.txt", "app\n" },
	{ "fonts-le64.cache-7", "" },
};

static void put(struct archive *a, const char *name, const void *content, size_t len)
{
	struct item it = { .path = name, .type = AE_IFREG, .text = content, .mode = 0755 };

	tar_add(a, &it, len);
}

static struct image *make_image(size_t which, const unsigned char *data, size_t size)
{
	struct strbuf layer = STRBUF_INIT;
	struct archive *a = tar_begin(&layer);
	struct image *img = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (i == which)
			put(a, files[i].name, data, size);
		else
			put(a, files[i].name, files[i].text, strlen(files[i].text));
	}
	tar_end(a);
	if (image_open_archive(docker_archive(&layer, NULL, 1), "amd64", "/tmp", &img, &err) < 0)
		abort();
	strbuf_release(&layer);
	return img;
}

/* The lines of the input as options; what is refused says why. */
static void read_opts(const unsigned char *data, size_t size, struct keep_opts *opts)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct err err = ERR_INIT;

		if (*line == '-' && line[1] == '/')
			strvec_push(&opts->excludes, line + 1);
		else if (keep_opts_add_path(opts, line, &err) < 0 && !err.msg[0])
			abort();
	}
}

static void used(struct record_builder *builder, const char *path, uint32_t kinds)
{
	const struct record_access_key key = { .path = path,
					       .path_len = strlen(path),
					       .on_image = true };

	record_add_access(builder, &key, kinds, 0, 1);
}

/* Ranges that stay ascend within the file. */
static void check_cuts(const struct image *img, const struct keep *keep)
{
	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);
		uint64_t pos = 0, sum = 0;
		size_t n = 0;
		const struct keep_range *cut = keep_cut(keep, e, &n);

		for (size_t i = 0; i < n; i++) {
			if (cut[i].start < pos || cut[i].end <= cut[i].start ||
			    cut[i].end > e->size)
				abort();
			pos = cut[i].end;
			sum += cut[i].end - cut[i].start;
		}
		if (cut && sum != keep_size(keep, e))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(record_builder_free) struct record_builder *builder = record_builder_new();
	_cleanup_(image_free) struct image *img = NULL;
	_cleanup_(keep_free) struct keep *keep = NULL;
	struct keep_opts opts = { 0 };
	struct err err = ERR_INIT;
	size_t which;

	if (!size)
		return 0;
	which = data[0] % (ARRAY_SIZE(files) + 1);
	img = make_image(which, data + 1, size - 1);
	used(builder, "/app", RECORD_EXEC);
	used(builder, "/lib/libc.so.6", RECORD_MAP);
	used(builder, "/etc/passwd", RECORD_READ);
	used(builder, "/fonts-le64.cache-7", RECORD_READ);
	if (which == ARRAY_SIZE(files))
		read_opts(data + 1, size - 1, &opts);
	else
		keep_opts_add_path(&opts, "/lib", &err);
	if (keep_decide(img, record_builder_record(builder), &opts, &keep, &err) < 0) {
		if (!err.msg[0])
			abort();
	} else {
		check_cuts(img, keep);
	}
	keep_opts_release(&opts);
	return 0;
}
