/* SPDX-License-Identifier: BSD-2-Clause */
#include "image/tarread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cleanup.h"

#define BLOCK (256u << 10)

/* The header block, POSIX.1-2017 pax "ustar Interchange Format". */
#define TAR_BLOCK 512u
#define TAR_MODE 100
#define TAR_MODE_LEN 8
#define TAR_SIZE 124
#define TAR_SIZE_LEN 12
#define TAR_TYPE 156
#define MAX_EXTENSIONS 16

void range_release(struct range *range)
{
	free(range->buf);
	range->buf = NULL;
}

int range_read_full(const struct range *range, void *buf, size_t len, uint64_t offset,
		    struct err *err)
{
	if (offset > range->len || len > range->len - offset)
		return err_class_set(err, ERR_IMAGE, EIO, "it is cut");
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(range->fd, (char *)buf + done, len - done,
				  (off_t)(range->start + offset + done));

		if (n < 0 && errno != EINTR)
			return err_set(err, errno, "cannot read the archive");
		if (!n)
			return err_class_set(err, ERR_IMAGE, EIO, "it is cut");
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

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
		archive_set_error(a, errno, "cannot read the archive: %s", strerror(errno));
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

static struct archive *new_reader(struct range *range)
{
	struct archive *a = archive_read_new();

	if (!a)
		abort();
	range->pos = 0;
	if (!range->buf)
		range->buf = xmalloc(range->len < BLOCK ? (size_t)range->len : BLOCK);
	return a;
}

static int open_reader(struct archive *a, struct range *range, struct archive **ret,
		       struct err *err)
{
	if (archive_read_open2(a, range, NULL, range_read, range_skip, NULL) != ARCHIVE_OK) {
		err_class_set(err, ERR_IMAGE, EBADMSG, "cannot read the tar: %s",
			      archive_error_string(a));
		archive_read_free(a);
		return -EBADMSG;
	}
	*ret = a;
	return 0;
}

int range_open_tar(struct range *range, struct archive **ret, struct err *err)
{
	struct archive *a = new_reader(range);

	archive_read_support_format_tar(a);
	archive_read_support_format_empty(a);
	return open_reader(a, range, ret, err);
}

int range_open_compressed(struct range *range, struct archive **ret, struct err *err)
{
	struct archive *a = new_reader(range);

	/* Anything but ARCHIVE_OK: it would run a program of that name, which nobody asked for. */
	if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(a) != ARCHIVE_OK) {
		archive_read_free(a);
		return err_class_set(err, ERR_FAILURE, ENOTSUP,
				     "libarchive was built without a compression");
	}
	archive_read_support_format_raw(a);
	return open_reader(a, range, ret, err);
}

int tar_next(struct archive *a, struct archive_entry **ret, struct err *err)
{
	int code = archive_read_next_header(a, ret);

	if (code == ARCHIVE_EOF)
		return 0;
	/*
	 * A warning: a name is not what its header claims to be encoded in. Bytes are bytes. But
	 * not ARCHIVE_RETRY, which would skip what is damaged.
	 */
	if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
		return err_class_set(err, ERR_IMAGE, EBADMSG, "the tar is damaged: %s",
				     archive_error_string(a));
	return 1;
}

/* This process never calls setlocale(), and in the C locale libarchive leaves bytes alone. */
static const char *either(const char *bytes, const char *utf8)
{
	return bytes ? bytes : utf8;
}

