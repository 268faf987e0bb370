/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layers as overlay2 keeps them: one directory each, read in place. Whiteouts are character devices
 * 0:0 or empty files with trusted.overlay.whiteout, a directory with trusted.overlay.opaque=y hides
 * what is below (kernel: overlayfs.rst). The names are the image's: nothing of it is ever followed,
 * every step is one component deep.
 *
 * What overlayfs could have moved elsewhere (redirect, metacopy), and directories of somebody else
 * (a rootless engine, a remapped user namespace), whose owners are not the image's, are refused:
 * the caller takes the archive then.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/limits.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"

#define OVERLAY "trusted.overlay."
#define USUAL_XATTR_BYTES 512u

/* A directory of the layer that is being read, and the one of the tree that it becomes. */
struct level {
	DIR *dir;
	struct image_entry *entry;
};

/* What overlayfs's attributes of an entry tell. */
struct marks {
	bool opaque, whiteout;
};

struct reader {
	struct image *img;
	uint32_t layer;
	struct level *levels; /* from the layer's root to where we are */
	size_t depth, cap;
	struct strmap *links; /* (device, inode) -> inode number of the tree + 1 */
	char *list, *value;   /* names of attributes, and the value of one */
};

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
	uint64_t blocks = (uint64_t)st->st_blocks * 512;

	e->mode = st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime = st->st_mtim.tv_sec;
	e->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
	if (e->type == ENTRY_FILE) {
		e->size = (uint64_t)st->st_size;
		e->disk = blocks < e->size ? blocks : e->size;
	}
	if (e->type == ENTRY_CHAR || e->type == ENTRY_BLOCK) {
		e->rdev_major = major(st->st_rdev);
		e->rdev_minor = minor(st->st_rdev);
	}
}

/* Hard links in one layer have one inode there. Returns false for a name of a known inode. */
static bool join_links(struct reader *rd, struct image_entry *e, const struct stat *st)
{
	const uint64_t key[2] = { st->st_dev, st->st_ino };
	size_t known;

	if (e->type == ENTRY_DIR || st->st_nlink < 2)
		return true;
	known = (size_t)strmap_get_len(rd->links, key, sizeof(key));
	if (known)
		e->inode = (uint32_t)(known - 1);
	else
		strmap_put_len(rd->links, key, sizeof(key), (void *)((size_t)e->inode + 1));
	return !known;
}

/* --- extended attributes --- */

/* What tells that the directory alone does not say what the layer is. */
static bool is_foreign(const char *name)
{
	static const char *const foreign[] = {
		OVERLAY "redirect",    OVERLAY "metacopy",
		"user.overlay.",       /* overlayfs in a user namespace */
		"user.fuseoverlayfs.", /* fuse-overlayfs */
		"user.containers.",    /* containers/storage's owners */
	};

	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (!strncmp(name, foreign[i], strlen(foreign[i])))
			return true;
	return false;
}

/*
 * The value of @name, or the names (NULL), into @buf. The kernel allocates as much as it is offered
 * each time: few need what it might take.
 */
static ssize_t read_attribute(const char *path, const char *name, char *buf)
{
	size_t size = USUAL_XATTR_BYTES;

	for (;;) {
		ssize_t n = name ? lgetxattr(path, name, buf, size) : llistxattr(path, buf, size);

		if (n >= 0 || errno != ERANGE || size == IMAGE_MAX_XATTR_BYTES)
			return n;
		size = IMAGE_MAX_XATTR_BYTES;
	}
}

static int take_xattr(struct reader *rd, struct image_entry *e, const char *path, const char *name,
		      struct marks *marks, struct err *err)
{
	bool opaque = !strcmp(name, OVERLAY "opaque");
	ssize_t n;

	if (is_foreign(name))
		return err_class_set(err, ERR_FAILURE, ENOTSUP, "the layer directories use '%s'",
				     name);
	marks->whiteout |= !strcmp(name, OVERLAY "whiteout");
	if (!opaque && !xattr_is_of_image(name))
		return 0;
	n = read_attribute(path, name, rd->value);
	if (n < 0)
		return err_set(err, errno, "cannot read the attribute '%s'", name);
	if (!opaque)
		return tree_add_xattr(rd->img, e, name, rd->value, (size_t)n, err);
	/* "x" only says that whiteouts may be among the files. */
	marks->opaque = n == 1 && *rd->value == 'y';
	return 0;
}

/* Only paths do for what cannot be opened: this one has one component that could be a link. */
static int read_xattrs(struct reader *rd, int dirfd, const char *name, struct image_entry *e,
		       struct marks *marks, struct err *err)
{
	char path[sizeof("/proc/self/fd//") + 10 + IMAGE_MAX_NAME + 1];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	n = read_attribute(path, NULL, rd->list);
	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0)
		return err_set(err, errno, "cannot list the attributes of '%s'", name);
	for (const char *p = rd->list; p < rd->list + n; p += strlen(p) + 1) {
		int r = take_xattr(rd, e, path, p, marks, err);

		if (r < 0)
			return err_wrap(err, "'%s'", name);
	}
	return 0;
}

/* --- reading a layer --- */

