/* SPDX-License-Identifier: BSD-2-Clause */
/* The builder: what merges, what does not, and the order that comes out. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "../lib/growth.h"
#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/record.h"

static struct record_access_key lookup(const char *path, int error, bool follow)
{
	return (struct record_access_key){ .source = RECORD_LOOKUP,
					   .path = path,
					   .path_len = strlen(path),
					   .error = error,
					   .follow = follow,
					   .on_image = true };
}

static void test_names(void)
{
	is_str(record_kind_name(RECORD_EXEC), "exec", "the first kind");
	is_str(record_kind_name(RECORD_CONNECT), "connect", "the last kind");
	is_str(record_kind_name(RECORD_EXEC | RECORD_MAP), NULL, "two kinds have no name");
	is_str(record_kind_name(1u << RECORD_KINDS), NULL, "a bit above has no name");
	is_str(record_kind_name(0), NULL, "no bit has no name");
}

static void test_merge(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_access_key key = lookup("/etc/hosts", 0, true);
	struct record *rec = record_builder_record(b);

	record_add_access(b, &key, RECORD_STAT, 7, 30);
	record_add_access(b, &key, RECORD_READ, 2, 10);
	record_add_access(b, &key, RECORD_READ, 7, 20);
	record_add_access(b, &key, RECORD_READ, 5, 40);
	record_add_access(b, &key, RECORD_READ, 9, 40);
	is_int(rec->n_accesses, 1, "equal accesses are one");
	is_int(rec->accesses[0].kinds, RECORD_STAT | RECORD_READ, "kinds are ORed");
	is_int(rec->accesses[0].first_ns, 10, "the earliest time stays");
	is_int(rec->accesses[0].n_programs, 4, "each program once");
	ok(rec->accesses[0].programs[0] == 2 && rec->accesses[0].programs[1] == 5 &&
		   rec->accesses[0].programs[2] == 7 && rec->accesses[0].programs[3] == 9,
	   "programs ascend");

	key.error = ENOENT;
	record_add_access(b, &key, RECORD_STAT, 0, 0);
	key.follow = false;
	record_add_access(b, &key, RECORD_STAT, 0, 0);
	key.on_image = false;
	record_add_access(b, &key, RECORD_STAT, 0, 0);
	key.path_len--;
	record_add_access(b, &key, RECORD_STAT, 0, 0);
	is_int(rec->n_accesses, 5, "another result, follow, file system or path is another");
	is_str(rec->accesses[4].path, "/etc/host", "a path ends where its length says");

	key.source = RECORD_FILE;
	record_add_access(b, &key, RECORD_READ, 0, 0);
	key.error = 0;
	record_add_access(b, &key, RECORD_READ, 0, 0);
	is_int(rec->n_accesses, 6, "a file has no result that could differ");
	is_int(rec->accesses[5].error, 0, "and none is noted");
}

static void test_order(void)
{
	struct record_builder *b = record_builder_new();
	const char *paths[] = { "/b", "/a", "/a/b", "/c" };
	uint64_t times[] = { 5, 5, 5, 1 };
	struct record *rec;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct record_access_key key = lookup(paths[i], 0, true);

		record_add_access(b, &key, RECORD_STAT, 0, times[i]);
	}
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 3, 1, 0);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 1, UINT64_MAX - 1, 0);
	record_add_syscall(b, RECORD_RUNTIME, RECORD_COMPAT, 9, 1, 0);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 1, 1, 0);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 1, 1, 0);
	record_add_capability(b, 7, true, -1);
	record_add_capability(b, 7, false, -1);
	record_add_capability(b, 2, true, -1);
	record_add_capability(b, 7, true, -1);
	rec = record_builder_finish(b);
	is_int(record_builder_record(b)->n_accesses, 0, "the builder is empty afterwards");
	record_builder_free(b);

	is_str(rec->accesses[0].path, "/c", "accesses by time");
	is_str(rec->accesses[1].path, "/a", "then by path");
	is_str(rec->accesses[2].path, "/a/b", "the shorter first");
	is_str(rec->accesses[3].path, "/b", "to the last");
	is_int(rec->n_syscalls, 3, "a syscall of one phase and ABI is there once");
	is_int(rec->syscalls[0].phase, RECORD_RUNTIME, "syscalls by phase");
	is_int(rec->syscalls[1].nr, 1, "and number");
	ok(rec->syscalls[1].count == UINT64_MAX, "a count does not wrap");
	is_int(rec->n_capabilities, 3, "each capability with each result once");
	ok(rec->capabilities[0].cap == 2 && !rec->capabilities[1].granted, "capabilities sorted");
	record_free(rec);
}

static void test_sockets(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_socket s = {
		.use = RECORD_BIND, .family = AF_INET, .protocol = IPPROTO_TCP, .port = 80
	};
	struct record *rec;

	record_add_socket(b, &s);
	s.addr[15] = 1;
	record_add_socket(b, &s);
	is_int(record_builder_record(b)->n_sockets, 1, "IPv4: four bytes count");
	s.family = AF_INET6;
	record_add_socket(b, &s);
	s.addr[15] = 2;
	record_add_socket(b, &s);
	s.use = RECORD_LISTEN;
	record_add_socket(b, &s);
	rec = record_builder_finish(b);
	is_int(rec->n_sockets, 4, "another use, family or address is another socket");
	is_int(rec->sockets[0].use, RECORD_LISTEN, "sorted by use");
	ok(rec->sockets[1].family == AF_INET && rec->sockets[3].addr[15] == 2, "and the rest");
	record_free(rec);
}

static void test_programs(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_program p = { .pid = 12, .entry = RECORD_EXECED };
	struct record *rec = record_builder_record(b);

	strvec_push(&p.argv, "sh");
	is_int(record_add_program(b, &p), 0, "the first program's index");
	p.parent = 9;
	is_int(record_add_program(b, &p), 1, "the second's");
	is_int(rec->programs[1].parent, 1, "a parent that is not there is none");
	strvec_release(&p.argv);
	is_str(rec->programs[0].argv.v[0], "sh", "arguments are copied");
	is_str(rec->programs[1].exe, "", "what is not known is empty");
}

static bool use(struct record_builder *b, const struct record_access_key *key, uint32_t call,
		uint16_t kinds)
{
	const struct record_use u = { .call = (uint16_t)call, .kinds = kinds };

	return record_add_use(b, key, &u);
}

/* Of an access that is there: as many as there are, while there is room. */
static void test_uses_bound(struct record_builder *b, const struct record_access_key *key)
{
	struct record_access_key none = lookup("/none", 0, true);
	const struct record_access *a = record_builder_record(b)->accesses;
	uint32_t n = 0;

	while (n < RECORD_USERS && use(b, key, RECORD_USERS - 1 - n, RECORD_READ))
		n++;
	ok(n > 1 && n < RECORD_USERS, "calls have room until it is full");
	is_int(a->n_uses, n, "no more were added");
	ok(a->uses[0].call == RECORD_USERS - n && a->uses[n - 1].call == RECORD_USERS - 1,
	   "they are in order");
	ok(use(b, key, RECORD_USERS - 1, RECORD_WRITE | RECORD_EXEC), "one that is there");
	is_int(a->uses[n - 1].kinds, RECORD_READ | RECORD_WRITE, "has more kinds");
	ok(use(b, &none, 1, RECORD_READ), "of no access at all");
	ok(use(b, key, 1, RECORD_EXEC), "or not of its kinds");
	is_int(a->n_uses, n, "there is nothing to tell");
}

