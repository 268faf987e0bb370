/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar is closed: what is not known is an error. */
#include "slimtrace/base/gate.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/progress.h"

enum op { OP_GE, OP_LE, OP_GT, OP_LT, OP_EQ };

static const char *const ops[] = {
	[OP_GE] = ">=", [OP_LE] = "<=", [OP_GT] = ">", [OP_LT] = "<", [OP_EQ] = "="
};

struct table {
	const struct gate_metric *v;
	size_t n;
};

static const struct gate_metric *find_metric(const struct table *metrics, const char *name,
					     size_t len)
{
	for (size_t i = 0; i < metrics->n; i++)
		if (strlen(metrics->v[i].name) == len && !memcmp(metrics->v[i].name, name, len))
			return &metrics->v[i];
	return NULL;
}

static int wrong(const struct table *metrics, const char *text, const char *what, struct err *err)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < metrics->n; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", metrics->v[i].name);
	err_class_set(err, ERR_USAGE, EINVAL, "--fail-if '%s': %s", text, what);
	return err_hint(err,
			"METRIC OP VALUE, such as '%s>0'; OP is >, >=, <, <= or =; METRIC is %s",
			metrics->v[0].name, names.buf);
}

/* "20MB", "1.5GiB", "10%", "3"; how many bytes a unit is, -1 when there is no such unit. */
static double factor_of(const char *unit)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "KB", 1e3 },
		{ "MB", 1e6 },
		{ "GB", 1e9 },
		{ "TB", 1e12 },
		{ "KIB", 1024 },
		{ "MIB", 1024.0 * 1024 },
		{ "GIB", 1024.0 * 1024 * 1024 },
		{ "TIB", 1024.0 * 1024 * 1024 * 1024 },
		{ "K", 1e3 },
		{ "M", 1e6 },
		{ "G", 1e9 },
		{ "T", 1e12 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcasecmp(unit, units[i].name))
			return units[i].factor;
	return -1;
}

static int parse_value(const struct table *metrics, const char *text, const char *p,
		       struct gate *gate, struct err *err)
{
	enum gate_unit unit = gate->metric->unit;
	size_t digits = strspn(p, "0123456789.");
	_cleanup_free_ char *number = xstrndup(p, digits);
	const char *end;
	double factor;
	char *rest;

	/* Of digits alone: strtod() takes "0x10" and "1e3" as well. */
	gate->value = strtod(number, &rest);
	if (!isdigit((unsigned char)*p) || digits > 15 || *rest)
		return wrong(metrics, text, "its value is no number", err);
	end = p + digits + strspn(p + digits, " ");
	gate->percent = !strcmp(end, "%");
	factor = gate->percent ? 1 : factor_of(end);
	if (factor < 0)
		return wrong(metrics, text, "its value has an unknown unit", err);
	if ((unit == GATE_COUNT || unit == GATE_FACTOR) && *end)
		return wrong(metrics, text, "its value is a number without a unit", err);
	if (unit == GATE_PERCENT && *end && !gate->percent)
		return wrong(metrics, text, "its value is in per cent", err);
	/* As other tools take it: here it would never hold, and nobody would see that. */
	if (unit == GATE_PERCENT && !*end && gate->value > 0 && gate->value < 1)
		return wrong(metrics, text, "its value is in per cent: 95%, not 0.95", err);
	gate->value *= factor;
	return 0;
}

int gate_parse(const char *text, const struct gate_metric *metrics, size_t n, struct gates *ret,
	       struct err *err)
{
	const struct table table = { metrics, n };
	struct gate gate = { .op = -1 };
	const char *p = text + strspn(text, " ");
	size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz-");
	int r;

	gate.metric = find_metric(&table, p, len);
	if (!gate.metric)
		return wrong(&table, text, "there is no such metric", err);
	p += len;
	p += strspn(p, " ");
	for (size_t i = 0; gate.op < 0 && i < ARRAY_SIZE(ops); i++)
		if (!strncmp(p, ops[i], strlen(ops[i])))
			gate.op = (int)i;
	if (gate.op < 0)
		return wrong(&table, text, "it does not compare", err);
	p += strlen(ops[gate.op]);
	r = parse_value(&table, text, p + strspn(p, " "), &gate, err);
	if (r < 0)
		return r;
	gate.text = xstrdup(text);
	ret->v = xreallocarray(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = gate;
	return 0;
}

void gates_release(struct gates *gates)
{
	for (size_t i = 0; i < gates->n; i++)
		free(gates->v[i].text);
	free(gates->v);
	*gates = (struct gates){ 0 };
}

static bool compare(enum op op, double is, double limit)
{
	switch (op) {
	case OP_GE:
		return is >= limit;
	case OP_LE:
		return is <= limit;
	case OP_GT:
		return is > limit;
	case OP_LT:
		return is < limit;
	case OP_EQ:
		break;
	}
	return is >= limit && is <= limit;
}

/* A limit can be any number. */
static unsigned long long whole_bytes(double n)
{
	return n < 0x1p63 ? (unsigned long long)n : 1ull << 63;
}

/* Rounded as people read it; but not so that what is beyond the limit looks as if it were at it. */
static void add_measured(const struct gate *gate, double is, bool percent, struct strbuf *ret)
{
	enum gate_unit unit = gate->metric->unit;
	char buf[16], limit[16];

	if (percent || unit == GATE_FACTOR) {
		strbuf_addf(ret, fabs(is - gate->value) < 0.1 ? "%.8g" : "%.1f", is);
		strbuf_addstr(ret, percent ? "%" : "");
	} else if (unit == GATE_BYTES) {
		format_bytes(buf, whole_bytes(is));
		format_bytes(limit, whole_bytes(gate->value));
		strbuf_addstr(ret, buf);
		if (!strcmp(buf, limit))
			strbuf_addf(ret, " (%.0f bytes)", is);
	} else {
		strbuf_addf(ret, "%.0f", is);
	}
}

bool gate_holds(const struct gate *gate, double is, double whole, struct strbuf *ret)
{
	enum gate_unit unit = gate->metric->unit;

	if (gate->percent && unit == GATE_BYTES)
		is = whole > 0 ? 100 * is / whole : 0;
	strbuf_addf(ret, "%s is ", gate->metric->name);
	add_measured(gate, is, gate->percent || unit == GATE_PERCENT, ret);
	return compare((enum op)gate->op, is, gate->value);
}
