/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a file of an image that `info` looks into: keys and certificates, credentials, what
 * tells the distribution, and lists of packages and of their files. The first byte chooses which.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/test_image.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/info.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What they hold when they are not the input. */
static const struct {
	const char *name, *text;
} files[] = {
	{ "app", "" }, /* with all_certs and all_keys any file may be one */
	{ "etc/ssl/private/key.der", "" },
	{ "root/.netrc", "" },
	{ "etc/os-release", "" },
	{ "etc/debian_version", "12\n" },
	{ "var/lib/dpkg/status", "Package: p\nArchitecture: a\nVersion: 1\n\n" },
	{ "var/lib/dpkg/status.d/q", "Package: q\nVersion: 1\n\n" },
	{ "var/lib/dpkg/diversions", "" },
	{ "var/lib/dpkg/info/p.list", "/.\n/app\n" },
	{ "var/lib/dpkg/info/p.md5sums", "0  app\n" },
	{ "lib/apk/db/installed", "P:p\nV:1\nF:\nR:app\n\n" },
	{ "var/lib/rpm/rpmdb.sqlite", "" },
	{ "var/lib/rpm/Packages.db", "" },
	{ "lib/python3/p-1.dist-info/METADATA", "Name: p\nVersion: 1\n" },
	{ "lib/python3/p-1.dist-info/RECORD", "app,,\n" },
	{ "lib/node_modules/m/package.json", "{\"name\":\"m\",\"version\":\"1\"}" },
	{ "lib/specifications/g-1.gemspec", "" },
};

static struct image *make_image(size_t which, const unsigned char *data, size_t size)
{
	struct strbuf layer = STRBUF_INIT;
	struct archive *a = tar_begin(&layer);
	struct image *img = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const bool is_input = i == which;
		const struct item it = { .path = files[i].name,
					 .type = AE_IFREG,
					 .text = is_input ? (const char *)data : files[i].text,
					 .mode = 0755 };

		tar_add(a, &it, is_input ? size : strlen(files[i].text));
	}
	tar_end(a);
	if (image_open_archive(docker_archive(&layer, NULL, 1), "amd64", "/tmp", &img, &err) < 0)
		abort();
	strbuf_release(&layer);
	return img;
}

static void check_info(const struct image *img, struct err *err)
{
	const struct info_view view = { .width = 80, .changes_max = 9, .list_max = 9, .layer = -1 };
	const struct info_opts opts = { .all_certs = true, .all_keys = true };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = json_object();
	struct info info = { .name = xstrdup("image") };

	if (info_gather(img, &opts, &info, err) < 0) {
		if (!err->msg[0])
			abort();
	} else {
		if (info_wasted(&info) > info.size)
			abort();
		info_text(&info, &view, &text);
		info_json(&info, &view, doc);
	}
	info_release(&info);
}

static void check_owners(const struct image *img, struct err *err)
{
	struct info_owners owners = { 0 };

	if (info_owners_find(img, &owners, err) < 0) {
		if (!err->msg[0])
			abort();
	} else {
		for (uint32_t id = 0; id < image_entry_count(img); id++)
			if (owners.of[id] > owners.n)
				abort();
	}
	info_owners_release(&owners);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(image_free) struct image *img = NULL;
	struct err first = ERR_INIT, second = ERR_INIT;

	if (!size)
		return 0;
	img = make_image(data[0] % ARRAY_SIZE(files), data + 1, size - 1);
	check_info(img, &first);
	check_owners(img, &second);
	return 0;
}
