/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that stand in a history as they were written, with their quotes and variables: Buildah's
 * ("/bin/sh -c #(nop) ENV A="b c"": one blank before the instruction, where Docker has two), and
 * kaniko's.
 */
#include <ctype.h>
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"

struct reader {
	struct df *df;
	const char *p;
	bool guess; /* what a variable was is not known */
};

bool df_is_source(const char *created_by)
{
	static const char nop[] = " #(nop) ";
	static const char *const dockers[] = { " ", "WORKDIR ", "COPY ", "ADD " };
	const char *p = strstr(created_by, nop);

	for (size_t i = 0; p && i < ARRAY_SIZE(dockers); i++)
		if (!strncmp(p + strlen(nop), dockers[i], strlen(dockers[i])))
			return false;
	return p;
}

/* ":CHECKSUM" of what a mount was bound to; how long the text before it is. */
static size_t checksum_at(const char *text, size_t len)
{
	const size_t hex = 64;
	size_t at = len > hex ? len - hex - 1 : 0;

	return at && text[at] == ':' && strspn(text + at + 1, "0123456789abcdef") >= hex ? at : len;
}

size_t df_source_len(const char *text)
{
	static const char *const marks[] = { "|force-mtime=",	  "|clamp-mtime=",
					     "|inheritLabels=",	  "|unsetLabel=",
					     "|unsetAnnotation=", "|inheritAnnotations=" };
	size_t len = strlen(text), last;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const char *mark = strstr(text, marks[i]);

		if (mark && (size_t)(mark - text) < len)
			len = (size_t)(mark - text);
	}
	do {
		last = len;
		len = strstr(text, " --mount=") ? checksum_at(text, len) : len;
	} while (len < last);
	return len;
}

static void add_variable(struct reader *r, const char *name, size_t len, struct strbuf *ret)
{
	const char *value = strmap_get_len(r->df->made.env, name, len);

	if (!value)
		value = strmap_get_len(r->df->args, name, len);
	if (value && !df_may_expand(&r->df->expanded, strlen(value)))
		value = NULL;
	if (value)
		strbuf_addstr(ret, value);
	r->guess |= !value || !*value; /* an argument without a value may have been given one */
}

/* At a "$": NAME, {NAME}, or more than is understood here. */
static void take_variable(struct reader *r, struct strbuf *ret)
{
	bool braces = r->p[1] == '{';
	const char *name = r->p + 1 + braces;
	size_t len = 0;

	while (isalnum((unsigned char)name[len]) || name[len] == '_')
		len++;
	if (!len) {
		strbuf_addch(ret, *r->p++);
		return;
	}
	r->p = name + len;
	if (braces && *r->p != '}')
		r->guess = true;
	else
		add_variable(r, name, len, ret);
	if (braces)
		r->p += strcspn(r->p, "}");
	r->p += braces && *r->p;
}

/* The next word, as the parser of Dockerfiles reads it. False: at the end, or a quote has none. */
static bool next_word(struct reader *r, struct strbuf *ret)
{
	char quote = '\0';

	r->p += strspn(r->p, " \t");
	if (!*r->p)
		return false;
	while (*r->p && (quote || !strchr(" \t", *r->p))) {
		char c = *r->p;

		if (c == '$' && quote != '\'') {
			take_variable(r, ret);
			continue;
		}
		r->p++;
		if (c == quote)
			quote = '\0';
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (c == '\\' && *r->p && (!quote || (quote == '"' && strchr("\"$\\", *r->p))))
			strbuf_addch(ret, *r->p++);
		else
			strbuf_addch(ret, c);
	}
	return !quote;
}

char *df_source_text(struct df *df, const char *text)
{
	struct reader r = { .df = df, .p = text };
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;

	while (r.p[strspn(r.p, " \t")]) {
		if (out.len)
			strbuf_addch(&out, ' ');
		if (!next_word(&r, &out))
			return xstrdup(text);
	}
	return strbuf_detach(&out, NULL);
}

/* A value that had an unknown variable in it is the one that the configuration has. */
static void push_pair(const struct reader *r, const char *name, size_t len, const char *value,
		      const struct strmap *real, struct strvec *ret)
{
	const char *known = r->guess ? strmap_get_len(real, name, len) : NULL;

	if (known && !df_may_expand(&r->df->expanded, strlen(known)))
		known = NULL;
	strvec_push_len(ret, name, len);
	strvec_push(ret, known ? known : value);
}

bool df_source_pairs(struct df *df, const char *text, const struct strmap *real, struct strvec *ret)
{
	struct reader r = { .df = df, .p = text };

	while (r.p[strspn(r.p, " \t")]) {
		_cleanup_strbuf_ struct strbuf word = STRBUF_INIT, value = STRBUF_INIT;
		const char *eq;

		r.guess = false;
		if (!next_word(&r, &word))
			return false;
		eq = strchr(word.buf, '=');
		if (eq) {
			push_pair(&r, word.buf, (size_t)(eq - word.buf), eq + 1, real, ret);
			continue;
		}
		if (ret->n)
			return false;
		/* "NAME value", as it could once be written */
		while (next_word(&r, &value))
			if (*r.p)
				strbuf_addch(&value, ' ');
		push_pair(&r, word.buf, word.len, value.buf, real, ret);
	}
	return true;
}
