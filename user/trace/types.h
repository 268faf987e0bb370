/* SPDX-License-Identifier: BSD-2-Clause */
/* What the types of the running kernel tell of it. Each call reads them: tens of milliseconds. */
#ifndef SLIMTRACE_TRACE_TYPES_H
#define SLIMTRACE_TRACE_TYPES_H

#include <stdbool.h>

/* Whether the kernel tells about overlay files (which of them were made at run time). */
bool types_know_overlay(void);
/*
 * Whether the tracepoint of type @name ("btf_trace_...") hands over an io_uring request that holds
 * the paths it asks for. Older kernels hand over a pointer without a type, and some figures.
 */
bool types_give_request(const char *name);

#endif
