/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process that runs already has in its hands, from /proc: proc(5). All that is left of what
 * it did before somebody watched.
 */
#ifndef SLIMTRACE_TRACE_ADOPT_H
#define SLIMTRACE_TRACE_ADOPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/record.h"

struct adopted_file {
	char *path;	/* as seen from the root of its container */
	uint32_t kinds; /* enum record_kind */
	bool on_image;	/* it lies in the file system that is mounted at that root */
};

struct adopted {
	int pid, parent;
	uint64_t start; /* clock ticks since the machine's boot: parents have an earlier one, or the
			   same */
	char comm[17];
	char *exe;
	struct strvec argv;
	bool argv_truncated;
	struct adopted_file *files;
	size_t n_files, cap_files;
	struct record_socket *sockets;
	size_t n_sockets, cap_sockets;
};

/*
 * Reads process @pid, whose container has the root directory of process @first. -ESRCH when it has
 * ended; what alone cannot be read of it is left out.
 */
int adopt_process(int pid, int first, struct adopted **ret, struct err *err);
void adopted_free(struct adopted *a);
DEFINE_CLEANUP(struct adopted *, adopted_free);

#endif
