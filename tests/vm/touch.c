/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uses one file in each of the main ways, and prints what it did, one use a line:
 *
 *	KIND<TAB>PATH<TAB>ERRNO<TAB>FEATURE
 *
 * that is: the record must have PATH with that kind of use and that error, on kernels where the
 * tracer has FEATURE ("-": all). "never" as the kind: PATH must not be in the record at all. What
 *this kernel itself does not have is left out.
 *
 *	touch files	the regular files that must be there, one a line
 *	touch		does it; needs root, and to be the root of its file system
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#define DIR_ "/t/"
#define DEEP 100 /* directories, one in the other */

static const char *const files[] = {
	"open",	     "write",	    "openat",	"openat2",    "path",	  "fd",
	"stat",	     "lstat",	    "statx",	"access",     "xattr",	  "watch",
	"target",    "dir/rel",	    "dir/rel2", "truncate",   "chmod",	  "utime",
	"link-from", "rename-from", "unlink",	"map",	      "uring",	  "uring-stat",
	"i386",	     "jail/inside", "child",	"list/entry", "untouched"
};

static void used(const char *kind, const char *path, int error, const char *feature)
{
	printf("%s\t%s\t%d\t%s\n", kind, path, error, feature);
}

/* The call @r succeeded, and is to be seen as @kind of DIR_ @name. */
static int saw(int r, const char *kind, const char *name)
{
	if (r < 0)
		err(1, "%s %s", kind, name);
	printf("%s\t/t%s%s\t0\t-\n", kind, *name ? "/" : "", name);
	return r;
}

static void open_them(void)
{
	struct open_how how = { .flags = O_RDONLY };
	int dir = open("/t", O_RDONLY | O_DIRECTORY), fd;

	saw(open(DIR_ "open", O_RDONLY), "read", "open");
	saw(open(DIR_ "write", O_WRONLY), "write", "write");
	saw(openat(dir, "openat", O_RDONLY), "read", "openat");
	saw(open(DIR_ "path", O_PATH), "stat", "path");
	saw(creat(DIR_ "creat", 0644), "create", "creat");
	saw(open(DIR_ "new", O_CREAT | O_RDWR, 0644), "create", "new");
	fd = (int)syscall(SYS_openat2, dir, "openat2", &how, sizeof(how));
	if (fd >= 0)
		saw(fd, "read", "openat2");
	fd = saw(open(DIR_ "map", O_RDONLY), "read", "map");
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		err(1, "mmap");
	saw(0, "map", "map");
	fd = saw(open(DIR_ "fd", O_RDWR), "write", "fd");
	saw(fchmod(fd, 0600), "change", "fd");
}

static void look_at_them(void)
{
	struct stat st;
	struct statfs fs;
	struct statx stx;
	char buf[256];

	saw(stat(DIR_ "stat", &st), "stat", "stat");
	saw(lstat(DIR_ "lstat", &st), "stat", "lstat");
	saw(statx(AT_FDCWD, DIR_ "statx", 0, STATX_BASIC_STATS, &stx), "stat", "statx");
	saw(access(DIR_ "access", R_OK), "stat", "access");
	saw(statfs("/t", &fs), "stat", "");
	if (getxattr(DIR_ "xattr", "user.none", buf, sizeof(buf)) < 0)
		used("stat", DIR_ "xattr", errno, "-");
	saw(inotify_add_watch(inotify_init(), DIR_ "watch", IN_OPEN), "stat", "watch");
	saw(symlink("target", DIR_ "symlink"), "create", "symlink");
	saw((int)readlink(DIR_ "symlink", buf, sizeof(buf)), "readlink", "symlink");
	saw(open(DIR_ "symlink", O_RDONLY), "read", "symlink");
	saw(0, "read", "target");
	if (stat(DIR_ "absent", &st) < 0)
		used("stat", DIR_ "absent", ENOENT, "-");
	if (open(DIR_ "absent-open", O_RDONLY) < 0)
		used("read", DIR_ "absent-open", ENOENT, "-");
	if (open(DIR_ "open/below", O_RDONLY) < 0)
		used("read", DIR_ "open/below", ENOTDIR, "-");
}

static void move_about(void)
{
	DIR *dir = opendir(DIR_ "list");
	int fd;

	if (!dir || !readdir(dir))
		err(1, "list");
	saw(0, "list", "list");
	saw(chdir(DIR_ "dir"), "chdir", "dir");
	saw(open("rel", O_RDONLY), "read", "dir/rel");
	saw(open("../dir//rel2", O_RDONLY), "read", "dir/rel2");
	fd = open("/t", O_RDONLY | O_DIRECTORY);
	saw(fchdir(fd), "chdir", "");
	if (chdir("/") < 0)
		err(1, "chdir");
	used("chdir", "/", 0, "-");
}

