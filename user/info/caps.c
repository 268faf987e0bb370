/* SPDX-License-Identifier: BSD-2-Clause */
/* File capabilities (linux/capability.h, struct vfs_ns_cap_data), as setcap(8) takes them. */
#include <endian.h>
#include <linux/capability.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"

static const char *const names[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

static uint32_t word(const void *value, size_t i)
{
	uint32_t n;

	memcpy(&n, (const char *)value + i * sizeof(n), sizeof(n));
	return le32toh(n);
}

static void add_names(struct strbuf *sb, uint64_t set)
{
	const char *separator = "";

	if (set == (UINT64_C(1) << ARRAY_SIZE(names)) - 1) /* all that there are: "=ep" */
		return;
	for (unsigned int i = 0; i < 64; i++) {
		if (!(set >> i & 1))
			continue;
		if (i < ARRAY_SIZE(names))
			strbuf_addf(sb, "%scap_%s", separator, names[i]);
		else
			strbuf_addf(sb, "%s%u", separator, i);
		separator = ",";
	}
}

static void add_set(struct strbuf *sb, uint64_t set, const char *effective, const char *flags)
{
	if (!set)
		return;
	strbuf_addstr(sb, sb->len ? " " : "");
	add_names(sb, set);
	strbuf_addf(sb, "=%s%s", effective, flags);
}

char *caps_text(const void *value, size_t len)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	uint64_t permitted, inheritable;
	const char *e;

	if (len < 12)
		return xstrdup("unreadable");
	permitted = word(value, 1) | (len >= 20 ? (uint64_t)word(value, 3) << 32 : 0);
	inheritable = word(value, 2) | (len >= 20 ? (uint64_t)word(value, 4) << 32 : 0);
	e = word(value, 0) & VFS_CAP_FLAGS_EFFECTIVE ? "e" : "";
	add_set(&sb, permitted & inheritable, e, "ip");
	add_set(&sb, permitted & ~inheritable, e, "p");
	add_set(&sb, inheritable & ~permitted, e, "i");
	if (!sb.len)
		strbuf_addch(&sb, '=');
	if (len >= 24 && (word(value, 0) & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3)
		strbuf_addf(&sb, " [rootid=%u]", word(value, 5));
	return strbuf_detach(&sb, NULL);
}
