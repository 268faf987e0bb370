/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a file of an image that is read to decide what stays: a program (ELF or script), the
 * loaders' configuration, passwd and group. The first byte chooses which.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/test_image.h"
#include "slimtrace/keep.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const char *const names[] = { "app",	   "etc/ld.so.conf", "etc/ld-musl-x86_64.path",
				     "etc/passwd", "etc/group",	     "lib/libc.so.6" };

static void put(struct archive *a, const char *name, const void *content, size_t len)
{
	struct item it = { .path = name, .type = AE_IFREG, .text = content, .mode = 0755 };

	tar_add(a, &it, len);
}

static struct image *make_image(size_t which, const unsigned char *data, size_t size)
{
	static const char script[] = "#!/lib/libc.so.6 x\n";
	struct strbuf layer = STRBUF_INIT;
	struct archive *a = tar_begin(&layer);
	struct image *img = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (i == which)
			put(a, names[i], data, size);
		else
			put(a, names[i], script, i ? 0 : strlen(script));
	tar_end(a);
	if (image_open_archive(docker_archive(&layer, NULL, 1), "amd64", "/tmp", &img, &err) < 0)
		abort();
	strbuf_release(&layer);
	return img;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(record_builder_free) struct record_builder *builder = record_builder_new();
	const struct record_access_key key = { .path = "/app", .path_len = 4 };
	_cleanup_strvec_ struct strvec all = STRVEC_INIT;
	_cleanup_(image_free) struct image *img = NULL;
	_cleanup_(keep_free) struct keep *keep = NULL;
	struct err err = ERR_INIT;

	if (!size)
		return 0;
	img = make_image(data[0] % ARRAY_SIZE(names), data + 1, size - 1);
	record_add_access(builder, &key, RECORD_EXEC, 0, 1);
	strvec_push(&all, "/lib");
	if (keep_decide(img, record_builder_record(builder),
			&(struct keep_opts){ .include_paths = &all }, &keep, &err) < 0 &&
	    !err.msg[0])
		abort();
	return 0;
}
