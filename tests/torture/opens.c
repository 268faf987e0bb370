/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening files. */
#include <linux/openat2.h>
#include <sys/mman.h>

#include "torture.h"

static void way_open(void)
{
	saw(open(T "open", O_RDONLY), "read", T "open");
}

static void way_open_call(void)
{
	saw(syscall(SYS_open, T "open-call", O_RDONLY), "read", T "open-call");
}

static void way_open_write(void)
{
	saw(open(T "open-write", O_WRONLY), "write", T "open-write");
}

static void way_open_both(void)
{
	int fd = (int)saw(open(T "open-both", O_RDWR | O_APPEND), "write", T "open-both");

	saw(fd, "read", T "open-both");
}

static void way_open_truncate(void)
{
	saw(open(T "open-truncate", O_RDONLY | O_TRUNC), "write", T "open-truncate");
}

static void way_open_create(void)
{
	saw(open(T "open-create", O_WRONLY | O_CREAT, 0644), "create", T "open-create");
}

static void way_open_exists(void)
{
	saw_error(open(T "open-exists", O_RDWR | O_CREAT | O_EXCL, 0644), "create", T "open-exists",
		  EEXIST);
}

static void way_open_absent(void)
{
	saw_error(open(T "open-absent", O_RDONLY), "read", T "open-absent", ENOENT);
}

static void way_open_below_file(void)
{
	saw_error(open(T "open-file/below", O_RDONLY), "read", T "open-file/below", ENOTDIR);
}

static void way_open_directory(void)
{
	saw(open(T "open-directory", O_RDONLY | O_DIRECTORY), "read", T "open-directory");
}

static void way_open_link(void)
{
	long fd = saw(open(T "open-link", O_RDONLY), "read", T "open-link");

	saw(fd, "read", T "open-link-target");
}

static void way_open_nofollow(void)
{
	saw_error(open(T "open-nofollow", O_RDONLY | O_NOFOLLOW), "read", T "open-nofollow", ELOOP);
}

static void way_open_path(void)
{
	saw(open(T "open-path", O_PATH), "stat", T "open-path");
}

static void way_open_path_link(void)
{
	saw(open(T "open-path-link", O_PATH | O_NOFOLLOW), "stat", T "open-path-link");
}

/* From a descriptor that only stands for the file. */
static void way_open_again(void)
{
	char path[64];
	int fd = (int)step(open(T "open-again", O_PATH), "open");

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	saw(open(path, O_RDONLY), "read", T "open-again");
}

static void way_openat(void)
{
	saw(openat(dir_of(T "openat"), "file", O_RDONLY), "read", T "openat/file");
}

static void way_openat_cwd(void)
{
	saw(openat(AT_FDCWD, "ways/openat-cwd", O_RDONLY), "read", T "openat-cwd");
}

static void way_openat_absolute(void)
{
	saw(openat(12345, T "openat-absolute", O_RDONLY), "read", T "openat-absolute");
}

static void way_creat(void)
{
	saw(creat(T "creat", 0644), "create", T "creat");
}

static void way_creat_old(void)
{
	saw(syscall(SYS_creat, T "creat-old", 0644), "write", T "creat-old");
}

static void way_tmpfile(void)
{
	char path[64];
	int fd = (int)saw(open(T "tmpfile", O_TMPFILE | O_RDWR, 0600), "stat", T "tmpfile");

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	saw(linkat(AT_FDCWD, path, AT_FDCWD, T "tmpfile/named", AT_SYMLINK_FOLLOW), "create",
	    T "tmpfile/named");
}

/* Opened, and gone before anybody could have looked. */
static void way_open_unlink(void)
{
	saw(open(T "open-unlink", O_RDONLY), "read", T "open-unlink");
	saw(unlink(T "open-unlink"), "delete", T "open-unlink");
}

static void way_create_unlink(void)
{
	saw(open(T "create-unlink", O_RDWR | O_CREAT, 0600), "create", T "create-unlink");
	saw(unlink(T "create-unlink"), "delete", T "create-unlink");
}

