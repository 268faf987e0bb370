/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/sysname.h"

#include <seccomp.h>

static uint32_t arch_of(enum record_abi abi)
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

char *sysname_of(enum record_abi abi, unsigned int nr)
{
	return seccomp_syscall_resolve_num_arch(arch_of(abi), (int)nr);
}

int sysname_number(enum record_abi abi, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(arch_of(abi), name);

	return nr < 0 ? -1 : nr; /* negative: libseccomp's own pseudo numbers too */
}
