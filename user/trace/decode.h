/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes from the ring buffer as events. Nothing in them is trusted. */
#ifndef SLIMTRACE_TRACE_DECODE_H
#define SLIMTRACE_TRACE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/strbuf.h"
#include "slimtrace/wire.h"

/* Points into the bytes that it was decoded from. */
struct event {
	enum wire_type type;
	uint32_t target, pid;
	uint64_t program, ns;
	uint32_t flags; /* WIRE_... */
	const char *string, *walk;
	size_t string_len, walk_len;
	/* By type: those of the others are zero. */
	uint64_t parent;
	char comm[17];
	uint32_t kinds;
	int error;
	uint32_t call; /* as in struct wire_access */
	struct wire_socket socket;
	struct wire_values values;
};

/* Returns 0, or -EBADMSG when @data is no event that the BPF side would write. */
int decode_event(const void *data, size_t len, struct event *ret);

/* Appends the walked path of @ev, absolute. */
void decode_walk(const struct event *ev, struct strbuf *ret);

/*
 * Appends the path that a WIRE_LOOKUP asked for: the string joined to the directory that it counts
 * from. Absolute strings count from one too: the root of a process that called chroot.
 */
void decode_lookup(const struct event *ev, struct strbuf *ret);

#endif
