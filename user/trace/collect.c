/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/collect.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"

void collector_init(struct collector *c)
{
	*c = (struct collector){
		.builder = record_builder_new(),
		.programs = strmap_new(),
		.path = STRBUF_INIT,
	};
	record_builder_bound(c->builder, RECORD_MAX_BYTES);
}

void collector_release(struct collector *c)
{
	record_builder_free(c->builder);
	strmap_free(c->programs);
	strbuf_release(&c->path);
	free(c->ports);
	free(c->port_ns);
	*c = (struct collector){ .path = STRBUF_INIT };
}

static uint64_t since_start(const struct collector *c, uint64_t ns)
{
	return c->first_ns && ns > c->first_ns ? ns - c->first_ns : 0;
}

/* The index of a known program, or -1. */
static int64_t find_program(const struct collector *c, uint64_t id)
{
	return (int64_t)(intptr_t)strmap_get_len(c->programs, &id, sizeof(id)) - 1;
}

static uint32_t put_program(struct collector *c, uint64_t id, const struct record_program *p)
{
	uint32_t index = record_add_program(c->builder, p);

	if (index == RECORD_NO_PROGRAM)
		c->too_many++;
	else
		strmap_put_len(c->programs, &id, sizeof(id),
			       (void *)(intptr_t)((int64_t)index + 1));
	return index;
}

/* The program of an event. One whose own event was lost, which is counted, is still a program. */
static uint32_t program_of(struct collector *c, const struct event *ev)
{
	char unknown[] = "";
	struct record_program p = { .comm = unknown, .exe = unknown, .argv_truncated = true };
	int64_t index = find_program(c, ev->program);

	if (index >= 0)
		return (uint32_t)index;
	p.parent = (uint32_t)record_builder_record(c->builder)->n_programs;
	p.pid = (int)ev->pid;
	p.start_ns = since_start(c, ev->ns);
	return put_program(c, ev->program, &p);
}

/* argv lies in memory as strings side by side; a cut one ends without its NUL. */
static void split_argv(const char *s, size_t len, struct strvec *ret)
{
	while (len) {
		size_t n = strnlen(s, len), step = n < len ? n + 1 : n;

		strvec_push_len(ret, s, n);
		s += step;
		len -= step;
	}
}

static void add_program(struct collector *c, const struct event *ev)
{
	_cleanup_strvec_ struct strvec argv = STRVEC_INIT;
	uint32_t own = (uint32_t)record_builder_record(c->builder)->n_programs;
	int64_t parent = ev->parent ? find_program(c, ev->parent) : -1;
	char comm[sizeof(ev->comm)];
	struct record_program p;

	if (!c->first_ns)
		c->first_ns = ev->ns;
	if (!(ev->flags & WIRE_EXECED)) /* restarted */
		c->ended = false;
	split_argv(ev->string, ev->string_len, &argv);
	strbuf_reset(&c->path);
	if (ev->walk_len)
		decode_walk(ev, &c->path);
	snprintf(comm, sizeof(comm), "%s", ev->comm);
	p = (struct record_program){
		.parent = parent < 0 ? own : (uint32_t)parent,
		.pid = (int)ev->pid,
		.entry = ev->flags & WIRE_EXECED ? RECORD_EXECED : RECORD_ENTRYPOINT,
		.comm = comm,
		.exe = c->path.buf,
		.argv = argv,
		.argv_truncated = ev->flags & WIRE_ARGV_CUT,
		.start_ns = since_start(c, ev->ns),
	};
	put_program(c, ev->program, &p);
}

/* That a file was made while the container ran is seen of the file: not by what. */
static bool add_use(struct collector *c, const struct event *ev,
		    const struct record_access_key *key, uint32_t program)
{
	uint32_t kinds = ev->type == WIRE_FILE ? ev->kinds & ~WIRE_KIND_CREATE : ev->kinds;
	const struct record_use use = { .program = program,
					.call = (uint16_t)(ev->call - 1),
					.kinds = (uint16_t)kinds };

	return !ev->call || record_add_use(c->builder, key, &use);
}