static void way_open_rename(void)
{
	saw(open(T "open-rename", O_RDONLY), "read", T "open-rename");
	saw(rename(T "open-rename", T "open-renamed"), "delete", T "open-rename");
	saw(open(T "open-renamed", O_RDONLY), "read", T "open-renamed");
}

/* The file's inode, parent and name stay: only the directory above has another name. */
static void way_rename_above(void)
{
	step(mkdir(T "above", 0755), "mkdir");
	step(mkdir(T "above/dir", 0755), "mkdir");
	saw(open(T "above/dir/file", O_RDONLY | O_CREAT, 0644), "read", T "above/dir/file");
	step(rename(T "above", T "above-renamed"), "rename");
	saw(open(T "above-renamed/dir/file", O_RDONLY), "read", T "above-renamed/dir/file");
}

/* Another directory, and another file, with the inode numbers of those before. */
static void way_again_and_again(void)
{
	char dir[64], file[64];

	for (int i = 0; i < 20; i++) {
		snprintf(dir, sizeof(dir), T "again/%d", i);
		snprintf(file, sizeof(file), T "again/%d/file", i);
		step(mkdir(dir, 0755), "mkdir");
		saw(open(file, O_WRONLY | O_CREAT, 0644), "create", file);
		step(unlink(file), "unlink");
		step(rmdir(dir), "rmdir");
	}
}

/* Two names in one directory, and one in another. */
static void way_hard_links(void)
{
	step(link(T "hard/one", T "hard/two"), "link");
	step(link(T "hard/one", T "hard/dir/one"), "link");
	saw(open(T "hard/one", O_RDONLY), "read", T "hard/one");
	saw(open(T "hard/two", O_RDONLY), "read", T "hard/two");
	saw(open(T "hard/dir/one", O_RDONLY), "read", T "hard/dir/one");
}

/* Reads and programs are the same, so one event of two uses. */
static void way_read_and_write(void)
{
	saw(open(T "two-kinds", O_RDONLY), "read", T "two-kinds");
	saw(open(T "two-kinds", O_WRONLY), "write", T "two-kinds");
}

static void way_never(void)
{
	never(T "never");
	never(T "never/inside");
}

const struct way opens[] = {
	{ "open", way_open, "open" },
	{ "open (the call)", way_open_call, "open-call" },
	{ "open to write", way_open_write, "open-write" },
	{ "open to read and write", way_open_both, "open-both" },
	{ "open O_TRUNC", way_open_truncate, "open-truncate" },
	{ "open O_CREAT", way_open_create, NULL },
	{ "open O_EXCL", way_open_exists, "open-exists" },
	{ "open what is absent", way_open_absent, NULL },
	{ "open below a file", way_open_below_file, "open-file" },
	{ "open O_DIRECTORY", way_open_directory, "open-directory/" },
	{ "open a link", way_open_link, "open-link=open-link-target open-link-target" },
	{ "open O_NOFOLLOW", way_open_nofollow, "open-nofollow=open-nofollow-target" },
	{ "open O_PATH", way_open_path, "open-path" },
	{ "open O_PATH a link", way_open_path_link, "open-path-link=nowhere" },
	{ "open from O_PATH", way_open_again, "open-again" },
	{ "openat", way_openat, "openat/file" },
	{ "openat AT_FDCWD", way_openat_cwd, "openat-cwd" },
	{ "openat, absolute", way_openat_absolute, "openat-absolute" },
	{ "creat", way_creat, NULL },
	{ "creat what is there", way_creat_old, "creat-old" },
	{ "open O_TMPFILE", way_tmpfile, "tmpfile/" },
	{ "open, unlink at once", way_open_unlink, "open-unlink" },
	{ "create, unlink at once", way_create_unlink, NULL },
	{ "open, rename at once", way_open_rename, "open-rename" },
	{ "a directory above renamed", way_rename_above, NULL },
	{ "inodes used again", way_again_and_again, "again/" },
	{ "hard links", way_hard_links, "hard/one hard/dir/" },
	{ "open twice", way_read_and_write, "two-kinds" },
	{ "nothing", way_never, "never/inside" },
	{ NULL, NULL, NULL },
};

