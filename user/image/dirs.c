/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layers as overlay2 keeps them: one directory each, read in place. Whiteouts are character devices
 * 0:0, a directory with trusted.overlay.opaque=y hides what is below (kernel: overlayfs.rst). The
 * names are the image's: nothing of it is ever followed, every step is one component deep.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/limits.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"

#define OVERLAY "trusted.overlay."
#define BLOCK (256u << 10)

/* A directory of the layer that is being read, and the one of the tree that it becomes. */
struct level {
	DIR *dir;
	struct image_entry *entry;
};

struct reader {
	struct image *img;
	uint32_t layer;
	struct level *levels; /* from the layer's root to where we are */
	size_t depth, cap;
	struct strmap *links; /* (device, inode) -> inode number of the tree + 1 */
};

/* /proc/self/fd/N, for the xattr calls that only take paths for what cannot be opened. */
static int read_xattr(const char *path, const char *name, struct strbuf *ret)
{
	ssize_t n = lgetxattr(path, name, NULL, 0);

	if (n < 0 || n > IMAGE_MAX_XATTR_BYTES)
		return n < 0 ? -errno : -E2BIG;
	strbuf_reset(ret);
	strbuf_grow(ret, (size_t)n + 1);
	n = lgetxattr(path, name, ret->buf, (size_t)n);
	if (n < 0)
		return -errno;
	ret->len = (size_t)n;
	ret->buf[n] = '\0';
	return 0;
}

/* One attribute; those of overlayfs speak of the layer, not of the file. */
static int take_xattr(struct image_entry *e, const char *path, const char *name, bool *ret_opaque,
		      struct err *err)
{
	_cleanup_strbuf_ struct strbuf value = STRBUF_INIT;
	int r;

	if (!strcmp(name, OVERLAY "redirect") || !strcmp(name, OVERLAY "metacopy"))
		return err_class_set(err, ERR_IMAGE, ENOTSUP,
				     "the layer directories use overlayfs's %s",
				     name + strlen(OVERLAY));
	r = read_xattr(path, name, &value);
	if (r < 0)
		return err_set(err, -r, "cannot read the attribute '%s'", name);
	if (!strncmp(name, OVERLAY, strlen(OVERLAY)))
		*ret_opaque |= !strcmp(name, OVERLAY "opaque") && !strcmp(value.buf, "y");
	else
		tree_set_xattr(e, name, value.buf, value.len);
	return 0;
}

static int read_xattrs(int dirfd, const char *name, struct image_entry *e, bool *ret_opaque,
		       struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/fd/%d/%s", dirfd, name);
	char list[4096];
	ssize_t n = llistxattr(path, list, sizeof(list));

	if (n < 0)
		return errno == ENOTSUP
			       ? 0
			       : err_set(err, errno, "cannot list attributes of '%s'", name);
	for (const char *p = list; p < list + n; p += strlen(p) + 1) {
		int r = take_xattr(e, path, p, ret_opaque, err);

		if (r < 0)
			return err_wrap(err, "'%s'", name);
	}
	return 0;
}

static enum entry_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return ENTRY_DIR;
	case S_IFLNK:
		return ENTRY_SYMLINK;
	case S_IFCHR:
		return ENTRY_CHAR;
	case S_IFBLK:
		return ENTRY_BLOCK;
	case S_IFIFO:
		return ENTRY_FIFO;
	case S_IFSOCK:
		return ENTRY_SOCKET;
	default:
		return ENTRY_FILE;
	}
}

static void fill(struct image_entry *e, const struct stat *st)
{
	e->mode = st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime = st->st_mtim.tv_sec;
	e->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
	e->size = e->type == ENTRY_FILE ? (uint64_t)st->st_size : 0;
	e->disk = e->type == ENTRY_FILE ? (uint64_t)st->st_blocks * 512 : 0;
	if (e->type == ENTRY_CHAR || e->type == ENTRY_BLOCK) {
		e->rdev_major = major(st->st_rdev);
		e->rdev_minor = minor(st->st_rdev);
	}
}

static void join_links(struct reader *rd, struct image_entry *e, const struct stat *st)
{
	uint64_t key[2] = { st->st_dev, st->st_ino };
	size_t known;

	if (e->type == ENTRY_DIR || st->st_nlink < 2)
		return;
	known = (size_t)strmap_get_len(rd->links, key, sizeof(key));
	if (known)
		e->inode = (uint32_t)(known - 1);
	else
		strmap_put_len(rd->links, key, sizeof(key), (void *)((size_t)e->inode + 1));
}

static int read_target(int dirfd, const char *name, struct image_entry *e, struct err *err)
{
	char target[IMAGE_MAX_TARGET + 2];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_set(err, errno, "cannot read the link '%s'", name);
	free(e->target);
	e->target = xmemdup(target, (size_t)n);
	return 0;
}

/* Goes into @name, or into the layer's root when @dirfd is the layer itself and @name ".". */
static int push(struct reader *rd, int dirfd, const char *name, struct image_entry *e,
		struct err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return err_set(err, code, "cannot open the directory '%s'", name);
	}
	ALLOC_GROW(rd->levels, rd->depth + 1, rd->cap);
	rd->levels[rd->depth++] = (struct level){ dir, e };
	return 0;
}

static void pop(struct reader *rd)
{
	closedir(rd->levels[--rd->depth].dir);
}

