/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at files without opening them. */
#include <dirent.h>
#include <linux/stat.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "torture.h"

static struct stat st;
static char buf[4096];

static void way_stat(void)
{
	saw(syscall(SYS_stat, T "stat", &st), "stat", T "stat");
}

static void way_stat_link(void)
{
	saw(stat(T "stat-link", &st), "stat", T "stat-link");
}

static void way_stat_absent(void)
{
	saw_error(stat(T "stat-absent", &st), "stat", T "stat-absent", ENOENT);
}

static void way_stat_loop(void)
{
	saw_error(stat(T "stat-loop", &st), "stat", T "stat-loop", ELOOP);
}

static void way_stat_denied(void)
{
	step(chmod(T "denied", 0600), "chmod");
	if (in_child()) {
		step(setgid(12345), "setgid");
		step(setuid(12345), "setuid");
		step(chdir("/"), "chdir");
		saw_error(open(T "denied", O_RDONLY), "read", T "denied", EACCES);
		child_done();
	}
}

static void way_lstat(void)
{
	saw(syscall(SYS_lstat, T "lstat", &st), "stat", T "lstat");
}

static void way_fstatat(void)
{
	saw(fstatat(dir_of(T "fstatat"), "file", &st, 0), "stat", T "fstatat/file");
}

static void way_fstatat_nofollow(void)
{
	saw(fstatat(AT_FDCWD, T "fstatat-link", &st, AT_SYMLINK_NOFOLLOW), "stat",
	    T "fstatat-link");
}

static void way_fstatat_empty(void)
{
	int fd = (int)step(open(T "fstatat-empty", O_PATH), "open");

	saw(syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH), "stat", T "fstatat-empty");
}

static void way_statx(void)
{
	struct statx stx;

	saw(statx(dir_of(T "statx"), "file", 0, STATX_BASIC_STATS, &stx), "stat", T "statx/file");
}

static void way_access(void)
{
	saw(syscall(SYS_access, T "access", R_OK), "stat", T "access");
}

static void way_faccessat(void)
{
	saw(syscall(SYS_faccessat, dir_of(T "faccessat"), "file", R_OK), "stat",
	    T "faccessat/file");
}

static void way_faccessat2(void)
{
	saw(syscall(439, AT_FDCWD, T "faccessat2", R_OK, AT_EACCESS), "stat", T "faccessat2");
}

static void way_readlink(void)
{
	saw(readlink(T "readlink", buf, sizeof(buf)), "readlink", T "readlink");
}

static void way_readlink_call(void)
{
	saw(syscall(SYS_readlink, T "readlink-call", buf, sizeof(buf)), "readlink",
	    T "readlink-call");
}

static void way_readlinkat(void)
{
	saw(readlinkat(dir_of(T "readlinkat"), "link", buf, sizeof(buf)), "readlink",
	    T "readlinkat/link");
}

static void way_readlinkat_empty(void)
{
	int fd = (int)step(open(T "readlink-empty", O_PATH | O_NOFOLLOW), "open");

	saw(readlinkat(fd, "", buf, sizeof(buf)), "readlink", T "readlink-empty");
}

static void way_readlink_file(void)
{
	saw_error(readlink(T "readlink-file", buf, sizeof(buf)), "readlink", T "readlink-file",
		  EINVAL);
}

static void way_getdents(void)
{
	saw(syscall(SYS_getdents, dir_of(T "getdents"), buf, sizeof(buf)), "list", T "getdents");
}

static void way_getdents64(void)
{
	saw(syscall(SYS_getdents64, dir_of(T "getdents64"), buf, sizeof(buf)), "list",
	    T "getdents64");
	never(T "getdents64/entry");
}

static void way_statfs(void)
{
	struct statfs fs;

	saw(statfs(T "statfs", &fs), "stat", T "statfs");
}

static void way_getxattr(void)
{
	saw_error(getxattr(T "getxattr", "user.none", buf, sizeof(buf)), "stat", T "getxattr",
		  ENODATA);
}

static void way_lgetxattr(void)
{
	saw_error(lgetxattr(T "lgetxattr", "trusted.none", buf, sizeof(buf)), "stat", T "lgetxattr",
		  ENODATA);
}

