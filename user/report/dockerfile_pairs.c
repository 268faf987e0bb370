/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A history has "ENV A=1 B=two words" without any quotes. Where a value ends can be told from the
 * configuration, which has the names (no instruction takes one away again) and the last values.
 */
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"

#define MAX_NAME 512 /* of those with blanks, which only labels can have */

/* The length of a name at @p, whose "=" follows; 0 when there is none. A known one may have blanks.
 */
static size_t name_at(const char *p, const struct strmap *known)
{
	size_t len = strcspn(p, "= ");
	const char *eq;

	if (p[len] != ' ')
		return p[len] == '=' ? len : 0;
	eq = memchr(p + len, '=', strnlen(p + len, MAX_NAME));
	return eq && strmap_get_len(known, p, (size_t)(eq - p)) ? (size_t)(eq - p) : 0;
}

static bool is_known(const struct strmap *known, const char *name, size_t len)
{
	return strmap_get_len(known, name, len) != NULL;
}

/* Whether a value can end at @p: before a blank and a known name, or at the end. */
static bool is_end(const char *p, const struct strmap *known)
{
	size_t len = *p == ' ' ? name_at(p + 1, known) : 0;

	return !*p || (len && is_known(known, p + 1, len));
}

static size_t next_end(const char *value, const struct strmap *known)
{
	const char *p = value + strcspn(value, " ");

	while (!is_end(p, known))
		p += 1 + strcspn(p + 1, " ");
	return (size_t)(p - value);
}

bool df_next_pair(const char **text, const struct strmap *known, struct df_pair *ret)
{
	const char *p = *text + strspn(*text, " "), *last;
	size_t len = name_at(p, known), end;

	if (!*p)
		return false;
	if (!len) /* "NAME value", as it could once be written */
		len = strcspn(p, " ");
	*ret = (struct df_pair){ .name = p, .name_len = len, .value = p + len + (p[len] != '\0') };
	last = strmap_get_len(known, p, len);
	end = last ? strlen(last) : 0;
	if (!last || strncmp(ret->value, last, end) != 0 || !is_end(ret->value + end, known))
		end = next_end(ret->value, known);
	ret->value_len = end;
	*text = ret->value + end;
	return true;
}

static void add_pair(struct strbuf *sb, const char *name, const char *value)
{
	strbuf_addch(sb, ' ');
	df_add_value(sb, name);
	strbuf_addch(sb, '=');
	df_add_value(sb, value);
}

/* Names and values in turn, read as if nobody had quoted anything. */
static void plain_pairs(const char *text, const struct strmap *real, struct strvec *ret)
{
	struct df_pair pair;

	while (df_next_pair(&text, real, &pair)) {
		strvec_push_len(ret, pair.name, pair.name_len);
		strvec_push_len(ret, pair.value, pair.value_len);
	}
}

/* How many of them are so in the end. */
static size_t count_real(const struct strvec *pairs, const struct strmap *real)
{
	size_t n = 0;

	for (size_t i = 0; i < pairs->n; i += 2) {
		const char *value = strmap_get(real, pairs->v[i]);

		n += value && !strcmp(value, pairs->v[i + 1]);
	}
	return n;
}

/* What an old engine wrote looks like Buildah's: the configuration decides how it is read. */
static void read_pairs(struct df *df, const char *text, const struct strmap *real,
		       struct strvec *ret)
{
	_cleanup_strvec_ struct strvec source = STRVEC_INIT;

	plain_pairs(text, real, ret);
	if (!df->source || !df_source_pairs(df, text, real, &source) ||
	    count_real(&source, real) < count_real(ret, real))
		return;
	strvec_release(ret);
	strvec_extend(ret, &source);
}

/* What the configuration does not have cannot have been set by this. */
static void set_pairs(struct df *df, const char *instruction, const char *text,
		      const struct strmap *real, struct strmap *made)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	_cleanup_strvec_ struct strvec pairs = STRVEC_INIT;

	read_pairs(df, text, real, &pairs);
	for (size_t i = 0; i < pairs.n; i += 2) {
		const char *name = pairs.v[i], *value = pairs.v[i + 1];

		if (!*name || !strmap_get(real, name) || !df_can_say(name) || !df_can_say(value)) {
			_cleanup_free_ char *note = xasprintf("%s %s=%s", instruction, name, value);

			df_comment(df->out, note);
			continue;
		}
		add_pair(&line, name, value);
		df_map_set(made, name, value, strlen(value));
	}
	if (line.len)
		strbuf_addf(df->out, "%s%s\n", instruction, line.buf);
}

void df_env(struct df *df, const char *text)
{
	set_pairs(df, "ENV", text, df->real.env, df->made.env);
}

void df_label(struct df *df, const char *text)
{
	set_pairs(df, "LABEL", text, df->real.labels, df->made.labels);
}

void df_arg(struct df *df, const char *name_text, size_t name_len, const char *value_text,
	    size_t len)
{
	_cleanup_free_ char *name = xstrndup(name_text, name_len),
			    *value = xstrndup(value_text ? value_text : "", len);

	if (!*name || strchr(name, ' ') || !df_can_say(name) || !df_can_say(value)) {
		_cleanup_free_ char *note = xasprintf("ARG %s=%s", name, value);

		df_comment(df->out, note);
		return;
	}
	df_map_set(df->args, name, value, strlen(value));
	strbuf_addstr(df->out, "ARG ");
	df_add_word(df->out, name, strlen(name));
	if (value_text) {
		strbuf_addch(df->out, '=');
		df_add_value(df->out, value);
	}
	strbuf_addch(df->out, '\n');
}

/* The longest of @known that @text begins with, up to a blank or its end. */
static size_t known_at(const char *text, const struct strvec *known)
{
	size_t best = 0;

	for (size_t i = 0; i < known->n; i++) {
		size_t len = strlen(known->v[i]);

		if (len > best && !strncmp(text, known->v[i], len) &&
		    (!text[len] || text[len] == ' '))
			best = len;
	}
	return best;
}

void df_split(const char *text, const struct strvec *known, struct strvec *ret)
{
	while (*(text += strspn(text, " "))) {
		size_t len = known_at(text, known);

		if (!len)
			len = strcspn(text, " ");
		strvec_push_len(ret, text, len);
		text += len;
	}
}
