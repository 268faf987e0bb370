/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses: by program, then call; and in JSON. */
#ifndef SLIMTRACE_RECORD_USES_H
#define SLIMTRACE_RECORD_USES_H

#include "slimtrace/base/json.h"
#include "slimtrace/record.h"

/* As qsort() has it; zero: the same program by the same call. */
int use_compare(const void *left, const void *right);
/*
 * Reads what record_uses_json() wrote, of an access with these @kinds and @n_programs @programs.
 * @ret: the caller's, in any order, a program's call perhaps twice. A call that is not known here
 * is passed over: another libseccomp wrote it.
 */
int uses_read(const cJSON *json, uint32_t kinds, const uint32_t *programs, size_t n_programs,
	      struct record_use **ret, size_t *ret_n, struct err *err);

#endif
