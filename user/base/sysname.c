/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/sysname.h"

#include <seccomp.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

uint32_t sysname_arch(enum record_abi abi)
{
	switch (abi) {
	case RECORD_NATIVE:
		return seccomp_arch_native();
	case RECORD_COMPAT:
#if defined(__x86_64__)
		return SCMP_ARCH_X86;
#else
		return SCMP_ARCH_ARM;
#endif
	case RECORD_X32:
		return SCMP_ARCH_X32;
	}
	return seccomp_arch_native();
}

/*
 * Calls that are newer than the libseccomp of the distributions that we run on. Since 5.1 a new
 * call has one number on all architectures (x32: with its bit). asm-generic/unistd.h of Linux 6.18.
 */
#define FIRST_COMMON 424
#define X32_BIT 0x40000000u /* asm/unistd.h */
static const struct {
	unsigned int nr;
	const char *name;
} newer[] = {
	{ 450, "set_mempolicy_home_node" },
	{ 451, "cachestat" },
	{ 452, "fchmodat2" },
	{ 453, "map_shadow_stack" },
	{ 454, "futex_wake" },
	{ 455, "futex_wait" },
	{ 456, "futex_requeue" },
	{ 457, "statmount" },
	{ 458, "listmount" },
	{ 459, "lsm_get_self_attr" },
	{ 460, "lsm_set_self_attr" },
	{ 461, "lsm_list_modules" },
	{ 462, "mseal" },
	{ 463, "setxattrat" },
	{ 464, "getxattrat" },
	{ 465, "listxattrat" },
	{ 466, "removexattrat" },
	{ 467, "open_tree_attr" },
	{ 468, "file_getattr" },
	{ 469, "file_setattr" },
};

static unsigned int common_number(enum record_abi abi, unsigned int nr)
{
	return abi == RECORD_X32 ? nr & ~X32_BIT : nr;
}

char *sysname_of(enum record_abi abi, unsigned int nr)
{
	char *name = seccomp_syscall_resolve_num_arch(sysname_arch(abi), (int)nr);

	for (size_t i = 0; !name && i < ARRAY_SIZE(newer); i++)
		if (newer[i].nr == common_number(abi, nr))
			name = xstrdup(newer[i].name);
	return name;
}

bool sysname_is_new(enum record_abi abi, unsigned int nr)
{
	return common_number(abi, nr) >= FIRST_COMMON && common_number(abi, nr) < SYSNAME_MAX;
}

unsigned int sysname_nr(enum record_abi abi, unsigned int i)
{
	return abi == RECORD_X32 ? i | X32_BIT : i;
}

int sysname_number(enum record_abi abi, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(sysname_arch(abi), name);

	if (nr != __NR_SCMP_ERROR)
		return nr < 0 ? -1 : nr; /* negative: its pseudo number of a call of other ABIs */
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		if (!strcmp(newer[i].name, name))
			return (int)sysname_nr(abi, newer[i].nr);
	return -1;
}