static void test_bound(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_access_key key = lookup("/a", 0, true);
	struct record_program p = { 0 };
	char path[4096] = "/";
	size_t n = 0;

	memset(path + 1, 'p', sizeof(path) - 2);
	record_builder_bound(b, 100000);
	is_int(record_add_program(b, &p), 0, "a program has room");
	ok(record_add_access(b, &key, RECORD_READ, 0, 5), "and an access");
	for (; n < 100; n++) {
		path[1] = (char)(n + 1);
		key = lookup(path, 0, true);
		if (!record_add_access(b, &key, RECORD_READ, 0, 5))
			break;
	}
	ok(n >= 8 && n <= 12, "then it is full: long paths count as what they take");
	is_int(record_builder_record(b)->n_accesses, n + 1, "nothing was added");
	key = lookup("/a", 0, true);
	ok(record_add_access(b, &key, RECORD_WRITE, 0, 5), "what is there already still merges");
	is_int(record_builder_record(b)->accesses[0].kinds, RECORD_READ | RECORD_WRITE,
	       "its kinds");
	test_uses_bound(b, &key);
	for (uint32_t i = 0; i < 100; i++)
		strvec_push(&p.argv, path);
	ok(record_add_program(b, &p) == RECORD_NO_PROGRAM, "no room for a program either");
	is_int(record_builder_record(b)->n_programs, 1, "none was added");
	strvec_release(&p.argv);
}

