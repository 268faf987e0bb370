/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

int netns_init(struct netns *ns, int target, struct err *err)
{
	int home = -1;

	if (target >= 0) {
		home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (home < 0)
			return err_set(err, errno, "cannot open our own network namespace");
	}
	*ns = (struct netns){ .target = target, .home = home };
	return 0;
}

void netns_release(struct netns *ns)
{
	if (ns->home >= 0)
		close(ns->home);
	*ns = (struct netns){ .target = -1, .home = -1 };
}

static int make(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : fd;
}

int netns_socket(const struct netns *ns, int family, int type, int protocol, int *ret_fd,
		 struct err *err)
{
	int fd;

	if (ns->target < 0) {
		*ret_fd = make(family, type, protocol);
		return 0;
	}
	if (setns(ns->target, CLONE_NEWNET) < 0) {
		err_set(err, errno, "cannot enter the container's network namespace");
		err->class = ERR_KERNEL;
		return err_hint(err, "this needs root (CAP_SYS_ADMIN)");
	}
	fd = make(family, type, protocol);
	if (setns(ns->home, CLONE_NEWNET) < 0) {
		err_set(err, errno, "cannot return from the container's network namespace");
		err->class = ERR_KERNEL;
		if (fd >= 0)
			close(fd);
		return -err->code;
	}
	*ret_fd = fd;
	return 0;
}
