/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching containers from the host's kernel: one, which is about to start, or many.
 *
 *	struct trace_opts opts = { .container_id = id };
 *	r = trace_open(&opts, &t, err);		// loaded, attached, armed; container not started
 *	... start the container ...
 *	trace_wait_listen(t, 80, 30000, err);	// readiness is an event, not a sleep
 *	... drive it, stop it ...
 *	r = trace_finish(t, &rec, err);		// detach, drain, read the counters
 *
 * or, without an ID, whatever containers begin, and what runs already:
 *
 *	trace_open(&(struct trace_opts){ .fold = true }, &t, err);
 *	trace_attach(t, &(struct trace_running){ .id = id, .pid = pid }, &target, err);
 *	... poll trace_news_fd(t); while (trace_next(t, &news)) ...
 *	trace_take(t, target, &rec, err);	// the record; the target is free for another one
 *
 * The tracer knows no engine: it waits for a cgroup whose name contains the container's ID, and
 * everything in that cgroup or below it is the container. What a process does before its exec in
 * the container is the OCI runtime's work: its syscalls are counted apart, its files are not.
 * A thread of the tracer drains the ring buffer from trace_open() to trace_finish(); all functions
 * may be called meanwhile from one other thread.
 *
 * Loss is never silent: record.loss counts all that the tracer knows it did not see.
 */
#ifndef SLIMTRACE_TRACE_H
#define SLIMTRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/record.h"

/* What tracing takes of <linux/capability.h>, as rows of struct cap_need (base/cap.h). */
#define TRACE_CAPS                                                                                 \
	{ CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF", "to load the tracer's programs" },                    \
	{                                                                                          \
		CAP_PERFMON, CAP_SYS_ADMIN, "CAP_PERFMON", "to let them see all processes"         \
	}

struct trace;

struct trace_opts {
	const char *container_id; /* 64 hexadecimal digits; NULL: any container that begins */
	bool fold;		  /* programs that are equal but for pid and time are one */
	uint64_t record_bytes;	  /* memory for the record of each target; 0: RECORD_MAX_BYTES */
	size_t ring_bytes;	  /* 0: the default; rounded up to a power of two of pages */
	bool small_maps;	  /* tests: room for next to nothing in the kernel's tables */
	bool stall;		  /* tests: do not drain until trace_finish(), to force loss */
};

/* Fails with ERR_KERNEL and a hint: not root, no BTF, programs refused. */
int trace_open(const struct trace_opts *opts, struct trace **ret, struct err *err);

struct trace_counts {
	uint64_t files, lookups, syscalls, programs; /* distinct, so far */
	uint64_t lost;				     /* sum of record_loss */
	bool started;				     /* the container's first exec was seen */
};
void trace_counts(struct trace *t, struct trace_counts *ret);

/*
 * Waits until a process of the container listens on TCP @port (0: on any), returning 1; 0 when
 * @timeout_ms have passed or the container's last process ended; -EINTR when asked to end.
 */
int trace_wait_listen(struct trace *t, uint16_t port, int timeout_ms, struct err *err);
/* TCP ports listened on so far, ascending, at most @max of them. Returns how many were stored. */
size_t trace_listening(struct trace *t, uint16_t *ports, size_t max);
/* When TCP @port (0: any) was listened on for the first time, as clock_boot_ns() has it; 0: not
 * yet. */
uint64_t trace_listen_since(struct trace *t, uint16_t port);
/*
 * The addresses that TCP @port is listened on, added to @ret as literals ("127.0.0.1", "::1",
 * "10.0.0.2"); one that stands for all is told as the loopback's.
 */
void trace_listen_addresses(struct trace *t, uint16_t port, struct strvec *ret);

/*
 * Detaches, drains, and hands the record over (without image_id and diff_ids). The counters in
 * record.loss say whether it is complete. @t can only be freed afterwards.
 */
int trace_finish(struct trace *t, struct record **ret, struct err *err);
void trace_free(struct trace *t);
DEFINE_CLEANUP(struct trace *, trace_free);

/* --- many, when no ID was given --- */

/* A container that began, or was over: its cgroups are gone, so nothing more can come of it. */
struct trace_news {
	bool over;
	uint32_t target; /* its number, until trace_take() or trace_drop() */
	char id[65];	 /* the container's; "" when a cgroup was attached to */
};
/* Readable when there may be news; poll, never read. */
int trace_news_fd(const struct trace *t);
/* Waits until all that the kernel told before the call was read, and is news where it is any. */
void trace_settle(struct trace *t);
/* False: there is none for now. */
bool trace_next(struct trace *t, struct trace_news *ret);

/*
 * Watches what runs already. What was opened, mapped, executed and bound before is taken from
 * /proc; what was used and let go of before is not seen. record.attached says so.
 */
struct trace_running {
	const char *id; /* a container's; NULL: @cgroup is watched, which no OCI runtime starts */
	int pid;	/* a container's first process */
	const char *cgroup; /* a directory in the v2 hierarchy, or the v1 pids hierarchy */
};
/* -ESRCH: it has ended. -EEXIST: its start was seen, and is news. -ELOOP: this process is in it;
 * nobody watches itself. */
int trace_attach(struct trace *t, const struct trace_running *what, uint32_t *ret_target,
		 struct err *err);

/* The record so far. */
int trace_snapshot(struct trace *t, uint32_t number, struct record **ret, struct err *err);
/* The record, and an end to watching this one. */
int trace_take(struct trace *t, uint32_t number, struct record **ret, struct err *err);
/* An end to watching this one. */
void trace_drop(struct trace *t, uint32_t number);
/* How often a container began and found no target that was spare. */
uint64_t trace_crowded(const struct trace *t);

/* One thing the tracer can do on this kernel, found by trying. */
struct trace_feature {
	const char *name; /* "io_uring", "capabilities", ... */
	const char *what; /* what is not seen without it */
	bool required;
	bool present;
	char why_not[160]; /* when absent */
};
/* Tries each program. Returns the number of features, or -errno (not root, no BTF). */
int trace_features(struct trace_feature *ret, size_t max, struct err *err);

#endif
