/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/text.h"

#define REDRAW_MS 100

static struct {
	bool live, silent, shown;
	char phase[64];
	char detail[256];
	uint64_t drawn_ms, phase_start_ms;
	unsigned int frame;
} state = { .silent = true };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Our terminal: we are in its foreground process group, so nobody else is writing there. */
static bool terminal_is_ours(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp() && term &&
	       strcmp(term, "dumb") != 0;
}

static unsigned int columns(void)
{
	struct winsize ws;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col ? ws.ws_col : 80;
}

static void erase(void)
{
	if (state.shown)
		fputs("\r\x1b[K", stderr);
	state.shown = false;
}

static void draw(void)
{
	static const char *const frames[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	uint64_t now = clock_mono_ms();

	strbuf_addf(&sb, "%s %-10s ", frames[state.frame++ % 10], state.phase);
	text_add_safe(&sb, state.detail, strlen(state.detail));
	if (now - state.phase_start_ms >= 1000)
		strbuf_addf(&sb, " (%llu s)",
			    (unsigned long long)(now - state.phase_start_ms) / 1000);
	fprintf(stderr, "\r%.*s\x1b[K", (int)text_fit(sb.buf, sb.len, columns() - 1), sb.buf);
	fflush(stderr);
	state.shown = true;
	state.drawn_ms = now;
}

static void around_log(bool before)
{
	pthread_mutex_lock(&lock);
	if (before)
		erase();
	else if (state.live && state.phase[0])
		draw();
	pthread_mutex_unlock(&lock);
}

void progress_init(bool quiet)
{
	state.silent = quiet;
	state.live = !quiet && terminal_is_ours();
	log_set_live_hook(around_log);
}

void progress_phase(const char *name)
{
	pthread_mutex_lock(&lock);
	snprintf(state.phase, sizeof(state.phase), "%s", name);
	state.detail[0] = '\0';
	state.phase_start_ms = clock_mono_ms();
	if (state.live)
		draw();
	pthread_mutex_unlock(&lock);
}

void progress_update(const char *fmt, ...)
{
	bool first;
	va_list ap;

	if (!state.live)
		return;
	pthread_mutex_lock(&lock);
	first = !state.detail[0];
	va_start(ap, fmt);
	vsnprintf(state.detail, sizeof(state.detail), fmt, ap);
	va_end(ap);
	if (state.phase[0] && (first || clock_mono_ms() - state.drawn_ms >= REDRAW_MS))
		draw();
	pthread_mutex_unlock(&lock);
}

void progress_tick(void)
{
	if (!state.live)
		return;
	pthread_mutex_lock(&lock);
	if (state.phase[0] && state.detail[0] && clock_mono_ms() - state.drawn_ms >= REDRAW_MS)
		draw();
	pthread_mutex_unlock(&lock);
}

void progress_done(const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf raw = STRBUF_INIT, line = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&raw, fmt, ap);
	va_end(ap);
	text_add_safe(&line, raw.buf, raw.len);
	pthread_mutex_lock(&lock);
	erase();
	if (!state.silent)
		fprintf(stderr, "%s%-10s %s\n", state.live ? "✓ " : "slimtrace: ", state.phase,
			line.buf);
	state.phase[0] = '\0';
	pthread_mutex_unlock(&lock);
}

void progress_clear(void)
{
	pthread_mutex_lock(&lock);
	erase();
	state.phase[0] = '\0';
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

const char *format_bytes(char buf[static 16], unsigned long long bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 999.95 && unit < 4) {
		n /= 1000;
		unit++;
	}
	snprintf(buf, 16, unit && n < 99.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return buf;
}

const char *format_count(char buf[static 32], unsigned long long n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", n), out = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	buf[out] = '\0';
	return buf;
}
