/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Image archives: a tar of members, read in place. A plain layer stays where it is in the file;
 * compressed ones are unpacked once, one after the other, into an unlinked temporary file. Content
 * is read later from where it lies, so nothing is scanned twice.
 */
#include "image/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

int layer_content_open(const struct range *layer, const struct image_entry *e,
		       struct image_file *file, struct err *err)
{
	uint64_t start;
	bool plain;
	int r = tar_content_start(layer, source_offset(e->source), &start, &plain, err);

	if (!r && !plain)
		r = tar_stream_open(layer, source_offset(e->source), &file->stream, err);
	else if (!r && (start > layer->len || e->size > layer->len - start))
		r = err_class_set(err, ERR_IMAGE, EIO, "the layer is cut");
	if (r < 0)
		return err_wrap(err, "cannot read '%s'", e->name);
	if (plain) {
		file->fd = layer->fd;
		file->base = layer->start + start;
	}
	return 0;
}

static int content_open(const struct image *img, const struct image_entry *e,
			struct image_file *file, struct err *err)
{
	return layer_content_open(&img->ranges[source_layer(e->source)], e, file, err);
}

static void release_archive(struct image *img)
{
	if (img->archive_fd >= 0)
		close(img->archive_fd);
	if (img->unpacked_fd >= 0)
		close(img->unpacked_fd);
	for (size_t i = 0; i < img->n_layer_fds; i++)
		if (img->layer_fds[i] >= 0)
			close(img->layer_fds[i]);
	free(img->layer_fds);
	free(img->ranges);
}

static const struct image_source archive_source = {
	.open = content_open,
	.free = release_archive,
};

/* Into the temporary file @out. */
static int unpack(struct range *range, int out, struct digest *ret, struct err *err)
{
	int r = layer_unpack(range, out, ret, err);

	if (r < 0)
		io_hint_tmpdir(err);
	return r;
}

static int unpack_layer(struct image *img, struct range *range, const char *tmpdir,
			struct digest *ret, struct err *err)
{
	if (img->unpacked_fd < 0) {
		int fd = io_open_unlinked(tmpdir, err);

		if (fd < 0)
			return fd;
		img->unpacked_fd = fd;
	}
	return unpack(range, img->unpacked_fd, ret, err);
}

static int apply_layer(struct image *img, uint32_t layer, const struct member *m,
		       const char *tmpdir, struct err *err)
{
	struct range *range = &img->ranges[layer];
	struct digest got;
	int r = member_range(img->archive_fd, m, range, &img->layer_fds[layer], err);

	if (r < 0)
		return err_wrap(err, "layer %u", layer);
	if (layer_is_compressed(range))
		r = unpack_layer(img, range, tmpdir, &got, err);
	else
		r = layer_digest(range, &got, err);
	if (!r && strcmp(got.str, img->layers[layer].diff_id.str) != 0)
		r = err_class_set(err, ERR_IMAGE, EBADMSG, "it should have the digest %s, not %s",
				  img->layers[layer].diff_id.str, got.str);
	if (!r)
		r = layer_apply_tar(img, layer, err);
	return r < 0 ? err_wrap(err, "layer %u", layer) : 0;
}

static int read_config(struct image *img, const struct manifest *m, struct err *err)
{
	const char *id = *m->config_digest.str ? m->config_digest.str : NULL;
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT;
	int r = member_read(img->archive_fd, m->config, IMAGE_MAX_CONFIG, &config, err);

	if (r < 0)
		return err_wrap(err, "the configuration");
	return image_set_config(img, id, config.buf, config.len, err);
}

static int read_image(struct image *img, const struct manifest *m, const char *tmpdir,
		      struct err *err)
{
	int r = read_config(img, m, err);

