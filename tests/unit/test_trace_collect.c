/* SPDX-License-Identifier: BSD-2-Clause */
/* Events become a record. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "../lib/tap.h"
#include "trace/collect.h"

static bool add_event(struct collector *c, const void *data, size_t len)
{
	struct event ev;

	return decode_event(data, len, &ev) == 0 && collector_add(c, &ev);
}

static void add(struct collector *c, const void *fixed, size_t len, const char *string,
		size_t string_len, const char *walk, size_t walk_len)
{
	char bytes[4096];
	struct wire_header h;

	memcpy(bytes, fixed, len);
	memcpy(&h, bytes, sizeof(h));
	h.string_len = (__u16)string_len;
	h.walk_len = (__u16)walk_len;
	memcpy(bytes, &h, sizeof(h));
	if (string_len)
		memcpy(bytes + len, string, string_len);
	if (walk_len)
		memcpy(bytes + len + string_len, walk, walk_len);
	add_event(c, bytes, len + string_len + walk_len);
}

static void add_program(struct collector *c, uint64_t id, uint64_t parent, uint64_t ns, __u32 flags)
{
	static const char argv[] = "prog\0arg";
	struct wire_program p = {
		.h = { .type = WIRE_PROGRAM,
		       .pid = (__u32)id,
		       .program = id,
		       .ns = ns,
		       .flags = flags },
		.parent = parent,
		.comm = "prog",
	};

	add(c, &p, sizeof(p), argv, flags & WIRE_ARGV_CUT ? sizeof(argv) - 2 : sizeof(argv),
	    "prog\0bin", 9);
}

static void add_access_by(struct collector *c, __u32 type, uint64_t program, uint64_t ns,
			  __u32 kinds, const char *name, __u32 flags, __u16 call)
{
	struct wire_access a = {
		.h = { .type = type, .pid = 1, .program = program, .ns = ns, .flags = flags },
		.kinds = kinds,
		.call = call,
	};
	size_t len = strlen(name);

	if (type == WIRE_FILE)
		add(c, &a, sizeof(a), NULL, 0, name, len + 1);
	else
		add(c, &a, sizeof(a), name, len, NULL, 0);
}

static void add_access(struct collector *c, __u32 type, uint64_t program, uint64_t ns, __u32 kinds,
		       const char *name, __u32 flags)
{
	add_access_by(c, type, program, ns, kinds, name, flags, 0);
}

static void test_programs(void)
{
	struct collector c;
	struct record *rec;

	collector_init(&c);
	add_program(&c, 100, 0, 5000, 0);
	add_program(&c, 200, 100, 6000, WIRE_EXECED);
	add_program(&c, 300, 12345, 7000, WIRE_ARGV_CUT);
	rec = record_builder_finish(c.builder);
	is_int(rec->n_programs, 3, "programs");
	is_int(rec->programs[0].parent, 0, "the first has no parent: its own index");
	is_int(rec->programs[1].parent, 0, "the second's parent is the first");
	is_int(rec->programs[2].parent, 2, "an unknown parent: its own index");
	is_int(rec->programs[0].entry, RECORD_ENTRYPOINT, "the entrypoint");
	is_int(rec->programs[1].entry, RECORD_EXECED, "put into the container");
	is_int(rec->programs[1].start_ns, 1000, "time counts from the first");
	is_str(rec->programs[0].exe, "/bin/prog", "executable");
	is_int(rec->programs[0].argv.n, 2, "argv");
	is_str(rec->programs[0].argv.v[1], "arg", "its second word");
	ok(rec->programs[2].argv_truncated, "a cut argv is said to be cut");
	is_str(rec->programs[2].argv.v[1], "ar", "what is left of it");
	record_free(rec);
	collector_release(&c);
}

static void test_accesses(void)
{
	struct collector c;
	struct record *rec;

	collector_init(&c);
	add_program(&c, 100, 0, 5000, 0);
	add_access(&c, WIRE_FILE, 100, 5100, RECORD_READ, "f", WIRE_ON_IMAGE);
	add_access(&c, WIRE_FILE, 100, 5200, RECORD_MAP, "f", WIRE_ON_IMAGE);
	add_access(&c, WIRE_LOOKUP, 100, 5300, RECORD_STAT, "/f", WIRE_ON_IMAGE | WIRE_FOLLOW);
	add_access(&c, WIRE_FILE, 100, 5400, RECORD_READ, "cut", WIRE_TRUNCATED);
	is_int(c.files, 1, "one file");
	is_int(c.lookups, 1, "one look-up");
	add_access(&c, WIRE_LOOKUP, 777, 5500, RECORD_STAT, "/f", WIRE_ON_IMAGE | WIRE_FOLLOW);
	rec = record_builder_finish(c.builder);
	is_int(rec->n_accesses, 2, "a path that was cut is not in the record");
	is_int(rec->accesses[0].kinds, RECORD_READ | RECORD_MAP, "kinds of use are united");
	is_int(rec->accesses[0].first_ns, 100, "the first time stays");
	is_int(rec->n_programs, 2, "a program whose event was lost is a program");
	is_int(rec->accesses[1].n_programs, 2, "and is told of");
	record_free(rec);
	collector_release(&c);
}

/* A call's number is one more on the wire, where 0 is none. */
static void test_calls(void)
{
	const __u16 open = SYS_open + 1, openat = SYS_openat + 1;
	const struct record_access *file;
	struct collector c;
	struct record *rec;

	collector_init(&c);
	add_program(&c, 100, 0, 5000, 0);
	add_access_by(&c, WIRE_FILE, 100, 5100, RECORD_READ | RECORD_CREATE, "f", 0, openat);
	add_access_by(&c, WIRE_FILE, 100, 5200, RECORD_WRITE, "f", 0, open);
	add_access_by(&c, WIRE_FILE, 100, 5300, RECORD_READ, "f", 0, open);
	add_access_by(&c, WIRE_FILE, 777, 5350, RECORD_READ, "f", 0, open);
	add_access(&c, WIRE_FILE, 100, 5400, RECORD_MAP, "f", 0);
	add_access_by(&c, WIRE_LOOKUP, 100, 5500, RECORD_CREATE, "/f", 0, WIRE_URING + 18 + 1);
	rec = record_builder_finish(c.builder);
	file = &rec->accesses[0];
	is_int(file->n_uses, 3, "each call of each program once");
	ok(file->uses[0].call == SYS_open && file->uses[0].kinds == (RECORD_READ | RECORD_WRITE),
	   "with the kinds that it was");
	ok(file->uses[1].call == SYS_openat && file->uses[1].kinds == RECORD_READ,
	   "not that the file was made some time");
	ok(file->uses[2].program == 1 && file->uses[2].call == SYS_open, "and by whom");
	ok(rec->accesses[1].n_uses == 1 && rec->accesses[1].uses[0].call == RECORD_URING + 18 &&
		   rec->accesses[1].uses[0].kinds == RECORD_CREATE,
	   "what made it the look-up tells");
	record_free(rec);
	collector_release(&c);
}

