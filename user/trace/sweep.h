/* SPDX-License-Identifier: BSD-2-Clause */
/* Removing from the BPF side's hash tables what is of no use any more. */
#ifndef SLIMTRACE_TRACE_SWEEP_H
#define SLIMTRACE_TRACE_SWEEP_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Calls @fn with each key and value in @map, while programs may change it, and removes those that
 * it returns true for. Returns how many those were.
 */
size_t sweep(const struct bpf_map *map, bool (*fn)(const void *key, const void *value, void *ctx),
	     void *ctx);

#endif
