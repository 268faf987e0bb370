/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/decode.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "slimtrace/record.h"

_Static_assert(WIRE_KIND_EXEC == RECORD_EXEC && WIRE_KIND_MAP == RECORD_MAP &&
		       WIRE_KIND_READ == RECORD_READ && WIRE_KIND_WRITE == RECORD_WRITE &&
		       WIRE_KIND_CREATE == RECORD_CREATE && WIRE_KIND_DELETE == RECORD_DELETE &&
		       WIRE_KIND_STAT == RECORD_STAT && WIRE_KIND_CHDIR == RECORD_CHDIR &&
		       WIRE_KIND_CONNECT == RECORD_CONNECT && RECORD_KINDS == 12,
	       "the kinds of wire.h and record.h");
_Static_assert(WIRE_MAX_VALUES == RECORD_MAX_VALUES, "wire.h and record.h");
_Static_assert(WIRE_ABIS == RECORD_ABIS && WIRE_PHASES == RECORD_PHASES, "wire.h and record.h");
_Static_assert(WIRE_CALLS == RECORD_CALLS && WIRE_URING == RECORD_URING &&
		       WIRE_USERS == RECORD_USERS,
	       "wire.h and record.h");

#define MAX_ERRNO 4095

static size_t fixed_size(uint32_t type)
{
	switch (type) {
	case WIRE_PROGRAM:
		return sizeof(struct wire_program);
	case WIRE_FILE:
	case WIRE_LOOKUP:
		return sizeof(struct wire_access);
	case WIRE_SOCKET:
		return sizeof(struct wire_socket);
	case WIRE_VALUES:
		return sizeof(struct wire_values);
	case WIRE_END:
	case WIRE_MADE:
	case WIRE_GONE:
		return sizeof(struct wire_header);
	default:
		return 0;
	}
}

/* Components as walk() leaves them: none is empty or has a slash, the last one is ended. */
static bool walk_valid(const char *walk, size_t len)
{
	size_t start = 0;

	if (len > WIRE_WALK_MAX || (len && walk[len - 1] != '\0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (walk[i] == '/' || (walk[i] == '\0' && i == start))
			return false;
		if (walk[i] == '\0')
			start = i + 1;
	}
	return true;
}

static bool decode_program(const void *data, struct event *ev)
{
	struct wire_program p;

	memcpy(&p, data, sizeof(p));
	ev->parent = p.parent;
	memcpy(ev->comm, p.comm, sizeof(p.comm));
	ev->comm[sizeof(p.comm)] = '\0';
	return true;
}

static bool decode_access(const void *data, struct event *ev)
{
	struct wire_access a;

	memcpy(&a, data, sizeof(a));
	ev->kinds = a.kinds;
	ev->error = a.error;
	ev->call = a.call;
	if (!a.kinds || a.kinds & ~WIRE_KINDS_ALL || a.error > MAX_ERRNO || a.call > WIRE_USERS)
		return false;
	if (ev->type == WIRE_FILE)
		return !ev->string_len && !a.error;
	return ev->string_len && !memchr(ev->string, '\0', ev->string_len);
}

static bool decode_socket(const void *data, struct event *ev)
{
	memcpy(&ev->socket, data, sizeof(ev->socket));
	return ev->socket.use <= RECORD_CONNECTED && !ev->string_len && !ev->walk_len;
}

static bool decode_values(const void *data, struct event *ev)
{
	memcpy(&ev->values, data, sizeof(ev->values));
	return ev->values.abi < WIRE_ABIS && ev->values.nr < WIRE_CALLS &&
	       !(ev->values.used >> WIRE_MAX_VALUES) && !ev->string_len && !ev->walk_len;
}

static bool decode_by_type(const void *data, struct event *ev)
{
	switch (ev->type) {
	case WIRE_PROGRAM:
		return decode_program(data, ev);
	case WIRE_FILE:
	case WIRE_LOOKUP:
		return decode_access(data, ev);
	case WIRE_SOCKET:
		return decode_socket(data, ev);
	case WIRE_VALUES:
		return decode_values(data, ev);
	case WIRE_END:
	case WIRE_MADE:
	case WIRE_GONE:
		return !ev->string_len && !ev->walk_len;
	}
	return false;
}

int decode_event(const void *data, size_t len, struct event *ret)
{
	struct event ev = { 0 };
	struct wire_header h;
	size_t fixed;

	if (len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, data, sizeof(h));
	fixed = fixed_size(h.type);
	if (!fixed || len != fixed + h.string_len + h.walk_len || h.string_len >= WIRE_STRING_MAX)
		return -EBADMSG;
	ev.type = (enum wire_type)h.type;
	ev.target = h.target;
	ev.pid = h.pid;
	ev.program = h.program;
	ev.ns = h.ns;
	ev.flags = h.flags;
	ev.string = (const char *)data + fixed;
	ev.string_len = h.string_len;
	ev.walk = ev.string + ev.string_len;
	ev.walk_len = h.walk_len;
	if (!walk_valid(ev.walk, ev.walk_len) || !decode_by_type(data, &ev))
		return -EBADMSG;
	*ret = ev;
	return 0;
}

void decode_walk(const struct event *ev, struct strbuf *ret)
{
	size_t end = ev->walk_len;

	if (!end)
		strbuf_addch(ret, '/');
	while (end) {
		size_t start = end - 1; /* at the NUL that ends this component */

		while (start && ev->walk[start - 1] != '\0')
			start--;
		strbuf_addch(ret, '/');
		strbuf_add(ret, ev->walk + start, end - 1 - start);
		end = start;
	}
}

void decode_lookup(const struct event *ev, struct strbuf *ret)
{
	if (ev->walk_len)
		decode_walk(ev, ret);
	if (ev->string[0] != '/')
		strbuf_addch(ret, '/');
	strbuf_add(ret, ev->string, ev->string_len);
}