static void change_them(void)
{
	static const struct utimbuf times = { 1, 1 };

	saw(truncate(DIR_ "truncate", 1), "change", "truncate");
	saw(chmod(DIR_ "chmod", 0600), "change", "chmod");
	saw(utime(DIR_ "utime", &times), "change", "utime");
	saw(link(DIR_ "link-from", DIR_ "link-to"), "read", "link-from");
	saw(0, "create", "link-to");
	saw(rename(DIR_ "rename-from", DIR_ "rename-to"), "delete", "rename-from");
	saw(0, "create", "rename-to");
	saw(unlink(DIR_ "unlink"), "delete", "unlink");
	saw(mkdir(DIR_ "mkdir", 0755), "create", "mkdir");
	saw(rmdir(DIR_ "mkdir"), "delete", "mkdir");
	saw(mknod(DIR_ "mknod", S_IFIFO | 0600, 0), "create", "mknod");
}

static void talk(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = DIR_ "socket" };
	int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);

	saw(bind(a, (struct sockaddr *)&to, sizeof(to)), "create", "socket");
	if (listen(a, 1) < 0)
		err(1, "listen");
	saw(connect(b, (struct sockaddr *)&to, sizeof(to)), "connect", "socket");
}

/* DIR_ "deep/d/d/.../end" */
static void dive(void)
{
	char path[DEEP * 2 + 32] = DIR_ "deep";
	size_t at = strlen(path);

	mkdir(path, 0755);
	for (int i = 0; i < DEEP; i++, at += 2) {
		memcpy(path + at, "/d", 3);
		mkdir(path, 0755);
	}
	memcpy(path + at, "/end", 5);
	if (open(path, O_CREAT | O_WRONLY, 0644) < 0)
		err(1, "%s", path);
	used("write", path, 0, "-");
}

static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fn());
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return status;
}

static int child(void)
{
	return open(DIR_ "child", O_RDONLY) < 0;
}

static int jail(void)
{
	return chroot(DIR_ "jail") < 0 || chdir("/") < 0 || open("/inside", O_RDONLY) < 0;
}

static int i386(void)
{
	long r;

	/* This program's data is below 4 GB: it is linked statically, at a fixed address. */
	asm volatile("int $0x80"
		     : "=a"(r)
		     : "a"(5), "b"(DIR_ "i386"), "c"(O_RDONLY), "d"(0)
		     : "memory");
	return r < 0;
}

static int run_script(void)
{
	char *argv[] = { (char[]){ DIR_ "script" }, NULL };

	execv(argv[0], argv);
	return 1;
}

static void have_children(void)
{
	if (in_child(child) != 0 || in_child(jail) != 0)
		errx(1, "a child failed");
	saw(0, "read", "child");
	saw(0, "read", "jail/inside");
	saw(0, "chdir", "jail");
	if (in_child(i386) == 0)
		saw(0, "read", "i386");
	if (in_child(run_script) != 0)
		errx(1, "script failed");
	saw(0, "exec", "script");
	saw(0, "exec", "interp");
}

/* One request, by hand: no library. Returns its result, or -errno when there is no io_uring. */
static int uring(struct io_uring_sqe request)
{
	struct io_uring_params p = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	struct io_uring_sqe *sqes;
	unsigned char *sq, *cq;

	if (fd < 0)
		return -errno;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		return -errno;
	sqes[0] = request;
	*(unsigned int *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	return ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
}

static void use_uring(void)
{
	struct io_uring_sqe open_it = { .opcode = IORING_OP_OPENAT,
					.fd = AT_FDCWD,
					.addr = (unsigned long)(DIR_ "uring"),
					.open_flags = O_RDONLY };
	static struct statx stx;
	struct io_uring_sqe stat_it = { .opcode = IORING_OP_STATX,
					.fd = AT_FDCWD,
					.addr = (unsigned long)(DIR_ "uring-stat"),
					.off = (unsigned long)&stx,
					.len = STATX_BASIC_STATS };

	if (uring(open_it) >= 0)
		used("read", DIR_ "uring", 0, "io_uring");
	if (uring(stat_it) >= 0)
		used("stat", DIR_ "uring-stat", 0, "io_uring");
}

static int list_files(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		printf(DIR_ "%s\n", files[i]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "files"))
		return list_files();
	/* As the interpreter of a script it is called with the script's name: that is all. */
	if (argc > 1)
		return 0;
	used("exec", argv[0], 0, "-");
	open_them();
	look_at_them();
	move_about();
	change_them();
	talk();
	dive();
	have_children();
	use_uring();
	used("never", DIR_ "untouched", 0, "-");
	return 0;
}
