/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGINT, SIGTERM and SIGHUP ask the program to end; whoever waits for something waits for
 * cancel_fd() too. Nothing is undone in the handler: the session undoes what it made and returns.
 * A second SIGINT or SIGTERM is remembered (cancel_count()), so that graceful waits are cut short.
 * SIGUSR1 is the user's "go on" for --continue-after signal.
 */
#ifndef SLIMTRACE_BASE_CANCEL_H
#define SLIMTRACE_BASE_CANCEL_H

#include <stdbool.h>

#include "slimtrace/base/err.h"

/* Installs the handlers. Called once, before threads are made. */
int cancel_init(struct err *err);
/* How many times the program was asked to end. */
int cancel_count(void);
/* Readable (poll, never read) from the first such signal on. -1 before cancel_init(). */
int cancel_fd(void);
/* The first signal that asked, 0 when none did. */
int cancel_signal(void);
/* Sets ERR_INTERRUPTED and returns -EINTR when the program was asked to end, else 0. */
int cancel_check(struct err *err);
/* While the session undoes what it made, waits must not be cut by the request that caused it. */
void cancel_mask(bool masked);

/* Readable once SIGUSR1 has come; poll, never read. -1 before cancel_init(). */
int resume_fd(void);
/* Whether SIGUSR1 has come since this was asked last. */
bool resume_take(void);

/*
 * Waits until @fd is readable (or only for the time when @fd is -1), @timeout_ms have passed
 * (-1: for ever), or the program was asked to end. Returns 1 readable, 0 time is up, -EINTR.
 */
int cancel_wait(int fd, int timeout_ms, struct err *err);

#endif
