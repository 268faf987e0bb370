/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/ref.h"

#include <errno.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"
#define MAX_NAME 255
#define MAX_TAG 128

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

/* How many of the bytes at @s, at most @len, are in @set. */
static size_t span(const char *s, size_t len, const char *set)
{
	size_t n = 0;

	while (n < len && is_in(s[n], set))
		n++;
	return n;
}

/* Length of the separator at @s: ".", "_", "__" or hyphens; 0 when there is none. */
static size_t separator(const char *s, size_t len)
{
	size_t hyphens = span(s, len, "-"), lines = span(s, len, "_");

	if (hyphens)
		return hyphens;
	if (lines)
		return lines <= 2 ? lines : 0;
	return len && *s == '.';
}

static bool component_ok(const char *s, size_t len)
{
	for (;;) {
		size_t n = span(s, len, LOWER DIGITS);

		if (!n)
			return false;
		s += n;
		len -= n;
		if (!len)
			return true;
		n = separator(s, len);
		if (!n)
			return false;
		s += n;
		len -= n;
	}
}

/* Letters and digits, hyphens only between them. */
static bool label_ok(const char *s, size_t len)
{
	return len && span(s, len, LOWER UPPER DIGITS "-") == len && s[0] != '-' &&
	       s[len - 1] != '-';
}

static bool host_ok(const char *s, size_t len)
{
	if (len > 2 && s[0] == '[') /* IPv6 */
		return s[len - 1] == ']' && span(s + 1, len - 2, DIGITS "abcdefABCDEF:") == len - 2;
	for (;;) {
		const char *dot = memchr(s, '.', len);
		size_t n = dot ? (size_t)(dot - s) : len;

		if (!label_ok(s, n))
			return false;
		if (!dot)
			return true;
		s += n + 1;
		len -= n + 1;
	}
}

static bool domain_ok(const char *s, size_t len)
{
	size_t port = 0;

	while (port < len && is_in(s[len - port - 1], DIGITS))
		port++;
	if (port && port < len && s[len - port - 1] == ':')
		len -= port + 1;
	return host_ok(s, len);
}

/* Whether what stands before the first slash is a host and not a part of the path. */
static bool is_domain(const char *s, size_t len)
{
	return memchr(s, '.', len) || memchr(s, ':', len) ||
	       (len == 9 && !memcmp(s, "localhost", 9));
}

static bool name_ok(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);

	if (len > MAX_NAME)
		return false;
	if (slash && is_domain(s, (size_t)(slash - s))) {
		if (!domain_ok(s, (size_t)(slash - s)))
			return false;
		len -= (size_t)(slash - s) + 1;
		s = slash + 1;
	}
	while ((slash = memchr(s, '/', len))) {
		if (!component_ok(s, (size_t)(slash - s)))
			return false;
		len -= (size_t)(slash - s) + 1;
		s = slash + 1;
	}
	return component_ok(s, len);
}

bool ref_tag_valid(const char *tag, size_t len)
{
	return len && len <= MAX_TAG && span(tag, len, LOWER UPPER DIGITS "_.-") == len &&
	       *tag != '.' && *tag != '-';
}

static bool digest_ok(const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len);
	size_t algorithm = colon ? (size_t)(colon - s) : 0, hex = len - algorithm - 1;

	return colon && algorithm && is_in(*s, LOWER UPPER) &&
	       span(s, algorithm, LOWER UPPER DIGITS "+.-_") == algorithm && hex >= 32 &&
	       span(colon + 1, hex, DIGITS "abcdefABCDEF") == hex;
}

static void split(const char *s, struct ref *ret)
{
	const char *at = strchr(s, '@'), *end = at ? at : s + strlen(s), *colon, *slash;

	*ret = (struct ref){ .name = s, .name_len = (size_t)(end - s) };
	if (at) {
		ret->digest = at + 1;
		ret->digest_len = strlen(at + 1);
	}
	slash = memchr(s, '/', ret->name_len);
	if (slash && is_domain(s, (size_t)(slash - s)))
		ret->domain_len = (size_t)(slash - s);
	colon = memrchr(s, ':', ret->name_len);
	if (!colon || memchr(colon, '/', (size_t)(end - colon)))
		return; /* none, or that of a port */
	ret->name_len = (size_t)(colon - s);
	ret->tag = colon + 1;
	ret->tag_len = (size_t)(end - ret->tag);
}

static int bad(struct err *err, const char *what, const char *value, const char *why)
{
	err_class_set(err, ERR_USAGE, EINVAL, "%s '%s' is not valid: %s", what, value, why);
	return -EINVAL;
}

int ref_parse(const char *what, const char *text, struct ref *ret, struct err *err)
{
	split(text, ret);
	if (ret->name_len > MAX_NAME)
		return bad(err, what, text, "the name is longer than 255 bytes");
	if (!name_ok(ret->name, ret->name_len))
		return bad(err, what, text,
			   "a name is lower-case letters and digits, with single '.', '_', '__' "
			   "or hyphens between them, in parts separated by '/'");
	if (ret->tag && !ref_tag_valid(ret->tag, ret->tag_len))
		return bad(err, what, text,
			   "a tag is at most 128 letters, digits, '_', '.' and '-', the first no "
			   "'.' or '-'");
	if (ret->digest && !digest_ok(ret->digest, ret->digest_len))
		return bad(err, what, text, "what is after the '@' is no digest");
	/* Engines would take it for an image's ID, and refuse it as a name. */
	if (ret->name_len == 64 && span(ret->name, 64, HEX) == 64)
		return bad(err, what, text, "64 hexadecimal digits are no name");
	return 0;
}
