/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which calls can have been the use that a record tells of. It has the kinds of use of a path, and
 * the calls that the app made; both together leave one call, or a few.
 */
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/trace.h"
#include "trace/table.h"

#define OPENS (RECORD_READ | RECORD_WRITE | RECORD_CREATE)
/* What a request of a ring can ask for: bpf/uring.bpf.h. */
#define URING (OPENS | RECORD_STAT | RECORD_DELETE | RECORD_CHANGE | RECORD_CONNECT)

static bool is_socketcall(const struct wire_call *call)
{
	return call->action == WIRE_ARGS && call->pointer == 1;
}

/* Of the path that was asked for. */
static uint32_t asked_kinds(const struct wire_call *call)
{
	switch (call->action) {
	case WIRE_OPEN:
	case WIRE_OPENAT2: /* not by a handle; stat: O_PATH */
		return call->path[0].kinds ? OPENS | RECORD_STAT : 0;
	case WIRE_CREAT:
		return RECORD_WRITE | RECORD_CREATE;
	case WIRE_BIND:
		return RECORD_CREATE;
	case WIRE_CONNECT:
	case WIRE_SENDTO:
	case WIRE_SENDMSG:
	case WIRE_SENDMMSG:
		return RECORD_CONNECT;
	default:
		if (is_socketcall(call))
			return RECORD_CREATE | RECORD_CONNECT;
		return call->path[0].kinds | call->path[1].kinds;
	}
}

/* Calls that take a directory take a file as well, with an empty path. */
static uint32_t file_kinds(const struct wire_call *call)
{
	uint32_t kinds = call->kinds;

	for (size_t i = 0; i < ARRAY_SIZE(call->path); i++)
		if (call->path[i].kinds && call->path[i].dirfd != WIRE_NO_ARG)
			kinds |= call->path[i].kinds;
	return kinds;
}

/* Of the file that it came to. */
static uint32_t reached_kinds(const struct wire_call *call)
{
	switch (call->action) {
	case WIRE_OPEN:
	case WIRE_OPENAT2:
		return OPENS | RECORD_STAT;
	case WIRE_CREAT:
		return asked_kinds(call);
	case WIRE_EXEC:
		return RECORD_EXEC | RECORD_MAP; /* of a program's loader, by the kernel */
	case WIRE_MMAP:
		return RECORD_MAP;
	case WIRE_CHDIR:
	case WIRE_FCHDIR:
	case WIRE_CHROOT:
	case WIRE_PIVOT:
		return RECORD_CHDIR;
	case WIRE_ARGS:
		return is_socketcall(call) ? 0 : RECORD_MAP;
	default:
		return file_kinds(call);
	}
}

/* Requests of a ring show as what they ask for, and the app as one that has a ring. */
static uint32_t kinds_of(const struct wire_call *table, const struct record_syscall *s,
			 const char *name, enum record_source source)
{
	const struct wire_call *call;
	uint32_t nr = s->nr & (SYSNAME_MAX - 1);

	if (!strcmp(name, "io_uring_enter") && s->phase == RECORD_APP)
		return source == RECORD_LOOKUP ? URING : 0;
	call = &table[s->abi * WIRE_CALLS + nr];
	/* The first program is executed by the runtime. */
	if (s->phase != RECORD_APP && call->action != WIRE_EXEC)
		return 0;
	return source == RECORD_LOOKUP ? asked_kinds(call) : reached_kinds(call);
}

static void add_call(const struct wire_call *table, const struct record_syscall *s,
		     struct trace_calls *ret)
{
	_cleanup_free_ char *name = sysname_of(s->abi, s->nr);

	for (unsigned int source = 0; name && source < ARRAY_SIZE(ret->by); source++) {
		uint32_t kinds = kinds_of(table, s, name, (enum record_source)source);

		for (unsigned int i = 0; i < RECORD_KINDS; i++)
			if (kinds & 1u << i && !strvec_has(&ret->by[source][i], name))
				strvec_push(&ret->by[source][i], name);
	}
}

void trace_calls_find(const struct record *rec, struct trace_calls *ret)
{
	_cleanup_free_ struct wire_call *table = xcalloc(WIRE_ABIS * WIRE_CALLS, sizeof(*table));

	table_fill(table);
	for (size_t i = 0; i < rec->n_syscalls; i++) {
		const struct record_syscall *s = &rec->syscalls[i];

		if (s->count > s->refused)
			add_call(table, s, ret);
	}
	for (size_t source = 0; source < ARRAY_SIZE(ret->by); source++)
		for (size_t i = 0; i < RECORD_KINDS; i++)
			strvec_sort(&ret->by[source][i]);
}

void trace_calls_release(struct trace_calls *calls)
{
	for (size_t source = 0; source < ARRAY_SIZE(calls->by); source++)
		for (size_t i = 0; i < RECORD_KINDS; i++)
			strvec_release(&calls->by[source][i]);
}
