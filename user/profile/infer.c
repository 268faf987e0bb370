/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities where the kernel does not tell of them: what the calls that were made could have
 * needed, by capabilities(7), of what the container had. Too much rather than too little: a
 * capability that no call of its own shows, such as that to pass over a file's mode, stays.
 */
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>

#include "profile/needs.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"

#define LOWEST_FREE_PORT 1024 /* net.ipv4.ip_unprivileged_port_start, by default */

/* Without one of the calls the capability is for nothing. */
static const struct {
	uint32_t cap;
	const char *const calls[12];
} users[] = {
	{ CAP_CHOWN,
	  { "chown", "fchown", "lchown", "fchownat", "chown32", "fchown32", "lchown32" } },
	{ CAP_FOWNER,
	  { "chmod", "fchmod", "fchmodat", "fchmodat2", "utimensat", "utime", "utimes", "unlink",
	    "unlinkat", "rename", "renameat", "renameat2" } },
	{ CAP_FSETID, { "chmod", "fchmod", "fchmodat", "fchmodat2" } },
	{ CAP_KILL, { "kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal" } },
	{ CAP_MKNOD, { "mknod", "mknodat" } },
	{ CAP_SETFCAP, { "setxattr", "fsetxattr", "lsetxattr", "setxattrat" } },
	{ CAP_SETGID,
	  { "setgid", "setregid", "setresgid", "setgroups", "setfsgid", "setgid32", "setgroups32",
	    "setresgid32", "setregid32" } },
	{ CAP_SETUID,
	  { "setuid", "setreuid", "setresuid", "setfsuid", "setuid32", "setreuid32",
	    "setresuid32" } },
	{ CAP_SETPCAP, { "capset", "prctl" } },
	{ CAP_SYS_CHROOT, { "chroot", "setns" } },
};

static bool called(const struct record *rec, const char *name)
{
	for (size_t i = 0; i < rec->n_syscalls; i++) {
		_cleanup_free_ char *call = sysname_of(rec->syscalls[i].abi, rec->syscalls[i].nr);

		if (rec->syscalls[i].phase == RECORD_APP && call && !strcmp(call, name))
			return true;
	}
	return false;
}

/* A socket of that family or type; AF_UNSPEC, 0: any. Also when it is not told which were made. */
static bool made_socket(const struct record *rec, uint32_t family, uint32_t type)
{
	for (size_t i = 0; i < rec->n_arguments; i++) {
		const struct record_arguments *a = &rec->arguments[i];
		_cleanup_free_ char *name = sysname_of(a->abi, a->nr);

		if (name && !strcmp(name, "socket") &&
		    (!a->used || (family && a->value[0] == family) ||
		     (type && (a->value[1] & 0xf) == type)))
			return true;
	}
	return false;
}

static bool bound_low(const struct record *rec)
{
	for (size_t i = 0; i < rec->n_sockets; i++)
		if (rec->sockets[i].use != RECORD_CONNECTED && rec->sockets[i].port &&
		    rec->sockets[i].port < LOWEST_FREE_PORT)
			return true;
	return false;
}

static uint64_t unused(const struct record *rec)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		bool used = false;

		for (size_t j = 0; j < ARRAY_SIZE(users[i].calls) && users[i].calls[j]; j++)
			used = used || called(rec, users[i].calls[j]);
		if (!used)
			caps |= 1ull << users[i].cap;
	}
	if (!made_socket(rec, AF_NETLINK, 0))
		caps |= 1ull << CAP_AUDIT_WRITE;
	if (!made_socket(rec, AF_PACKET, SOCK_RAW))
		caps |= 1ull << CAP_NET_RAW;
	if (!bound_low(rec))
		caps |= 1ull << CAP_NET_BIND_SERVICE;
	return caps;
}

uint64_t needs_capabilities(const struct record *rec, bool *known)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < rec->n_capabilities; i++)
		if (profile_capability_needed(&rec->capabilities[i]))
			caps |= 1ull << rec->capabilities[i].cap;
	if (!rec->capabilities_unseen)
		return caps;
	*known = false;
	return caps | (rec->confinement.bounding & ~unused(rec));
}
