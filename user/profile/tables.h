/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known about runtimes and engines, as data. */
#ifndef PROFILE_TABLES_H
#define PROFILE_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/profile.h"

/* filters.c: sets the values of the calls that may be filtered and whose values are known. */
void filter_calls(struct profile_calls *calls, const struct record *const *records, size_t n);

/* What OCI runtimes call between loading the filter and the exec: runtime.c. */
struct runtime_calls {
	const char *runtime, *versions, *when;
	const char *const *names; /* NULL-terminated */
};
extern const struct runtime_calls runtime_calls[];
extern const size_t n_runtime_calls;

/* What a process needs to be signalled and to end, NULL-terminated. */
extern const char *const signal_calls[];

/* Argument 0 or 1 of calls that runtimes and init make, for filters on arguments: runtime.c. */
struct runtime_values {
	const char *name;
	unsigned int index;
	const uint32_t *values;
	size_t n;
};
/* All calls whose arguments may be filtered; some of them with no value known. */
extern const struct runtime_values runtime_values[];
extern const size_t n_runtime_values;

/*
 * What the vDSO answers without a system call where the clock allows it (man 7 vdso), so that no
 * record shows it, and a call elsewhere. NULL-terminated.
 */
extern const char *const vdso_calls[];

/* What the init process of docker run --init calls, NULL-terminated. */
extern const char *const init_calls[];

/*
 * engine.c: whether Docker's default profile blocks a call for a container with this bounding set
 * (1 << capability).
 */
bool engine_blocks(const char *name, uint64_t bounding);

/* A condition of Docker's default profile on a call's argument. */
struct engine_condition {
	const char *name;
	unsigned int index;
	const char *op; /* libseccomp's name */
	uint64_t value, value_two;
};
extern const struct engine_condition engine_conditions[];
extern const size_t n_engine_conditions;
/* Whether the call is let pass with some arguments only. */
bool engine_limits(const char *name, uint64_t bounding);

#endif
