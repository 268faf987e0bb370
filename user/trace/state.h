/* SPDX-License-Identifier: BSD-2-Clause */
/* The tracer's own state, for the files that it is made of. */
#ifndef SLIMTRACE_TRACE_STATE_H
#define SLIMTRACE_TRACE_STATE_H

#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/trace.h"
#include "trace/loader.h"
#include "trace/target.h"

#define ONLY_TARGET 1 /* the number of the container whose ID was given */

struct trace {
	struct trace_opts opts;
	struct programs programs;
	struct ring_buffer *ring;
	pthread_t thread;	   /* drains the ring buffer */
	bool running;		   /* there is one */
	int stop_fd;		   /* asks it to end */
	int wake_fd;		   /* asks it to drain now */
	int news_fd;		   /* readable: something came that somebody waits for */
	uint64_t wall_ns, boot_ns; /* the same moment on two clocks */
	bool finished;
	uint64_t adopted; /* programs that were numbered here: see attach.c */

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t drained;
	uint64_t wanted_drains, drains; /* asked for, done */
	struct target *targets[WIRE_TARGETS + 1];
	bool taken[WIRE_TARGETS + 1]; /* numbers, also of targets that are being made */
	size_t n_spare;		      /* targets that wait for a container */
	size_t seen;		      /* events in the kernel's table of those, at most */
	uint64_t checked_ms;	      /* when the kernel was asked what no event told of */
	size_t running_programs;      /* when they were counted last */
	uint64_t stray;		      /* events of no target, or that made no sense */
	struct trace_news *news;      /* untold */
	size_t n_news, cap_news, told_news;
};

/* Tell trace_next() that a spare target has its container, that a target is over. Locked. */
void trace_begin(struct trace *t, struct target *target);
void trace_end(struct trace *t, struct target *target);
/* All that its record lacks yet becomes part of it. Locked. */
int trace_fill(struct trace *t, struct target *target, struct err *err);

/* many.c */
/* Makes sure that containers that begin find targets. Called by the reader, not locked. */
int trace_make_spare(struct trace *t, struct err *err);
/* A target that is nobody's, not even spare. Not locked. */
int trace_make_target(struct trace *t, struct target **ret, struct err *err);
/* There is no such target any more, and nothing is written for it. Not locked. */
void trace_recycle(struct trace *t, struct target *target);

#endif
