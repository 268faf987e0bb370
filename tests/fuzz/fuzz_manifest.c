/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the documents of an archive: manifest.json, index.json, manifests, configuration.
 * Each line "@@NAME" begins a member; one that is named "@@" alone is a blob, named by its digest.
 * "%N" in a member is the N-th one's digest, so that documents can refer to each other.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/test_image.h"

#define MARK "\n@@"
#define MAX_MEMBERS 10

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void put_expanded(struct strbuf *out, const char *text, size_t len,
			 const struct digest *digests, size_t n)
{
	for (size_t i = 0; i < len; i++) {
		size_t ref = i + 1 < len ? (size_t)(text[i + 1] - '0') : n;

		if (text[i] == '%' && ref < n) {
			strbuf_addstr(out, digests[ref].str);
			i++;
		} else {
			strbuf_addch(out, text[i]);
		}
	}
}

/* One member, from its name's first byte on. */
static void put_member(struct archive *a, const char *text, size_t len, struct digest *digests,
		       size_t n)
{
	const char *line = memchr(text, '\n', len);
	size_t name_len = line ? (size_t)(line - text) : len;
	size_t start = line ? name_len + 1 : len;
	_cleanup_free_ char *name = xmemdup(text, name_len);
	_cleanup_strbuf_ struct strbuf content = STRBUF_INIT;

	put_expanded(&content, text + start, len - start, digests, n);
	digests[n] = sha256_of(content.buf, content.len);
	if (!*name) {
		free(name);
		name = xasprintf("blobs/sha256/%s", digests[n].str + strlen("sha256:"));
	}
	add_member(a, name, &content);
}

static int make_archive(const char *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	struct archive *a = tar_begin(&out);
	struct digest digests[MAX_MEMBERS];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const char *p = memmem(data, size, MARK, strlen(MARK)), *end = data + size;

	for (size_t n = 0; p && n < MAX_MEMBERS; n++) {
		const char *next;

		p += strlen(MARK);
		next = memmem(p, (size_t)(end - p), MARK, strlen(MARK));
		put_member(a, p, (size_t)((next ? next : end) - p), digests, n);
		p = next;
	}
	tar_end(a);
	if (write(fd, out.buf, out.len) != (ssize_t)out.len)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	_cleanup_(image_free) struct image *img = NULL;
	_cleanup_(image_free) struct image *named = NULL;
	const struct image_choice choice = { .arch = "arm/v7", .name = "a/b:c" };
	int fd = make_archive((const char *)data, size), again = dup(fd);
	struct err err = ERR_INIT, second = ERR_INIT;

	if (image_open_archive(fd, "amd64", "/tmp", &img, &err) < 0 && !err.msg[0])
		abort();
	if (image_open_archive_of(again, size % 2, &choice, "/tmp", &named, &second) < 0 &&
	    !second.msg[0])
		abort();
	return 0;
}
