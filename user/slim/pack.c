/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layer is written to a file of its own first: its digest is its name in the archive, and in
 * the configuration, whose digest is the image's ID. Both files are unlinked from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "slim/documents.h"
#include "slim/layer.h"
#include "slim/tar.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/io.h"
#include "slimtrace/slim.h"

#define COPY_SIZE (1 << 20)

/* Open file without a name in @dir. */
static int open_unlinked(const char *dir, int *ret_fd, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		path = xasprintf("%s/slimtrace-XXXXXX", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd < 0) {
		err_set(err, errno, "cannot create a temporary file in '%s'", dir);
		return -err->code;
	}
	*ret_fd = fd;
	return 0;
}

static int rewind_fd(int fd, struct err *err)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? err_set(err, errno, "cannot rewind the archive") : 0;
}

static int write_layer(const struct image *img, const struct keep *keep,
		       const struct slim_opts *opts, int fd, struct blob *ret, struct err *err)
{
	_cleanup_(tar_free) struct tar *tar = NULL;
	int r = tar_new(fd, true, &tar, err);

	if (!r)
		r = layer_write(img, keep, opts, tar, err);
	if (!r)
		r = tar_finish(tar, &ret->digest, &ret->size, err);
	return r < 0 ? err_wrap(err, "the layer") : rewind_fd(fd, err);
}

static int make_config(const struct image *img, const struct digest *diff_id, struct strbuf *ret,
		       struct err *err)
{
	const struct image_config *config = image_config(img);

	return slim_config_patch(config->bytes, config->len, diff_id, 1,
				 "slimtrace " SLIMTRACE_VERSION, ret, err);
}

static struct blob blob_of(const struct strbuf *text)
{
	return (struct blob){ .digest = sha256_of(text->buf, text->len), .size = text->len };
}

static int put_dir(struct tar *tar, const char *name, struct err *err)
{
	return tar_header(tar, &(struct tar_entry){ .name = name, .mode = S_IFDIR | 0755 }, err);
}

static int put_text(struct tar *tar, const char *name, const struct strbuf *text, struct err *err)
{
	return tar_file(tar, name, text->buf, text->len, err);
}

static int put_blob(struct tar *tar, const struct blob *blob, const struct strbuf *text,
		    struct err *err)
{
	_cleanup_free_ char *name = blob_path(&blob->digest);

	return put_text(tar, name, text, err);
}

static int put_layer(struct tar *tar, const struct blob *layer, int fd, struct err *err)
{
	_cleanup_free_ char *name = blob_path(&layer->digest), *buf = xmalloc(COPY_SIZE);
	struct tar_entry e = { .name = name, .mode = S_IFREG | 0644, .size = layer->size };
	uint64_t left = layer->size;
	int r = tar_header(tar, &e, err);

	while (!r && left) {
		size_t want = left < COPY_SIZE ? (size_t)left : COPY_SIZE;
		ssize_t n = io_read_full(fd, buf, want);

		if (n != (ssize_t)want)
			return err_set(err, n < 0 ? (int)-n : EIO, "cannot read the layer again");
		r = cancel_check(err);
		if (!r)
			r = tar_data(tar, buf, want, err);
		left -= want;
	}
	return r;
}

/* What the archive is made of, but for the layer's bytes. */
struct parts {
	struct blob layer, config, manifest;
	struct strbuf config_text, manifest_text, index_text, docker_text, layout_text;
};

static void parts_release(struct parts *p)
{
	strbuf_release(&p->config_text);
	strbuf_release(&p->manifest_text);
	strbuf_release(&p->index_text);
	strbuf_release(&p->docker_text);
	strbuf_release(&p->layout_text);
}

static void make_documents(struct parts *p, const struct strvec *tags)
{
	p->config = blob_of(&p->config_text);
	document_manifest(&p->config, &p->layer, &p->manifest_text);
	p->manifest = blob_of(&p->manifest_text);
	document_index(&p->manifest, tags, &p->index_text);
	document_docker(&p->config, &p->layer, tags, &p->docker_text);
	strbuf_addstr(&p->layout_text, "{\"imageLayoutVersion\":\"1.0.0\"}\n");
}

static int put_parts(struct tar *tar, const struct parts *p, int layer_fd, struct err *err)
{
	int r;

	if ((r = put_text(tar, "oci-layout", &p->layout_text, err)) < 0 ||
	    (r = put_text(tar, "index.json", &p->index_text, err)) < 0 ||
	    (r = put_text(tar, "manifest.json", &p->docker_text, err)) < 0 ||
	    (r = put_dir(tar, "blobs/", err)) < 0 || (r = put_dir(tar, "blobs/sha256/", err)) < 0 ||
	    (r = put_blob(tar, &p->config, &p->config_text, err)) < 0 ||
	    (r = put_blob(tar, &p->manifest, &p->manifest_text, err)) < 0)
		return r;
	return put_layer(tar, &p->layer, layer_fd, err);
}

static int write_archive(const struct parts *p, int layer_fd, int fd, struct err *err)
{
	_cleanup_(tar_free) struct tar *tar = NULL;
	int r = tar_new(fd, false, &tar, err);

	if (!r)
		r = put_parts(tar, p, layer_fd, err);
	if (!r)
		r = tar_finish(tar, NULL, NULL, err);
	return r < 0 ? r : rewind_fd(fd, err);
}

static int pack(const struct image *img, const struct keep *keep, const struct slim_opts *opts,
		struct parts *p, int fd, struct err *err)
{
	_cleanup_close_ int layer_fd = -1;
	int r = open_unlinked(opts->tmpdir, &layer_fd, err);

	if (!r)
		r = write_layer(img, keep, opts, layer_fd, &p->layer, err);
	if (!r)
		r = make_config(img, &p->layer.digest, &p->config_text, err);
	if (r < 0)
		return r;
	make_documents(p, opts->tags);
	return write_archive(p, layer_fd, fd, err);
}

int slim_pack(const struct image *img, const struct keep *keep, const struct slim_opts *opts,
	      int *ret_fd, struct slim_result *ret, struct err *err)
{
	struct parts p = { .config_text = STRBUF_INIT,
			   .manifest_text = STRBUF_INIT,
			   .index_text = STRBUF_INIT,
			   .docker_text = STRBUF_INIT,
			   .layout_text = STRBUF_INIT };
	_cleanup_close_ int fd = -1;
	int r = open_unlinked(opts->tmpdir, &fd, err);

	if (!r)
		r = pack(img, keep, opts, &p, fd, err);
	if (!r) {
		*ret_fd = TAKE_FD(fd);
		ret->image_id = p.config.digest;
		ret->diff_id = p.layer.digest;
		ret->layer_bytes = p.layer.size;
	}
	parts_release(&p);
	return r < 0 ? err_wrap(err, "cannot pack the image") : 0;
}
