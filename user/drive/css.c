/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The URLs of a style sheet, by the tokens of CSS Syntax Level 3 (4.3): comments, strings and
 * url() are told apart from the rest, which is passed over.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "drive/links.h"
#include "slimtrace/base/strbuf.h"

#define MAX_URL (16u << 10)

struct css {
	const char *p, *end;
	links_fn *fn;
	void *ctx;
	size_t found;
};

static void skip_comment(struct css *c)
{
	const char *stop = memmem(c->p, (size_t)(c->end - c->p), "*/", 2);

	c->p = stop ? stop + 2 : c->end;
}

static void skip_blanks(struct css *c)
{
	while (c->p < c->end && isspace((unsigned char)*c->p))
		c->p++;
}

/*
 * After a backslash: the character that is meant (4.3.7); only ASCII ones are of use in a URL. A
 * line that ends there goes on (4.3.5), and a NUL, which no URL can hold, is passed over as
 * elsewhere.
 */
static void add_escaped(struct css *c, struct strbuf *ret)
{
	unsigned int value = 0, digits = 0;

	while (c->p < c->end && digits < 6 && isxdigit((unsigned char)*c->p)) {
		int d = tolower((unsigned char)*c->p++);

		value = value * 16 + (unsigned int)(d <= '9' ? d - '0' : d - 'a' + 10);
		digits++;
	}
	if (digits) {
		if (c->p < c->end && isspace((unsigned char)*c->p))
			c->p++;
		if (value > ' ' && value < 0x7f)
			strbuf_addch(ret, (char)value);
	} else if (c->p < c->end) {
		char ch = *c->p++;

		if (ch == '\r' && c->p < c->end && *c->p == '\n')
			c->p++;
		if (ch && !strchr("\n\r\f", ch))
			strbuf_addch(ret, ch);
	}
}

/* Up to @stop; a line that ends in a string ends it (4.3.5). */
static bool read_until(struct css *c, char stop, struct strbuf *ret)
{
	while (c->p < c->end && ret->len < MAX_URL) {
		char ch = *c->p++;

		if (ch == stop)
			return true;
		if (ch == '\\')
			add_escaped(c, ret);
		else if (ch == '\n' && stop != ')')
			return false;
		else if (ch)
			strbuf_addch(ret, ch);
	}
	return false;
}

static void tell(struct css *c, struct strbuf *url)
{
	size_t len = url->len, start = 0;

	while (len && isspace((unsigned char)url->buf[len - 1]))
		len--;
	while (start < len && isspace((unsigned char)url->buf[start]))
		start++;
	if (start == len || c->found >= LINKS_MAX)
		return;
	strbuf_setlen(url, len);
	c->found++;
	c->fn(url->buf + start, c->ctx);
}

/* After "url(". */
static void read_url(struct css *c)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT;
	char quote;

	skip_blanks(c);
	if (c->p == c->end)
		return;
	quote = *c->p;
	if (quote == '"' || quote == '\'')
		c->p++;
	if (read_until(c, quote == '"' || quote == '\'' ? quote : ')', &url))
		tell(c, &url);
}

/* A string is a URL only right after @import. */
static void read_string(struct css *c, char quote, bool is_import)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (read_until(c, quote, &text) && is_import)
		tell(c, &text);
}

static bool takes_word(struct css *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || strncasecmp(c->p, word, len) != 0)
		return false;
	c->p += len;
	return true;
}

void links_of_css(const char *text, size_t len, links_fn *fn, void *ctx)
{
	struct css c = { .p = text, .end = text + len, .fn = fn, .ctx = ctx };
	bool is_import = false;

	while (c.p < c.end) {
		if (takes_word(&c, "/*")) {
			skip_comment(&c);
		} else if (takes_word(&c, "@import")) {
			is_import = true;
		} else if (takes_word(&c, "url(")) {
			read_url(&c);
			is_import = false;
		} else if (*c.p == '"' || *c.p == '\'') {
			c.p++;
			read_string(&c, c.p[-1], is_import);
			is_import = false;
		} else if (*c.p == '\\' && c.end - c.p > 1) {
			c.p += 2;
		} else {
			is_import = is_import && isspace((unsigned char)*c.p);
			c.p++;
		}
	}
}
