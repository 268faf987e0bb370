/* SPDX-License-Identifier: BSD-2-Clause */
/* Events become the record. Not locked: trace.c does that. */
#ifndef SLIMTRACE_TRACE_COLLECT_H
#define SLIMTRACE_TRACE_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/strmap.h"
#include "slimtrace/record.h"
#include "trace/decode.h"

struct collector {
	struct record_builder *builder;
	struct strmap *programs; /* the kernel's number of a program -> its index + 1 */
	struct strbuf path;	 /* put together here */
	uint64_t first_ns;	 /* of the container's first exec, 0: not yet */
	uint64_t files, lookups; /* distinct ones */
	uint64_t undecodable;
	uint64_t too_many; /* events for which the record has no room */
	uint64_t events;
	uint16_t *ports; /* TCP ports listened on, ascending */
	size_t n_ports, cap_ports;
	bool ended; /* the container's first process is gone */
};

void collector_init(struct collector *c);
void collector_release(struct collector *c);
/* Takes one event. Returns true when what trace_wait_listen() waits for may have come. */
bool collector_add(struct collector *c, const void *data, size_t len);
bool collector_listens(const struct collector *c, uint16_t port);
/* As trace_listen_addresses(). */
void collector_addresses(const struct collector *c, uint16_t port, struct strvec *ret);

#endif
