/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The output of the container, or of a command: its last lines are kept for error messages, and all
 * of it is shown when the user asked for it. Fed from another thread, the engine's or our own,
 * which is never held up: what is not read from our stderr in time waits in a bounded queue, and
 * what does not fit there is dropped and counted.
 */
#ifndef SESSION_OUTPUT_H
#define SESSION_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/strbuf.h"

struct output;

struct output *output_new(bool show);
void output_free(struct output *out);
/* An engine_output_fn; @ctx is the struct output. */
void output_feed(bool is_stderr, const char *data, size_t len, void *ctx);
/* Waits until all that was fed is shown, an unfinished line too. NULL-safe. */
void output_flush(struct output *out);
/* The last @lines lines, indented by two spaces. */
void output_tail(struct output *out, unsigned int lines, struct strbuf *ret);

#endif
