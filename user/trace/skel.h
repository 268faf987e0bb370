/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated skeleton. It uses our types and is not written to our warnings. */
#ifndef SLIMTRACE_TRACE_SKEL_H
#define SLIMTRACE_TRACE_SKEL_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "slimtrace/wire.h"

#pragma GCC system_header
#ifdef __clang_analyzer__
/* It takes what the skeleton hands over to libbpf for leaks. */
void *untracked_calloc(size_t n, size_t size);
#define calloc untracked_calloc
#endif
#include "slimtrace.skel.h"
#undef calloc

#endif