	if (r < 0)
		return r;
	if (m->n_layers != img->n_layers)
		return err_class_set(err, ERR_IMAGE, EINVAL, "%zu layers for %zu diff IDs",
				     m->n_layers, img->n_layers);
	img->ranges = xcalloc(img->n_layers, sizeof(*img->ranges));
	img->layer_fds = xcalloc(img->n_layers, sizeof(*img->layer_fds));
	for (size_t i = 0; i < img->n_layers; i++)
		img->layer_fds[i] = -1;
	img->n_layer_fds = img->n_layers;
	for (size_t i = 0; !r && i < img->n_layers; i++)
		r = apply_layer(img, (uint32_t)i, m->layers[i], tmpdir, err);
	return r < 0 ? r : tree_finish(img, err);
}

/* An archive that was compressed as a whole is unpacked once, into a file that takes its place. */
static int unpack_archive(int *fd, const char *tmpdir, struct err *err)
{
	off_t end = lseek(*fd, 0, SEEK_END);
	struct range range = { .fd = *fd, .len = end > 0 ? (uint64_t)end : 0 };
	_cleanup_close_ int out = -1;
	struct digest ignored;
	int r;

	if (!layer_is_compressed(&range))
		return 0;
	out = io_open_unlinked(tmpdir, err);
	r = out < 0 ? out : unpack(&range, out, &ignored, err);
	if (r < 0)
		return r;
	close(*fd);
	*fd = TAKE_FD(out);
	return 0;
}

static int list_archive(int *fd, const char *tmpdir, struct strmap *ret, struct err *err)
{
	int r = unpack_archive(fd, tmpdir, err);

	return r < 0 ? r : members_list(*fd, ret, err);
}

static int list_layout(int *fd, const char *tmpdir, struct strmap *ret, struct err *err)
{
	(void)tmpdir;
	return layout_list(*fd, ret, err);
}

typedef int list_fn(int *fd, const char *tmpdir, struct strmap *ret, struct err *err);
typedef int find_fn(int fd, const struct strmap *members, const struct image_choice *choice,
		    struct manifest *ret, struct err *err);

/* @fd is taken over. */
static int open_with(int fd, list_fn *list, find_fn *find, const struct image_choice *choice,
		     const char *tmpdir, struct image **ret, struct err *err)
{
	_cleanup_(image_free) struct image *img = image_new(&archive_source);
	struct strmap *members = strmap_new();
	struct manifest m = { 0 };
	int r;

	img->archive_fd = fd;
	r = list(&img->archive_fd, tmpdir, members, err);
	if (!r)
		r = find(img->archive_fd, members, choice, &m, err);
	if (!r)
		r = read_image(img, &m, tmpdir, err);
	img->name = TAKE_PTR(m.name);
	manifest_release(&m);
	strmap_free_with(members, member_free);
	if (r < 0)
		return err_wrap(err, "the image archive cannot be used");
	*ret = TAKE_PTR(img);
	return 0;
}

int image_open_archive_of(int fd, bool oci, const struct image_choice *choice, const char *tmpdir,
			  struct image **ret, struct err *err)
{
	return open_with(fd, list_archive, oci ? manifest_find_oci : manifest_find, choice, tmpdir,
			 ret, err);
}

int image_open_archive(int fd, const char *arch, const char *tmpdir, struct image **ret,
		       struct err *err)
{
	const struct image_choice choice = { .arch = arch };

	return image_open_archive_of(fd, false, &choice, tmpdir, ret, err);
}

int image_open_layout(const char *dir, const struct image_choice *choice, const char *tmpdir,
		      struct image **ret, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		err_class_set(err, ERR_IMAGE, errno, "cannot open the OCI layout '%s': %s", dir,
			      strerror(errno));
		return err->code == ENOTDIR
			       ? err_hint(err, "a file is oci-archive:FILE or docker-archive:FILE")
			       : -err->code;
	}
	return open_with(fd, list_layout, manifest_find_oci, choice, tmpdir, ret, err);
}

int image_layer_tar(const struct image *img, size_t i, int *ret_fd, uint64_t *ret_start,
		    uint64_t *ret_len, struct err *err)
{
	if (!img->ranges || i >= img->n_layers)
		return err_class_set(err, ERR_FAILURE, ENOTSUP, "layer %zu is in no tar", i);
	*ret_fd = img->ranges[i].fd;
	*ret_start = img->ranges[i].start;
	*ret_len = img->ranges[i].len;
	return 0;
}
