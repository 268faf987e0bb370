/* SPDX-License-Identifier: BSD-2-Clause */
/* Changing files, and their names. */
#include <linux/fs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

#include "torture.h"

static int opened(const char *path, int flags)
{
	return (int)step(open(path, flags | O_CLOEXEC), path);
}

static void way_truncate(void)
{
	saw(truncate(T "truncate", 1), "change", T "truncate");
}

static void way_ftruncate(void)
{
	saw(ftruncate(opened(T "ftruncate", O_WRONLY), 1), "change", T "ftruncate");
}

static void way_chmod(void)
{
	saw(syscall(SYS_chmod, T "chmod", 0600), "change", T "chmod");
}

static void way_fchmod(void)
{
	saw(fchmod(opened(T "fchmod", O_RDONLY), 0600), "change", T "fchmod");
}

static void way_fchmodat(void)
{
	saw(syscall(SYS_fchmodat, dir_of(T "fchmodat"), "file", 0600), "change", T "fchmodat/file");
}

static void way_fchmodat2(void)
{
	saw(syscall(452, AT_FDCWD, T "fchmodat2", 0600, 0), "change", T "fchmodat2");
}

static void way_chown(void)
{
	saw(syscall(SYS_chown, T "chown", 1, 1), "change", T "chown");
}

static void way_lchown(void)
{
	saw(syscall(SYS_lchown, T "lchown", 1, 1), "change", T "lchown");
}

static void way_fchown(void)
{
	saw(fchown(opened(T "fchown", O_RDONLY), 1, 1), "change", T "fchown");
}

static void way_fchownat(void)
{
	saw(fchownat(dir_of(T "fchownat"), "file", 1, 1, 0), "change", T "fchownat/file");
	saw(fchownat(opened(T "fchownat-empty", O_PATH), "", 1, 1, AT_EMPTY_PATH), "change",
	    T "fchownat-empty");
}

static void way_utime(void)
{
	static const struct utimbuf times = { 1, 1 };

	saw(syscall(SYS_utime, T "utime", &times), "change", T "utime");
}

static void way_utimes(void)
{
	saw(syscall(SYS_utimes, T "utimes", NULL), "change", T "utimes");
}

static void way_futimesat(void)
{
	saw(syscall(SYS_futimesat, dir_of(T "futimesat"), "file", NULL), "change",
	    T "futimesat/file");
	saw(syscall(SYS_futimesat, opened(T "futimesat-fd", O_WRONLY), NULL, NULL), "change",
	    T "futimesat-fd");
}

static void way_utimensat(void)
{
	saw(utimensat(dir_of(T "utimensat"), "file", NULL, 0), "change", T "utimensat/file");
	saw(utimensat(AT_FDCWD, T "utimensat/link", NULL, AT_SYMLINK_NOFOLLOW), "change",
	    T "utimensat/link");
}

static void way_futimens(void)
{
	saw(futimens(opened(T "futimens", O_WRONLY), NULL), "change", T "futimens");
}

/* Not every file system has user's attributes. */
static void changed(long r, const char *path)
{
	if (r < 0 && (errno == EOPNOTSUPP || errno == EPERM || errno == ENODATA || errno == ENOTTY))
		saw_error(r, "change", path, errno);
	else
		saw(r, "change", path);
}

static void way_setxattr(void)
{
	changed(setxattr(T "setxattr", "user.t", "v", 1, 0), T "setxattr");
	changed(lsetxattr(T "lsetxattr", "trusted.t", "v", 1, 0), T "lsetxattr");
}

static void way_fsetxattr(void)
{
	saw(fsetxattr(opened(T "fsetxattr", O_RDWR), "user.t", "v", 1, 0), "change", T "fsetxattr");
}

static void way_removexattr(void)
{
	changed(removexattr(T "removexattr", "user.none"), T "removexattr");
	changed(lremovexattr(T "lremovexattr", "trusted.none"), T "lremovexattr");
}

static void way_fremovexattr(void)
{
	int fd = opened(T "fremovexattr", O_RDWR);

	step(fsetxattr(fd, "user.t", "v", 1, 0), "fsetxattr");
	saw(fremovexattr(fd, "user.t"), "change", T "fremovexattr");
}

static void way_setxattrat(void)
{
	struct {
		unsigned long long value;
		unsigned int size, flags;
	} args = { (unsigned long)"v", 1, 0 };

	changed(syscall(463, dir_of(T "setxattrat"), "file", 0, "user.t", &args, sizeof(args)),
		T "setxattrat/file");
}

static void way_removexattrat(void)
{
	changed(syscall(466, dir_of(T "removexattrat"), "file", 0, "user.none"),
		T "removexattrat/file");
}

static void way_file_setattr(void)
{
	struct {
		unsigned long long xflags;
		unsigned int extsize, nextents, projid, cowextsize;
	} attr = { 0 };

	changed(syscall(469, AT_FDCWD, T "file-setattr", &attr, sizeof(attr), 0), T "file-setattr");
}