static void add_access(struct collector *c, const struct event *ev)
{
	uint32_t program;
	struct record *rec = record_builder_record(c->builder);
	size_t before = rec->n_accesses;
	struct record_access_key key = {
		.source = ev->type == WIRE_FILE ? RECORD_FILE : RECORD_LOOKUP,
		.error = ev->error,
		.follow = ev->flags & WIRE_FOLLOW,
		.on_image = ev->flags & WIRE_ON_IMAGE,
	};

	if (ev->flags & WIRE_TRUNCATED) /* counted by the BPF side; the path is a wrong one */
		return;
	strbuf_reset(&c->path);
	if (ev->type == WIRE_FILE)
		decode_walk(ev, &c->path);
	else
		decode_lookup(ev, &c->path);
	key.path = c->path.buf;
	key.path_len = c->path.len;
	program = program_of(c, ev);
	if (program == RECORD_NO_PROGRAM)
		return; /* counted */
	if (!record_add_access(c->builder, &key, ev->kinds, program, since_start(c, ev->ns)) ||
	    !add_use(c, ev, &key, program))
		c->too_many++;
	if (rec->n_accesses > before)
		*(ev->type == WIRE_FILE ? &c->files : &c->lookups) += 1;
}

bool collector_listens(const struct collector *c, uint16_t port)
{
	for (size_t i = 0; i < c->n_ports; i++)
		if (c->ports[i] == port)
			return true;
	return !port && c->n_ports;
}

uint64_t collector_listen_since(const struct collector *c, uint16_t port)
{
	uint64_t first = 0;

	for (size_t i = 0; i < c->n_ports; i++)
		if ((!port || c->ports[i] == port) && (!first || c->port_ns[i] < first))
			first = c->port_ns[i];
	return first;
}

static void add_port(struct collector *c, uint16_t port, uint64_t ns)
{
	size_t at = c->n_ports;

	if (collector_listens(c, port))
		return;
	ALLOC_GROW(c->ports, c->n_ports + 1, c->cap_ports);
	ALLOC_GROW(c->port_ns, c->n_ports + 1, c->cap_port_ns);
	for (; at && c->ports[at - 1] > port; at--) {
		c->ports[at] = c->ports[at - 1];
		c->port_ns[at] = c->port_ns[at - 1];
	}
	c->ports[at] = port;
	c->port_ns[at] = ns;
	c->n_ports++;
}

static void add_once(struct strvec *ret, const char *text)
{
	if (!strvec_has(ret, text))
		strvec_push(ret, text);
}

static void add_literal(const struct record_socket *s, struct strvec *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN] = "";
	bool v4 = s->family == AF_INET;
	const uint8_t *addr = s->addr;

	if (s->family == AF_INET6 && !memcmp(addr, mapped, sizeof(mapped))) {
		v4 = true;
		addr += sizeof(mapped);
	}
	if (v4 && !memcmp(addr, &(struct in_addr){ INADDR_ANY }, 4))
		add_once(ret, "127.0.0.1");
	else if (!v4 && !memcmp(addr, &in6addr_any, 16))
		add_once(ret, "::1");
	else if (inet_ntop(v4 ? AF_INET : AF_INET6, addr, text, sizeof(text)))
		add_once(ret, text);
}

void collector_addresses(const struct collector *c, uint16_t port, struct strvec *ret)
{
	const struct record *rec = record_builder_record(c->builder);

	for (size_t i = 0; i < rec->n_sockets; i++) {
		const struct record_socket *s = &rec->sockets[i];

		if (s->use == RECORD_LISTEN && s->protocol == IPPROTO_TCP && s->port == port)
			add_literal(s, ret);
	}
}

static bool add_socket(struct collector *c, const struct record_socket *s, uint64_t ns)
{
	if (!record_add_socket(c->builder, s))
		c->too_many++;
	if (s->use != RECORD_LISTEN || s->protocol != IPPROTO_TCP || !s->port)
		return false;
	add_port(c, s->port, ns);
	return true;
}