/* --- openat2 --- */

static long openat2(int dir, const char *path, __u64 flags, __u64 resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };

	return syscall(437 /* openat2 */, dir, path, &how, sizeof(how));
}

static void way_openat2(void)
{
	saw(openat2(dir_of(T "how"), "plain", O_RDONLY, 0), "read", T "how/plain");
}

static void way_no_xdev(void)
{
	saw(openat2(dir_of(T "how"), "no-xdev", O_RDONLY, RESOLVE_NO_XDEV), "read",
	    T "how/no-xdev");
	saw_error(openat2(dir_of("/"), "proc/version", O_RDONLY, RESOLVE_NO_XDEV), "read",
		  "/proc/version", EXDEV);
}

static void way_no_magiclinks(void)
{
	saw(openat2(AT_FDCWD, T "how/no-magic", O_RDONLY, RESOLVE_NO_MAGICLINKS), "read",
	    T "how/no-magic");
	saw_error(openat2(AT_FDCWD, "/proc/self/root/ways/how/magic", O_RDONLY,
			  RESOLVE_NO_MAGICLINKS),
		  "read", "/proc/self/root/ways/how/magic", ELOOP);
}

static void way_no_symlinks(void)
{
	saw(openat2(AT_FDCWD, T "how/no-link", O_RDONLY, RESOLVE_NO_SYMLINKS), "read",
	    T "how/no-link");
	saw_error(openat2(AT_FDCWD, T "how/link", O_RDONLY, RESOLVE_NO_SYMLINKS), "read",
		  T "how/link", ELOOP);
}

static void way_beneath(void)
{
	int dir = dir_of(T "beneath");

	saw(openat2(dir, "deep/../file", O_RDONLY, RESOLVE_BENEATH), "read", T "beneath/file");
	saw_error(openat2(dir, "../how/escape", O_RDONLY, RESOLVE_BENEATH), "read",
		  T "beneath/../how/escape", EXDEV);
	saw_error(openat2(dir, T "beneath/absolute", O_RDONLY, RESOLVE_BENEATH), "read",
		  T "beneath/absolute", EXDEV);
}

static void way_in_root(void)
{
	int dir = dir_of(T "in-root");

	saw(openat2(dir, "/../absolute", O_RDONLY, RESOLVE_IN_ROOT), "read", T "in-root/absolute");
	saw(openat2(dir, "link", O_RDONLY, RESOLVE_IN_ROOT), "read", T "in-root/by-link");
	saw_error(openat2(dir, "/absent", O_RDONLY, RESOLVE_IN_ROOT), "read", T "in-root/absent",
		  ENOENT);
}

static void way_cached(void)
{
	struct stat st;

	step(stat(T "how/cached", &st), "stat");
	saw(openat2(AT_FDCWD, T "how/cached", O_RDONLY, 0x20 /* RESOLVE_CACHED */), "read",
	    T "how/cached");
}

static void way_how_create(void)
{
	struct open_how how = { .flags = O_CREAT | O_WRONLY, .mode = 0600 };

	saw(syscall(437, AT_FDCWD, T "how/create", &how, sizeof(how)), "create", T "how/create");
}

const struct way openat2s[] = {
	{ "openat2", way_openat2, "how/plain" },
	{ "openat2 RESOLVE_NO_XDEV", way_no_xdev, "how/no-xdev" },
	{ "openat2 RESOLVE_NO_MAGICLINKS", way_no_magiclinks, "how/no-magic how/magic" },
	{ "openat2 RESOLVE_NO_SYMLINKS", way_no_symlinks, "how/no-link how/link=no-link" },
	{ "openat2 RESOLVE_BENEATH", way_beneath, "beneath/file beneath/deep/ how/escape" },
	{ "openat2 RESOLVE_IN_ROOT", way_in_root,
	  "in-root/absolute in-root/link=/by-link in-root/by-link" },
	{ "openat2 RESOLVE_CACHED", way_cached, "how/cached" },
	{ "openat2 O_CREAT", way_how_create, "how/" },
	{ NULL, NULL, NULL },
};
