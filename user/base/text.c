/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Smallest code point that may take a sequence of this many bytes: shorter forms are invalid. */
static const unsigned int smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

size_t utf8_sequence(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned int cp;
	size_t n;

	if (!len)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, cp = p[0] & 0x1f;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3, cp = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, cp = p[0] & 0x07;
	else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < smallest[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(s + i, len - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

/*
 * C0, DEL, and C1 (two bytes in UTF-8): what a terminal may act on. And what turns the direction of
 * the text after it (U+202A to U+202E, U+2066 to U+2069), so that a line reads as another.
 */
static bool is_control(const char *s, size_t n)
{
	const unsigned char *c = (const unsigned char *)s;

	if (n == 3 && c[0] == 0xe2)
		return (c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
		       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
	return (n == 1 && (c[0] < 0x20 || c[0] == 0x7f)) || (n == 2 && c[0] == 0xc2 && c[1] < 0xa0);
}

size_t text_shown(const char *s, size_t len)
{
	size_t n = utf8_sequence(s, len);

	return n && !is_control(s, n) ? n : 0;
}

void text_add_safe(struct strbuf *sb, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = text_shown(s + i, len - i);

		if (n) {
			strbuf_add(sb, s + i, n);
			i += n;
		} else {
			strbuf_addf(sb, "\\x%02x", (unsigned char)s[i]);
			i++;
		}
	}
}

size_t text_fit(const char *s, size_t len, size_t columns)
{
	size_t at = 0, used = 0;

	while (at < len) {
		size_t n = utf8_sequence(s + at, len - at);

		if (!n || is_control(s + at, n))
			used += 4 * (n ? n : 1); /* \x1b */
		else
			used += n > 2 ? 2 : 1;
		if (used > columns)
			break;
		at += n ? n : 1;
	}
	return at;
}

/* Takes one quoted part at *p, up to and over its closing quote. */
static int take_quoted(const char **p, struct strbuf *word, struct err *err)
{
	char quote = *(*p)++;

	for (; **p && **p != quote; (*p)++) {
		/* Inside "…" the backslash is special only before these (POSIX 2.2.3). */
		if (quote == '"' && **p == '\\' && (*p)[1] && strchr("$`\"\\\n", (*p)[1]))
			(*p)++;
		strbuf_addch(word, **p);
	}
	if (!**p)
		return err_class_set(err, ERR_USAGE, EINVAL, "unclosed %c", quote);
	(*p)++;
	return 0;
}

/* Takes one word at *p, which is not a blank. */
static int take_word(const char **p, struct strbuf *word, struct err *err)
{
	while (**p && !isspace((unsigned char)**p)) {
		if (**p == '\'' || **p == '"') {
			int r = take_quoted(p, word, err);

			if (r < 0)
				return r;
			continue;
		}
		if (**p == '\\' && (*p)[1])
			(*p)++;
		strbuf_addch(word, *(*p)++);
	}
	return 0;
}

int text_split_words(const char *s, struct strvec *ret, struct err *err)
{
	for (;;) {
		_cleanup_strbuf_ struct strbuf word = STRBUF_INIT;
		int r;

		while (isspace((unsigned char)*s))
			s++;
		if (!*s)
			return 0;
		r = take_word(&s, &word, err);
		if (r < 0)
			return r;
		strvec_push_take(ret, strbuf_detach(&word, NULL));
	}
}

int text_parse_u64(const char *s, unsigned long long min, unsigned long long max, const char *what,
		   unsigned long long *ret, struct err *err)
{
	unsigned long long n = 0;
	char *end;

	errno = 0;
	if (isdigit((unsigned char)*s))
		n = strtoull(s, &end, 10);
	else
		return err_class_set(err, ERR_USAGE, EINVAL, "%s: '%s' is not a whole number", what,
				     s);
	if (*end)
		return err_class_set(err, ERR_USAGE, EINVAL, "%s: '%s' is not a whole number", what,
				     s);
	if (errno || n < min || n > max)
		return err_class_set(err, ERR_USAGE, ERANGE,
				     "%s: '%s' is not between %llu and %llu", what, s, min, max);
	*ret = n;
	return 0;
}