static int take_entry(struct reader *rd, const char *name, struct err *err)
{
	struct level *up = &rd->levels[rd->depth - 1];
	int fd = dirfd(up->dir), r;
	struct image_entry *e;
	bool opaque = false;
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "cannot stat '%s'", name);
	if (S_ISCHR(st.st_mode) && !st.st_rdev) {
		tree_remove(up->entry, name, strlen(name), rd->layer);
		return 0;
	}
	r = tree_put(rd->img, up->entry, name, strlen(name), type_of(st.st_mode), rd->layer, &e,
		     err);
	if (r < 0)
		return r;
	fill(e, &st);
	join_links(rd, e, &st);
	r = read_xattrs(fd, name, e, &opaque, err);
	if (!r && e->type == ENTRY_SYMLINK)
		r = read_target(fd, name, e, err);
	if (opaque)
		tree_make_opaque(e, rd->layer);
	return !r && e->type == ENTRY_DIR ? push(rd, fd, name, e, err) : r;
}

static int read_layer(struct reader *rd, int fd, struct err *err)
{
	int r = push(rd, fd, ".", rd->img->root, err);

	while (!r && rd->depth) {
		struct dirent *de;

		errno = 0;
		de = readdir(rd->levels[rd->depth - 1].dir);
		if (!de && errno)
			r = err_set(err, errno, "cannot read a directory");
		else if (!de)
			pop(rd);
		else if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			r = take_entry(rd, de->d_name, err);
	}
	while (rd->depth)
		pop(rd);
	return r;
}

/* The image's root has the attributes of the topmost layer's own directory, as in a mount. */
static int read_root(struct image *img, int fd, struct err *err)
{
	struct stat st;
	bool opaque = false;

	if (fstat(fd, &st) < 0)
		return err_set(err, errno, "cannot stat a layer");
	fill(img->root, &st);
	tree_clear_xattrs(img->root);
	return read_xattrs(fd, ".", img->root, &opaque, err);
}

static int apply_layer(struct image *img, uint32_t layer, const char *path, struct err *err)
{
	struct reader rd = { .img = img, .layer = layer, .links = strmap_new() };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	img->layer_fds[layer] = fd;
	if (fd < 0) {
		r = err_set(err, errno, "cannot open the layer directory '%s'", path);
	} else {
		r = read_root(img, fd, err);
		if (!r)
			r = read_layer(&rd, fd, err);
		if (r < 0)
			r = err_wrap(err, "layer directory '%s'", path);
	}
	free(rd.levels);
	strmap_free(rd.links);
	return r;
}

/* --- content --- */

/* Opens below the layer: no link of the image is followed, even one put there meanwhile. */
static int open_beneath(int dirfd, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int dirs_fd(const struct image *img, const struct image_entry *e, struct err *err)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct stat st;
	int fd;

	image_entry_path(e, &path);
	fd = open_beneath(img->layer_fds[e->layer], path.buf + 1);
	if (fd < 0)
		return err_set(err, -fd, "cannot open '%s' in its layer", path.buf);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != e->size) {
		close(fd);
		return err_class_set(err, ERR_IMAGE, ESTALE, "'%s' has changed in its layer",
				     path.buf);
	}
	return fd;
}

static int dirs_open(const struct image *img, const struct image_entry *e, struct image_file *file,
		     struct err *err)
{
	file->fd = dirs_fd(img, e, err);
	if (file->fd < 0)
		return file->fd;
	file->buf = xmalloc(BLOCK);
	return 0;
}

/* The next stretch of data: holes are skipped where the file system tells them. */
static int dirs_next(struct image_file *file, const void **ret_data, size_t *ret_len,
		     uint64_t *ret_offset, struct err *err)
{
	off_t data = lseek(file->fd, (off_t)file->offset, SEEK_DATA), hole;
	size_t want = BLOCK;
	ssize_t n;

	if (data < 0 && errno == ENXIO)
		return 0;
	if (data < 0)
		data = (off_t)file->offset;
	hole = lseek(file->fd, data, SEEK_HOLE);
	if (hole > data && (size_t)(hole - data) < want)
		want = (size_t)(hole - data);
	n = pread(file->fd, file->buf, want, data);
	if (n < 0)
		return err_set(err, errno, "cannot read '%s'", file->entry->name);
	if (!n)
		return 0;
	*ret_data = file->buf;
	*ret_len = (size_t)n;
	*ret_offset = (uint64_t)data;
	file->offset = (uint64_t)data + (uint64_t)n;
	return 1;
}

static void dirs_close(struct image_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->buf);
}

static void dirs_free(struct image *img)
{
	for (size_t i = 0; i < img->n_layers && img->layer_fds; i++)
		if (img->layer_fds[i] >= 0)
			close(img->layer_fds[i]);
}

static const struct image_source dirs_source = {
	.open = dirs_open,
	.fd = dirs_fd,
	.next = dirs_next,
	.close = dirs_close,
	.free = dirs_free,
};

int image_open_dirs(const char *id, const void *config, size_t len, const struct strvec *dirs,
		    struct image **ret, struct err *err)
{
	_cleanup_(image_free) struct image *img = image_new(&dirs_source);
	int r = image_set_config(img, id, config, len, err);

	if (r < 0)
		return r;
	if (dirs->n != img->n_layers)
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "%zu layer directories for %zu diff IDs", dirs->n,
				     img->n_layers);
	img->layer_fds = xcalloc(dirs->n, sizeof(*img->layer_fds));
	for (size_t i = 0; i < dirs->n; i++)
		img->layer_fds[i] = -1;
	for (size_t i = 0; i < dirs->n; i++) {
		r = apply_layer(img, (uint32_t)i, dirs->v[i], err);
		if (r < 0)
			return r;
	}
	r = tree_finish(img, err);
	if (!r)
		*ret = TAKE_PTR(img);
	return r;
}
