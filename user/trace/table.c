/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file interface of Linux, by name; libseccomp knows the numbers of each ABI. Sources: man 2
 * of each call, and include/linux/syscalls.h for the order of arguments.
 */
#include "trace/table.h"

#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/record.h"

#define NO WIRE_NO_ARG
#define X32_BIT 0x40000000 /* asm/unistd.h: __X32_SYSCALL_BIT */

/* A path argument: @dir and @arg are argument numbers. */
#define FOLLOWED(dir, arg, kind)                                                                   \
	{                                                                                          \
		dir, arg, NO, WIRE_ALWAYS, 0, kind                                                 \
	}
#define NOT_FOLLOWED(dir, arg, kind)                                                               \
	{                                                                                          \
		dir, arg, NO, WIRE_NEVER, 0, kind                                                  \
	}
#define FOLLOWED_UNLESS(dir, arg, flags, mask, kind)                                               \
	{                                                                                          \
		dir, arg, flags, WIRE_UNLESS, mask, kind                                           \
	}
#define FOLLOWED_WHEN(dir, arg, flags, mask, kind)                                                 \
	{                                                                                          \
		dir, arg, flags, WIRE_WHEN, mask, kind                                             \
	}

#define AT_NOFOLLOW 0x100	    /* AT_SYMLINK_NOFOLLOW, linux/fcntl.h */
#define AT_FOLLOW 0x400		    /* AT_SYMLINK_FOLLOW */
#define UMOUNT_NOFOLLOW 0x8	    /* linux/fs.h */
#define IN_DONT_FOLLOW 0x02000000   /* linux/inotify.h */
#define FAN_MARK_DONT_FOLLOW 0x4    /* linux/fanotify.h */
#define FSPICK_SYMLINK_NOFOLLOW 0x2 /* linux/mount.h */
#define MOVE_MOUNT_F_SYMLINKS 0x1   /* linux/mount.h */
#define MOVE_MOUNT_T_SYMLINKS 0x10  /* linux/mount.h */

#define NATIVE (1 << RECORD_NATIVE)
#define COMPAT (1 << RECORD_COMPAT)
#define X32 (1 << RECORD_X32)

struct row {
	const char *name;
	struct wire_call call;
	int abis; /* 0: all that have the name */
	int nr;	  /* where libseccomp may not know the name: calls from 424 on are the same
		   * everywhere; i386 had its socket calls only inside socketcall(2) for long */
};

#define ROW(text, ...)                                                                             \
	{                                                                                          \
		.name = (text), .call = __VA_ARGS__                                                \
	}
#define PATH(...)                                                                                  \
	{                                                                                          \
		.action = WIRE_PATH, .path = { __VA_ARGS__ }                                       \
	}
#define OPEN(act, flag, ...)                                                                       \
	{                                                                                          \
		.action = (act), .flags = (flag), .path = { __VA_ARGS__ }                          \
	}
#define FILE_OF(number, kind)                                                                      \
	{                                                                                          \
		.action = WIRE_FD, .fd = (number), .kinds = (kind)                                 \
	}
#define ONLY(act, ...)                                                                             \
	{                                                                                          \
		.action = (act), .path = { __VA_ARGS__ }                                           \
	}
#define VALUES(mask)                                                                               \
	{                                                                                          \
		.values = (mask)                                                                   \
	}
#define MMAP_FILE                                                                                  \
	{                                                                                          \
		.action = WIRE_MMAP, .fd = 4, .flags = 3, .kinds = RECORD_MAP                      \
	}
#define PACKED(number)                                                                             \
	{                                                                                          \
		.action = WIRE_ARGS, .pointer = (number)                                           \
	}

/* One row a call. */
/* clang-format off */
static const struct row opening[] = {
	ROW("open", OPEN(WIRE_OPEN, 1, FOLLOWED(NO, 0, RECORD_READ))),
	ROW("openat", OPEN(WIRE_OPEN, 2, FOLLOWED(0, 1, RECORD_READ))),
	ROW("openat2", OPEN(WIRE_OPENAT2, 2, FOLLOWED(0, 1, RECORD_READ)), .nr = 437),
	ROW("creat", OPEN(WIRE_CREAT, NO, FOLLOWED(NO, 0, RECORD_CREATE))),
	ROW("open_by_handle_at", OPEN(WIRE_OPEN, 2)),
	ROW("uselib", PATH(FOLLOWED(NO, 0, RECORD_MAP))),
	ROW("execve", ONLY(WIRE_EXEC, FOLLOWED(NO, 0, RECORD_EXEC))),
	ROW("execveat", ONLY(WIRE_EXEC, FOLLOWED_UNLESS(0, 1, 4, AT_NOFOLLOW, RECORD_EXEC))),
	ROW("mmap", MMAP_FILE, .abis = NATIVE | X32),
	ROW("mmap", PACKED(0), .abis = COMPAT),
	ROW("mmap2", MMAP_FILE),
};

