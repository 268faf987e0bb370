/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MAX_DEPTH 256 /* a configuration has six */

struct scan {
	const char *text;
	size_t len, pos;
	struct err *err;
};

static int bad(const struct scan *s, const char *what)
{
	err_class_set(s->err, ERR_IMAGE, EBADMSG, "JSON at byte %zu: %s", s->pos, what);
	return -EBADMSG;
}

/* The byte at the position, NUL at the end. */
static char peek(const struct scan *s)
{
	return (char)(s->pos < s->len ? s->text[s->pos] : 0);
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static void skip_blanks(struct scan *s)
{
	while (is_in(peek(s), " \t\r\n"))
		s->pos++;
}

static int expect(struct scan *s, char c, const char *what)
{
	skip_blanks(s);
	if (peek(s) != c)
		return bad(s, what);
	s->pos++;
	return 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* After the backslash. */
static int skip_escape(struct scan *s)
{
	char c = peek(s);

	s->pos++;
	if (c == 'u') {
		for (unsigned int i = 0; i < 4; i++, s->pos++)
			if (!is_hex(peek(s)))
				return bad(s, "a \\u without four hexadecimal digits");
		return 0;
	}
	return is_in(c, "\"\\/bfnrt") ? 0 : bad(s, "an unknown escape");
}

static int skip_string(struct scan *s)
{
	int r = expect(s, '"', "a string should be here");

	while (!r) {
		unsigned char c = (unsigned char)peek(s);

		if (s->pos >= s->len)
			return bad(s, "a string without an end");
		if (c < 0x20)
			return bad(s, "a control character in a string");
		s->pos++;
		if (c == '"')
			return 0;
		if (c == '\\')
			r = skip_escape(s);
	}
	return r;
}

/* true, false, null, or a number: whatever runs on to the next delimiter. */
static int skip_word(struct scan *s)
{
	size_t start = s->pos;

	while (peek(s) && !is_in(peek(s), " \t\r\n,:{}[]\""))
		s->pos++;
	return s->pos == start ? bad(s, "a value should be here") : 0;
}

/* One token of a value: the brackets still open are on @stack. */
static int skip_token(struct scan *s, char *stack, size_t *depth)
{
	char c = peek(s);

	if (c == '"')
		return skip_string(s);
	if (c == '{' || c == '[') {
		if (*depth == MAX_DEPTH)
			return bad(s, "nested too deeply");
		stack[(*depth)++] = c == '{' ? '}' : ']';
	} else if (c == '}' || c == ']') {
		if (!*depth || stack[--*depth] != c)
			return bad(s, "a bracket that closes nothing");
	} else if (!*depth || (c != ',' && c != ':')) {
		return skip_word(s);
	}
	s->pos++;
	return 0;
}

static int skip_value(struct scan *s)
{
	char stack[MAX_DEPTH];
	size_t depth = 0;
	int r;

	do {
		skip_blanks(s);
		r = skip_token(s, stack, &depth);
	} while (!r && depth);
	return r;
}

static int scan_member(struct scan *s, struct scan_member *ret)
{
	int r;

	skip_blanks(s);
	ret->key = s->pos;
	r = skip_string(s);
	if (r < 0)
		return r;
	ret->key_len = s->pos - ret->key;
	r = expect(s, ':', "a ':' should be here");
	if (r < 0)
		return r;
	skip_blanks(s);
	ret->value = s->pos;
	r = skip_value(s);
	ret->value_len = s->pos - ret->value;
	return r;
}

/* Each member, up to the closing brace. */
static int scan_members(struct scan *s, scan_fn *fn, void *ctx)
{
	for (;;) {
		struct scan_member member;
		int r = scan_member(s, &member);

		if (!r)
			r = fn(&member, ctx, s->err);
		if (r < 0)
			return r;
		skip_blanks(s);
		if (peek(s) != ',')
			return expect(s, '}', "a ',' or '}' should be here");
		s->pos++;
	}
}

int scan_object(const char *text, size_t len, scan_fn *fn, void *ctx, struct err *err)
{
	struct scan s = { .text = text, .len = len, .err = err };
	int r = expect(&s, '{', "an object should be here");

	if (r < 0)
		return r;
	skip_blanks(&s);
	if (peek(&s) == '}')
		s.pos++;
	else
		r = scan_members(&s, fn, ctx);
	if (r < 0)
		return r;
	skip_blanks(&s);
	return s.pos < len ? bad(&s, "something after the object") : 0;
}
