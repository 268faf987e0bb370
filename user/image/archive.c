/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Image archives: a tar of members, read in place. A plain layer stays where it is in the file; a
 * compressed one is unpacked once into an unlinked temporary file. Content is read later by
 * starting a tar reader at the entry's own header, so nothing is scanned twice.
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
#include "slimtrace/base/path.h"

#define BLOCK (256u << 10)
#define TAR_BLOCK 512u
#define MAX_MEMBERS 100000u

static la_ssize_t range_read(struct archive *a, void *ctx, const void **ret)
{
	struct range *r = ctx;
	uint64_t left = r->len - r->pos;
	ssize_t n;

	do
		n = pread(r->fd, r->buf, left < BLOCK ? (size_t)left : BLOCK,
			  (off_t)(r->start + r->pos));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "cannot read the archive");
	else
		r->pos += (uint64_t)n;
	*ret = r->buf;
	return n;
}

static la_int64_t range_skip(struct archive *a, void *ctx, la_int64_t request)
{
	struct range *r = ctx;
	uint64_t left = r->len - r->pos, n = (uint64_t)request < left ? (uint64_t)request : left;

	(void)a;
	r->pos += n;
	return (la_int64_t)n;
}

int range_open_tar(struct range *range, struct archive **ret, struct err *err)
{
	struct archive *a = archive_read_new();

	if (!a)
		abort();
	if (!range->buf)
		range->buf = xmalloc(BLOCK);
	archive_read_support_format_tar(a);
	archive_read_support_format_empty(a);
	if (archive_read_open2(a, range, NULL, range_read, range_skip, NULL) != ARCHIVE_OK) {
		err_class_set(err, ERR_IMAGE, EBADMSG, "cannot read the tar: %s",
			      archive_error_string(a));
		archive_read_free(a);
		return -EBADMSG;
	}
	*ret = a;
	return 0;
}

void range_release(struct range *range)
{
	free(range->buf);
	range->buf = NULL;
}

void member_free(void *member)
{
	struct member *m = member;

	if (m)
		free(m->link);
	free(m);
}

int member_read(int fd, const struct member *m, size_t max, struct strbuf *ret, struct err *err)
{
	size_t start = ret->len;
	ssize_t n;

	if (m->len > max)
		return err_class_set(err, ERR_IMAGE, EFBIG, "it has %llu bytes",
				     (unsigned long long)m->len);
	strbuf_grow(ret, (size_t)m->len);
	n = pread(fd, ret->buf + start, (size_t)m->len, (off_t)m->start);
	if (n != (ssize_t)m->len)
		return err_class_set(err, ERR_IMAGE, EIO, "the archive is cut");
	ret->len += (size_t)n;
	ret->buf[ret->len] = '\0';
	return 0;
}

/*
 * Where an entry's content begins: after its header block, and the extension headers (pax x and g,
 * GNU L and K) with their own content before that.
 */
