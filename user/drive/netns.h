/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets made in another network namespace. A socket belongs for good to the namespace it was made
 * in, so the thread is there for that one system call only and everything after it is as usual.
 */
#ifndef DRIVE_NETNS_H
#define DRIVE_NETNS_H

#include "slimtrace/base/err.h"

struct netns {
	int target; /* borrowed; -1: sockets are made where we are */
	int home;   /* the thread's own namespace, to come back to */
};

/* For the calling thread. @target stays the caller's and open. */
int netns_init(struct netns *ns, int target, struct err *err);
void netns_release(struct netns *ns);
/*
 * @ret_fd gets a socket, or -errno when socket(2) itself failed. An error is returned only when the
 * namespace cannot be entered, or left again: then the thread must not go on as if it were at home.
 */
int netns_socket(const struct netns *ns, int family, int type, int protocol, int *ret_fd,
		 struct err *err);

#endif