const struct way changes[] = {
	{ "truncate", way_truncate, "truncate" },
	{ "ftruncate", way_ftruncate, "ftruncate" },
	{ "chmod", way_chmod, "chmod" },
	{ "fchmod", way_fchmod, "fchmod" },
	{ "fchmodat", way_fchmodat, "fchmodat/file" },
	{ "fchmodat2", way_fchmodat2, "fchmodat2" },
	{ "chown", way_chown, "chown" },
	{ "lchown", way_lchown, "lchown=nowhere" },
	{ "fchown", way_fchown, "fchown" },
	{ "fchownat", way_fchownat, "fchownat/file fchownat-empty" },
	{ "utime", way_utime, "utime" },
	{ "utimes", way_utimes, "utimes" },
	{ "futimesat", way_futimesat, "futimesat/file futimesat-fd" },
	{ "utimensat", way_utimensat, "utimensat/file utimensat/link=nowhere" },
	{ "futimens", way_futimens, "futimens" },
	{ "setxattr, lsetxattr", way_setxattr, "setxattr lsetxattr=nowhere" },
	{ "fsetxattr", way_fsetxattr, "fsetxattr" },
	{ "removexattr, lremovexattr", way_removexattr, "removexattr lremovexattr=nowhere" },
	{ "fremovexattr", way_fremovexattr, "fremovexattr" },
	{ "setxattrat", way_setxattrat, "setxattrat/file" },
	{ "removexattrat", way_removexattrat, "removexattrat/file" },
	{ "file_setattr", way_file_setattr, "file-setattr" },
	{ NULL, NULL, NULL },
};

/* --- names --- */

static void way_link(void)
{
	saw(syscall(SYS_link, T "link-from", T "link-to"), "read", T "link-from");
	saw(0, "create", T "link-to");
}

static void way_linkat(void)
{
	int dir = dir_of(T "linkat");

	saw(linkat(dir, "from", dir, "to", 0), "read", T "linkat/from");
	saw(0, "create", T "linkat/to");
	saw(linkat(dir, "link", dir, "followed", AT_SYMLINK_FOLLOW), "create", T "linkat/followed");
	saw(0, "read", T "linkat/link");
}

static void way_rename(void)
{
	saw(syscall(SYS_rename, T "rename-from", T "rename-to"), "delete", T "rename-from");
	saw(0, "create", T "rename-to");
}

static void way_renameat(void)
{
	int dir = dir_of(T "renameat");

	saw(syscall(SYS_renameat, dir, "from", dir, "to"), "delete", T "renameat/from");
	saw(0, "create", T "renameat/to");
}

static void way_renameat2(void)
{
	saw(syscall(SYS_renameat2, AT_FDCWD, T "exchange-one", AT_FDCWD, T "exchange-two",
		    RENAME_EXCHANGE),
	    "delete", T "exchange-one");
	saw(0, "create", T "exchange-two");
}

static void way_unlink(void)
{
	saw(syscall(SYS_unlink, T "unlink"), "delete", T "unlink");
}

static void way_unlinkat(void)
{
	int dir = dir_of(T "unlinkat");

	saw(unlinkat(dir, "file", 0), "delete", T "unlinkat/file");
	saw(unlinkat(dir, "dir", AT_REMOVEDIR), "delete", T "unlinkat/dir");
}

static void way_rmdir(void)
{
	saw(rmdir(T "rmdir"), "delete", T "rmdir");
}

static void way_mkdir(void)
{
	saw(syscall(SYS_mkdir, T "mkdir", 0755), "create", T "mkdir");
	saw_error(mkdir(T "mkdir-exists", 0755), "create", T "mkdir-exists", EEXIST);
}

static void way_mkdirat(void)
{
	saw(mkdirat(dir_of(T "mkdirat"), "dir", 0755), "create", T "mkdirat/dir");
}

static void way_mknod(void)
{
	saw(syscall(SYS_mknod, T "mknod", S_IFIFO | 0600, 0), "create", T "mknod");
}

static void way_mknodat(void)
{
	saw(syscall(SYS_mknodat, dir_of(T "mknodat"), "file", S_IFREG | 0600, 0), "create",
	    T "mknodat/file");
}

static void way_symlink(void)
{
	saw(syscall(SYS_symlink, T "symlink-target", T "symlink"), "create", T "symlink");
	never(T "symlink-target");
}

static void way_symlinkat(void)
{
	saw(symlinkat("nowhere", dir_of(T "symlinkat"), "link"), "create", T "symlinkat/link");
}

const struct way names[] = {
	{ "link", way_link, "link-from" },
	{ "linkat", way_linkat, "linkat/from linkat/link=linked linkat/linked" },
	{ "rename", way_rename, "rename-from" },
	{ "renameat", way_renameat, "renameat/from" },
	{ "renameat2 RENAME_EXCHANGE", way_renameat2, "exchange-one exchange-two" },
	{ "unlink", way_unlink, "unlink" },
	{ "unlinkat", way_unlinkat, "unlinkat/file unlinkat/dir/" },
	{ "rmdir", way_rmdir, "rmdir/" },
	{ "mkdir", way_mkdir, "mkdir-exists/" },
	{ "mkdirat", way_mkdirat, "mkdirat/" },
	{ "mknod", way_mknod, NULL },
	{ "mknodat", way_mknodat, "mknodat/" },
	{ "symlink", way_symlink, NULL },
	{ "symlinkat", way_symlinkat, "symlinkat/" },
	{ NULL, NULL, NULL },
};
