/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packed image into a file or directory of the user's, by the names of transports that skopeo and
 * podman have (containers-transports(5)). What is there before is only replaced by something whole.
 */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/slim.h"

#define BLOCK (256u << 10)

static const char *const transports[] = { [SLIM_DOCKER_ARCHIVE] = "docker-archive:",
					  [SLIM_OCI_ARCHIVE] = "oci-archive:",
					  [SLIM_OCI_DIR] = "oci:" };

int slim_transport(const char *text, enum slim_transport *ret, const char **ret_rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		size_t len = strlen(transports[i]);

		if (strncmp(text, transports[i], len) != 0)
			continue;
		*ret = (enum slim_transport)i;
		*ret_rest = text + len;
		return 0;
	}
	return -ENOENT;
}

static int not_empty(struct err *err)
{
	err_class_set(err, ERR_USAGE, EEXIST, "the directory is there, and not empty");
	return err_hint(err, "an image is written into a directory of its own");
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e = NULL;

	while (dir && (e = readdir(dir)) && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")))
		;
	if (dir)
		closedir(dir);
	return !e;
}

/* What would only be found out when all the work is done. */
static int check_place(enum slim_transport transport, const char *path, struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(path);
	const char *parent = dirname(copy);
	struct stat st;

	if (access(parent, W_OK | X_OK) < 0)
		return err_class_set(err, ERR_USAGE, errno, "cannot write into '%s': %s", parent,
				     strerror(errno));
	if (stat(path, &st) < 0)
		return 0;
	if (transport != SLIM_OCI_DIR && S_ISDIR(st.st_mode))
		return err_class_set(err, ERR_USAGE, EISDIR, "it is a directory");
	if (transport == SLIM_OCI_DIR && !S_ISDIR(st.st_mode))
		return err_class_set(err, ERR_USAGE, ENOTDIR, "it is no directory");
	return transport == SLIM_OCI_DIR && !is_empty(path) ? not_empty(err) : 0;
}

static int where_to(const char *text, enum slim_transport *ret, const char **ret_path,
		    struct err *err)
{
	const char *path = "";

	if (slim_transport(text, ret, &path) < 0 || !*path) {
		err_class_set(err, ERR_USAGE, EINVAL, "--output '%s': where to?", text);
		return err_hint(err, "oci-archive:FILE, docker-archive:FILE or oci:DIRECTORY");
	}
	*ret_path = path;
	return 0;
}

int slim_output_check(const char *text, struct err *err)
{
	enum slim_transport transport = SLIM_OCI_ARCHIVE;
	const char *path = NULL;
	int r = where_to(text, &transport, &path, err);

	if (r < 0)
		return r;
	r = check_place(transport, path, err);
	return r < 0 ? err_wrap(err, "--output '%s'", text) : 0;
}

/* --- a file --- */

static int copy_all(int from, int to, struct err *err)
{
	_cleanup_free_ char *buf = xmalloc(BLOCK);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, BLOCK, at)) > 0) {
		int r = io_write_full(to, buf, (size_t)n);

		if (r < 0)
			return err_set(err, -r, "cannot write");
		at += n;
	}
	return n < 0 ? err_set(err, errno, "cannot read the archive") : 0;
}

static mode_t allowed(mode_t mode)
{
	mode_t mask = umask(022);

	umask(mask);
	return mode & ~mask;
}

static int write_file(int fd, const char *path, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("%s.XXXXXX", path);
	_cleanup_close_ int out = mkostemp(name, O_CLOEXEC);
	int r;

	if (out < 0)
		return err_set(err, errno, "cannot create a file beside it");
	r = copy_all(fd, out, err);
	if (!r && fchmod(out, allowed(0666)) < 0)
		r = err_set(err, errno, "cannot set its mode");
	if (!r && rename(name, path) < 0)
		r = err_set(err, errno, "cannot put it in its place");
	if (r < 0)
		unlink(name);
	return r;
}

/* --- a directory --- */

static int write_member(struct archive *a, int dirfd, const char *name, struct err *err)
{
	_cleanup_close_ int out = openat(
		dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, allowed(0666));
	const void *data;
	size_t len;
	la_int64_t at;
	int r;

	if (out < 0)
		return err_set(err, errno, "cannot create '%s'", name);
	while ((r = archive_read_data_block(a, &data, &len, &at)) == ARCHIVE_OK) {
		int w = io_write_full(out, data, len);

		if (w < 0)
			return err_set(err, -w, "cannot write '%s'", name);
	}
	return r == ARCHIVE_EOF ? 0 : err_set(err, EIO, "cannot read the archive");
}

/* The archive is our own: blobs, and documents of which manifest.json is docker's alone. */
static int write_members(struct archive *a, int dirfd, struct err *err)
{
	struct archive_entry *entry;
	int r = 0, next = ARCHIVE_EOF;

	while (!r && (next = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		if (archive_entry_filetype(entry) == AE_IFDIR) {
			if (mkdirat(dirfd, name, allowed(0777)) < 0)
				r = err_set(err, errno, "cannot create '%s'", name);
		} else if (strcmp(name, "manifest.json") != 0) {
			r = write_member(a, dirfd, name, err);
		}
	}
	if (!r && next != ARCHIVE_EOF)
		r = err_set(err, EIO, "cannot read the archive");
	return r;
}

static int fill_directory(int fd, int dirfd, struct err *err)
{
	struct archive *a = archive_read_new();
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0) {
		archive_read_free(a);
		return err_set(err, errno, "cannot read the archive");
	}
	archive_read_support_format_tar(a);
	r = archive_read_open_fd(a, fd, BLOCK) == ARCHIVE_OK
		    ? write_members(a, dirfd, err)
		    : err_set(err, EIO, "cannot read the archive");
	archive_read_free(a);
	if (!r && lseek(fd, 0, SEEK_SET) < 0)
		r = err_set(err, errno, "cannot rewind the archive");
	return r;
}

static int put_in_place(const char *from, const char *path, struct err *err)
{
	if (rename(from, path) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_set(err, errno, "cannot put it in its place");
	return not_empty(err);
}

static int write_directory(int fd, const char *path, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("%s.XXXXXX", path);
	struct err ignored = ERR_INIT;
	_cleanup_close_ int dirfd = -1;
	int r;

	if (!mkdtemp(name))
		return err_set(err, errno, "cannot create a directory beside it");
	dirfd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dirfd < 0 ? err_set(err, errno, "cannot open '%s'", name)
		      : fill_directory(fd, dirfd, err);
	if (!r && fchmod(dirfd, allowed(0777)) < 0)
		r = err_set(err, errno, "cannot set its mode");
	if (!r)
		r = put_in_place(name, path, err);
	if (r < 0)
		io_remove_tree(AT_FDCWD, name, &ignored);
	return r;
}

int slim_output(int fd, const char *text, struct err *err)
{
	enum slim_transport transport = SLIM_OCI_ARCHIVE;
	const char *path = NULL;
	int r = where_to(text, &transport, &path, err);

	if (r < 0)
		return r;
	r = transport == SLIM_OCI_DIR ? write_directory(fd, path, err) : write_file(fd, path, err);
	return r < 0 ? err_wrap(err, "--output '%s'", text) : 0;
}
