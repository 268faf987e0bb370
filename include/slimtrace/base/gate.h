/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions that make a check fail: METRIC OP VALUE, as in "wasted>20MB". */
#ifndef SLIMTRACE_BASE_GATE_H
#define SLIMTRACE_BASE_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"

enum gate_unit { GATE_BYTES, GATE_PERCENT, GATE_COUNT, GATE_FACTOR };
struct gate_metric {
	const char *name; /* of a-z and '-' */
	enum gate_unit unit;
};

struct gate {
	char *text;
	const struct gate_metric *metric;
	int op;
	double value; /* bytes, per cent, or a number */
	bool percent; /* GATE_BYTES: of a whole */
};
struct gates {
	struct gate *v;
	size_t n;
};

/*
 * Adds what @text says of one of the @n @metrics, which are borrowed. ERR_USAGE naming what is
 * wrong, with what there is as the hint.
 */
int gate_parse(const char *text, const struct gate_metric *metrics, size_t n, struct gates *ret,
	       struct err *err);
void gates_release(struct gates *gates);
/*
 * True when the condition holds for @is, which is a part of @whole; what it is goes to @ret
 * ("wasted is 23.4 MB").
 */
bool gate_holds(const struct gate *gate, double is, double whole, struct strbuf *ret);

#endif
