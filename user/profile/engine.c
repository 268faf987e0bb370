/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The default seccomp profile of Docker's engine (docs.docker.com/engine/security/seccomp/; seen in
 * the runtime configurations that Docker 20.10 makes) as what it blocks, and which capabilities
 * lift that. What it does not name at all, because it is newer, is blocked as well.
 */
#include <linux/capability.h>
#include <string.h>

#include "profile/tables.h"
#include "slimtrace/base/alloc.h"

#define CAP(name) (1ull << CAP_##name)

static const struct {
	const char *name;
	uint64_t lifted_by; /* any of these; 0: nothing does */
} blocked[] = {
	{ "_sysctl", 0 },
	{ "acct", CAP(SYS_PACCT) },
	{ "add_key", 0 },
	{ "afs_syscall", 0 },
	{ "bpf", CAP(SYS_ADMIN) | CAP(BPF) },
	{ "clock_settime", CAP(SYS_TIME) },
	{ "clock_settime64", CAP(SYS_TIME) },
	{ "clone3", CAP(SYS_ADMIN) },
	{ "create_module", 0 },
	{ "delete_module", CAP(SYS_MODULE) },
	{ "fanotify_init", CAP(SYS_ADMIN) },
	{ "finit_module", CAP(SYS_MODULE) },
	{ "fsconfig", CAP(SYS_ADMIN) },
	{ "fsmount", CAP(SYS_ADMIN) },
	{ "fsopen", CAP(SYS_ADMIN) },
	{ "fspick", CAP(SYS_ADMIN) },
	{ "get_kernel_syms", 0 },
	{ "get_mempolicy", CAP(SYS_NICE) },
	{ "getpmsg", 0 },
	{ "init_module", CAP(SYS_MODULE) },
	{ "ioperm", CAP(SYS_RAWIO) },
	{ "iopl", CAP(SYS_RAWIO) },
	{ "kcmp", CAP(SYS_PTRACE) },
	{ "kexec_file_load", 0 },
	{ "kexec_load", 0 },
	{ "keyctl", 0 },
	{ "lookup_dcookie", CAP(SYS_ADMIN) },
	{ "mbind", CAP(SYS_NICE) },
	{ "migrate_pages", 0 },
	{ "mount", CAP(SYS_ADMIN) },
	{ "mount_setattr", CAP(SYS_ADMIN) },
	{ "move_mount", CAP(SYS_ADMIN) },
	{ "move_pages", 0 },
	{ "nfsservctl", 0 },
	{ "open_by_handle_at", CAP(DAC_READ_SEARCH) },
	{ "open_tree", CAP(SYS_ADMIN) },
	{ "perf_event_open", CAP(SYS_ADMIN) | CAP(PERFMON) },
	{ "pidfd_getfd", CAP(SYS_PTRACE) },
	{ "pivot_root", 0 },
	{ "process_madvise", CAP(SYS_PTRACE) },
	{ "process_vm_readv", CAP(SYS_PTRACE) },
	{ "process_vm_writev", CAP(SYS_PTRACE) },
	{ "putpmsg", 0 },
	{ "query_module", 0 },
	{ "quotactl", CAP(SYS_ADMIN) },
	{ "quotactl_fd", CAP(SYS_ADMIN) },
	{ "reboot", CAP(SYS_BOOT) },
	{ "request_key", 0 },
	{ "security", 0 },
	{ "set_mempolicy", CAP(SYS_NICE) },
	{ "set_mempolicy_home_node", CAP(SYS_NICE) },
	{ "setdomainname", CAP(SYS_ADMIN) },
	{ "sethostname", CAP(SYS_ADMIN) },
	{ "setns", CAP(SYS_ADMIN) },
	{ "settimeofday", CAP(SYS_TIME) },
	{ "stime", CAP(SYS_TIME) },
	{ "swapoff", 0 },
	{ "swapon", 0 },
	{ "sysfs", 0 },
	{ "syslog", CAP(SYS_ADMIN) | CAP(SYSLOG) },
	{ "tuxcall", 0 },
	{ "umount", CAP(SYS_ADMIN) },
	{ "umount2", CAP(SYS_ADMIN) },
	{ "unshare", CAP(SYS_ADMIN) },
	{ "uselib", 0 },
	{ "userfaultfd", 0 },
	{ "ustat", 0 },
	{ "vhangup", CAP(SYS_TTY_CONFIG) },
	{ "vm86", 0 },
	{ "vm86old", 0 },
	{ "vserver", 0 },
};

/* The flags that make namespaces: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
 */
#define CLONE_NEW_ALL 0x7e020000u

const struct engine_condition engine_conditions[] = {
	{ "clone", 0, "SCMP_CMP_MASKED_EQ", CLONE_NEW_ALL, 0 },
	/* PER_LINUX, PER_LINUX32, each with UNAME26 too, and the question for the present one */
	{ "personality", 0, "SCMP_CMP_EQ", 0x0, 0 },
	{ "personality", 0, "SCMP_CMP_EQ", 0x8, 0 },
	{ "personality", 0, "SCMP_CMP_EQ", 0x20000, 0 },
	{ "personality", 0, "SCMP_CMP_EQ", 0x20008, 0 },
	{ "personality", 0, "SCMP_CMP_EQ", 0xffffffff, 0 },
};
const size_t n_engine_conditions = ARRAY_SIZE(engine_conditions);

bool engine_blocks(const char *name, uint64_t bounding)
{
	for (size_t i = 0; i < ARRAY_SIZE(blocked); i++)
		if (!strcmp(blocked[i].name, name))
			return !(blocked[i].lifted_by & bounding);
	return false;
}

bool engine_limits(const char *name, uint64_t bounding)
{
	if (!strcmp(name, "clone") && (bounding & CAP(SYS_ADMIN)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(engine_conditions); i++)
		if (!strcmp(engine_conditions[i].name, name))
			return true;
	return false;
}
