/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that strangers chose: UTF-8 checks, words as a shell would split them. */
#ifndef SLIMTRACE_BASE_TEXT_H
#define SLIMTRACE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"

/* Length in bytes of the valid UTF-8 sequence at @s (RFC 3629), 0 when it is not valid. */
size_t utf8_sequence(const char *s, size_t len);
bool utf8_valid(const char *s, size_t len);
/* The same of one that can be shown; 0: a control character, or not valid. */
size_t text_shown(const char *s, size_t len);
/* Appends @s with control characters and invalid bytes replaced, fit for a terminal. */
void text_add_safe(struct strbuf *sb, const char *s, size_t len);
/* Bytes of @s that take at most @columns of a terminal as text_add_safe shows them. What may be
 * wide (East Asian scripts, emoji) counts as that. */
size_t text_fit(const char *s, size_t len, size_t columns);

/*
 * Splits @s into words by the shell's rules for blanks, '…', "…" and \ (POSIX 2.2), without
 * expanding anything. Fails on an unclosed quote, naming it.
 */
int text_split_words(const char *s, struct strvec *ret, struct err *err);

/* Whole, decimal, within [min, max]; else ERR_USAGE naming @what and the value. */
int text_parse_u64(const char *s, unsigned long long min, unsigned long long max, const char *what,
		   unsigned long long *ret, struct err *err);

#endif
