/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of the ring buffer: what is taken, what is refused, and how paths come out. */
#include <errno.h>
#include <stdlib.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/record.h"
#include "trace/decode.h"

struct built {
	char bytes[1 << 14];
	size_t len;
};

static void put(struct built *b, const void *data, size_t len)
{
	if (len)
		memcpy(b->bytes + b->len, data, len);
	b->len += len;
}

static struct built build_access(enum wire_type type, const char *string, size_t string_len,
				 const char *walk, size_t walk_len)
{
	struct built b = { .len = 0 };
	struct wire_access a = {
		.h = { .type = type,
		       .pid = 7,
		       .program = 9,
		       .ns = 11,
		       .flags = WIRE_ON_IMAGE,
		       .string_len = (__u16)string_len,
		       .walk_len = (__u16)walk_len },
		.kinds = RECORD_READ,
		.call = WIRE_USERS,
	};

	put(&b, &a, sizeof(a));
	put(&b, string, string_len);
	put(&b, walk, walk_len);
	return b;
}

/* Decodes a copy of exactly that size, so that a sanitizer sees a byte read too many. */
static int decode(const struct built *b, struct event *ev, struct strbuf *path)
{
	_cleanup_free_ char *copy = xmemdup(b->bytes, b->len);
	char *exact = xmalloc(b->len ? b->len : 1);
	int r;

	memcpy(exact, copy, b->len);
	r = decode_event(exact, b->len, ev);
	if (!r && path) {
		strbuf_reset(path);
		if (ev->type == WIRE_LOOKUP)
			decode_lookup(ev, path);
		else
			decode_walk(ev, path);
	}
	free(exact);
	return r;
}

static void test_file(void)
{
	static const char walk[] = "passwd\0etc"; /* and the NUL that ends it */
	struct built b = build_access(WIRE_FILE, NULL, 0, walk, sizeof(walk));
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct event ev;

	is_int(decode(&b, &ev, &path), 0, "a file is taken");
	is_str(path.buf, "/etc/passwd", "its path is turned round");
	is_int(ev.pid, 7, "pid");
	is_int(ev.program, 9, "program");
	is_int(ev.ns, 11, "time");
	is_int(ev.flags, WIRE_ON_IMAGE, "flags");
	is_int(ev.kinds, RECORD_READ, "kinds");
	is_int(ev.call, WIRE_USERS, "by which call");

	b = build_access(WIRE_FILE, NULL, 0, NULL, 0);
	is_int(decode(&b, &ev, &path), 0, "an empty walk is taken");
	is_str(path.buf, "/", "it is the root");
	b = build_access(WIRE_FILE, NULL, 0, "a\nb\xff", 5);
	is_int(decode(&b, &ev, &path), 0, "names are bytes");
	is_str(path.buf, "/a\nb\xff", "they come out as they are");
}

static void test_lookup(void)
{
	struct built b = build_access(WIRE_LOOKUP, "../x/./y", 8, "b\0a", 4);
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct event ev;

	is_int(decode(&b, &ev, &path), 0, "a look-up is taken");
	is_str(path.buf, "/a/b/../x/./y", "joined to its directory, not resolved");
	b = build_access(WIRE_LOOKUP, "x", 1, NULL, 0);
	decode(&b, &ev, &path);
	is_str(path.buf, "/x", "from the root");
	b = build_access(WIRE_LOOKUP, "/x/", 3, NULL, 0);
	decode(&b, &ev, &path);
	is_str(path.buf, "/x/", "absolute, with its last slash");
	b = build_access(WIRE_LOOKUP, "/x", 2, "jail", 5);
	decode(&b, &ev, &path);
	is_str(path.buf, "/jail/x", "absolute strings count from the process's root");
}

