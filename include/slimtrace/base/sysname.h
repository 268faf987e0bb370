/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of syscall numbers, by libseccomp. */
#ifndef SLIMTRACE_BASE_SYSNAME_H
#define SLIMTRACE_BASE_SYSNAME_H

#include "slimtrace/record.h"

/* malloc'ed; NULL when libseccomp does not know the number. */
char *sysname_of(enum record_abi abi, unsigned int nr);
/* The number, or -1. */
int sysname_number(enum record_abi abi, const char *name);

#endif
