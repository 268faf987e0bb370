/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets of a process, from /proc/PID/net. */
#ifndef SLIMTRACE_TRACE_PROC_NET_H
#define SLIMTRACE_TRACE_PROC_NET_H

#include <stdint.h>

#include "slimtrace/base/strmap.h"
#include "slimtrace/record.h"
#include "trace/adopt.h"

/*
 * Adds the TCP and UDP sockets in the tables of the process whose directory in /proc is @proc, and
 * whose inode numbers, as decimal text, are keys of @inodes.
 */
void proc_net_sockets(int proc, const struct strmap *inodes, struct adopted *a);

/*
 * One line of /proc/net/tcp and its like (kernel: Documentation/networking/proc_net_tcp.rst).
 * Returns false for one that is not understood, as the heading.
 */
struct proc_net_line {
	struct record_socket local, remote; /* address and port; the rest is the caller's */
	unsigned int state;
	char inode[24];
};
bool proc_net_parse(const char *line, struct proc_net_line *ret);

#endif
