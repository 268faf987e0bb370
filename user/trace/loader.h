/* SPDX-License-Identifier: BSD-2-Clause */
/* The programs in the kernel: opened, loaded as far as this kernel takes them, attached. */
#ifndef SLIMTRACE_TRACE_LOADER_H
#define SLIMTRACE_TRACE_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/trace.h"

struct slimtrace_bpf;

/* Programs that not every kernel takes: what they are called, and what is lost without them. */
enum optional { OPTIONAL_URING, OPTIONAL_CAP, OPTIONAL_INTERPRETER, N_OPTIONAL };
struct optional_program {
	const char *feature;
	const char *what;   /* is not seen without it */
	const char *unseen; /* the sentence for the record */
};
extern const struct optional_program optional_programs[N_OPTIONAL];

struct programs {
	struct slimtrace_bpf *skel;
	bool present[N_OPTIONAL];
};

/* The kernel's types, as bytes. */
int programs_read_btf(struct strbuf *ret, struct err *err);
/*
 * Opens them for the kernel whose types @btf has: the optional ones that it has no tracepoint for
 * are switched off, and those whose bits (1 << enum optional) are in @without. Loads nothing.
 */
int programs_open(const struct trace_opts *opts, const struct strbuf *btf, unsigned int without,
		  struct programs *ret, struct err *err);
/* Loads them; they do not run yet. */
int programs_load(const struct trace_opts *opts, struct programs *ret, struct err *err);
/* Attaches them: every event from here on is in the ring buffer. */
int programs_attach(struct programs *p, struct err *err);
/* Waits until no program that runs now does. */
void programs_wait(void);
/* No program runs any more when this returns; maps and counters are still there. */
void programs_detach(struct programs *p);
void programs_release(struct programs *p);
/* How often the kernel skipped one of them. */
uint64_t programs_missed(const struct programs *p);

/* Loads one optional program alone. Returns 0 or -errno, with libbpf's last words in @why. */
int programs_try(enum optional which, char *why, size_t why_size);
/* Loads those that are needed. */
int programs_try_required(struct err *err);

/* Fails, with a hint, where loading cannot work: privileges, BTF. */
int programs_check_kernel(struct err *err);

#endif