static bool note_socket(struct collector *c, const struct wire_socket *ws)
{
	struct record_socket s = {
		.use = (enum record_socket_use)ws->use,
		.family = ws->family,
		.protocol = ws->protocol,
		.port = ws->port,
	};

	memcpy(s.addr, ws->addr, sizeof(s.addr));
	return add_socket(c, &s, ws->h.ns);
}

static void add_arguments(struct collector *c, const struct event *ev)
{
	const struct wire_values *v = &ev->values;

	if (!v->used) {
		uint32_t program = program_of(c, ev);

		if (program != RECORD_NO_PROGRAM)
			record_add_caller(c->builder, v->abi, sysname_nr(v->abi, v->nr), program);
		return;
	}
	record_add_arguments(c->builder, v->abi, sysname_nr(v->abi, v->nr), v->used, v->value);
}

bool collector_add(struct collector *c, const struct event *ev)
{
	c->events++;
	switch (ev->type) {
	case WIRE_PROGRAM:
		add_program(c, ev);
		return false;
	case WIRE_FILE:
	case WIRE_LOOKUP:
		add_access(c, ev);
		return false;
	case WIRE_SOCKET:
		return note_socket(c, &ev->socket);
	case WIRE_VALUES:
		add_arguments(c, ev);
		return false;
	case WIRE_END:
		c->ended = true;
		return true;
	case WIRE_MADE:
	case WIRE_GONE:
		return false;
	}
	return false;
}

/* --- what ran before --- */

static void adopt_files(struct collector *c, const struct adopted *a, uint32_t program)
{
	for (size_t i = 0; i < a->n_files; i++) {
		const struct adopted_file *f = &a->files[i];
		const struct record_access_key key = {
			.source = RECORD_FILE,
			.path = f->path,
			.path_len = strlen(f->path),
			.on_image = f->on_image,
			.before = true,
		};

		if (!record_add_access(c->builder, &key, f->kinds, program, 0))
			c->too_many++;
	}
}

void collector_adopt(struct collector *c, const struct adopted *a, uint64_t id, uint64_t parent,
		     enum record_entry entry, uint64_t ns)
{
	int64_t by = parent ? find_program(c, parent) : -1;
	char comm[sizeof(a->comm)], unknown[] = "";
	struct record_program p = {
		.parent = by < 0 ? RECORD_NO_PROGRAM : (uint32_t)by,
		.pid = a->pid,
		.entry = entry,
		.comm = comm,
		.exe = a->exe ? a->exe : unknown,
		.argv = a->argv,
		.argv_truncated = a->argv_truncated,
	};
	uint32_t program;

	if (!c->first_ns)
		c->first_ns = ns;
	memcpy(comm, a->comm, sizeof(comm));
	program = put_program(c, id, &p);
	if (program == RECORD_NO_PROGRAM)
		return; /* counted */
	adopt_files(c, a, program);
	for (size_t i = 0; i < a->n_sockets; i++)
		add_socket(c, &a->sockets[i], ns);
}

/* --- forgetting --- */

size_t collector_mark(struct collector *c)
{
	c->marked = strmap_count(c->programs);
	return c->marked;
}

struct forgetting {
	const struct strmap *running;
	struct strmap *left;
	size_t at, marked;
};

static int keep_program(const char *key, size_t len, void *value, void *ctx)
{
	struct forgetting *f = ctx;

	if (f->at++ >= f->marked || strmap_get_len(f->running, key, len))
		strmap_put_len(f->left, key, len, value);
	return 0;
}

void collector_forget(struct collector *c, const struct strmap *running)
{
	struct forgetting f = { .running = running, .left = strmap_new(), .marked = c->marked };

	strmap_each(c->programs, keep_program, &f);
	strmap_free(c->programs);
	c->programs = f.left;
	c->marked = 0;
}
