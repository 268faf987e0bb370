/* SPDX-License-Identifier: BSD-2-Clause */
/* How words are quoted: by Go in a history, and for the parser of Dockerfiles. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

void df_set(char **field, const char *value, size_t len)
{
	free(*field);
	*field = xstrndup(value, len);
}

void df_map_set(struct strmap *map, const char *key, const char *value, size_t len)
{
	free(strmap_put(map, key, xstrndup(value, len)));
}

/* --- Go's %q (strconv.Quote) --- */

static void add_utf8(struct strbuf *sb, unsigned long c)
{
	if (c < 0x80) {
		strbuf_addch(sb, (char)c);
	} else if (c < 0x800) {
		strbuf_addch(sb, (char)(0xc0 | c >> 6));
		strbuf_addch(sb, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		strbuf_addch(sb, (char)(0xe0 | c >> 12));
		strbuf_addch(sb, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_addch(sb, (char)(0x80 | (c & 0x3f)));
	} else {
		strbuf_addch(sb, (char)(0xf0 | (c >> 18 & 7)));
		strbuf_addch(sb, (char)(0x80 | (c >> 12 & 0x3f)));
		strbuf_addch(sb, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_addch(sb, (char)(0x80 | (c & 0x3f)));
	}
}

/* @n hexadecimal digits at @p. */
static bool parse_hex(const char *p, size_t n, unsigned long *ret)
{
	char digits[9] = "";

	if (strnlen(p, n) < n)
		return false;
	memcpy(digits, p, n);
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)digits[i]))
			return false;
	*ret = strtoul(digits, NULL, 16);
	return true;
}

/* What follows a backslash; where it ends, or NULL. No NUL: a configuration cannot have one. */
static const char *unescape(const char *p, struct strbuf *ret)
{
	static const char letters[] = "abfnrtv", meaning[] = "\a\b\f\n\r\t\v";
	size_t n = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
	const char *letter = *p ? strchr(letters, *p) : NULL;
	unsigned long c;

	if (letter) {
		strbuf_addch(ret, meaning[letter - letters]);
	} else if (n) {
		if (!parse_hex(p + 1, n, &c) || !c || c > 0x10ffff)
			return NULL;
		if (n == 2)
			strbuf_addch(ret, (char)c);
		else
			add_utf8(ret, c);
		return p + 1 + n;
	} else if (*p) {
		strbuf_addch(ret, *p);
	} else {
		return NULL;
	}
	return p + 1;
}

const char *df_parse_char(const char *p, struct strbuf *ret)
{
	size_t len = utf8_sequence(p, strlen(p));

	if (*p == '\\')
		return unescape(p + 1, ret);
	strbuf_add(ret, p, len);
	return len ? p + len : NULL;
}

static const char *parse_quoted(const char *p, struct strbuf *ret)
{
	if (*p++ != '"')
		return NULL;
	while (p && *p && *p != '"') {
		if (*p == '\\')
			p = unescape(p + 1, ret);
		else
			strbuf_addch(ret, *p++);
	}
	return p && *p == '"' ? p + 1 : NULL;
}

const char *df_parse_list(const char *text, struct strvec *ret)
{
	struct strvec words = STRVEC_INIT;
	const char *p = *text == '[' ? text + 1 : NULL;

	while (p && *(p += strspn(p, " ,")) && *p != ']') {
		_cleanup_strbuf_ struct strbuf word = STRBUF_INIT;

		p = parse_quoted(p, &word);
		if (p)
			strvec_push(&words, word.buf);
	}
	if (p && *p == ']') {
		strvec_release(ret);
		*ret = words;
		return p + 1;
	}
	strvec_release(&words);
	return NULL;
}

/* --- for the parser of Dockerfiles --- */

static void add_json_string(struct strbuf *sb, const char *s)
{
	strbuf_addch(sb, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addf(sb, "\\%c", *s);
		else if (*s == '\n')
			strbuf_addstr(sb, "\\n");
		else if (*s == '\t')
			strbuf_addstr(sb, "\\t");
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			strbuf_addf(sb, "\\u%04x", (unsigned char)*s);
		else
			strbuf_addch(sb, *s);
	}
	strbuf_addch(sb, '"');
}

void df_add_exec(struct strbuf *sb, const struct strvec *words)
{
	strbuf_addch(sb, '[');
	for (size_t i = 0; i < words->n && words->v[i]; i++) {
		if (i)
			strbuf_addstr(sb, ", ");
		add_json_string(sb, words->v[i]);
	}
	strbuf_addch(sb, ']');
}

