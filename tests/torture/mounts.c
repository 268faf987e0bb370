/* SPDX-License-Identifier: BSD-2-Clause */
/* What takes privileges: mounts, and what else the administrator does with paths. */
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/swap.h>

#include "torture.h"

static struct stat st;

/* Mounts of our own, that nobody else sees. */
static void alone(void)
{
	step(unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
	step(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
}

static void way_bind(void)
{
	alone();
	saw(mount(T "bind-from", T "bind-to", NULL, MS_BIND, NULL), "read", T "bind-from");
	saw(0, "change", T "bind-to");
	/* By its path in the image, whatever it is reached through. */
	saw(open(T "bind-to/file", O_RDONLY), "read", T "bind-from/file");
	saw(stat(T "bind-to/stat", &st), "stat", T "bind-to/stat");
	step(chdir(T "bind-to"), "chdir");
	saw(stat("relative", &st), "stat", T "bind-from/relative");
}

static void way_bind_file(void)
{
	alone();
	saw(mount(T "bind-file", T "bind-file-to", NULL, MS_BIND, NULL), "read", T "bind-file");
	saw(open(T "bind-file-to", O_RDONLY), "read", T "bind-file");
}

static void way_move(void)
{
	alone();
	step(mount("none", T "move-from", "tmpfs", 0, NULL), "mount tmpfs");
	saw(mount(T "move-from", T "move-to", NULL, MS_MOVE, NULL), "read", T "move-from");
	saw(0, "change", T "move-to");
}

static void way_tmpfs(void)
{
	alone();
	saw(mount("nothing", T "tmpfs", "tmpfs", 0, NULL), "change", T "tmpfs");
	saw(open(T "tmpfs/file", O_CREAT | O_WRONLY, 0600), "create", T "tmpfs/file");
	never("/nothing");
}

/* A block device that is none: the kernel has looked it up before it says so. */
static void way_device(void)
{
	alone();
	saw_error(mount(T "mount-device", T "mount-on", "ext4", 0, NULL), "read", T "mount-device",
		  ENOTBLK);
}

static void way_umount(void)
{
	alone();
	step(mount("none", T "umount", "tmpfs", 0, NULL), "mount tmpfs");
	saw(umount2(T "umount", UMOUNT_NOFOLLOW), "change", T "umount");
	saw_error(umount(T "umount"), "change", T "umount", EINVAL);
}

/* Layers that are directories of the image: files in the overlay are files of the image. */
static void way_overlay(void)
{
	alone();
	step(mount("none", T "over/upper", "tmpfs", 0, NULL), "mount tmpfs");
	step(mkdir(T "over/upper/u", 0755), "mkdir");
	step(mkdir(T "over/upper/w", 0755), "mkdir");
	saw(mount("overlay", T "over/on", "overlay", 0,
		  "lowerdir=" T "over/lower:" T "over/lower2,upperdir=" T "over/upper/u,workdir=" T
		  "over/upper/w"),
	    "change", T "over/on");
	saw(open(T "over/on/file", O_RDONLY), "read", T "over/on/file");
	saw_if("overlay", 0, "read", T "over/lower/file");
	saw_if("overlay", open(T "over/on/file2", O_RDONLY), "read", T "over/lower2/file2");
}

static void way_open_tree(void)
{
	long fd;

	alone();
	fd = saw(syscall(428, AT_FDCWD, T "tree-from", OPEN_TREE_CLONE), "read", T "tree-from");
	saw(openat((int)fd, "file", O_RDONLY), "read", T "tree-from/file");
	saw(syscall(442, fd, "", AT_EMPTY_PATH,
		    &(struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY },
		    sizeof(struct mount_attr)),
	    "change", T "tree-from");
	saw(syscall(429, fd, "", AT_FDCWD, T "tree-to", MOVE_MOUNT_F_EMPTY_PATH), "change",
	    T "tree-to");
	saw(syscall(442, AT_FDCWD, T "tree-to", 0,
		    &(struct mount_attr){ .attr_set = MOUNT_ATTR_NODEV },
		    sizeof(struct mount_attr)),
	    "change", T "tree-to");
}

static void way_fsopen(void)
{
	long fs, mnt;

	alone();
	fs = step(syscall(430, "tmpfs", 0), "fsopen");
	step(syscall(431, fs, FSCONFIG_SET_STRING, "source", "nothing2", 0), "fsconfig");
	step(syscall(431, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	mnt = step(syscall(432, fs, 0, 0), "fsmount");
	saw(syscall(429, mnt, "", AT_FDCWD, T "fsmount", MOVE_MOUNT_F_EMPTY_PATH), "change",
	    T "fsmount");
	saw(syscall(433, AT_FDCWD, T "fsmount", 0), "change", T "fsmount");
	saw(open(T "fsmount/file", O_CREAT | O_WRONLY, 0600), "create", T "fsmount/file");
	never("/nothing2");
}

static void way_fsconfig(void)
{
	long fs = step(syscall(430, "ext4", 0), "fsopen");

	step(syscall(431, fs, FSCONFIG_SET_STRING, "source", T "fsconfig-device", 0), "fsconfig");
	saw(0, "read", T "fsconfig-device");
	if (syscall(431, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) >= 0 || errno != ENOTBLK)
		broken("it is no device");
}

static void way_swapon(void)
{
	saw_error(swapon(T "swapon", 0), "change", T "swapon", EINVAL);
	saw_error(swapoff(T "swapoff"), "change", T "swapoff", EINVAL);
}

static void way_acct(void)
{
	saw_error(syscall(SYS_acct, T "acct"), "change", T "acct", EISDIR);
}

static void way_quotactl(void)
{
	saw_error(quotactl(QCMD(Q_SYNC, USRQUOTA), T "quotactl", 0, NULL), "stat", T "quotactl",
		  ENOTBLK);
	saw_error(quotactl(QCMD(Q_QUOTAON, USRQUOTA), T "quotactl", 0, (char[]){ T "quota-file" }),
		  "read", T "quota-file", ENOTBLK);
}

/* A file system that can find files by their handles again. */
static void way_handle(void)
{
	struct {
		struct file_handle h;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .h.handle_bytes = MAX_HANDLE_SZ };
	int id, dir;

	alone();
	step(mount("none", T "handles", "tmpfs", 0, NULL), "mount tmpfs");
	step(open(T "handles/file", O_CREAT | O_WRONLY, 0600), "open");
	saw(name_to_handle_at(AT_FDCWD, T "handles/file", &handle.h, &id, 0), "stat",
	    T "handles/file");
	dir = dir_of(T "handles");
	saw(open_by_handle_at(dir, &handle.h, O_RDONLY), "read", T "handles/file");
}

const struct way mounts[] = {
	{ "mount MS_BIND", way_bind, "bind-from/file bind-from/stat bind-from/relative bind-to/" },
	{ "mount MS_BIND of a file", way_bind_file, "bind-file bind-file-to" },
	{ "mount MS_MOVE", way_move, "move-from/ move-to/" },
	{ "mount tmpfs", way_tmpfs, "tmpfs/" },
	{ "mount of a device", way_device, "mount-device mount-on/" },
	{ "umount", way_umount, "umount/" },
	{ "mount overlay", way_overlay,
	  "over/lower/file over/lower2/file2 over/lower2/file over/upper/ over/on/" },
	{ "open_tree, move_mount, mount_setattr", way_open_tree, "tree-from/file tree-to/" },
	{ "fsopen, fsmount, fspick", way_fsopen, "fsmount/" },
	{ "fsconfig", way_fsconfig, "fsconfig-device" },
	{ "swapon, swapoff", way_swapon, "swapon swapoff" },
	{ "acct", way_acct, "acct/" },
	{ "quotactl", way_quotactl, "quotactl quota-file" },
	{ "open_by_handle_at", way_handle, "handles/" },
	{ NULL, NULL, NULL },
};

/* --- file systems seen otherwise --- */

static void way_pivot(void)
{
	alone();
	step(mount(T "pivot", T "pivot", NULL, MS_BIND, NULL), "mount");
	/* The working directory is the root, and so becomes the new one. */
	step(chdir("/"), "chdir");
	saw(syscall(SYS_pivot_root, "ways/pivot", "ways/pivot/old"), "chdir", T "pivot");
	saw(0, "change", T "pivot/old");
	never(T "pivot/ways/pivot/old");
	saw(open("/file", O_RDONLY), "read", T "pivot/file");
	saw(stat("/stat", &st), "stat", T "pivot/stat");
	saw(stat("/old/ways/pivot-old", &st), "stat", T "pivot/old/ways/pivot-old");
	saw(open("/old/ways/pivot-open", O_RDONLY), "read", T "pivot-open");
}

static void way_pivot_absolute(void)
{
	alone();
	step(mount(T "pivot2", T "pivot2", NULL, MS_BIND, NULL), "mount");
	saw(syscall(SYS_pivot_root, T "pivot2", T "pivot2/old"), "change", T "pivot2/old");
	saw(0, "chdir", T "pivot2");
	saw(stat("/stat", &st), "stat", T "pivot2/stat");
}

static void way_user(void)
{
	step(unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare(CLONE_NEWUSER)");
	saw(open(T "user/file", O_RDONLY), "read", T "user/file");
	step(mount(T "user", T "user-to", NULL, MS_BIND | MS_REC, NULL), "mount");
	saw(open(T "user-to/file2", O_RDONLY), "read", T "user/file2");
}

static void way_setns(void)
{
	int ns = (int)step(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "open");

	alone();
	step(mount(T "setns-from", T "setns-to", NULL, MS_BIND, NULL), "mount");
	saw(open(T "setns-to/one", O_RDONLY), "read", T "setns-from/one");
	step(setns(ns, CLONE_NEWNS), "setns");
	saw(open(T "setns-to/two", O_RDONLY), "read", T "setns-to/two");
}

static void way_pid_namespace(void)
{
	step(unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)");
	if (in_child()) {
		saw(open(T "pid-namespace", O_RDONLY), "read", T "pid-namespace");
		child_done();
	}
}

const struct way namespaces[] = {
	{ "pivot_root", way_pivot, "pivot/file pivot/stat pivot/old/ pivot-old pivot-open" },
	{ "pivot_root, absolute", way_pivot_absolute, "pivot2/stat pivot2/old/" },
	{ "a user namespace", way_user, "user/file user/file2 user-to/" },
	{ "setns", way_setns, "setns-from/one setns-to/two" },
	{ "a pid namespace", way_pid_namespace, "pid-namespace" },
	{ NULL, NULL, NULL },
};
