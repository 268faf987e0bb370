/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated skeleton, which needs our types and is not written to our warnings. */
#ifndef SLIMTRACE_TRACE_SKEL_H
#define SLIMTRACE_TRACE_SKEL_H

#include "slimtrace/wire.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "slimtrace.skel.h" /* IWYU pragma: export */
#pragma GCC diagnostic pop

#endif
