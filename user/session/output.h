/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The container's output: its last lines are kept for error messages, and all of it is shown when
 * the user asked for it. Fed from the engine's follow thread, read after that has ended.
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
/* The last @lines lines, indented by two spaces. */
void output_tail(struct output *out, unsigned int lines, struct strbuf *ret);

#endif
