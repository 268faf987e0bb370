/* SPDX-License-Identifier: BSD-2-Clause */
/* Which calls can have been a use: of those that the app made, by kind. */
#include <sys/syscall.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/trace.h"

static struct record *record_of(const int *calls, size_t n, enum record_phase phase,
				uint64_t refused)
{
	struct record_builder *b = record_builder_new();
	struct record *rec;

	for (size_t i = 0; i < n; i++)
		record_add_syscall(b, phase, RECORD_NATIVE, (uint32_t)calls[i], 3, refused);
	rec = record_builder_finish(b);
	record_builder_free(b);
	return rec;
}

static unsigned int place(uint32_t kind)
{
	return (unsigned int)__builtin_ctz(kind);
}

static const struct strvec *calls_of(const struct trace_calls *calls, enum record_source source,
				     uint32_t kind)
{
	return &calls->by[source][place(kind)];
}

static void test_one_of_each(void)
{
	static const int made[] = { SYS_openat,	    SYS_newfstatat, SYS_mmap,	SYS_execve,
				    SYS_getdents64, SYS_connect,    SYS_linkat, SYS_read };
	struct record *rec = record_of(made, ARRAY_SIZE(made), RECORD_APP, 0);
	struct trace_calls calls = { 0 };
	const struct strvec *names;

	trace_calls_find(rec, &calls);
	names = calls_of(&calls, RECORD_FILE, RECORD_READ);
	is_int(names->n, 2, "a file was read by one of two calls");
	ok(strvec_has(names, "linkat"), "linkat takes a descriptor's file, too");
	ok(strvec_has(names, "openat"), "openat");
	names = calls_of(&calls, RECORD_LOOKUP, RECORD_STAT);
	ok(strvec_has(names, "newfstatat") && strvec_has(names, "openat"), "openat with O_PATH");
	is_int(names->n, 2, "and no more");
	names = calls_of(&calls, RECORD_FILE, RECORD_MAP);
	ok(strvec_has(names, "mmap") && strvec_has(names, "execve"), "execve maps the loader");
	names = calls_of(&calls, RECORD_FILE, RECORD_LIST);
	is_str(names->n == 1 ? names->v[0] : NULL, "getdents64", "a list is of one call");
	names = calls_of(&calls, RECORD_LOOKUP, RECORD_CONNECT);
	is_str(names->n == 1 ? names->v[0] : NULL, "connect", "connect");
	is_int(calls_of(&calls, RECORD_LOOKUP, RECORD_DELETE)->n, 0, "nothing deletes");
	trace_calls_release(&calls);
	record_free(rec);
}

static void test_not_made(void)
{
	static const int made[] = { SYS_openat, SYS_execve };
	struct record *refused = record_of(made, ARRAY_SIZE(made), RECORD_APP, 3),
		      *runtime = record_of(made, ARRAY_SIZE(made), RECORD_CONFINED, 0);
	struct trace_calls calls = { 0 }, of_runtime = { 0 };

	trace_calls_find(refused, &calls);
	is_int(calls_of(&calls, RECORD_LOOKUP, RECORD_READ)->n, 0, "a refused call was no use");
	trace_calls_find(runtime, &of_runtime);
	is_int(calls_of(&of_runtime, RECORD_LOOKUP, RECORD_READ)->n, 0,
	       "nor was one of the runtime");
	is_int(calls_of(&of_runtime, RECORD_FILE, RECORD_EXEC)->n, 1,
	       "but for what executes the first program");
	trace_calls_release(&calls);
	trace_calls_release(&of_runtime);
	record_free(refused);
	record_free(runtime);
}

static void test_ring(void)
{
	static const int made[] = { SYS_io_uring_enter };
	struct record *rec = record_of(made, 1, RECORD_APP, 0);
	struct trace_calls calls = { 0 };

	trace_calls_find(rec, &calls);
	is_int(calls_of(&calls, RECORD_LOOKUP, RECORD_READ)->n, 1, "a ring's request opens");
	is_int(calls_of(&calls, RECORD_FILE, RECORD_READ)->n, 0, "and shows as asked for alone");
	trace_calls_release(&calls);
	record_free(rec);
}

int main(void)
{
	test_one_of_each();
	test_not_made();
	test_ring();
	return tap_done();
}
