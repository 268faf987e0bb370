/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of syscalls: numbers land in the right place, arguments are in range. */
#include <stdlib.h>
#include <sys/syscall.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/record.h"
#include "trace/table.h"

static const struct wire_call *at(const struct wire_call *table, enum record_abi abi, int nr)
{
	return &table[abi * WIRE_CALLS + nr];
}

static void test_numbers(const struct wire_call *t)
{
	const struct wire_call *c = at(t, RECORD_NATIVE, SYS_openat);

	is_int(c->action, WIRE_OPEN, "openat opens");
	is_int(c->path[0].dirfd, 0, "openat's directory");
	is_int(c->path[0].path, 1, "openat's path");
	is_int(c->path[1].path, WIRE_NO_ARG, "openat has one path");
	is_int(c->flags, 2, "openat's flags");
	is_int(at(t, RECORD_NATIVE, SYS_getppid)->action, WIRE_NOTHING, "getppid does nothing");
	c = at(t, RECORD_NATIVE, SYS_renameat2);
	is_int(c->path[1].path, 3, "renameat2's second path");
	is_int(c->path[1].kinds, RECORD_CREATE, "it is made");
}

/* asm/unistd_32.h and unistd_x32.h cannot be included beside the native one. */
static void test_other_abis(const struct wire_call *t)
{
#if defined(__x86_64__)
	is_int(at(t, RECORD_COMPAT, 5)->action, WIRE_OPEN, "i386: 5 is open");
	is_int(at(t, RECORD_COMPAT, 2)->action, WIRE_FORK, "i386: 2 is fork");
	is_int(at(t, RECORD_COMPAT, 102)->action, WIRE_ARGS, "i386: 102 is socketcall");
	is_int(at(t, RECORD_COMPAT, 90)->action, WIRE_ARGS, "i386: 90 is the old mmap");
	is_int(at(t, RECORD_COMPAT, 192)->action, WIRE_MMAP, "i386: 192 is mmap2");
	is_int(at(t, RECORD_COMPAT, 361)->action, WIRE_BIND, "i386: 361 is bind");
	is_int(at(t, RECORD_COMPAT, 362)->action, WIRE_CONNECT, "i386: 362 is connect");
	is_int(at(t, RECORD_COMPAT, 195)->path[0].kinds, RECORD_STAT, "i386: 195 is stat64");
	is_int(at(t, RECORD_COMPAT, 339)->path[0].path, 5, "i386: fanotify_mark has a 64-bit mask");
	is_int(at(t, RECORD_NATIVE, SYS_fanotify_mark)->path[0].path, 4,
	       "elsewhere it is one word");
	is_int(at(t, RECORD_X32, 2)->action, WIRE_OPEN, "x32: 2 is open");
	is_int(at(t, RECORD_X32, 520)->action, WIRE_EXEC, "x32: 520 is execve");
#else
	tap_skip("other ABIs", "none on this architecture");
#endif
	for (int abi = 0; abi < RECORD_ABIS; abi++) {
		is_int(at(t, (enum record_abi)abi, 437)->action, WIRE_OPENAT2, "openat2 is 437");
		is_int(at(t, (enum record_abi)abi, 452)->action, WIRE_PATH, "fchmodat2 is 452");
		is_int(at(t, (enum record_abi)abi, 463)->action, WIRE_PATH, "setxattrat is 463");
	}
}

static bool arg_valid(int arg)
{
	return arg == WIRE_NO_ARG || (arg >= 0 && arg < 6);
}

static bool path_valid(const struct wire_path_arg *p)
{
	bool needs_flags = p->follow == WIRE_UNLESS || p->follow == WIRE_WHEN;

	if (p->path == WIRE_NO_ARG)
		return true;
	return arg_valid(p->path) && arg_valid(p->dirfd) && p->kinds &&
	       !(p->kinds & ~WIRE_KINDS_ALL) && needs_flags == (p->mask != 0) &&
	       needs_flags == (p->flags != WIRE_NO_ARG) && arg_valid(p->flags);
}

static void test_ranges(const struct wire_call *t)
{
	size_t used = 0, bad = 0;

	for (size_t i = 0; i < WIRE_ABIS * WIRE_CALLS; i++) {
		if (t[i].action == WIRE_NOTHING)
			continue;
		used++;
		if (!path_valid(&t[i].path[0]) || !path_valid(&t[i].path[1]) ||
		    !arg_valid(t[i].fd) || !arg_valid(t[i].flags)) {
			printf("# abi %zu number %zu\n", i / WIRE_CALLS, i % WIRE_CALLS);
			bad++;
		}
	}
	is_int(bad, 0, "all arguments are in range");
	ok(used > 250, "there are rows for all ABIs (%zu)", used);
}

int main(void)
{
	_cleanup_free_ struct wire_call *table =
		xcalloc(WIRE_ABIS * WIRE_CALLS, sizeof(struct wire_call));

	table_fill(table);
	test_numbers(table);
	test_other_abis(table);
	test_ranges(table);
	return tap_done();
}
