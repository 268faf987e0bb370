/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry/challenge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

#define TOKEN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"

void challenge_release(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	*c = (struct challenge){ 0 };
}

static const char *skip(const char *p, const char *set)
{
	return p + strspn(p, set);
}

/* A token or a quoted string at @p, into @ret. Returns what follows it, NULL when it is neither. */
static const char *read_value(const char *p, struct strbuf *ret)
{
	size_t len = strspn(p, TOKEN_CHARS "/:=?@");

	if (*p != '"') {
		strbuf_add(ret, p, len);
		return len ? p + len : NULL;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		strbuf_addch(ret, *p);
	}
	return *p ? p + 1 : NULL;
}

static void keep(struct challenge *c, const char *name, size_t len, struct strbuf *value)
{
	const struct {
		const char *name;
		char **to;
	} known[] = { { "realm", &c->realm }, { "service", &c->service }, { "scope", &c->scope } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i].name) != len || strncasecmp(name, known[i].name, len) != 0 ||
		    *known[i].to)
			continue;
		*known[i].to = strbuf_detach(value, NULL);
		return;
	}
}

/* name "=" value *("," name "=" value): what follows is the next challenge, or rubbish. */
static const char *read_parameters(const char *p, struct challenge *c)
{
	for (;;) {
		const char *name = skip(p, " \t,"), *next;
		size_t len = strspn(name, TOKEN_CHARS);
		_cleanup_strbuf_ struct strbuf value = STRBUF_INIT;

		next = skip(name + len, " \t");
		if (!len || *next != '=')
			return name;
		next = read_value(skip(next + 1, " \t"), &value);
		if (!next)
			return "";
		keep(c, name, len, &value);
		p = next;
	}
}

static enum challenge_scheme scheme_of(const char *name, size_t len)
{
	return len == 6 && !strncasecmp(name, "bearer", 6)  ? CHALLENGE_BEARER
	       : len == 5 && !strncasecmp(name, "basic", 5) ? CHALLENGE_BASIC
							    : CHALLENGE_NONE;
}

/* Takes @c over. */
static void prefer(struct challenge *ret, struct challenge c)
{
	struct challenge worse = c;

	if (c.scheme > ret->scheme && (c.scheme != CHALLENGE_BEARER || c.realm)) {
		worse = *ret;
		*ret = c;
	}
	challenge_release(&worse);
}

static void choose_of(const char *p, struct challenge *ret)
{
	for (;;) {
		struct challenge c = { 0 };
		size_t len;

		p = skip(p, " \t,");
		len = strspn(p, TOKEN_CHARS);
		if (!len)
			return;
		c.scheme = scheme_of(p, len);
		p = read_parameters(p + len, &c);
		prefer(ret, c);
	}
}

void challenge_choose(const struct strvec *headers, struct challenge *ret)
{
	for (size_t i = 0; i < headers->n; i++)
		choose_of(headers->v[i], ret);
}
