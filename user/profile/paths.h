/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths as AppArmor patterns. */
#ifndef PROFILE_PATHS_H
#define PROFILE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/strbuf.h"

/*
 * Appends @path as a pattern that matches it and its like:
 *  - /proc/<number>/ and .../task/<number>/ are any process's and any thread's;
 *  - /dev/pts/<number> is any terminal;
 *  - with @made, for what the container made itself: digits are any number, and parts of a name
 *    that look chosen at random (eight hexadecimal digits and more, letters mixed with digits,
 *    "tmp..."), are anything.
 * What AppArmor would take for a pattern is escaped; bytes that are no printable ASCII are octal.
 */
void path_pattern(const char *path, size_t len, bool made, struct strbuf *ret);

#endif
