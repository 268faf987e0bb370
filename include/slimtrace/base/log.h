/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages to the user, on stderr, one line each. Control characters and invalid UTF-8 in a
 * message are replaced: file names come from strangers. Results go to stdout, never through here.
 * A live progress line, when there is one, is cleared before a message and drawn again after it.
 */
#ifndef SLIMTRACE_BASE_LOG_H
#define SLIMTRACE_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Messages above @level are dropped; the default is LOG_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Writes @data to stderr as it is, around the live line: whole lines of the container's output. */
void log_raw(const void *data, size_t len);

/*
 * The live line (base/progress.c owns it): called with true before a message is written and
 * with false after it. NULL removes the hook. Called with the log's lock held.
 */
void log_set_live_hook(void (*hook)(bool before));

#endif
