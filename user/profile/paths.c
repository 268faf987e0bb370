/* SPDX-License-Identifier: BSD-2-Clause */
#include "profile/paths.h"

#include <stdbool.h>
#include <string.h>

#define MIN_HEX 8
#define MIN_RANDOM 6

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* man apparmor.d, "Globbing" and "quoting": what has a meaning there is escaped. */
static void add_char(struct strbuf *ret, char c)
{
	if (strchr("*?[]{}^\\\"@,#!", c) && c)
		strbuf_addf(ret, "\\%c", c);
	else if (c >= ' ' && c <= '~')
		strbuf_addch(ret, c);
	else
		strbuf_addf(ret, "\\%03o", (unsigned int)(unsigned char)c);
}

static void add_plain(struct strbuf *ret, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		add_char(ret, s[i]);
}

static bool all(const char *s, size_t len, bool (*fn)(char c))
{
	for (size_t i = 0; i < len; i++)
		if (!fn(s[i]))
			return false;
	return len > 0;
}

static size_t count(const char *s, size_t len, bool (*fn)(char c))
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += fn(s[i]);
	return n;
}

static size_t changes_of_case(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 1; i < len; i++)
		n += is_letter(s[i - 1]) && is_letter(s[i]) && (s[i - 1] ^ s[i]) & ('a' ^ 'A') ? 1
											       : 0;
	return n;
}

/* Whether a word, letters and digits only, looks as if it was made up by a program. */
static bool is_random(const char *word, size_t len)
{
	size_t digits = count(word, len, is_digit);

	if (len >= MIN_HEX && all(word, len, is_hex) && digits)
		return true;
	if (len < MIN_RANDOM)
		return false;
	/* "libc6", "utf8" and "python311" are not: digits only at the end. */
	for (size_t i = 0; digits && i + 1 < len; i++)
		if (is_digit(word[i]) && is_letter(word[i + 1]))
			return true;
	/* "ZendSem" and "FooBarBaz" are not either: their cases change by syllables. */
	return changes_of_case(word, len) * 2 > len + 1;
}

/* Python's temporary names go on with letters, digits and underscores. */
static bool is_temporary(const char *word, size_t len)
{
	return len >= 3 && !memcmp(word, "tmp", 3);
}

/* A word of a name that the container made: "tmp" and what comes after, random, or with a number.
 */
static void add_word(struct strbuf *ret, const char *word, size_t len)
{
	if (is_temporary(word, len) && len > 3) {
		strbuf_addstr(ret, "tmp*");
		return;
	}
	if (is_random(word, len)) {
		strbuf_addch(ret, '*');
		return;
	}
	for (size_t i = 0; i < len;) {
		if (!is_digit(word[i])) {
			add_char(ret, word[i++]);
			continue;
		}
		while (i < len && is_digit(word[i]))
			i++;
		strbuf_addstr(ret, "[0-9]*");
	}
}

static void add_made(struct strbuf *ret, const char *name, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;

		while (i < len && (is_digit(name[i]) || is_letter(name[i]) ||
				   (name[i] == '_' && is_temporary(name + start, i - start))))
			i++;
		if (i > start)
			add_word(ret, name + start, i - start);
		else
			add_char(ret, name[i++]);
	}
}

/* What a component stands for by its place: pids, threads, terminals; NULL: for itself. */
static const char *by_place(const char *path, const char *name, size_t len)
{
	size_t before = (size_t)(name - path);

	if (!all(name, len, is_digit))
		return NULL;
	if (before == strlen("/proc/") && !memcmp(path, "/proc/", before))
		return "@{pid}";
	if (before > strlen("/task/") && !memcmp(name - strlen("/task/"), "/task/", 6) &&
	    !memcmp(path, "/proc/", 6))
		return "@{tid}";
	if (before == strlen("/dev/pts/") && !memcmp(path, "/dev/pts/", before))
		return "[0-9]*";
	return NULL;
}

void path_pattern(const char *path, size_t len, size_t made, struct strbuf *ret)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;
		const char *special;

		if (path[i] == '/') {
			strbuf_addch(ret, '/');
			i++;
			continue;
		}
		while (i < len && path[i] != '/')
			i++;
		special = by_place(path, path + start, i - start);
		if (special)
			strbuf_addstr(ret, special);
		else if (start >= made)
			add_made(ret, path + start, i - start);
		else
			add_plain(ret, path + start, i - start);
	}
}
