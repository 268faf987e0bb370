/* SPDX-License-Identifier: BSD-2-Clause */
/* Content of regular files, from whatever source the image has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/tree.h"
#include "slimtrace/base/alloc.h"

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
	r = img->source->open(img, e, file, err);
	if (r < 0)
		image_file_close(file);
	else
		*ret = file;
	return r;
}

int image_file_block(struct image_file *f, const void **ret_data, size_t *ret_len,
		     uint64_t *ret_offset, struct err *err)
{
	const void *data;
	uint64_t offset;
	size_t len;
	int r = f->img->source->next(f, &data, &len, &offset, err);

	if (r <= 0)
		return r;
	if (offset > f->entry->size || len > f->entry->size - offset)
		return err_class_set(err, ERR_IMAGE, EOVERFLOW,
				     "'%s' has more content than its size of %llu", f->entry->name,
				     (unsigned long long)f->entry->size);
	*ret_data = data;
	*ret_len = len;
	*ret_offset = offset;
	return 1;
}

void image_file_close(struct image_file *f)
{
	if (!f)
		return;
	f->img->source->close(f);
	free(f);
}

ssize_t image_file_head(const struct image *img, const struct image_entry *e, void *buf, size_t max,
			struct err *err)
{
	size_t want = e->size < max ? (size_t)e->size : max;
	struct image_file *f;
	const void *data;
	uint64_t offset;
	size_t len;
	int r = image_file_open(img, e, &f, err);

	if (r < 0)
		return r;
	memset(buf, 0, want);
	while ((r = image_file_block(f, &data, &len, &offset, err)) == 1 && offset < want)
		memcpy((char *)buf + offset, data,
		       len < want - offset ? len : want - (size_t)offset);
	image_file_close(f);
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

/* The content in a memory file: an archive has no descriptor for it. */
static int copy_to_memory(const struct image *img, const struct image_entry *e, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("slimtrace-elf", MFD_CLOEXEC);
	struct image_file *f;
	const void *data;
	uint64_t offset;
	size_t len;
	int r;

	if (fd < 0 || ftruncate(fd, (off_t)e->size) < 0)
		return err_set(err, errno, "cannot create a memory file");
	r = image_file_open(img, e, &f, err);
	if (r < 0)
		return r;
	while ((r = image_file_block(f, &data, &len, &offset, err)) == 1) {
		if (pwrite(fd, data, len, (off_t)offset) != (ssize_t)len) {
			r = err_set(err, errno, "cannot copy '%s'", e->name);
			break;
		}
	}
	image_file_close(f);
	return r < 0 ? r : TAKE_FD(fd);
}

int image_file_fd(const struct image *img, const struct image_entry *e, struct err *err)
{
	return img->source->fd ? img->source->fd(img, e, err) : copy_to_memory(img, e, err);
}
