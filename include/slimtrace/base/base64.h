/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 (RFC 4648, section 4). */
#ifndef SLIMTRACE_BASE_BASE64_H
#define SLIMTRACE_BASE_BASE64_H

#include <stdbool.h>

#include "slimtrace/base/strbuf.h"

void base64_add(struct strbuf *sb, const void *data, size_t len);
/* Appends what @text stands for; false, and nothing is appended, when it is not base64. */
bool base64_decode(const char *text, struct strbuf *ret);

#endif
