/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/output.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

#define KEEP_BYTES (64 << 10)
#define LINE_BYTES (16 << 10) /* a longer line is shown in parts */

struct output {
	pthread_mutex_t lock;
	bool show;
	struct strbuf last;    /* the end of all output, at most twice KEEP_BYTES */
	struct strbuf line[2]; /* what each stream has not ended with a newline yet */
};

struct output *output_new(bool show)
{
	struct output *out = xcalloc(1, sizeof(*out));

	pthread_mutex_init(&out->lock, NULL);
	out->show = show;
	out->last = out->line[0] = out->line[1] = STRBUF_INIT;
	return out;
}

static void flush(struct strbuf *line)
{
	if (!line->len)
		return;
	if (line->buf[line->len - 1] != '\n')
		strbuf_addch(line, '\n');
	log_raw(line->buf, line->len);
	strbuf_reset(line);
}

void output_free(struct output *out)
{
	if (!out)
		return;
	for (size_t i = 0; i < 2; i++) {
		if (out->show)
			flush(&out->line[i]);
		strbuf_release(&out->line[i]);
	}
	strbuf_release(&out->last);
	pthread_mutex_destroy(&out->lock);
	free(out);
}

static void show(struct strbuf *line, const char *data, size_t len)
{
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) + 1 : len;

		strbuf_add(line, data, part);
		if (newline || line->len > LINE_BYTES)
			flush(line);
		data += part;
		len -= part;
	}
}

static void keep_last(struct strbuf *last, const char *data, size_t len)
{
	if (len > KEEP_BYTES) {
		data += len - KEEP_BYTES;
		len = KEEP_BYTES;
	}
	strbuf_add(last, data, len);
	if (last->len > 2 * KEEP_BYTES) {
		memmove(last->buf, last->buf + last->len - KEEP_BYTES, KEEP_BYTES);
		strbuf_setlen(last, KEEP_BYTES);
	}
}

void output_feed(bool is_stderr, const char *data, size_t len, void *ctx)
{
	struct output *out = ctx;

	pthread_mutex_lock(&out->lock);
	keep_last(&out->last, data, len);
	if (out->show)
		show(&out->line[is_stderr], data, len);
	pthread_mutex_unlock(&out->lock);
}

/* Where the last @lines lines of @s begin. */
static const char *tail_start(const char *s, size_t len, unsigned int lines)
{
	const char *p = s + len;

	if (p > s && p[-1] == '\n')
		p--;
	for (; p > s; p--)
		if (p[-1] == '\n' && --lines == 0)
			break;
	return p;
}

void output_tail(struct output *out, unsigned int lines, struct strbuf *ret)
{
	const char *p, *end;

	pthread_mutex_lock(&out->lock);
	end = out->last.buf + out->last.len;
	p = tail_start(out->last.buf, out->last.len, lines);
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		strbuf_addstr(ret, "  ");
		text_add_safe(ret, p, (size_t)(stop - p));
		strbuf_addch(ret, '\n');
		p = newline ? newline + 1 : end;
	}
	pthread_mutex_unlock(&out->lock);
}
