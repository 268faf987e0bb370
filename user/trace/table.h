/* SPDX-License-Identifier: BSD-2-Clause */
/* What each syscall does with files, for the BPF side. */
#ifndef SLIMTRACE_TRACE_TABLE_H
#define SLIMTRACE_TRACE_TABLE_H

#include "slimtrace/wire.h"

/* Fills @table, which has WIRE_ABIS * WIRE_CALLS entries: [ABI * WIRE_CALLS + number]. */
void table_fill(struct wire_call *table);

#endif
