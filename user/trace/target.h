/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is watched: one container, or one cgroup. In the kernel a struct wire_target and a table of
 * counts, here what its events become. trace.c has the lock.
 */
#ifndef SLIMTRACE_TRACE_TARGET_H
#define SLIMTRACE_TRACE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/wire.h"
#include "trace/collect.h"
#include "trace/loader.h"

struct target {
	uint32_t number;
	int counts; /* the table of counts: see wire_counts_index() */
	struct collector collector;
	uint64_t missed, stray; /* as they were when it began: that was nothing of its own */
	bool known;		/* its container began, or it was attached to */
	bool attached;		/* it ran before it was watched */
	bool had_cgroups;	/* when that was looked at last */
	bool told;		/* somebody was told that it is over */
};

/* Makes one and puts what it is in the kernel in order, so that it can be given to a container. */
int target_new(const struct programs *p, const struct trace_opts *opts, uint32_t number,
	       struct target **ret, struct err *err);
void target_free(struct target *t);
DEFINE_CLEANUP(struct target *, target_free);

/* What the kernel knows of it. */
int target_read(const struct programs *p, uint32_t number, struct wire_target *ret,
		struct err *err);
int target_write(const struct programs *p, uint32_t number, const struct wire_target *wt,
		 struct err *err);

/* Distinct syscalls of its programs. */
uint64_t target_count_syscalls(const struct target *t);
/* Counts, capabilities, confinement and loss become part of its record so far. */
int target_fill(const struct programs *p, struct target *t, struct err *err);

/*
 * Nothing more is written for it when this returns, though what was written may wait in the ring
 * buffer. What the kernel remembers of it is forgotten.
 */
void target_leave(const struct programs *p, uint32_t number);
/* Forgets what was written for it: nothing more will be. Returns how many events those were. */
size_t target_forget_seen(const struct programs *p, uint32_t number);

#endif
