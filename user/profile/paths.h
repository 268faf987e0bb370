/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths as AppArmor patterns. */
#ifndef PROFILE_PATHS_H
#define PROFILE_PATHS_H

#include <stddef.h>

#include "slimtrace/base/strbuf.h"

/*
 * Appends @path as a pattern that matches it and its like:
 *  - /proc/<number>/ and .../task/<number>/ are any process's and any thread's;
 *  - /dev/pts/<number> is any terminal;
 *  - in names that begin at or after @made, which the container made itself: digits are any number,
 *    and parts that look chosen at random (eight hexadecimal digits and more, letters mixed with
 *    digits, "tmp...") are anything.
 * What AppArmor would take for a pattern is escaped; bytes that are no printable ASCII are octal.
 */
void path_pattern(const char *path, size_t len, size_t made, struct strbuf *ret);

#endif
