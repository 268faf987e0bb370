/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/output.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

#define KEEP_BYTES (64 << 10)
#define LINE_BYTES (16 << 10) /* a longer line is shown in parts */
#define QUEUE_BYTES (4 << 20) /* what may wait to be shown */

struct output {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct strbuf last; /* the end of all output, at most twice KEEP_BYTES */

	/* Showing is a thread's work: whoever reads our stderr slowly must not hold up the app. */
	bool show, end, idle;
	pthread_t writer;
	struct strbuf line[2]; /* what each stream has not ended with a newline yet */
	struct strbuf queue;   /* lines for the writer */
	uint64_t dropped;      /* bytes that found no room in the queue */
};

/* Takes what is queued; false at the end. Called with the lock held. */
static bool take_queue(struct output *out, struct strbuf *ret, uint64_t *ret_dropped)
{
	while (!out->queue.len && !out->dropped && !out->end) {
		out->idle = true;
		pthread_cond_broadcast(&out->changed);
		pthread_cond_wait(&out->changed, &out->lock);
	}
	out->idle = false;
	*ret = out->queue;
	*ret_dropped = out->dropped;
	out->queue = STRBUF_INIT;
	out->dropped = 0;
	return ret->len || *ret_dropped;
}

static void *write_lines(void *arg)
{
	struct output *out = arg;
	struct strbuf lines;
	uint64_t dropped;

	pthread_mutex_lock(&out->lock);
	while (take_queue(out, &lines, &dropped)) {
		pthread_mutex_unlock(&out->lock);
		if (lines.len)
			log_raw(lines.buf, lines.len);
		if (dropped)
			log_warn("%" PRIu64 " bytes of the container's output are not shown: "
				 "they were read too slowly",
				 dropped);
		strbuf_release(&lines);
		pthread_mutex_lock(&out->lock);
	}
	out->idle = true;
	pthread_cond_broadcast(&out->changed);
	pthread_mutex_unlock(&out->lock);
	return NULL;
}

struct output *output_new(bool show)
{
	struct output *out = xcalloc(1, sizeof(*out));

	pthread_mutex_init(&out->lock, NULL);
	pthread_cond_init(&out->changed, NULL);
	out->last = out->line[0] = out->line[1] = out->queue = STRBUF_INIT;
	out->show = show && pthread_create(&out->writer, NULL, write_lines, out) == 0;
	if (show && !out->show)
		log_warn("the container's output cannot be shown: no thread can be made");
	return out;
}

/* A line, or what stands for one, goes to the writer. */
static void enqueue(struct output *out, struct strbuf *line)
{
	if (!line->len)
		return;
	if (line->buf[line->len - 1] != '\n')
		strbuf_addch(line, '\n');
	if (out->queue.len + line->len <= QUEUE_BYTES)
		strbuf_add(&out->queue, line->buf, line->len);
	else
		out->dropped += line->len;
	strbuf_reset(line);
	pthread_cond_broadcast(&out->changed);
}

void output_flush(struct output *out)
{
	if (!out || !out->show)
		return;
	pthread_mutex_lock(&out->lock);
	for (size_t i = 0; i < 2; i++)
		enqueue(out, &out->line[i]);
	while (out->queue.len || out->dropped || !out->idle)
		pthread_cond_wait(&out->changed, &out->lock);
	pthread_mutex_unlock(&out->lock);
}

void output_free(struct output *out)
{
	if (!out)
		return;
	output_flush(out);
	if (out->show) {
		pthread_mutex_lock(&out->lock);
		out->end = true;
		pthread_cond_broadcast(&out->changed);
		pthread_mutex_unlock(&out->lock);
		pthread_join(out->writer, NULL);
	}
	strbuf_release(&out->line[0]);
	strbuf_release(&out->line[1]);
	strbuf_release(&out->queue);
	strbuf_release(&out->last);
	pthread_cond_destroy(&out->changed);
	pthread_mutex_destroy(&out->lock);
	free(out);
}

static void show(struct output *out, struct strbuf *line, const char *data, size_t len)
{
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) + 1 : len;

		strbuf_add(line, data, part);
		if (newline || line->len > LINE_BYTES)
			enqueue(out, line);
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
		show(out, &out->line[is_stderr], data, len);
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

/* Of what a terminal acts on tabs alone, and not the end of a line as terminals have it. */
static void add_line(struct strbuf *sb, const char *line, size_t len)
{
	const char *end = line + len;

	if (len && end[-1] == '\r')
		end--;
	while (line < end) {
		const char *tab = memchr(line, '\t', (size_t)(end - line));
		const char *stop = tab ? tab : end;

		text_add_safe(sb, line, (size_t)(stop - line));
		if (tab)
			strbuf_addch(sb, '\t');
		line = tab ? tab + 1 : end;
	}
	strbuf_addch(sb, '\n');
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

		if (newline && stop > p && stop[-1] == '\r')
			stop--; /* as a terminal ends lines, and the engine its own words */
		strbuf_addstr(ret, "  ");
		add_line(ret, p, (size_t)(stop - p));
		p = newline ? newline + 1 : end;
	}
	pthread_mutex_unlock(&out->lock);
}
