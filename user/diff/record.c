/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of a record: what the app did. Times, pids and counts differ from run to run. */
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"

static void add_files(struct facts *facts, const struct record *rec)
{
	for (size_t i = 0; i < rec->n_accesses; i++) {
		const struct record_access *a = &rec->accesses[i];
		_cleanup_strbuf_ struct strbuf kinds = STRBUF_INIT;

		if (a->source != RECORD_FILE || !a->on_image)
			continue;
		for (unsigned int bit = 0; bit < RECORD_KINDS; bit++)
			if (a->kinds & 1u << bit)
				strbuf_addf(&kinds, "%s%s", kinds.len ? ", " : "",
					    record_kind_name(1u << bit));
		facts_add(facts, FACT_FILES, a->path, a->path_len, xstrdup(kinds.buf));
	}
}

static void add_programs(struct facts *facts, const struct record *rec)
{
	for (size_t i = 0; i < rec->n_programs; i++) {
		const char *exe = rec->programs[i].exe;

		if (exe && *exe)
			facts_add(facts, FACT_PROGRAMS, exe, strlen(exe), xstrdup(""));
	}
}

static void add_syscalls(struct facts *facts, const struct record *rec)
{
	static const char *const abis[] = {
		[RECORD_NATIVE] = "", [RECORD_COMPAT] = " (32 bits)", [RECORD_X32] = " (x32)"
	};

	for (size_t i = 0; i < rec->n_syscalls; i++) {
		const struct record_syscall *s = &rec->syscalls[i];
		_cleanup_free_ char *known = sysname_of(s->abi, s->nr), *name = NULL;

		if (s->phase != RECORD_APP)
			continue;
		name = known ? xasprintf("%s%s", known, abis[s->abi])
			     : xasprintf("system call %u%s", s->nr, abis[s->abi]);
		facts_add(facts, FACT_SYSCALLS, name, strlen(name), xstrdup(""));
	}
}

static void add_capabilities(struct facts *facts, const struct record *rec)
{
	for (size_t i = 0; i < rec->n_capabilities; i++) {
		const struct record_capability *c = &rec->capabilities[i];
		const char *known = record_capability_name(c->cap);
		_cleanup_free_ char *name =
			known ? xstrdup(known) : xasprintf("capability %u", c->cap);
		const char *before = strmap_get(facts->of[FACT_CAPABILITIES], name);

		/* Asked for by several calls: granted once is granted. */
		if (!before || c->granted)
			facts_add(facts, FACT_CAPABILITIES, name, strlen(name),
				  xstrdup(c->granted ? "granted" : "refused"));
	}
}

static void add_socket(struct facts *facts, const struct record_socket *s)
{
	static const char *const uses[] = { [RECORD_LISTEN] = "listens on",
					    [RECORD_BIND] = "is bound to",
					    [RECORD_CONNECTED] = "connects to" };
	char address[RECORD_ADDRESS_MAX], protocol[RECORD_ADDRESS_MAX];
	_cleanup_free_ char *name = NULL;

	record_socket_address(s, address);
	record_socket_protocol(s, protocol);
	name = xasprintf("%s %s %s", uses[s->use], address, protocol);
	facts_add(facts, FACT_NETWORK, name, strlen(name), xstrdup(""));
}

void facts_of_record(struct facts *facts, const struct record *rec)
{
	add_files(facts, rec);
	add_programs(facts, rec);
	add_syscalls(facts, rec);
	add_capabilities(facts, rec);
	for (size_t i = 0; i < rec->n_sockets; i++)
		add_socket(facts, &rec->sockets[i]);
}