static void way_listxattr(void)
{
	saw(listxattr(T "listxattr", buf, sizeof(buf)), "stat", T "listxattr");
}

static void way_llistxattr(void)
{
	saw(llistxattr(T "llistxattr", buf, sizeof(buf)), "stat", T "llistxattr");
}

struct xattr_args { /* linux/xattr.h, 6.13 */
	unsigned long long value;
	unsigned int size, flags;
};

static void way_getxattrat(void)
{
	struct xattr_args args = { (unsigned long)buf, sizeof(buf), 0 };

	saw_error(syscall(464, dir_of(T "getxattrat"), "file", 0, "user.none", &args, sizeof(args)),
		  "stat", T "getxattrat/file", ENODATA);
}

static void way_listxattrat(void)
{
	saw(syscall(465, dir_of(T "listxattrat"), "file", 0, buf, sizeof(buf)), "stat",
	    T "listxattrat/file");
}

struct file_attr { /* linux/fs.h, 6.17 */
	unsigned long long xflags;
	unsigned int extsize, nextents, projid, cowextsize;
};

/* Not every file system has these attributes. */
static bool no_file_attr(long r)
{
	return r < 0 && (errno == ENOTTY || errno == EOPNOTSUPP);
}

static void way_file_getattr(void)
{
	struct file_attr attr = { 0 };
	long r = syscall(468, AT_FDCWD, T "file-getattr", &attr, sizeof(attr), 0);

	if (no_file_attr(r))
		saw_error(r, "stat", T "file-getattr", errno);
	else
		saw(r, "stat", T "file-getattr");
}

static void way_name_to_handle(void)
{
	struct {
		struct file_handle h;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .h.handle_bytes = MAX_HANDLE_SZ };
	int id;
	long r = name_to_handle_at(AT_FDCWD, T "name-to-handle", &handle.h, &id, 0);

	if (r < 0 && errno == EOPNOTSUPP) /* it has looked the name up before it says so */
		saw_error(r, "stat", T "name-to-handle", EOPNOTSUPP);
	else
		saw(r, "stat", T "name-to-handle");
}

static void way_inotify(void)
{
	int fd = (int)step(inotify_init1(IN_CLOEXEC), "inotify_init1");

	saw(inotify_add_watch(fd, T "inotify", IN_OPEN), "stat", T "inotify");
	saw(inotify_add_watch(fd, T "inotify-link", IN_OPEN | IN_DONT_FOLLOW), "stat",
	    T "inotify-link");
}

static void way_fanotify(void)
{
	int fd = (int)step(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), "fanotify_init");

	saw(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, dir_of(T "fanotify"), "file"), "stat",
	    T "fanotify/file");
	saw(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, dir_of(T "fanotify-dir"), NULL), "stat",
	    T "fanotify-dir");
}

const struct way looks[] = {
	{ "stat", way_stat, "stat" },
	{ "stat a link", way_stat_link, "stat-link=stat-link-target stat-link-target" },
	{ "stat what is absent", way_stat_absent, NULL },
	{ "stat a link to itself", way_stat_loop, "stat-loop=stat-loop" },
	{ "open what is denied", way_stat_denied, "denied" },
	{ "lstat", way_lstat, "lstat=lstat-target" },
	{ "fstatat", way_fstatat, "fstatat/file" },
	{ "fstatat AT_SYMLINK_NOFOLLOW", way_fstatat_nofollow, "fstatat-link=nowhere" },
	{ "fstatat AT_EMPTY_PATH", way_fstatat_empty, "fstatat-empty" },
	{ "statx", way_statx, "statx/file" },
	{ "access", way_access, "access" },
	{ "faccessat", way_faccessat, "faccessat/file" },
	{ "faccessat2", way_faccessat2, "faccessat2" },
	{ "readlink", way_readlink, "readlink=nowhere" },
	{ "readlink (the call)", way_readlink_call, "readlink-call=nowhere" },
	{ "readlinkat", way_readlinkat, "readlinkat/link=nowhere" },
	{ "readlinkat, empty", way_readlinkat_empty, "readlink-empty=nowhere" },
	{ "readlink a file", way_readlink_file, "readlink-file" },
	{ "getdents", way_getdents, "getdents/entry" },
	{ "getdents64", way_getdents64, "getdents64/entry" },
	{ "statfs", way_statfs, "statfs/" },
	{ "getxattr", way_getxattr, "getxattr" },
	{ "lgetxattr", way_lgetxattr, "lgetxattr=nowhere" },
	{ "listxattr", way_listxattr, "listxattr" },
	{ "llistxattr", way_llistxattr, "llistxattr=nowhere" },
	{ "getxattrat", way_getxattrat, "getxattrat/file" },
	{ "listxattrat", way_listxattrat, "listxattrat/file" },
	{ "file_getattr", way_file_getattr, "file-getattr" },
	{ "name_to_handle_at", way_name_to_handle, "name-to-handle" },
	{ "inotify_add_watch", way_inotify, "inotify inotify-link=nowhere" },
	{ "fanotify_mark", way_fanotify, "fanotify/file fanotify-dir/" },
	{ NULL, NULL, NULL },
};

