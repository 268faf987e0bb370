/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of what uses paths: syscalls of each ABI, and io_uring's requests. */
#include <stdlib.h>
#include <string.h>

#include "record/names.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"

#define URING "io_uring/"

/* linux/io_uring.h of Linux 6.18: those that are about a path. */
static const char *const requests[] = {
	[9] = "sendmsg",   [16] = "connect",   [18] = "openat",	    [21] = "statx",
	[26] = "send",	   [28] = "openat2",   [35] = "renameat",   [36] = "unlinkat",
	[37] = "mkdirat",  [38] = "symlinkat", [39] = "linkat",	    [42] = "setxattr",
	[44] = "getxattr", [47] = "send_zc",   [48] = "sendmsg_zc", [56] = "bind",
};

static char *request_name(unsigned int op)
{
	return op < ARRAY_SIZE(requests) && requests[op] ? xasprintf(URING "%s", requests[op])
							 : xasprintf(URING "%u", op);
}

char *record_call_name(uint16_t call)
{
	enum record_abi abi = (enum record_abi)(call / RECORD_CALLS);
	unsigned int nr = call % RECORD_CALLS;
	_cleanup_free_ char *name = NULL;

	if (call >= RECORD_URING)
		return request_name(call - RECORD_URING);
	name = sysname_of(abi, sysname_nr(abi, nr));
	if (!name)
		name = xasprintf("%u", nr);
	return abi == RECORD_NATIVE ? TAKE_PTR(name) : xasprintf("%s/%s", record_abis.v[abi], name);
}

/* A number below @max in decimal digits alone, or -1. */
static int number_of(const char *text, unsigned int max)
{
	size_t len = strspn(text, "0123456789");
	unsigned long n = strtoul(text, NULL, 10);

	return !len || len > 4 || text[len] || n >= max ? -1 : (int)n;
}

static int find_request(const char *name)
{
	int op = number_of(name, RECORD_USERS - RECORD_URING);

	for (size_t i = 0; op < 0 && i < ARRAY_SIZE(requests); i++)
		if (requests[i] && !strcmp(requests[i], name))
			op = (int)i;
	return op < 0 ? -1 : RECORD_URING + op;
}

static int find_syscall(enum record_abi abi, const char *name)
{
	int nr = number_of(name, RECORD_CALLS);

	if (nr < 0) {
		nr = sysname_number(abi, name);
		nr = nr < 0 ? -1 : nr & ~(int)sysname_nr(abi, 0);
	}
	return nr < 0 || nr >= RECORD_CALLS ? -1 : (int)abi * RECORD_CALLS + nr;
}

int record_call_find(const char *name)
{
	if (!strncmp(name, URING, strlen(URING)))
		return find_request(name + strlen(URING));
	for (unsigned int abi = RECORD_NATIVE + 1; abi < RECORD_ABIS; abi++) {
		size_t len = strlen(record_abis.v[abi]);

		if (!strncmp(name, record_abis.v[abi], len) && name[len] == '/')
			return find_syscall((enum record_abi)abi, name + len + 1);
	}
	return find_syscall(RECORD_NATIVE, name);
}
