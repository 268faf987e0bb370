/* SPDX-License-Identifier: BSD-2-Clause */
/* io_uring, by hand: no library, and requests that an older one does not know. */
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "torture.h"

#define FEATURE "io_uring"
#define OP_BIND 56 /* linux/io_uring.h, 6.11 */

static unsigned long at(const void *p)
{
	return (unsigned long)p;
}

/* Sends one request and waits for it. Returns its result as a call's: -1 and errno. */
static long submit(struct io_uring_sqe request)
{
	struct io_uring_params p = { 0 };
	int fd = (int)step(syscall(SYS_io_uring_setup, 1, &p), "io_uring_setup"), res;
	struct io_uring_sqe *sqes;
	unsigned char *sq, *cq;

	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		broken("mmap of the ring");
	sqes[0] = request;
	*(unsigned int *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	step(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0),
	     "io_uring_enter");
	res = ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
	if (res >= 0)
		return res;
	if (res == -EINVAL) /* a kernel that lacks the request says this */
		skip("the kernel does not know this request");
	errno = -res;
	return -1;
}

static void way_open(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT,
				    .fd = dir_of(T "uring"),
				    .addr = at("open"),
				    .open_flags = O_RDONLY };

	saw_if(FEATURE, submit(sqe), "read", T "uring/open");
}

static void way_openat2(void)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0600 };
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT2,
				    .fd = AT_FDCWD,
				    .addr = at(T "uring/openat2"),
				    .off = at(&how),
				    .len = sizeof(how) };

	saw_if(FEATURE, submit(sqe), "create", T "uring/openat2");
}

/* An absolute path counts from the directory. */
static void way_in_root(void)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT };
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT2,
				    .fd = dir_of(T "uring"),
				    .addr = at("/in-root"),
				    .off = at(&how),
				    .len = sizeof(how) };

	saw_if(FEATURE, submit(sqe), "read", T "uring/in-root");
}

static void way_statx(void)
{
	static struct statx stx;
	struct io_uring_sqe sqe = { .opcode = IORING_OP_STATX,
				    .fd = AT_FDCWD,
				    .addr = at(T "uring/statx"),
				    .off = at(&stx),
				    .len = STATX_BASIC_STATS };

	saw_if(FEATURE, submit(sqe), "stat", T "uring/statx");
}

static void way_unlink(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_UNLINKAT,
				    .fd = AT_FDCWD,
				    .addr = at(T "uring/unlink") };

	saw_if(FEATURE, submit(sqe), "delete", T "uring/unlink");
}

static void way_mkdir(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_MKDIRAT,
				    .fd = AT_FDCWD,
				    .addr = at(T "uring/mkdir"),
				    .len = 0755 };

	saw_if(FEATURE, submit(sqe), "create", T "uring/mkdir");
}

/* renameat, linkat and symlinkat have the same shape. */
static long two_paths(int op, int dir, const char *from, const char *to)
{
	return submit((struct io_uring_sqe){ .opcode = (unsigned char)op,
					     .fd = dir,
					     .addr = at(from),
					     .len = (unsigned int)AT_FDCWD,
					     .off = at(to) });
}

static void way_rename(void)
{
	saw_if(FEATURE,
	       two_paths(IORING_OP_RENAMEAT, dir_of(T "uring"), "rename", T "uring/renamed"),
	       "delete", T "uring/rename");
	saw_if(FEATURE, 0, "create", T "uring/renamed");
}

static void way_link(void)
{
	saw_if(FEATURE, two_paths(IORING_OP_LINKAT, AT_FDCWD, T "uring/link", T "uring/linked"),
	       "read", T "uring/link");
	saw_if(FEATURE, 0, "create", T "uring/linked");
}

static void way_symlink(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_SYMLINKAT,
				    .fd = dir_of(T "uring"),
				    .addr = at("nowhere"),
				    .off = at("symlink") };

	saw_if(FEATURE, submit(sqe), "create", T "uring/symlink");
}