static int read_target(struct reader *rd, int dirfd, const char *name, struct image_entry *e,
		       struct err *err)
{
	char target[IMAGE_MAX_PATH + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0)
		return err_set(err, errno, "cannot read the link '%s'", name);
	return tree_set_target(rd->img, e, target, (size_t)n, err);
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

/* What is in the tree as @e by now: the rest of what the layer has there. */
static int describe(struct reader *rd, int dirfd, const char *name, struct image_entry *e,
		    const struct stat *st, struct marks *marks, struct err *err)
{
	int r;

	fill(e, st);
	if (join_links(rd, e, st))
		rd->img->layers[rd->layer].size += e->size;
	r = read_xattrs(rd, dirfd, name, e, marks, err);
	return !r && e->type == ENTRY_SYMLINK ? read_target(rd, dirfd, name, e, err) : r;
}

static int take_entry(struct reader *rd, const char *name, struct err *err)
{
	struct image_entry *dir = rd->levels[rd->depth - 1].entry, *e;
	int fd = dirfd(rd->levels[rd->depth - 1].dir), r;
	struct marks marks = { 0 };
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, errno, "cannot stat '%s'", name);
	if (S_ISCHR(st.st_mode) && !st.st_rdev) {
		tree_whiteout(dir, name, strlen(name), rd->layer);
		return 0;
	}
	r = tree_put(rd->img, dir, name, strlen(name), type_of(st.st_mode), rd->layer, &e, err);
	if (!r)
		r = describe(rd, fd, name, e, &st, &marks, err);
	if (r < 0)
		return r;
	if (marks.whiteout && e->type == ENTRY_FILE && !e->size)
		tree_whiteout(dir, name, strlen(name), rd->layer + 1);
	if (e->type != ENTRY_DIR)
		return 0;
	if (marks.opaque)
		tree_make_opaque(e, rd->layer);
	return push(rd, fd, name, e, err);
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
		if (!r)
			r = cancel_check(err);
	}
	while (rd->depth)
		pop(rd);
	return r;
}

/* The image's root has the attributes of the topmost layer's own directory, as in a mount. */
static int read_root(struct reader *rd, int fd, struct err *err)
{
	struct image_entry *root = rd->img->root;
	struct marks ignored = { 0 };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(err, errno, "cannot stat it");
	/* An engine as who we are has made it. One in a user namespace has shifted all owners. */
	if (st.st_uid != geteuid())
		return err_class_set(err, ERR_FAILURE, ENOTSUP, "it belongs to the user %u",
				     st.st_uid);
	fill(root, &st);
	root->layer = rd->layer;
	tree_clear_xattrs(root);
	return read_xattrs(rd, fd, ".", root, &ignored, err);
}

static int apply_layer(struct image *img, uint32_t layer, const char *path, struct err *err)
{
	struct reader rd = { .img = img, .layer = layer };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return err_set(err, errno, "cannot open the layer directory '%s'", path);
	img->layer_fds[layer] = fd;
	rd.links = strmap_new();
	rd.list = xmalloc(IMAGE_MAX_XATTR_BYTES);
	rd.value = xmalloc(IMAGE_MAX_XATTR_BYTES);
	r = read_root(&rd, fd, err);
	if (!r)
		r = read_layer(&rd, fd, err);
	free(rd.levels);
	strmap_free(rd.links);
	free(rd.list);
	free(rd.value);
	return r < 0 ? err_wrap(err, "layer directory '%s'", path) : 0;
}

/* --- content --- */

/* One component at a time, so that no link is followed, even one put there meanwhile. */
static int open_in_layer(int layer_fd, const struct image_entry *e)
{
	const struct image_entry *chain[IMAGE_MAX_DEPTH + 2];
	_cleanup_close_ int dir = -1;
	size_t n = 0;
	int fd;

	for (const struct image_entry *up = e->parent; up->parent != up; up = up->parent)
		chain[n++] = up;
	while (n > 0) {
		fd = openat(dir < 0 ? layer_fd : dir, chain[--n]->name,
			    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (dir >= 0)
			close(dir);
		dir = fd;
	}
	fd = openat(dir < 0 ? layer_fd : dir, e->name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int dirs_open(const struct image *img, const struct image_entry *e, struct image_file *file,
		     struct err *err)
{
	struct stat st;
	int fd = open_in_layer(img->layer_fds[e->layer], e);

	if (fd < 0)
		return err_set(err, -fd, "cannot open '%s' in its layer", e->name);
	file->fd = fd;
	file->own_fd = true;
	file->holes = e->disk < e->size;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != e->size)
		return err_class_set(err, ERR_IMAGE, ESTALE, "'%s' has changed in its layer",
				     e->name);
	return 0;
}

static void dirs_free(struct image *img)
{
	for (size_t i = 0; i < img->n_layer_fds; i++)
		if (img->layer_fds[i] >= 0)
			close(img->layer_fds[i]);
	free(img->layer_fds);
}

static const struct image_source dirs_source = {
	.open = dirs_open,
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
	img->n_layer_fds = img->n_layers;
	for (size_t i = 0; i < dirs->n; i++)
		img->layer_fds[i] = -1;
	for (size_t i = 0; !r && i < dirs->n; i++)
		r = apply_layer(img, (uint32_t)i, dirs->v[i], err);
	if (!r)
		r = tree_finish(img, err);
	if (!r)
		*ret = TAKE_PTR(img);
	return r;
}