static void test_loss(void)
{
	struct record_loss loss = { 0 };

	ok(!record_loss_any(&loss), "no loss");
	loss.decode = 1;
	ok(record_loss_any(&loss), "some loss");
}

/* From the last program to the first, twice: nothing is moved for each. */
static void add_backwards(uint32_t programs, void *ctx)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_access_key key = lookup("/lib/libc.so", 0, true);
	_cleanup_(record_free) struct record *rec = NULL;
	const struct record_access *a;
	size_t wrong = 0;

	(void)ctx;
	for (uint32_t i = 2 * programs; i-- > 0;) {
		const struct record_use u = { .program = i % programs,
					      .call = i >= programs ? 2 : 3,
					      .kinds = RECORD_READ };

		record_add_access(b, &key, RECORD_READ | RECORD_WRITE, i % programs, i);
		record_add_use(b, &key, &u);
		record_add_use(b, &key, &(struct record_use){ u.program, u.call, RECORD_WRITE });
		record_add_caller(b, RECORD_NATIVE, 1, i % programs);
	}
	rec = record_builder_finish(b);
	a = rec->accesses;
	is_int(a->n_programs, programs, "programs, each once, whichever comes first");
	is_int(rec->syscalls[0].n_programs, programs, "those of a call too");
	is_int(a->n_uses, 2 * programs, "and their calls");
	for (uint32_t i = 0; i < programs; i++)
		wrong += a->programs[i] != i || rec->syscalls[0].programs[i] != i ||
			 a->uses[2 * i].program != i || a->uses[2 * i].call != 2 ||
			 a->uses[2 * i + 1].call != 3 ||
			 a->uses[2 * i].kinds != (RECORD_READ | RECORD_WRITE);
	is_int(wrong, 0, "all in order, with their kinds");
}

/* Files that a program each looked at, and what each connected to. */
static void add_own(struct record_builder *b, uint32_t programs)
{
	for (uint32_t i = 0; i < programs; i++) {
		_cleanup_free_ char *path = xasprintf("/usr/lib/module/%u", i);
		struct record_access_key key = lookup(path, i & 1 ? ENOENT : 0, true);

		record_add_access(b, &key, RECORD_STAT, i, i);
	}
	for (uint32_t i = 0; i < programs; i++) {
		struct record_socket s = { .use = RECORD_CONNECTED, .family = AF_INET6 };

		memcpy(s.addr, &i, sizeof(i));
		record_add_socket(b, &s);
	}
}

static void add_many(uint32_t programs, void *ctx)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_access_key key = lookup("/lib/libc.so", 0, true);

	(void)ctx;
	for (uint32_t i = 0; i < 2 * programs; i++) {
		const struct record_use u = { .program = i % programs,
					      .call = 2,
					      .kinds = RECORD_READ };

		record_add_access(b, &key, RECORD_READ, i % programs, i);
		record_add_use(b, &key, &u);
	}
	add_own(b, programs);
	is_int(record_builder_record(b)->n_accesses, programs + 1, "many accesses");
	is_int(record_builder_record(b)->accesses[0].n_programs, programs, "with many programs");
}

/* A file that very many programs use, by turns from the first to the last: no list is scanned. */
static void test_many(void)
{
	ok(growth_is_linear(add_many, 12500, NULL), "many programs: not in quadratic time");
	ok(growth_is_linear(add_backwards, 12500, NULL), "backwards: not in quadratic time");
}

int main(void)
{
	test_names();
	test_merge();
	test_order();
	test_sockets();
	test_programs();
	test_bound();
	test_loss();
	test_many();
	return tap_done();
}
