/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/text.h"

static enum log_level max_level = LOG_INFO;
static void (*live_hook)(bool before);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_level(enum log_level level)
{
	max_level = level;
}

enum log_level log_get_level(void)
{
	return max_level;
}

void log_set_live_hook(void (*hook)(bool before))
{
	pthread_mutex_lock(&lock);
	live_hook = hook;
	pthread_mutex_unlock(&lock);
}

static const char *prefix(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "slimtrace: error: ";
	case LOG_WARN:
		return "slimtrace: warning: ";
	case LOG_INFO:
		return "slimtrace: ";
	case LOG_DEBUG:
		return "slimtrace: debug: ";
	}
	return "";
}

static void write_line(const void *data, size_t len)
{
	pthread_mutex_lock(&lock);
	if (live_hook)
		live_hook(true);
	fwrite(data, 1, len, stderr);
	fflush(stderr);
	if (live_hook)
		live_hook(false);
	pthread_mutex_unlock(&lock);
}

void log_raw(const void *data, size_t len)
{
	write_line(data, len);
}

/* errno survives, so that a message can stand between a failure and its report. */
void log_at(enum log_level level, const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf raw = STRBUF_INIT, line = STRBUF_INIT;
	int saved = errno;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&raw, fmt, ap);
	va_end(ap);
	strbuf_addstr(&line, prefix(level));
	text_add_safe(&line, raw.buf, raw.len);
	strbuf_addch(&line, '\n');

	write_line(line.buf, line.len);
	errno = saved;
}
