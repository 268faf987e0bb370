/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/jsonparts.h"

#include <errno.h>
#include <string.h>

struct scan {
	const char *start, *at, *end;
	const char *what;
};

static int not_valid(const struct scan *s, struct err *err)
{
	return err_class_set(err, ERR_FAILURE, EBADMSG, "%s is not valid JSON at byte %zu", s->what,
			     (size_t)(s->at - s->start));
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end && *s->at && strchr(" \t\r\n", *s->at))
		s->at++;
}

/* Whether the next thing is @c, which is passed over then. */
static bool next_is(struct scan *s, char c)
{
	skip_space(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* Behind a string whose first quote is passed. */
static void skip_string(struct scan *s)
{
	while (s->at < s->end && *s->at != '"')
		s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
	if (s->at < s->end)
		s->at++;
}

/*
 * The text of the next value: up to the comma or bracket that is not its own, or the end. Brackets
 * are counted, not matched: that is seen when it is parsed.
 */
static struct json_part next_value(struct scan *s)
{
	struct json_part part;
	size_t depth = 0;

	skip_space(s);
	part.text = s->at;
	while (s->at < s->end) {
		char c = *s->at;

		if (!depth && (c == ',' || c == ']' || c == '}'))
			break;
		s->at++;
		if (c == '"')
			skip_string(s);
		else if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
	}
	part.len = (size_t)(s->at - part.text);
	return part;
}

/* The next member's key, quotes and all, and its value. */
static int next_member(struct scan *s, struct json_part *key, struct json_part *value,
		       struct err *err)
{
	if (!next_is(s, '"'))
		return not_valid(s, err);
	key->text = s->at - 1;
	skip_string(s);
	key->len = (size_t)(s->at - key->text);
	if (!next_is(s, ':'))
		return not_valid(s, err);
	*value = next_value(s);
	return value->len ? 0 : not_valid(s, err);
}

/* After a member or element: 1: there is another one; 0: @close ends them. */
static int more(struct scan *s, char close, struct err *err)
{
	if (next_is(s, ','))
		return 1;
	return next_is(s, close) ? 0 : not_valid(s, err);
}

static bool is_key(const struct json_part *part, const char *key)
{
	size_t len = strlen(key);

	return part->len == len + 2 && !memcmp(part->text + 1, key, len);
}

static void keep_member(const struct json_part *key, const struct json_part *value,
			const char *const *keys, size_t n, struct json_part *parts,
			struct strbuf *rest)
{
	for (size_t i = 0; i < n; i++)
		if (is_key(key, keys[i])) {
			if (!parts[i].text)
				parts[i] = *value;
			return;
		}
	strbuf_addstr(rest, rest->len > 1 ? "," : "");
	strbuf_add(rest, key->text, key->len);
	strbuf_addch(rest, ':');
	strbuf_add(rest, value->text, value->len);
}

int json_take_apart(const char *text, size_t len, const char *what, const char *const *keys,
		    size_t n, struct json_part *parts, cJSON **ret_rest, struct err *err)
{
	struct scan s = { .start = text, .at = text, .end = text + len, .what = what };
	_cleanup_strbuf_ struct strbuf rest = STRBUF_INIT;
	struct json_part key, value;
	int r;

	memset(parts, 0, n * sizeof(*parts));
	if (!next_is(&s, '{'))
		return not_valid(&s, err);
	strbuf_addch(&rest, '{');
	r = next_is(&s, '}') ? 0 : 1;
	while (r > 0) {
		r = next_member(&s, &key, &value, err);
		if (r < 0)
			break;
		keep_member(&key, &value, keys, n, parts, &rest);
		r = more(&s, '}', err);
	}
	if (r < 0)
		return r;
	skip_space(&s);
	if (s.at < s.end)
		return err_class_set(err, ERR_FAILURE, EBADMSG,
				     "%s has something after the JSON document at byte %zu", what,
				     (size_t)(s.at - text));
	strbuf_addch(&rest, '}');
	return json_parse(rest.buf, rest.len, what, ret_rest, err);
}

int json_each_element(const struct json_part *part, const char *what,
		      int (*fn)(const cJSON *element, size_t place, void *ctx, struct err *err),
		      void *ctx, struct err *err)
{
	struct scan s = {
		.start = part->text, .at = part->text, .end = part->text + part->len, .what = what
	};
	int r;

	if (!next_is(&s, '['))
		return err_class_set(err, ERR_FAILURE, EBADMSG, "'%s' is not an array", what);
	r = next_is(&s, ']') ? 0 : 1;
	for (size_t place = 0; r > 0; place++) {
		struct json_part text = next_value(&s);
		_cleanup_(json_free) cJSON *element = NULL;

		r = json_parse(text.text, text.len, "it", &element, err);
		if (!r)
			r = fn(element, place, ctx, err);
		if (r < 0)
			return err_wrap(err, "%s[%zu]", what, place);
		r = more(&s, ']', err);
	}
	skip_space(&s);
	return r < 0 || s.at == s.end ? r : not_valid(&s, err);
}