static void test_program(void)
{
	static const char argv[] = "ls\0-l";
	struct built b = { .len = 0 };
	struct wire_program p = {
		.h = { .type = WIRE_PROGRAM,
		       .flags = WIRE_EXECED,
		       .string_len = sizeof(argv),
		       .walk_len = 3 },
		.parent = 5,
		.comm = { 'f', 'u', 'l', 'l', 'f', 'u', 'l', 'l', 'f', 'u', 'l', 'l', 'f', 'u', 'l',
			  'l' },
	};
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct event ev;

	put(&b, &p, sizeof(p));
	put(&b, argv, sizeof(argv));
	put(&b, "ls", 3);
	is_int(decode(&b, &ev, &path), 0, "a program is taken");
	is_str(path.buf, "/ls", "its executable");
	is_int(ev.parent, 5, "its parent");
	is_str(ev.comm, "fullfullfullfull", "a name without a NUL is ended");
	is_int(ev.string_len, sizeof(argv), "argv");
}

static void test_refused(void)
{
	struct built good = build_access(WIRE_LOOKUP, "x", 1, "a", 2), b;
	struct wire_access a;
	struct event ev;

	for (size_t len = 0; len < good.len; len++) {
		b = good;
		b.len = len;
		if (decode(&b, &ev, NULL) != -EBADMSG)
			break;
		if (len + 1 == good.len)
			ok(true, "every shortened event is refused");
	}
	b = good;
	b.len++;
	is_int(decode(&b, &ev, NULL), -EBADMSG, "a byte too many");

#define REFUSES(change, what)                                                                      \
	do {                                                                                       \
		b = good;                                                                          \
		memcpy(&a, b.bytes, sizeof(a));                                                    \
		change;                                                                            \
		memcpy(b.bytes, &a, sizeof(a));                                                    \
		is_int(decode(&b, &ev, NULL), -EBADMSG, what);                                     \
	} while (0)
	REFUSES(a.h.type = 0, "type 0");
	REFUSES(a.h.type = 77, "an unknown type");
	REFUSES(a.kinds = 0, "no kind of use");
	REFUSES(a.kinds = 1u << 20, "an unknown kind of use");
	REFUSES(a.error = 4096, "an errno out of range");
	REFUSES(a.call = WIRE_USERS + 1, "a call out of range");
	REFUSES(a.h.type = WIRE_FILE, "a file with a string");
	REFUSES((a.h.string_len = 2, a.h.walk_len = 1), "a string with a NUL");
	REFUSES((a.h.string_len = 0, a.h.walk_len = 3), "a look-up of nothing");
	REFUSES(a.h.string_len = 0xffff, "lengths beyond the event");
	b = build_access(WIRE_LOOKUP, "x", 1, "a/b", 4);
	is_int(decode(&b, &ev, NULL), -EBADMSG, "a slash in a component");
	b = build_access(WIRE_LOOKUP, "x", 1, "a\0\0", 3);
	is_int(decode(&b, &ev, NULL), -EBADMSG, "an empty component");
	b = build_access(WIRE_LOOKUP, "x", 1, "ab", 2);
	is_int(decode(&b, &ev, NULL), -EBADMSG, "a component without an end");
}

static void test_values(void)
{
	struct wire_values v = {
		.h = { .type = WIRE_VALUES, .program = 9 }, .value = { 2, 1 }, .nr = 41, .used = 3
	};
	struct built b = { .len = 0 };
	struct event ev;

	put(&b, &v, sizeof(v));
	is_int(decode(&b, &ev, NULL), 0, "arguments");
	ok(ev.values.value[0] == 2 && ev.values.nr == 41 && ev.values.used == 3, "their values");
	b.len--;
	ok(decode(&b, &ev, NULL) < 0, "cut");
	b.len = 0;
	v.used = 0;
	put(&b, &v, sizeof(v));
	is_int(decode(&b, &ev, NULL), 0, "a first call");
	v.used = 8;
	b.len = 0;
	put(&b, &v, sizeof(v));
	ok(decode(&b, &ev, NULL) < 0, "an argument that there is not");
	v.used = 1;
	v.abi = WIRE_ABIS;
	b.len = 0;
	put(&b, &v, sizeof(v));
	ok(decode(&b, &ev, NULL) < 0, "an ABI that there is not");
}

int main(void)
{
	test_file();
	test_lookup();
	test_program();
	test_refused();
	test_values();
	return tap_done();
}