/* --- directories that paths count from --- */

static void way_chdir(void)
{
	saw(chdir(T "chdir"), "chdir", T "chdir");
	saw(open("file", O_RDONLY), "read", T "chdir/file");
	saw(stat("stat", &st), "stat", T "chdir/stat");
	saw(chdir("dir"), "chdir", T "chdir/dir");
	saw(stat("../up", &st), "stat", T "chdir/dir/../up");
	saw_error(chdir("absent"), "chdir", T "chdir/dir/absent", ENOENT);
}

static void way_chdir_link(void)
{
	saw(chdir(T "chdir-link"), "chdir", T "chdir-target");
	saw(0, "chdir", T "chdir-link");
	saw(stat("stat", &st), "stat", T "chdir-target/stat");
}

static void way_fchdir(void)
{
	saw(fchdir(dir_of(T "fchdir")), "chdir", T "fchdir");
	saw(stat("stat", &st), "stat", T "fchdir/stat");
	saw(open("file", O_RDONLY), "read", T "fchdir/file");
}

static void way_chroot(void)
{
	saw(chroot(T "chroot"), "chdir", T "chroot");
	saw(stat("/stat", &st), "stat", T "chroot/stat");
	saw(open("/file", O_RDONLY), "read", T "chroot/file");
	saw(open("/link", O_RDONLY), "read", T "chroot/target");
}

static void way_chroot_relative(void)
{
	step(chdir(T "chroot-relative"), "chdir");
	saw(chroot("."), "chdir", T "chroot-relative");
	saw(stat("/inside", &st), "stat", T "chroot-relative/inside");
	saw(stat("../inside-too", &st), "stat", T "chroot-relative/../inside-too");
}

/* The directory has no name any more. */
static void way_removed_directory(void)
{
	step(chdir(T "removed"), "chdir");
	step(rmdir(T "removed"), "rmdir");
	saw_error(open("below", O_RDONLY), "read", T "removed/below", ENOENT);
}

static void way_moved_directory(void)
{
	step(mkdir(T "moved", 0755), "mkdir");
	step(chdir(T "moved"), "chdir");
	step(open("file", O_CREAT | O_WRONLY, 0644), "open");
	step(rename(T "moved", T "moved-now"), "rename");
	saw(stat("file", &st), "stat", T "moved-now/file");
}

const struct way asks[] = {
	{ "chdir", way_chdir, "chdir/file chdir/stat chdir/dir/ chdir/up" },
	{ "chdir to a link", way_chdir_link, "chdir-link=chdir-target chdir-target/stat" },
	{ "fchdir, relative", way_fchdir, "fchdir/stat fchdir/file" },
	{ "chroot", way_chroot, "chroot/stat chroot/file chroot/link=/target chroot/target" },
	{ "chroot, relative", way_chroot_relative,
	  "chroot-relative/inside chroot-relative/inside-too" },
	{ "a removed working directory", way_removed_directory, "removed/" },
	{ "a moved working directory", way_moved_directory, NULL },
	{ NULL, NULL, NULL },
};
