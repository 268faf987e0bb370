/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An OCI layout as a directory: its files are the members. They are opened when they are needed,
 * beneath the directory and through no link, since whoever wrote the layout need not be whoever
 * reads it, and blobs are named by what others wrote.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/archive.h"
#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cleanup.h"

#define BLOBS "blobs/sha256"

static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK),
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int member_range(int fd, const struct member *m, struct range *ret, int *ret_own, struct err *err)
{
	_cleanup_close_ int own = -1;
	struct stat st;

	if (!m->file) {
		*ret = (struct range){ .fd = fd, .start = m->start, .len = m->len };
		*ret_own = -1;
		return 0;
	}
	own = open_beneath(fd, m->file, 0);
	if (own < 0 || fstat(own, &st) < 0) {
		err_set(err, own < 0 ? -own : errno, "cannot open '%s'", m->file);
		err->class = ERR_IMAGE;
		return -err->code;
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size >> SOURCE_OFFSET_BITS)
		return err_class_set(err, ERR_IMAGE, EINVAL, "'%s' is no file, or too large",
				     m->file);
	*ret = (struct range){ .fd = own, .len = (uint64_t)st.st_size };
	*ret_own = TAKE_FD(own);
	return 0;
}

static void add_file(struct strmap *members, char *file)
{
	_cleanup_free_ char *path = xasprintf("/%s", file);
	struct member *m = xcalloc(1, sizeof(*m));

	m->file = file;
	member_free(strmap_put(members, path, m));
}

static int list_blobs(DIR *dir, struct strmap *ret, struct err *err)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		_cleanup_free_ char *digest = xasprintf("sha256:%.65s", entry->d_name);

		if (!digest_valid(digest))
			continue;
		if (strmap_count(ret) >= IMAGE_MAX_MEMBERS)
			return err_class_set(err, ERR_IMAGE, E2BIG, "it has more than %u blobs",
					     IMAGE_MAX_MEMBERS);
		add_file(ret, xasprintf(BLOBS "/%s", entry->d_name));
	}
	return 0;
}

int layout_list(int dirfd, struct strmap *ret, struct err *err)
{
	int fd = open_beneath(dirfd, BLOBS, O_DIRECTORY), r;
	DIR *dir;

	if (fd < 0) {
		err_class_set(err, ERR_IMAGE, -fd, "no OCI layout: cannot open '" BLOBS "': %s",
			      strerror(-fd));
		return err_hint(err,
				"it has to be a directory as of 'skopeo copy ... oci:DIRECTORY'");
	}
	if (faccessat(dirfd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		close(fd);
		return err_class_set(err, ERR_IMAGE, ENOENT, "no OCI layout: it has no oci-layout");
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_set(err, errno, "cannot read '" BLOBS "'");
	}
	add_file(ret, xstrdup("index.json"));
	r = list_blobs(dir, ret, err);
	closedir(dir);
	return r;
}
