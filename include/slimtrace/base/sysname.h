/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of syscall numbers: libseccomp's, and those of newer kernels. */
#ifndef SLIMTRACE_BASE_SYSNAME_H
#define SLIMTRACE_BASE_SYSNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/record.h"

/* No ABI has numbers at or above this one, but for x32's bit. */
#define SYSNAME_MAX 1024

/* libseccomp's SCMP_ARCH_... of an ABI of this machine. */
uint32_t sysname_arch(enum record_abi abi);
/* malloc'ed; NULL when the number is not known. */
char *sysname_of(enum record_abi abi, unsigned int nr);
/* The number, or -1. */
int sysname_number(enum record_abi abi, const char *name);
/* The number of the call at place @i < SYSNAME_MAX of the ABI's table: x32's have a bit more. */
unsigned int sysname_nr(enum record_abi abi, unsigned int i);
/* Whether the call came with Linux 5.1 or later: what came before is taken for granted. */
bool sysname_is_new(enum record_abi abi, unsigned int nr);

#endif
