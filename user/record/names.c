/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/names.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

#define NAMES(...)                                                                                 \
	{                                                                                          \
		(const char *const[]){ __VA_ARGS__ },                                              \
			ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ }))                         \
	}

const struct names record_sources = NAMES([RECORD_FILE] = "file", [RECORD_LOOKUP] = "lookup");
const struct names record_entries = NAMES([RECORD_ENTRYPOINT] = "entrypoint",
					  [RECORD_EXECED] = "exec", [RECORD_HEALTH] = "health");
const struct names record_abis =
	NAMES([RECORD_NATIVE] = "native", [RECORD_COMPAT] = "compat", [RECORD_X32] = "x32");
const struct names record_phases =
	NAMES([RECORD_RUNTIME] = "runtime", [RECORD_APP] = "app", [RECORD_CONFINED] = "confined");
const struct names record_uses =
	NAMES([RECORD_LISTEN] = "listen", [RECORD_BIND] = "bind", [RECORD_CONNECTED] = "connect");

int names_find(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], name))
			return (int)i;
	return -1;
}

uint32_t record_kind_find(const char *name)
{
	for (unsigned int i = 0; i < RECORD_KINDS; i++)
		if (!strcmp(record_kind_name(1u << i), name))
			return 1u << i;
	return 0;
}

/* linux/capability.h of Linux 6.18, up to CAP_CHECKPOINT_RESTORE. */
static const char *const capabilities[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};
_Static_assert(ARRAY_SIZE(capabilities) == CAP_CHECKPOINT_RESTORE + 1, "capabilities");

const char *record_capability_name(uint32_t cap)
{
	return cap < ARRAY_SIZE(capabilities) ? capabilities[cap] : NULL;
}

const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_DCCP:
		return "dccp";
	case IPPROTO_UDPLITE:
		return "udplite";
	case IPPROTO_RAW:
		return "raw";
	default:
		return NULL;
	}
}

#define LOSS(member)                                                                               \
	{                                                                                          \
#member, offsetof(struct record_loss, member)                                      \
	}
const struct loss_name record_losses[RECORD_LOSSES] = {
	LOSS(ring_full),      LOSS(map_full),	 LOSS(path_fault),
	LOSS(path_truncated), LOSS(prog_missed), LOSS(decode),
};
_Static_assert(sizeof(struct record_loss) == RECORD_LOSSES * sizeof(uint64_t), "losses");

void record_socket_address(const struct record_socket *s, char ret[RECORD_ADDRESS_MAX])
{
	char addr[INET6_ADDRSTRLEN] = "";

	inet_ntop(s->family, s->addr, addr, sizeof(addr));
	snprintf(ret, RECORD_ADDRESS_MAX, s->family == AF_INET6 ? "[%s]:%u" : "%s:%u", addr,
		 s->port);
}

void record_socket_protocol(const struct record_socket *s, char ret[RECORD_ADDRESS_MAX])
{
	if (s->protocol == IPPROTO_TCP || s->protocol == IPPROTO_UDP)
		snprintf(ret, RECORD_ADDRESS_MAX, "%s", s->protocol == IPPROTO_TCP ? "TCP" : "UDP");
	else
		snprintf(ret, RECORD_ADDRESS_MAX, "protocol %u", s->protocol);
}
