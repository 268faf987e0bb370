/* SPDX-License-Identifier: BSD-2-Clause */
/* Many containers, one after another, for days: what takes room is given back. */
#ifndef SLIMTRACE_TRACE_MANY_H
#define SLIMTRACE_TRACE_MANY_H

#include "trace/state.h"

/* Reads what is in the ring buffer, and forgets what nobody will ask for again. */
void many_consume(struct trace *t);

#endif
