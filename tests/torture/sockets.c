/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that have a path. */
#include <sys/socket.h>
#include <sys/un.h>

#include "torture.h"

static struct sockaddr_un at(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

/* A socket that listens on @path, which is not looked at. */
static int bound(const char *path, int type)
{
	struct sockaddr_un sa = at(path);
	int fd = (int)step(socket(AF_UNIX, type, 0), "socket");

	step(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), path);
	if (type == SOCK_STREAM)
		step(listen(fd, 1), "listen");
	return fd;
}

static void way_bind(void)
{
	bound(T "bind", SOCK_STREAM);
	saw(0, "create", T "bind");
}

static void way_connect(void)
{
	struct sockaddr_un sa = at(T "connect");
	int fd = (int)step(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	bound(T "connect", SOCK_STREAM);
	saw(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), "connect", T "connect");
}

static void way_connect_relative(void)
{
	struct sockaddr_un sa = at("relative");
	int fd = (int)step(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	step(chdir(T "connect-dir"), "chdir");
	bound("relative", SOCK_STREAM);
	/* No NUL, and none counted. */
	saw(connect(fd, (struct sockaddr *)&sa, (socklen_t)(2 + strlen("relative"))), "connect",
	    T "connect-dir/relative");
}

static void way_connect_absent(void)
{
	struct sockaddr_un sa = at(T "connect-absent");
	int fd = (int)step(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	saw_error(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), "connect", T "connect-absent",
		  ENOENT);
}

static void way_sendto(void)
{
	struct sockaddr_un sa = at(T "sendto");
	int fd = (int)step(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");

	bound(T "sendto", SOCK_DGRAM);
	saw(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)), "connect", T "sendto");
}

static void way_sendmsg(void)
{
	struct sockaddr_un sa = at(T "sendmsg");
	struct iovec iov = { (char[]){ 'x' }, 1 };
	struct msghdr m = {
		.msg_name = &sa, .msg_namelen = sizeof(sa), .msg_iov = &iov, .msg_iovlen = 1
	};
	int fd = (int)step(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");

	bound(T "sendmsg", SOCK_DGRAM);
	saw(sendmsg(fd, &m, 0), "connect", T "sendmsg");
}

/* Each message of several has its own address. */
static void way_sendmmsg(void)
{
	static struct sockaddr_un sa[100];
	static struct mmsghdr m[100];
	struct iovec iov = { (char[]){ 'x' }, 1 };
	int fd = (int)step(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	char path[64];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), T "sendmmsg/%d", i);
		bound(path, SOCK_DGRAM);
		sa[i] = at(path);
		m[i].msg_hdr = (struct msghdr){ .msg_name = &sa[i],
						.msg_namelen = sizeof(sa[i]),
						.msg_iov = &iov,
						.msg_iovlen = 1 };
	}
	if (sendmmsg(fd, m, 100, 0) != 100)
		broken("sendmmsg");
	for (int i = 0; i < 100; i++)
		saw(0, "connect", sa[i].sun_path);
}

const struct way sockets[] = {
	{ "AF_UNIX bind", way_bind, NULL },
	{ "AF_UNIX connect", way_connect, NULL },
	{ "AF_UNIX connect, relative", way_connect_relative, "connect-dir/" },
	{ "AF_UNIX connect, absent", way_connect_absent, NULL },
	{ "AF_UNIX sendto", way_sendto, NULL },
	{ "AF_UNIX sendmsg", way_sendmsg, NULL },
	{ "AF_UNIX sendmmsg", way_sendmmsg, "sendmmsg/" },
	{ NULL, NULL, NULL },
};
