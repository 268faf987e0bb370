/* SPDX-License-Identifier: BSD-2-Clause */
/* Events become the record. Not locked: trace.c does that. */
#ifndef SLIMTRACE_TRACE_COLLECT_H
#define SLIMTRACE_TRACE_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/strmap.h"
#include "slimtrace/record.h"
#include "trace/adopt.h"
#include "trace/decode.h"

struct collector {
	struct record_builder *builder;
	struct strmap *programs; /* the kernel's number of a program -> its index + 1 */
	struct strbuf path;	 /* put together here */
	uint64_t first_ns;	 /* of the container's first exec, 0: not yet */
	uint64_t files, lookups; /* distinct ones */
	size_t marked;		 /* programs known when collector_mark() was called */
	uint64_t too_many;	 /* events for which the record has no room */
	uint64_t events;
	uint16_t *ports;   /* TCP ports listened on, ascending */
	uint64_t *port_ns; /* when each was first: CLOCK_BOOTTIME */
	size_t n_ports, cap_ports, cap_port_ns;
	bool ended; /* the container's first process is gone */
};

void collector_init(struct collector *c);
void collector_release(struct collector *c);
/* Takes one event. Returns true when what trace_wait_listen() waits for may have come. */
bool collector_add(struct collector *c, const struct event *ev);
/*
 * A process that ran before it was watched, since @ns: a program with the number @id, put there by
 * the one with the number @parent (0: by none that is known).
 */
void collector_adopt(struct collector *c, const struct adopted *a, uint64_t id, uint64_t parent,
		     enum record_entry entry, uint64_t ns);
/* Notes which programs are known now, and returns how many. */
size_t collector_mark(struct collector *c);
/* Forgets the numbers of those that were known then and are not among @running's keys. */
void collector_forget(struct collector *c, const struct strmap *running);
bool collector_listens(const struct collector *c, uint16_t port);
/* As trace_listen_since(). */
uint64_t collector_listen_since(const struct collector *c, uint16_t port);
/* As trace_listen_addresses(). */
void collector_addresses(const struct collector *c, uint16_t port, struct strvec *ret);

#endif
