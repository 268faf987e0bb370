/* SPDX-License-Identifier: BSD-2-Clause */
/* Content of regular files, from whatever source the image has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/tarread.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"

#define BLOCK (256u << 10)

int image_file_open(const struct image *img, const struct image_entry *e, struct image_file **ret,
		    struct err *err)
{
	struct image_file *file;
	int r;

	if (e->type != ENTRY_FILE)
		return err_set(err, EINVAL, "'%s' is no regular file", e->name);
	file = xcalloc(1, sizeof(*file));
	file->img = img;
	file->entry = e;
	file->fd = -1;
	r = image_is_added(img, e) ? added_open(img, e, file, err)
				   : img->source->open(img, e, file, err);
	if (r < 0)
		image_file_close(file);
	else
		*ret = file;
	return r;
}

void image_file_close(struct image_file *f)
{
	if (!f)
		return;
	if (f->own_fd)
		close(f->fd);
	tar_stream_free(f->stream);
	free(f->buf);
	free(f);
}

/* Reads within the content; what ends before its size is not what the tree was made from. */
static int read_at(const struct image_file *f, void *buf, size_t len, uint64_t offset,
		   struct err *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(f->fd, (char *)buf + done, len - done,
				  (off_t)(f->base + offset + done));

		if (n < 0 && errno != EINTR)
			return err_set(err, errno, "cannot read '%s'", f->entry->name);
		if (!n)
			return err_class_set(err, ERR_IMAGE, ESTALE,
					     "'%s' has less content than its size of %llu",
					     f->entry->name, (unsigned long long)f->entry->size);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The stretch of data at or after f->pos; a file system that cannot tell has no holes. */
static bool find_data(const struct image_file *f, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t size = f->entry->size;
	off_t data, hole;

	*ret_start = f->pos;
	*ret_end = size;
	if (!f->holes || f->pos >= size)
		return f->pos < size;
	data = lseek(f->fd, (off_t)f->pos, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	*ret_start = (uint64_t)data;
	hole = lseek(f->fd, data, SEEK_HOLE);
	if (hole > data && (uint64_t)hole < size)
		*ret_end = (uint64_t)hole;
	return *ret_start < *ret_end;
}

static int next_from_fd(struct image_file *f, const void **ret_data, size_t *ret_len,
			uint64_t *ret_offset, struct err *err)
{
	uint64_t start, end;
	size_t len;
	int r;

	if (!find_data(f, &start, &end))
		return 0;
	len = end - start < BLOCK ? (size_t)(end - start) : BLOCK;
	if (!f->buf)
		f->buf = xmalloc(f->entry->size < BLOCK ? (size_t)f->entry->size : BLOCK);
	r = read_at(f, f->buf, len, start, err);
	if (r < 0)
		return r;
	f->pos = start + len;
	*ret_data = f->buf;
	*ret_len = len;
	*ret_offset = start;
	return 1;
}

static int next_from_stream(struct image_file *f, const void **ret_data, size_t *ret_len,
			    uint64_t *ret_offset, struct err *err)
{
	const void *data;
	uint64_t offset;
	size_t len;
	int r = tar_stream_next(f->stream, &data, &len, &offset, err);

	if (r <= 0)
		return r < 0 ? err_wrap(err, "cannot read '%s'", f->entry->name) : 0;
	if (offset < f->pos || offset > f->entry->size || len > f->entry->size - offset)
		return err_class_set(err, ERR_IMAGE, EBADMSG,
				     "'%s' has content that is not within its size of %llu",
				     f->entry->name, (unsigned long long)f->entry->size);
	f->pos = offset + len;
	*ret_data = data;
	*ret_len = len;
	*ret_offset = offset;
	return 1;
}

int image_file_block(struct image_file *f, const void **ret_data, size_t *ret_len,
		     uint64_t *ret_offset, struct err *err)
{
	return f->stream ? next_from_stream(f, ret_data, ret_len, ret_offset, err)
			 : next_from_fd(f, ret_data, ret_len, ret_offset, err);
}

/* A stream cannot go back: its data moves into a memory file, which has the same holes. */
static int make_random(struct image_file *f, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("slimtrace-file", MFD_CLOEXEC);
	const void *data;
	uint64_t offset;
	size_t len;
	int r;

	if (fd < 0 || ftruncate(fd, (off_t)f->entry->size) < 0)
		return err_set(err, errno, "cannot create a memory file");
	while ((r = next_from_stream(f, &data, &len, &offset, err)) == 1)
		if (pwrite(fd, data, len, (off_t)offset) != (ssize_t)len)
			return err_set(err, errno, "cannot copy '%s'", f->entry->name);
	if (r < 0)
		return r;
	tar_stream_free(TAKE_PTR(f->stream));
	f->fd = TAKE_FD(fd);
	f->own_fd = f->holes = true;
	f->pos = 0;
	return 0;
}

ssize_t image_file_pread(struct image_file *f, void *buf, size_t len, uint64_t offset,
			 struct err *err)
{
	uint64_t size = f->entry->size;
	int r = f->stream ? make_random(f, err) : 0;

	if (r < 0)
		return r;
	if (offset >= size)
		return 0;
	if (len > size - offset)
		len = (size_t)(size - offset);
	r = read_at(f, buf, len, offset, err);
	return r < 0 ? r : (ssize_t)len;
}

/* The first @want bytes of a stream, without reading on. */
static int head_of_stream(struct image_file *f, char *buf, size_t want, struct err *err)
{
	const void *data;
	uint64_t offset;
	size_t len;
	int r;

	memset(buf, 0, want);
	while ((r = next_from_stream(f, &data, &len, &offset, err)) == 1 && offset < want)
		memcpy(buf + offset, data, len < want - offset ? len : want - (size_t)offset);
	return r < 0 ? r : 0;
}

ssize_t image_file_head(const struct image *img, const struct image_entry *e, void *buf, size_t max,
			struct err *err)
{
	_cleanup_(image_file_close) struct image_file *f = NULL;
	size_t want = e->size < max ? (size_t)e->size : max;
	int r = image_file_open(img, e, &f, err);

	if (r < 0)
		return r;
	r = f->stream ? head_of_stream(f, buf, want, err) : read_at(f, buf, want, 0, err);
	return r < 0 ? r : (ssize_t)want;
}

int image_file_read(const struct image *img, const struct image_entry *e, size_t max, char **ret,
		    size_t *ret_len, struct err *err)
{
	_cleanup_free_ char *buf = NULL;
	ssize_t n;

	if (e->size > max)
		return err_set(err, EFBIG, "'%s' has more than %zu bytes", e->name, max);
	buf = xmalloc((size_t)e->size + 1);
	n = image_file_head(img, e, buf, (size_t)e->size, err);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	*ret = TAKE_PTR(buf);
	*ret_len = (size_t)n;
	return 0;
}