static const struct row looking[] = {
	ROW("stat", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("stat64", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("oldstat", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("lstat", PATH(NOT_FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("lstat64", PATH(NOT_FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("oldlstat", PATH(NOT_FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("newfstatat", PATH(FOLLOWED_UNLESS(0, 1, 3, AT_NOFOLLOW, RECORD_STAT))),
	ROW("fstatat64", PATH(FOLLOWED_UNLESS(0, 1, 3, AT_NOFOLLOW, RECORD_STAT))),
	ROW("statx", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_STAT))),
	ROW("statfs", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("statfs64", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("access", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("faccessat", PATH(FOLLOWED(0, 1, RECORD_STAT))),
	ROW("faccessat2", PATH(FOLLOWED_UNLESS(0, 1, 3, AT_NOFOLLOW, RECORD_STAT)), .nr = 439),
	ROW("readlink", PATH(NOT_FOLLOWED(NO, 0, RECORD_READLINK))),
	ROW("readlinkat", PATH(NOT_FOLLOWED(0, 1, RECORD_READLINK))),
	ROW("getdents", FILE_OF(0, RECORD_LIST)),
	ROW("getdents64", FILE_OF(0, RECORD_LIST)),
	ROW("readdir", FILE_OF(0, RECORD_LIST)),
	ROW("getxattr", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("lgetxattr", PATH(NOT_FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("getxattrat", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_STAT)), .nr = 464),
	ROW("listxattr", PATH(FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("llistxattr", PATH(NOT_FOLLOWED(NO, 0, RECORD_STAT))),
	ROW("listxattrat", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_STAT)), .nr = 465),
	ROW("file_getattr", PATH(FOLLOWED_UNLESS(0, 1, 4, AT_NOFOLLOW, RECORD_STAT)), .nr = 468),
	ROW("name_to_handle_at", PATH(FOLLOWED_WHEN(0, 1, 4, AT_FOLLOW, RECORD_STAT))),
	ROW("inotify_add_watch", PATH(FOLLOWED_UNLESS(NO, 1, 2, IN_DONT_FOLLOW, RECORD_STAT))),
	ROW("fanotify_mark", PATH(FOLLOWED_UNLESS(3, 4, 1, FAN_MARK_DONT_FOLLOW, RECORD_STAT)),
	    .abis = NATIVE | X32),
	/* A 64-bit mask takes two arguments there. */
	ROW("fanotify_mark", PATH(FOLLOWED_UNLESS(4, 5, 1, FAN_MARK_DONT_FOLLOW, RECORD_STAT)),
	    .abis = COMPAT),
	ROW("quotactl",
	    OPEN(WIRE_QUOTA, 0, FOLLOWED(NO, 1, RECORD_STAT), FOLLOWED(NO, 3, RECORD_READ))),
};

static const struct row changing[] = {
	ROW("chdir", ONLY(WIRE_CHDIR, FOLLOWED(NO, 0, RECORD_CHDIR))),
	ROW("fchdir", ONLY(WIRE_FCHDIR)),
	ROW("chroot", ONLY(WIRE_CHROOT, FOLLOWED(NO, 0, RECORD_CHDIR))),
	ROW("pivot_root",
	    ONLY(WIRE_PIVOT, FOLLOWED(NO, 0, RECORD_CHDIR), FOLLOWED(NO, 1, RECORD_CHANGE))),
	ROW("chmod", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("fchmod", FILE_OF(0, RECORD_CHANGE)),
	ROW("fchmodat", PATH(FOLLOWED(0, 1, RECORD_CHANGE))),
	ROW("fchmodat2", PATH(FOLLOWED_UNLESS(0, 1, 3, AT_NOFOLLOW, RECORD_CHANGE)), .nr = 452),
	ROW("chown", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("chown32", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("lchown", PATH(NOT_FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("lchown32", PATH(NOT_FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("fchown", FILE_OF(0, RECORD_CHANGE)),
	ROW("fchown32", FILE_OF(0, RECORD_CHANGE)),
	ROW("fchownat", PATH(FOLLOWED_UNLESS(0, 1, 4, AT_NOFOLLOW, RECORD_CHANGE))),
	ROW("utime", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("utimes", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("futimesat", PATH(FOLLOWED(0, 1, RECORD_CHANGE))),
	ROW("utimensat", PATH(FOLLOWED_UNLESS(0, 1, 3, AT_NOFOLLOW, RECORD_CHANGE))),
	ROW("utimensat_time64", PATH(FOLLOWED_UNLESS(0, 1, 3, AT_NOFOLLOW, RECORD_CHANGE)),
	    .abis = COMPAT, .nr = 412),
	ROW("truncate", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("truncate64", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("ftruncate", FILE_OF(0, RECORD_CHANGE)),
	ROW("ftruncate64", FILE_OF(0, RECORD_CHANGE)),
	ROW("setxattr", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("lsetxattr", PATH(NOT_FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("fsetxattr", FILE_OF(0, RECORD_CHANGE)),
	ROW("setxattrat", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_CHANGE)), .nr = 463),
	ROW("removexattr", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("lremovexattr", PATH(NOT_FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("fremovexattr", FILE_OF(0, RECORD_CHANGE)),
	ROW("removexattrat", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_CHANGE)), .nr = 466),
	ROW("file_setattr", PATH(FOLLOWED_UNLESS(0, 1, 4, AT_NOFOLLOW, RECORD_CHANGE)), .nr = 469),
	ROW("swapon", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("swapoff", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("acct", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
};

static const struct row naming[] = {
	ROW("link", PATH(NOT_FOLLOWED(NO, 0, RECORD_READ), NOT_FOLLOWED(NO, 1, RECORD_CREATE))),
	ROW("linkat", PATH(FOLLOWED_WHEN(0, 1, 4, AT_FOLLOW, RECORD_READ),
			   NOT_FOLLOWED(2, 3, RECORD_CREATE))),
	ROW("rename", PATH(NOT_FOLLOWED(NO, 0, RECORD_DELETE), NOT_FOLLOWED(NO, 1, RECORD_CREATE))),
	ROW("renameat", PATH(NOT_FOLLOWED(0, 1, RECORD_DELETE), NOT_FOLLOWED(2, 3, RECORD_CREATE))),
	ROW("renameat2",
	    PATH(NOT_FOLLOWED(0, 1, RECORD_DELETE), NOT_FOLLOWED(2, 3, RECORD_CREATE))),
	ROW("unlink", PATH(NOT_FOLLOWED(NO, 0, RECORD_DELETE))),
	ROW("unlinkat", PATH(NOT_FOLLOWED(0, 1, RECORD_DELETE))),
	ROW("rmdir", PATH(NOT_FOLLOWED(NO, 0, RECORD_DELETE))),
	ROW("mkdir", PATH(NOT_FOLLOWED(NO, 0, RECORD_CREATE))),
	ROW("mkdirat", PATH(NOT_FOLLOWED(0, 1, RECORD_CREATE))),
	ROW("mknod", PATH(NOT_FOLLOWED(NO, 0, RECORD_CREATE))),
	ROW("mknodat", PATH(NOT_FOLLOWED(0, 1, RECORD_CREATE))),
	/* What a symlink points to is text: only its own name is looked up. */
	ROW("symlink", PATH(NOT_FOLLOWED(NO, 1, RECORD_CREATE))),
	ROW("symlinkat", PATH(NOT_FOLLOWED(1, 2, RECORD_CREATE))),
};

static const struct row mounting[] = {
	ROW("mount",
	    OPEN(WIRE_MOUNT, 3, FOLLOWED(NO, 0, RECORD_READ), FOLLOWED(NO, 1, RECORD_CHANGE))),
	ROW("umount", PATH(FOLLOWED(NO, 0, RECORD_CHANGE))),
	ROW("umount2", PATH(FOLLOWED_UNLESS(NO, 0, 1, UMOUNT_NOFOLLOW, RECORD_CHANGE))),
	ROW("open_tree", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_READ)), .nr = 428),
	ROW("open_tree_attr", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_READ)), .nr = 467),
	ROW("move_mount",
	    PATH(FOLLOWED_WHEN(0, 1, 4, MOVE_MOUNT_F_SYMLINKS, RECORD_READ),
		 FOLLOWED_WHEN(2, 3, 4, MOVE_MOUNT_T_SYMLINKS, RECORD_CHANGE)),
	    .nr = 429),
	ROW("fsconfig", OPEN(WIRE_FSCONFIG, 1, FOLLOWED(4, 3, RECORD_READ)), .nr = 431),
	ROW("fspick", PATH(FOLLOWED_UNLESS(0, 1, 2, FSPICK_SYMLINK_NOFOLLOW, RECORD_CHANGE)),
	    .nr = 433),
	ROW("mount_setattr", PATH(FOLLOWED_UNLESS(0, 1, 2, AT_NOFOLLOW, RECORD_CHANGE)), .nr = 442),
};

/* Whose arguments matter to who writes security profiles: few values, and stable ones. */
static const struct row telling[] = {
	ROW("socket", VALUES(1 << 0 | 1 << 1), .abis = NATIVE | X32),
	ROW("socket", VALUES(1 << 0 | 1 << 1), .abis = COMPAT, .nr = 359),
	ROW("socketpair", VALUES(1 << 0 | 1 << 1), .abis = NATIVE | X32),
	ROW("socketpair", VALUES(1 << 0 | 1 << 1), .abis = COMPAT, .nr = 360),
	ROW("personality", VALUES(1 << 0)),
	ROW("prctl", VALUES(1 << 0)),
	ROW("arch_prctl", VALUES(1 << 0)),
	ROW("ioctl", VALUES(1 << 1)),
	ROW("fcntl", VALUES(1 << 1)),
	ROW("fcntl64", VALUES(1 << 1)),
	ROW("flock", VALUES(1 << 1)),
	ROW("kill", VALUES(1 << 1)),
};

static const struct row others[] = {
	ROW("bind", ONLY(WIRE_BIND), .abis = NATIVE | X32),
	ROW("bind", ONLY(WIRE_BIND), .abis = COMPAT, .nr = 361),
	ROW("connect", ONLY(WIRE_CONNECT), .abis = NATIVE | X32),
	ROW("connect", ONLY(WIRE_CONNECT), .abis = COMPAT, .nr = 362),
	ROW("listen", ONLY(WIRE_LISTEN), .abis = NATIVE | X32),
	ROW("listen", ONLY(WIRE_LISTEN), .abis = COMPAT, .nr = 363),
	ROW("sendto", ONLY(WIRE_SENDTO), .abis = NATIVE | X32),
	ROW("sendto", ONLY(WIRE_SENDTO), .abis = COMPAT, .nr = 369),
	ROW("sendmsg", ONLY(WIRE_SENDMSG), .abis = NATIVE | X32),
	ROW("sendmsg", ONLY(WIRE_SENDMSG), .abis = COMPAT, .nr = 370),
	ROW("sendmmsg", ONLY(WIRE_SENDMMSG), .abis = NATIVE | X32),
	ROW("sendmmsg", ONLY(WIRE_SENDMMSG), .abis = COMPAT, .nr = 345),
	ROW("socketcall", PACKED(1)),
	ROW("fork", ONLY(WIRE_FORK)),
	ROW("vfork", ONLY(WIRE_FORK)),
	ROW("clone", { .action = WIRE_FORK, .values = 1 << 0 }),
	ROW("clone3", ONLY(WIRE_FORK), .nr = 435),
};
/* clang-format on */

static int row_number(const struct row *row, enum record_abi abi)
{
	int nr = sysname_number(abi, row->name);

	if (nr >= 0)
		return nr & ~X32_BIT;
	return row->nr ? row->nr : -1;
}

static void fill_row(struct wire_call *table, const struct row *row, enum record_abi abi)
{
	int nr;

	if (row->abis && !(row->abis & 1 << abi))
		return;
	nr = row_number(row, abi);
	if (nr < 0 || nr >= WIRE_CALLS)
		return;
	table += abi * WIRE_CALLS + nr;
	*table = row->call;
	for (size_t i = 0; i < ARRAY_SIZE(table->path); i++)
		if (!table->path[i].kinds)
			table->path[i].path = NO;
}

static void fill_rows(struct wire_call *table, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int abi = 0; abi < RECORD_ABIS; abi++)
			fill_row(table, &rows[i], (enum record_abi)abi);
}

void table_fill(struct wire_call *table)
{
	memset(table, 0, sizeof(*table) * WIRE_ABIS * WIRE_CALLS);
	fill_rows(table, opening, ARRAY_SIZE(opening));
	fill_rows(table, looking, ARRAY_SIZE(looking));
	fill_rows(table, changing, ARRAY_SIZE(changing));
	fill_rows(table, naming, ARRAY_SIZE(naming));
	fill_rows(table, mounting, ARRAY_SIZE(mounting));
	fill_rows(table, telling, ARRAY_SIZE(telling));
	fill_rows(table, others, ARRAY_SIZE(others));
}