static int content_start(int fd, uint64_t header, uint64_t *ret, struct err *err)
{
	for (unsigned int i = 0; i < 8; i++) {
		char block[TAR_BLOCK];
		uint64_t size;

		if (pread(fd, block, sizeof(block), (off_t)header) != (ssize_t)sizeof(block))
			return err_class_set(err, ERR_IMAGE, EIO, "the archive is cut");
		header += TAR_BLOCK;
		if (!block[156] || !strchr("xgLK", block[156])) {
			*ret = header;
			return 0;
		}
		size = strtoull(block + 124, NULL,
				8); /* ended by the checksum field's blank at the latest */
		if (size > IMAGE_MAX_CONFIG)
			break;
		header += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	return err_class_set(err, ERR_IMAGE, EBADMSG, "the archive has unusable extension headers");
}

static int add_member(int fd, struct archive *a, struct archive_entry *entry, uint64_t file_len,
		      struct strmap *members, struct err *err)
{
	const char *name = archive_entry_pathname(entry);
	_cleanup_free_ char *path = name ? path_normalize(name) : NULL;
	struct member *m;
	int r;

	if (!path || (archive_entry_filetype(entry) != AE_IFREG && !archive_entry_symlink(entry)))
		return 0;
	if (strmap_count(members) >= MAX_MEMBERS)
		return err_class_set(err, ERR_IMAGE, E2BIG, "the archive has more than %u members",
				     MAX_MEMBERS);
	m = xcalloc(1, sizeof(*m));
	m->len = (uint64_t)archive_entry_size(entry);
	if (archive_entry_symlink(entry)) {
		_cleanup_free_ char *up = xasprintf("%s/../%s", path, archive_entry_symlink(entry));

		m->link = path_normalize(up);
	}
	r = content_start(fd, (uint64_t)archive_read_header_position(a), &m->start, err);
	if (!r && (m->start > file_len || m->len > file_len - m->start))
		r = err_class_set(err, ERR_IMAGE, EIO, "the archive is cut in '%s'", path);
	if (r < 0)
		member_free(m);
	else
		member_free(strmap_put(members, path, m));
	return r;
}

static int list_members(int fd, struct strmap *members, struct err *err)
{
	struct range range = { .fd = fd };
	struct archive_entry *entry;
	struct archive *a;
	off_t end = lseek(fd, 0, SEEK_END);
	int r, code;

	if (end < 0)
		return err_set(err, errno, "the archive cannot be read at random");
	range.len = (uint64_t)end;
	r = range_open_tar(&range, &a, err);
	if (r < 0) {
		range_release(&range);
		return r;
	}
	while (!r && (code = archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
		if (code < ARCHIVE_WARN)
			r = err_class_set(err, ERR_IMAGE, EBADMSG, "the archive is damaged: %s",
					  archive_error_string(a));
		else
			r = add_member(fd, a, entry, range.len, members, err);
	}
	archive_read_free(a);
	range_release(&range);
	return r;
}

/* --- layers --- */

static int unpack_copy(struct archive *a, int out, uint64_t *ret_len, struct err *err)
{
	const void *data;
	la_int64_t offset;
	size_t len;
	int code;

	*ret_len = 0;
	while ((code = archive_read_data_block(a, &data, &len, &offset)) == ARCHIVE_OK) {
		int r = io_write_full(out, data, len);

		*ret_len += len;
		if (r < 0)
			return err_set(err, -r, "cannot write an unpacked layer");
		if (*ret_len > IMAGE_MAX_UNPACKED)
			return err_class_set(err, ERR_IMAGE, EFBIG,
					     "a layer is too large unpacked");
	}
	if (code != ARCHIVE_EOF)
		return err_class_set(err, ERR_IMAGE, EBADMSG, "a compressed layer is damaged: %s",
				     archive_error_string(a));
	return 0;
}

/* Unpacks a compressed layer into an unlinked file, which becomes the range. */
static int unpack_layer(struct range *range, const char *tmpdir, struct err *err)
{
	_cleanup_close_ int out = open(tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	uint64_t len = 0;
	int r = 0;

	if (!a)
		abort();
	if (out < 0)
		r = err_set(err, errno, "cannot create a temporary file in '%s'", tmpdir);
	range->buf = xmalloc(BLOCK);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	if (!r && (archive_read_open2(a, range, NULL, range_read, range_skip, NULL) != ARCHIVE_OK ||
		   archive_read_next_header(a, &entry) != ARCHIVE_OK))
		r = err_class_set(err, ERR_IMAGE, EBADMSG, "a compressed layer is damaged: %s",
				  archive_error_string(a));
	if (!r)
		r = unpack_copy(a, out, &len, err);
	archive_read_free(a);
	range_release(range);
	if (!r)
		*range = (struct range){ .fd = TAKE_FD(out), .len = len };
	return r;
}

static bool is_compressed(const struct range *range)
{
	unsigned char magic[4] = { 0 };

	if (pread(range->fd, magic, sizeof(magic), (off_t)range->start) < 4)
		return false;
	return !memcmp(magic, "\x1f\x8b", 2) || !memcmp(magic, "\x28\xb5\x2f\xfd", 4);
}

static int check_digest(const struct range *range, const struct digest *want, struct err *err)
{
	_cleanup_(sha256_free) struct sha256 *sha = sha256_new();
	_cleanup_free_ char *buf = xmalloc(BLOCK);
	struct digest got;

	for (uint64_t pos = 0; pos < range->len;) {
		uint64_t left = range->len - pos;
		ssize_t n = pread(range->fd, buf, left < BLOCK ? (size_t)left : BLOCK,
				  (off_t)(range->start + pos));

		if (n <= 0)
			return err_class_set(err, ERR_IMAGE, EIO, "a layer is cut");
		sha256_update(sha, buf, (size_t)n);
		pos += (uint64_t)n;
	}
	got = sha256_final(sha);
	if (strcmp(got.str, want->str) != 0)
		return err_class_set(err, ERR_IMAGE, EBADMSG, "layer %s has the digest %s",
				     want->str, got.str);
	return 0;
}

static int apply_layer(struct image *img, uint32_t layer, int fd, const struct member *m,
		       const char *tmpdir, struct err *err)
{
	struct range range = { .fd = fd, .start = m->start, .len = m->len };
	int r = 0;

	if (is_compressed(&range))
		r = unpack_layer(&range, tmpdir, err);
	if (!r) {
		img->layer_fds[layer] = range.fd == fd ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : range.fd;
		img->layer_start[layer] = range.start;
		img->layer_len[layer] = range.len;
		img->layers[layer].size = range.len;
		r = check_digest(&range, &img->layers[layer].diff_id, err);
	}
	if (!r)
		r = layer_apply_tar(img, layer, &range, err);
	range_release(&range);
	return r < 0 ? err_wrap(err, "layer %u", layer) : 0;
}

/* --- content --- */

struct stream {
	struct range range;
	struct archive *archive;
};

static void content_close(struct image_file *file)
{
	struct stream *s = file->stream;

	if (!s)
		return;
	archive_read_free(s->archive);
	range_release(&s->range);
	free(s);
}

static int content_open(const struct image *img, const struct image_entry *e,
			struct image_file *file, struct err *err)
{
	uint64_t start = img->layer_start[e->layer];
	struct stream *s = xcalloc(1, sizeof(*s));
	struct archive_entry *entry;
	int r;

	file->stream = s;
	s->range = (struct range){ .fd = img->layer_fds[e->layer],
				   .start = start + e->source,
				   .len = img->layer_len[e->layer] - e->source };
	r = range_open_tar(&s->range, &s->archive, err);
	if (!r && archive_read_next_header(s->archive, &entry) < ARCHIVE_WARN)
		r = err_class_set(err, ERR_IMAGE, EBADMSG, "cannot read '%s' in its layer: %s",
				  e->name, archive_error_string(s->archive));
	return r;
}

static int content_next(struct image_file *file, const void **ret_data, size_t *ret_len,
			uint64_t *ret_offset, struct err *err)
{
	struct stream *s = file->stream;
	la_int64_t offset;

	for (;;) {
		int code = archive_read_data_block(s->archive, ret_data, ret_len, &offset);

		if (code == ARCHIVE_EOF)
			return 0;
		if (code < ARCHIVE_WARN)
			return err_class_set(err, ERR_IMAGE, EBADMSG,
					     "cannot read '%s' in its layer: %s", file->entry->name,
					     archive_error_string(s->archive));
		if (*ret_len)
			break;
	}
	*ret_offset = (uint64_t)offset;
	return 1;
}

static void release_layers(struct image *img)
{
	for (size_t i = 0; i < img->n_layers && img->layer_fds; i++)
		if (img->layer_fds[i] >= 0)
			close(img->layer_fds[i]);
}

static const struct image_source archive_source = {
	.open = content_open,
	.next = content_next,
	.close = content_close,
	.free = release_layers,
};

static int read_image(struct image *img, int fd, const struct manifest *m, const char *tmpdir,
		      struct err *err)
{
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT;
	int r = member_read(fd, m->config, IMAGE_MAX_CONFIG, &config, err);

	if (!r)
		r = image_set_config(img, NULL, config.buf, config.len, err);
	if (r < 0)
		return r;
	if (m->n_layers != img->n_layers)
		return err_class_set(err, ERR_IMAGE, EINVAL, "%zu layers for %zu diff IDs",
				     m->n_layers, img->n_layers);
	img->layer_fds = xcalloc(img->n_layers, sizeof(*img->layer_fds));
	img->layer_start = xcalloc(img->n_layers, sizeof(*img->layer_start));
	img->layer_len = xcalloc(img->n_layers, sizeof(*img->layer_len));
	for (size_t i = 0; i < img->n_layers; i++)
		img->layer_fds[i] = -1;
	for (size_t i = 0; !r && i < img->n_layers; i++)
		r = apply_layer(img, (uint32_t)i, fd, m->layers[i], tmpdir, err);
	return r < 0 ? r : tree_finish(img, err);
}

int image_open_archive(int fd_arg, const char *arch, const char *tmpdir, struct image **ret,
		       struct err *err)
{
	_cleanup_close_ int fd = fd_arg;
	_cleanup_(image_free) struct image *img = image_new(&archive_source);
	struct strmap *members = strmap_new();
	struct manifest m = { 0 };
	int r = list_members(fd, members, err);

	if (!r)
		r = manifest_find(fd, members, arch, &m, err);
	if (!r)
		r = read_image(img, fd, &m, tmpdir, err);
	manifest_release(&m);
	strmap_free_with(members, member_free);
	if (r < 0)
		return err_wrap(err, "the image archive cannot be used");
	*ret = TAKE_PTR(img);
	return 0;
}
