/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"

ssize_t io_read_full(int fd, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int io_write_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_read_fd(int fd, size_t max, struct strbuf *ret, struct err *err)
{
	size_t start = ret->len;

	for (;;) {
		ssize_t n;

		strbuf_grow(ret, 65536);
		n = read(fd, ret->buf + ret->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "cannot read");
		if (!n)
			return 0;
		if (ret->len - start + (size_t)n > max)
			return err_set(err, EFBIG, "more than %zu bytes", max);
		ret->len += (size_t)n;
		ret->buf[ret->len] = '\0';
	}
}

int io_read_file(int dirfd, const char *path, size_t max, struct strbuf *ret, struct err *err)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set(err, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_set(err, errno, "cannot stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_class_set(err, ERR_FAILURE, EINVAL, "'%s' is not a regular file", path);
	if (io_read_fd(fd, max, ret, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

/* A name beside @name that does not exist yet, opened for writing. */
static int open_temporary(int dirfd, const char *name, mode_t mode, char **ret_name)
{
	for (unsigned int i = 0; i < 100; i++) {
		_cleanup_free_ char *tmp = xasprintf(".%s.%d.%u", name, (int)getpid(), i);
		int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
				mode);

		if (fd >= 0) {
			*ret_name = TAKE_PTR(tmp);
			return fd;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int io_open_unlinked(const char *dir, struct err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		_cleanup_free_ char *name = xasprintf("%s/slimtrace-XXXXXX", dir);

		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0)
			unlink(name);
	}
	return fd < 0 ? err_set(err, errno, "cannot create a temporary file in '%s'", dir) : fd;
}

int io_write_atomic(int dirfd, const char *name, mode_t mode, const void *data, size_t len,
		    struct err *err)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = -1;
	int r = open_temporary(dirfd, name, mode, &tmp);

	if (r < 0)
		return err_set(err, -r, "cannot create '%s'", name);
	fd = r;
	r = fchmod(fd, mode) < 0 ? -errno : io_write_full(fd, data, len);
	if (!r && fsync(fd) < 0)
		r = -errno;
	if (!r && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): set with fd */
		unlinkat(dirfd, tmp, 0);
		return err_set(err, -r, "cannot write '%s'", name);
	}
	return 0;
}

int io_write_path(const char *path, mode_t mode, const void *data, size_t len, struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_free_ char *dir = slash ? xstrndup(path, (size_t)(slash + 1 - path)) : NULL;
	_cleanup_close_ int fd = open(dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(err, errno, "cannot write '%s'", path);
	if (!*name)
		return err_class_set(err, ERR_USAGE, EISDIR, "'%s' is a directory", path);
	r = io_write_atomic(fd, name, mode, data, len, err);
	return r < 0 && dir ? err_wrap(err, "in '%s'", dir) : r;
}

int io_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(path);
	char *p = copy;

	do {
		char saved;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		saved = *p;
		*p = '\0';
		if (*copy && mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_set(err, errno, "cannot create the directory '%s'", copy);
		*p = saved;
	} while (*p);
	return 0;
}

/*
 * Removal without recursion: the stack holds the open directories from the top to where we are,
 * with the name of each in its parent.
 */
struct removal {
	struct {
		int fd;
		char *name;
	} * stack;
	size_t depth, cap;
};

static void removal_pop(struct removal *rm)
{
	rm->depth--;
	close(rm->stack[rm->depth].fd);
	free(rm->stack[rm->depth].name);
}

static int removal_push(struct removal *rm, int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ALLOC_GROW(rm->stack, rm->depth + 1, rm->cap);
	rm->stack[rm->depth].fd = fd;
	rm->stack[rm->depth].name = xstrdup(name);
	rm->depth++;
	return 0;
}

/* Unlinks what can be; the first entry that is a directory with something in it is pushed. */
static int removal_step(struct removal *rm)
{
	int fd = rm->stack[rm->depth - 1].fd, r = 0;
	int dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = dup_fd < 0 ? NULL : fdopendir(dup_fd);
	struct dirent *de;

	if (!dir) {
		r = -errno;
		if (dup_fd >= 0)
			close(dup_fd);
		return r;
	}
	rewinddir(dir);
	while (!r && (de = readdir(dir))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (!unlinkat(fd, de->d_name, 0) || !unlinkat(fd, de->d_name, AT_REMOVEDIR))
			continue;
		r = errno == ENOTEMPTY || errno == EEXIST ? removal_push(rm, fd, de->d_name)
							  : -errno;
		if (!r)
			r = 1;
	}
	closedir(dir);
	return r;
}

int io_remove_tree(int dirfd, const char *name, struct err *err)
{
	struct removal rm = { 0 };
	int r;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	r = removal_push(&rm, dirfd, name);
	while (r >= 0 && rm.depth) {
		r = removal_step(&rm);
		if (r == 0) {
			int parent = rm.depth > 1 ? rm.stack[rm.depth - 2].fd : dirfd;

			if (unlinkat(parent, rm.stack[rm.depth - 1].name, AT_REMOVEDIR) < 0)
				r = -errno;
			removal_pop(&rm);
		}
	}
	while (rm.depth)
		removal_pop(&rm);
	free(rm.stack);
	return r < 0 ? err_set(err, -r, "cannot remove '%s'", name) : 0;
}

const char *io_tmpdir(void)
{
	const char *dir = getenv("TMPDIR");

	if (dir && *dir == '/')
		return dir;
	return access("/var/tmp", F_OK) ? "/tmp" : "/var/tmp"; /* a container may have no /var */
}

void io_hint_tmpdir(struct err *err)
{
	if (err->code == ENOSPC || err->code == EDQUOT)
		err_hint(err, "temporary files are made in '%s': TMPDIR=DIR puts them elsewhere",
			 io_tmpdir());
}

int io_mkdtemp_as(const char *prefix, char **ret_path, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s-XXXXXX", io_tmpdir(), prefix);

	if (!mkdtemp(path))
		return err_set(err, errno, "cannot create a directory '%s'", path);
	*ret_path = TAKE_PTR(path);
	return 0;
}

int io_mkdtemp(char **ret_path, struct err *err)
{
	return io_mkdtemp_as("slimtrace", ret_path, err);
}