static __u64 clock_ns; /* of the next event */

static bool add_socket(struct collector *c, __u8 use, __u8 protocol, __u16 port)
{
	struct wire_socket s = {
		.h = { .type = WIRE_SOCKET, .ns = ++clock_ns },
		.family = AF_INET,
		.use = use,
		.protocol = protocol,
		.port = port,
	};

	return add_event(c, &s, sizeof(s));
}

static void test_sockets(void)
{
	struct wire_header end = { .type = WIRE_END };
	struct collector c;

	collector_init(&c);
	ok(!collector_listens(&c, 0), "nothing listens");
	ok(!add_socket(&c, RECORD_BIND, IPPROTO_TCP, 80), "bind is no news");
	ok(!add_socket(&c, RECORD_LISTEN, IPPROTO_SCTP, 81), "nor is another protocol");
	ok(!collector_listens(&c, 0), "still nothing listens");
	ok(add_socket(&c, RECORD_LISTEN, IPPROTO_TCP, 8080), "listen is");
	ok(add_socket(&c, RECORD_LISTEN, IPPROTO_TCP, 80), "another one");
	add_socket(&c, RECORD_LISTEN, IPPROTO_TCP, 8080);
	is_int(c.n_ports, 2, "each port once");
	ok(c.ports[0] == 80 && c.ports[1] == 8080, "ascending");
	ok(collector_listens(&c, 0) && collector_listens(&c, 80), "found");
	ok(!collector_listens(&c, 443), "not found");
	is_int(collector_listen_since(&c, 8080), 3, "since when: its first time");
	is_int(collector_listen_since(&c, 80), 4, "since when: another one");
	is_int(collector_listen_since(&c, 0), 3, "since when: any of them");
	is_int(collector_listen_since(&c, 443), 0, "since when: never");
	ok(add_event(&c, &end, sizeof(end)) && c.ended, "the end is news");
	collector_release(&c);
}

static void listen_on(struct collector *c, __u16 family, const char *addr, __u16 port)
{
	struct wire_socket s = {
		.h = { .type = WIRE_SOCKET },
		.family = family,
		.use = RECORD_LISTEN,
		.protocol = IPPROTO_TCP,
		.port = port,
	};

	inet_pton(family, addr, s.addr);
	add_event(c, &s, sizeof(s));
}

static void has_addresses(const struct collector *c, uint16_t port, const char *want)
{
	_cleanup_strvec_ struct strvec found = STRVEC_INIT;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	collector_addresses(c, port, &found);
	for (size_t i = 0; i < found.n; i++)
		strbuf_addf(&sb, "%s%s", i ? " " : "", found.v[i]);
	is_str(sb.buf, want, "addresses of port %u", port);
}

static void test_addresses(void)
{
	struct collector c;

	collector_init(&c);
	listen_on(&c, AF_INET, "0.0.0.0", 80);
	listen_on(&c, AF_INET6, "::", 80);
	listen_on(&c, AF_INET, "127.0.0.1", 80);
	listen_on(&c, AF_INET, "10.1.2.3", 81);
	listen_on(&c, AF_INET6, "2001:db8::1", 81);
	listen_on(&c, AF_INET6, "::ffff:10.9.8.7", 82);
	listen_on(&c, AF_INET6, "::ffff:0.0.0.0", 83);
	has_addresses(&c, 80, "127.0.0.1 ::1");
	has_addresses(&c, 81, "10.1.2.3 2001:db8::1");
	has_addresses(&c, 82, "10.9.8.7");
	has_addresses(&c, 83, "127.0.0.1");
	has_addresses(&c, 84, "");
	collector_release(&c);
}

int main(void)
{
	test_programs();
	test_accesses();
	test_calls();
	test_sockets();
	test_addresses();
	return tap_done();
}
