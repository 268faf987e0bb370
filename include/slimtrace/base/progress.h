/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program is doing. On a terminal: one live line, redrawn at most ten times a second,
 * and a line that stays for each finished phase. Elsewhere: one plain line a phase. On stderr.
 *
 *	progress_phase("tracing");
 *	progress_update("412 files, 61 syscalls");	// as often as one likes
 *	progress_done("1,204 files, 74 syscalls in 3.1 s");
 */
#ifndef SLIMTRACE_BASE_PROGRESS_H
#define SLIMTRACE_BASE_PROGRESS_H

#include <stdbool.h>

/* @quiet: nothing at all is shown. Called once. */
void progress_init(bool quiet);
void progress_phase(const char *name);
void progress_update(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Draws the live line again, with its time so far: called by what waits, each second or so. */
void progress_tick(void);
/* Ends the phase with a line that stays. A phase that is not ended vanishes. */
void progress_done(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Removes the live line: before the program ends, or hands the terminal to somebody. */
void progress_clear(void);

/* "12.3 MB" (decimal, as docker prints sizes) into @buf, which is returned. */
const char *format_bytes(char buf[static 16], unsigned long long bytes);
/* "12,345" into @buf, which is returned. */
const char *format_count(char buf[static 32], unsigned long long n);

#endif
