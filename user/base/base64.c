/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct strbuf *sb, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
			     (n > 2 ? p[i + 2] : 0);

		for (unsigned int d = 0; d < 4; d++)
			strbuf_addch(sb, d <= n ? digits[v >> (18 - 6 * d) & 63] : '=');
	}
}

/* Of 0 to 63; -1 for what is no digit. */
static int value_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool base64_decode(const char *text, struct strbuf *ret)
{
	size_t len = strlen(text), pad = 0, before = ret->len;

	while (pad < 2 && pad < len && text[len - pad - 1] == '=')
		pad++;
	if (len % 4)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		size_t n = i + 4 < len ? 4 : 4 - pad;
		uint32_t v = 0;

		for (size_t d = 0; d < 4; d++) {
			int value = d < n ? value_of(text[i + d]) : 0;

			if (value < 0) {
				strbuf_setlen(ret, before);
				return false;
			}
			v = v << 6 | (uint32_t)value;
		}
		for (size_t d = 0; d + 1 < n; d++)
			strbuf_addch(ret, (char)(v >> (16 - 8 * d)));
	}
	return true;
}