bool df_can_say(const char *text)
{
	return !strpbrk(text, "\n\r");
}

/*
 * Not so: what is trimmed or continued, what would be read as a JSON array, flags or a comment, and
 * here-documents, for which newer parsers look.
 */
bool df_is_plain(const char *text)
{
	size_t len = strlen(text);

	return len && df_can_say(text) && !strchr(" \t[#", *text) && strncmp(text, "--", 2) != 0 &&
	       !strchr(" \t\\\v\f", text[len - 1]) && !strstr(text, "<<");
}

/* Where a JSON array could go on after its first value, or end: what only begins like one is none.
 */
static bool is_array(const char *p)
{
	p += strspn(p, " \t");
	if (*p == '-')
		return isdigit((unsigned char)p[1]);
	if (*p != '"')
		return isalnum((unsigned char)*p) || (*p && strchr("[]{", *p));
	for (p++; *p && *p != '"'; p++)
		p += *p == '\\' && p[1];
	p += *p == '"';
	p += strspn(p, " \t");
	return *p == ',' || *p == ']';
}

/* "[ -f x ]" is a command, and a here-document of no meaning to the parser there. */
bool df_is_shell_form(const char *text)
{
	size_t len = strlen(text);

	return len && df_can_say(text) && !strchr(" \t", *text) &&
	       !strchr(" \t\\\v\f", text[len - 1]) && !(*text == '[' && is_array(text + 1));
}

bool df_is_joined(const char *text, size_t len, const struct strvec *words)
{
	const char *p = text, *end = text + len;

	for (size_t i = 0; i < words->n; i++) {
		size_t n = strlen(words->v[i]);

		if (i && (p == end || *p++ != ' '))
			return false;
		if (n > (size_t)(end - p) || memcmp(p, words->v[i], n) != 0)
			return false;
		p += n;
	}
	return p == end;
}

void df_add_value(struct strbuf *sb, const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789_./:@%+,=-";

	if (*text && !text[strspn(text, safe)]) {
		strbuf_addstr(sb, text);
		return;
	}
	strbuf_addch(sb, '"');
	for (; *text; text++) {
		if (strchr("\\\"$", *text))
			strbuf_addch(sb, '\\');
		strbuf_addch(sb, *text);
	}
	strbuf_addch(sb, '"');
}

void df_add_word(struct strbuf *sb, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] && strchr("\\\"'$", text[i]))
			strbuf_addch(sb, '\\');
		strbuf_addch(sb, text[i]);
	}
}

void df_comment(struct strbuf *sb, const char *text)
{
	strbuf_addstr(sb, "# ");
	for (; *text; text++)
		strbuf_addch(sb, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
	strbuf_addch(sb, '\n');
}

/* --- shells --- */

const char *df_shell_form(const struct strvec *words, const struct strvec *shell)
{
	if (words->n != shell->n + 1)
		return NULL;
	for (size_t i = 0; i < shell->n; i++)
		if (strcmp(words->v[i], shell->v[i]) != 0)
			return NULL;
	return words->v[shell->n];
}

void df_add_command(struct strbuf *sb, const char *name, const struct strvec *words,
		    const struct strvec *shell)
{
	const char *command = df_shell_form(words, shell);

	strbuf_addf(sb, "%s ", name);
	if (command && df_is_plain(command))
		strbuf_addstr(sb, command);
	else
		df_add_exec(sb, words);
	strbuf_addch(sb, '\n');
}

size_t df_skip_shell(const char *text, const struct strvec *shell)
{
	const char *p = text;

	for (size_t i = 0; i < shell->n; i++) {
		size_t len = strlen(shell->v[i]);

		if (strncmp(p, shell->v[i], len) != 0 || p[len] != ' ')
			return 0;
		p += len + 1;
	}
	return (size_t)(p - text);
}

size_t df_find_shell(const char *text, struct strvec *ret)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	const char *p = text;

	for (size_t i = 0; i < 8; i++) {
		size_t len = strcspn(p, " ");
		bool last = i && *p == '-' && p[len - 1] == 'c' && p[1] != '-';

		if (!p[len] || (!i && (*p != '/' || len < 3 || memcmp(p + len - 2, "sh", 2) != 0)))
			return 0;
		strvec_push_len(&words, p, len);
		p += len + 1;
		if (!last)
			continue;
		strvec_release(ret);
		*ret = words;
		words = STRVEC_INIT;
		return (size_t)(p - text);
	}
	return 0;
}
