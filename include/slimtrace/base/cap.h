/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This process's capabilities: what is missing is told before anything is done, by its name and
 *with what it is for. In a container they are what --cap-add gave.
 *
 *	static const struct cap_need needs[] = {
 *		{ CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF", "to load the tracer's programs" },
 *	};
 *	r = cap_check(needs, ARRAY_SIZE(needs), err);
 */
#ifndef SLIMTRACE_BASE_CAP_H
#define SLIMTRACE_BASE_CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/err.h"

struct cap_need {
	int cap, instead;      /* the other one does as well; the same: none does */
	const char *name, *to; /* "CAP_BPF", "to load the tracer's programs" */
};

/* The effective ones, a bit each; all of them when the kernel does not tell. */
uint64_t cap_effective(void);
bool cap_in(uint64_t set, int cap);
/* ERR_KERNEL, naming all that @set lacks of what is needed. */
int cap_check_in(uint64_t set, const struct cap_need *needs, size_t n, struct err *err);
int cap_check(const struct cap_need *needs, size_t n, struct err *err);

#endif
