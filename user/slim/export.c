/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole image as it is, in an archive that every engine loads: it came from a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slim/documents.h"
#include "slim/tar.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/slim.h"

#define BLOCK (256u << 10)

static int copy_range(struct tar *tar, int fd, uint64_t start, uint64_t len, struct err *err)
{
	_cleanup_free_ char *buf = xmalloc(BLOCK);
	int r = 0;

	while (!r && len) {
		ssize_t n = pread(fd, buf, len < BLOCK ? (size_t)len : BLOCK, (off_t)start);

		if (n <= 0)
			return err_set(err, n < 0 ? errno : EIO, "cannot read the layer");
		start += (uint64_t)n;
		len -= (uint64_t)n;
		r = tar_data(tar, buf, (size_t)n, err);
	}
	return r;
}

static int put_layer(struct tar *tar, const struct image *img, size_t i, struct blob *ret,
		     struct err *err)
{
	_cleanup_free_ char *name = NULL;
	uint64_t start, len;
	int fd, r = image_layer_tar(img, i, &fd, &start, &len, err);

	if (r < 0)
		return r;
	*ret = (struct blob){ .digest = image_layer(img, i)->diff_id, .size = len };
	name = blob_path(&ret->digest);
	r = tar_header(
		tar, &(struct tar_entry){ .name = name, .mode = S_IFREG | 0644, .size = len }, err);
	return r < 0 ? r : copy_range(tar, fd, start, len, err);
}

static bool seen(const struct blob *blobs, size_t n, const struct digest *digest)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(blobs[i].digest.str, digest->str))
			return true;
	return false;
}

static int put_layers(struct tar *tar, const struct image *img, struct blob *blobs, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < image_layer_count(img); i++) {
		const struct digest *digest = &image_layer(img, i)->diff_id;

		if (seen(blobs, i, digest))
			blobs[i].digest = *digest; /* one member for both */
		else
			r = put_layer(tar, img, i, &blobs[i], err);
	}
	return r;
}

static int export(const struct image *img, const struct strvec *tags, struct tar *tar,
		  struct err *err)
{
	const struct image_config *config = image_config(img);
	size_t n = image_layer_count(img);
	_cleanup_free_ struct blob *blobs = xcalloc(n + 1, sizeof(*blobs));
	struct blob own = { .digest = sha256_of(config->bytes, config->len), .size = config->len };
	_cleanup_free_ char *name = blob_path(&own.digest);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = put_layers(tar, img, blobs, err);

	if (!r)
		r = tar_file(tar, name, config->bytes, config->len, err);
	document_docker(&own, blobs, n, tags, &text);
	if (!r)
		r = tar_file(tar, "manifest.json", text.buf, text.len, err);
	return r < 0 ? r : tar_finish(tar, NULL, NULL, err);
}

int slim_export(const struct image *img, const struct strvec *tags, const char *tmpdir, int *ret_fd,
		struct err *err)
{
	_cleanup_(tar_free) struct tar *tar = NULL;
	_cleanup_close_ int fd = io_open_unlinked(tmpdir, err);
	int r = fd < 0 ? fd : 0;

	if (!r)
		r = tar_new(fd, false, &tar, err);
	if (!r)
		r = export(img, tags, tar, err);
	if (!r && lseek(fd, 0, SEEK_SET) < 0)
		r = err_set(err, errno, "cannot rewind the archive");
	if (r < 0) {
		io_hint_tmpdir(err);
		return err_wrap(err, "cannot write the image for the engine");
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
