/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/jsonstream.h"

#include <errno.h>
#include <string.h>

#define WHAT "the engine's progress report"

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\x1e';
}

/* Follows strings and nesting only: cJSON judges the rest. True at the end of an object. */
static bool scan(struct json_stream *s, char c)
{
	if (s->in_string) {
		if (s->escaped)
			s->escaped = false;
		else if (c == '\\')
			s->escaped = true;
		else if (c == '"')
			s->in_string = false;
		return false;
	}
	if (c == '"')
		s->in_string = true;
	else if (c == '{' || c == '[')
		s->depth++;
	else if ((c == '}' || c == ']') && s->depth)
		return !--s->depth;
	return false;
}

static int deliver(struct json_stream *s, struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	int r = json_parse(s->text.buf, s->text.len, WHAT, &doc, err);

	strbuf_reset(&s->text);
	if (r < 0) {
		err->class = ERR_ENGINE;
		return r;
	}
	return s->doc(doc, s->ctx, err);
}

int json_stream_feed(struct json_stream *s, const char *data, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		bool complete;

		if (!s->depth && is_between(data[i]))
			continue;
		if (!s->depth && data[i] != '{')
			return err_class_set(err, ERR_ENGINE, EBADMSG,
					     WHAT
					     " is not a JSON object: it starts with byte 0x%02x",
					     (unsigned char)data[i]);
		if (s->text.len >= JSON_STREAM_MAX)
			return err_class_set(err, ERR_ENGINE, EMSGSIZE,
					     "an object in " WHAT " is larger than %u bytes",
					     JSON_STREAM_MAX);
		complete = scan(s, data[i]);
		strbuf_addch(&s->text, data[i]);
		if (complete) {
			int r = deliver(s, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int json_stream_end(const struct json_stream *s, struct err *err)
{
	if (!s->depth)
		return 0;
	return err_class_set(err, ERR_ENGINE, ECONNRESET, WHAT " ended inside an object");
}

void json_stream_release(struct json_stream *s)
{
	strbuf_release(&s->text);
}