static void way_setxattr(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_SETXATTR,
				    .addr = at("user.t"),
				    .off = at("v"),
				    .len = 1,
				    .addr3 = at(T "uring/setxattr") };

	saw_if(FEATURE, submit(sqe), "change", T "uring/setxattr");
}

static void way_getxattr(void)
{
	static char value[64];
	struct io_uring_sqe sqe = { .opcode = IORING_OP_GETXATTR,
				    .addr = at("user.none"),
				    .off = at(value),
				    .len = sizeof(value),
				    .addr3 = at(T "uring/getxattr") };
	long r = submit(sqe);

	saw_if(FEATURE, r < 0 && errno == ENODATA ? 0 : r, "stat", T "uring/getxattr");
}

static int unix_socket(int type, const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path);
	return (int)step(socket(AF_UNIX, type, 0), "socket");
}

static void listener(int type, const char *path)
{
	struct sockaddr_un sa;
	int fd = unix_socket(type, path, &sa);

	step(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), "bind");
	if (type == SOCK_STREAM)
		step(listen(fd, 1), "listen");
}

static void way_connect(void)
{
	struct sockaddr_un sa;
	int fd = unix_socket(SOCK_STREAM, T "uring/connect", &sa);

	listener(SOCK_STREAM, T "uring/connect");
	saw_if(FEATURE,
	       submit((struct io_uring_sqe){
		       .opcode = IORING_OP_CONNECT, .fd = fd, .addr = at(&sa), .off = sizeof(sa) }),
	       "connect", T "uring/connect");
}

static void way_bind(void)
{
	struct sockaddr_un sa;
	int fd = unix_socket(SOCK_STREAM, T "uring/bind", &sa);

	saw_if(FEATURE,
	       submit((struct io_uring_sqe){
		       .opcode = OP_BIND, .fd = fd, .addr = at(&sa), .off = sizeof(sa) }),
	       "create", T "uring/bind");
}

static void way_send(void)
{
	struct sockaddr_un sa;
	int fd = unix_socket(SOCK_DGRAM, T "uring/send", &sa);

	listener(SOCK_DGRAM, T "uring/send");
	saw_if(FEATURE,
	       submit((struct io_uring_sqe){ .opcode = IORING_OP_SEND,
					     .fd = fd,
					     .addr = at("x"),
					     .len = 1,
					     .addr2 = at(&sa),
					     .addr_len = sizeof(sa) }),
	       "connect", T "uring/send");
}

static void way_sendmsg(void)
{
	struct sockaddr_un sa;
	int fd = unix_socket(SOCK_DGRAM, T "uring/sendmsg", &sa);
	struct iovec iov = { (char[]){ 'x' }, 1 };
	struct msghdr m = {
		.msg_name = &sa, .msg_namelen = sizeof(sa), .msg_iov = &iov, .msg_iovlen = 1
	};

	listener(SOCK_DGRAM, T "uring/sendmsg");
	saw_if(FEATURE,
	       submit((struct io_uring_sqe){
		       .opcode = IORING_OP_SENDMSG, .fd = fd, .addr = at(&m), .len = 1 }),
	       "connect", T "uring/sendmsg");
}

const struct way urings[] = {
	{ "io_uring openat", way_open, "uring/open" },
	{ "io_uring openat2", way_openat2, "uring/" },
	{ "io_uring openat2 RESOLVE_IN_ROOT", way_in_root, "uring/in-root" },
	{ "io_uring statx", way_statx, "uring/statx" },
	{ "io_uring unlinkat", way_unlink, "uring/unlink" },
	{ "io_uring mkdirat", way_mkdir, NULL },
	{ "io_uring renameat", way_rename, "uring/rename" },
	{ "io_uring linkat", way_link, "uring/link" },
	{ "io_uring symlinkat", way_symlink, NULL },
	{ "io_uring setxattr", way_setxattr, "uring/setxattr" },
	{ "io_uring getxattr", way_getxattr, "uring/getxattr" },
	{ "io_uring connect", way_connect, NULL },
	{ "io_uring bind", way_bind, NULL },
	{ "io_uring send", way_send, NULL },
	{ "io_uring sendmsg", way_sendmsg, NULL },
	{ NULL, NULL, NULL },
};