const char *tar_name(struct archive_entry *entry)
{
	return either(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
}

const char *tar_hardlink(struct archive_entry *entry)
{
	return either(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
}

const char *tar_symlink(struct archive_entry *entry)
{
	return either(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
}

/* A number of a header; extensions have sizes in octal only. */
static uint64_t octal(const char *field, size_t len)
{
	uint64_t n = 0;

	for (const char *p = field; p < field + len; p++)
		if (*p >= '0' && *p <= '7')
			n = n << 3 | (uint64_t)(*p - '0');
		else if (*p != ' ' || n)
			break;
	return n;
}

/* Whether a pax header has keywords of GNU's sparse formats. */
static int tells_sparse(const struct range *range, uint64_t start, size_t size, bool *ret,
			struct err *err)
{
	static const char keyword[] = "GNU.sparse.";
	_cleanup_free_ char *text = xmalloc(size);
	int r = range_read_full(range, text, size, start, err);

	if (!r && memmem(text, size, keyword, strlen(keyword)))
		*ret = true;
	return r;
}

/* The entry's own header, after its extensions, into @block; returns where it is, or -errno. */
static int64_t own_header(const struct range *range, uint64_t at, char *block, bool *ret_sparse,
			  struct err *err)
{
	for (unsigned int i = 0; i < MAX_EXTENSIONS; i++) {
		uint64_t size;
		int r = range_read_full(range, block, TAR_BLOCK, at, err);

		if (r < 0)
			return r;
		if (!block[TAR_TYPE] || !strchr("xgXLK", block[TAR_TYPE]))
			return (int64_t)at;
		at += TAR_BLOCK;
		size = octal(block + TAR_SIZE, TAR_SIZE_LEN);
		if (size > IMAGE_MAX_EXTENSION)
			break;
		if (block[TAR_TYPE] != 'L' && block[TAR_TYPE] != 'K')
			r = tells_sparse(range, at, (size_t)size, ret_sparse, err);
		if (r < 0)
			return r;
		at += (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	return err_class_set(err, ERR_IMAGE, EBADMSG, "it has unusable extension headers");
}

int tar_content_start(const struct range *range, uint64_t header, uint64_t *ret, bool *ret_plain,
		      struct err *err)
{
	char block[TAR_BLOCK];
	bool sparse = false;
	int64_t at = own_header(range, header, block, &sparse, err);

	if (at < 0)
		return (int)at;
	*ret_plain = !sparse && block[TAR_TYPE] != 'S';
	*ret = (uint64_t)at + TAR_BLOCK;
	return 0;
}

int tar_header_mode(const struct range *range, uint64_t header, uint32_t *ret, struct err *err)
{
	char block[TAR_BLOCK];
	bool sparse = false;
	int64_t at = own_header(range, header, block, &sparse, err);

	if (at < 0)
		return (int)at;
	*ret = (uint32_t)octal(block + TAR_MODE, TAR_MODE_LEN) & 07777;
	return 0;
}

struct tar_stream {
	struct range range;
	struct archive *archive;
};

int tar_stream_open(const struct range *range, uint64_t header, struct tar_stream **ret,
		    struct err *err)
{
	struct tar_stream *s = xcalloc(1, sizeof(*s));
	struct archive_entry *entry;
	int r;

	s->range = (struct range){ .fd = range->fd,
				   .start = range->start + header,
				   .len = range->len - header };
	r = range_open_tar(&s->range, &s->archive, err);
	if (!r)
		r = tar_next(s->archive, &entry, err);
	if (r == 1) {
		*ret = s;
		return 0;
	}
	tar_stream_free(s);
	return r < 0 ? r : err_class_set(err, ERR_IMAGE, EBADMSG, "there is no entry");
}

int tar_stream_next(struct tar_stream *s, const void **ret_data, size_t *ret_len,
		    uint64_t *ret_offset, struct err *err)
{
	la_int64_t offset;
	int code;

	do {
		code = archive_read_data_block(s->archive, ret_data, ret_len, &offset);
		if (code == ARCHIVE_EOF)
			return 0;
		if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
			return err_class_set(err, ERR_IMAGE, EBADMSG, "the tar is damaged: %s",
					     archive_error_string(s->archive));
	} while (!*ret_len);
	*ret_offset = (uint64_t)offset;
	return 1;
}

void tar_stream_free(struct tar_stream *s)
{
	if (!s)
		return;
	archive_read_free(s->archive);
	range_release(&s->range);
	free(s);
}
