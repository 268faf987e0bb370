/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions for checks: METRIC OP VALUE. The grammar is closed: what is not known is an error. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/progress.h"

enum unit { UNIT_BYTES, UNIT_PERCENT, UNIT_COUNT };
enum op { OP_GE, OP_LE, OP_GT, OP_LT, OP_EQ };

static double count_of(const struct info *info, int kind)
{
	return (double)info->finds[kind].n;
}

static const struct {
	const char *name;
	enum unit unit;
	int find; /* -1: another one */
} metrics[] = {
	{ "wasted", UNIT_BYTES, -1 },
	{ "overwritten", UNIT_BYTES, -1 },
	{ "deleted", UNIT_BYTES, -1 },
	{ "duplicated", UNIT_BYTES, -1 },
	{ "size", UNIT_BYTES, -1 },
	{ "efficiency", UNIT_PERCENT, -1 },
	{ "layers", UNIT_COUNT, -1 },
	{ "packages", UNIT_COUNT, -1 },
	{ "secrets", UNIT_COUNT, -1 },
	{ "shells", UNIT_COUNT, INFO_SHELL },
	{ "interpreters", UNIT_COUNT, INFO_INTERPRETER },
	{ "setuid", UNIT_COUNT, INFO_SETUID },
	{ "setgid", UNIT_COUNT, INFO_SETGID },
	{ "capabilities", UNIT_COUNT, INFO_CAPABILITY },
	{ "world-writable", UNIT_COUNT, INFO_WORLD_WRITABLE },
	{ "certificates", UNIT_COUNT, INFO_CERTIFICATE },
	{ "keys", UNIT_COUNT, INFO_PRIVATE_KEY },
};

static const char *const ops[] = {
	[OP_GE] = ">=", [OP_LE] = "<=", [OP_GT] = ">", [OP_LT] = "<", [OP_EQ] = "="
};

static double metric_value(const struct info *info, int metric)
{
	const char *name = metrics[metric].name;

	if (metrics[metric].find >= 0)
		return count_of(info, metrics[metric].find);
	if (!strcmp(name, "wasted"))
		return (double)info_wasted(info);
	if (!strcmp(name, "overwritten"))
		return (double)info->overwritten.bytes;
	if (!strcmp(name, "deleted"))
		return (double)info->deleted.bytes;
	if (!strcmp(name, "duplicated"))
		return (double)info->duplicated.bytes;
	if (!strcmp(name, "size"))
		return (double)info->size;
	if (!strcmp(name, "efficiency"))
		return info_efficiency(info);
	if (!strcmp(name, "layers"))
		return (double)info->n_layers;
	if (!strcmp(name, "packages"))
		return (double)info->n_packages;
	/* What must not be in an image: names in its configuration, and files. */
	return (double)info->secrets.n + count_of(info, INFO_PRIVATE_KEY) +
	       count_of(info, INFO_CREDENTIALS);
}

static int find_metric(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		if (strlen(metrics[i].name) == len && !memcmp(metrics[i].name, name, len))
			return (int)i;
	return -1;
}

static int wrong(const char *text, const char *what, struct err *err)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", metrics[i].name);
	err_class_set(err, ERR_USAGE, EINVAL, "--fail-if '%s': %s", text, what);
	return err_hint(err,
			"METRIC OP VALUE, such as 'wasted>20MB', 'efficiency<95%%', 'setuid>0'; "
			"OP is >, >=, <, <= or =; METRIC is %s",
			names.buf);
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
		{ "K", 1e3 },
		{ "M", 1e6 },
		{ "G", 1e9 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcasecmp(unit, units[i].name))
			return units[i].factor;
	return -1;
}

static int parse_value(const char *text, const char *p, struct info_gate *gate, struct err *err)
{
	enum unit unit = metrics[gate->metric].unit;
	double factor;
	char *end;

	if (!isdigit((unsigned char)*p) || strspn(p, "0123456789.") > 15)
		return wrong(text, "its value is no number", err);
	gate->value = strtod(p, &end);
	end += strspn(end, " ");
	gate->percent = !strcmp(end, "%");
	factor = gate->percent ? 1 : factor_of(end);
	if (!isfinite(gate->value) || factor < 0)
		return wrong(text, "its value has an unknown unit", err);
	if (unit == UNIT_COUNT && *end)
		return wrong(text, "its value is a number without a unit", err);
	if (unit == UNIT_PERCENT && *end && !gate->percent)
		return wrong(text, "its value is in per cent", err);
	gate->value *= factor;
	return 0;
}

int info_gate_parse(const char *text, struct info_gates *ret, struct err *err)
{
	struct info_gate gate = { .op = -1 };
	const char *p = text + strspn(text, " ");
	size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz-");
	int r;

	gate.metric = find_metric(p, len);
	if (gate.metric < 0)
		return wrong(text, "there is no such metric", err);
	p += len;
	p += strspn(p, " ");
	for (size_t i = 0; gate.op < 0 && i < ARRAY_SIZE(ops); i++)
		if (!strncmp(p, ops[i], strlen(ops[i])))
			gate.op = (int)i;
	if (gate.op < 0)
		return wrong(text, "it does not compare", err);
	p += strlen(ops[gate.op]);
	r = parse_value(text, p + strspn(p, " "), &gate, err);
	if (r < 0)
		return r;
	gate.text = xstrdup(text);
	ret->v = xreallocarray(ret->v, ret->n + 1, sizeof(*ret->v));
	ret->v[ret->n++] = gate;
	return 0;
}

void info_gates_release(struct info_gates *gates)
{
	for (size_t i = 0; i < gates->n; i++)
		free(gates->v[i].text);
	free(gates->v);
	*gates = (struct info_gates){ 0 };
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

bool info_gate_holds(const struct info *info, const struct info_gate *gate, struct strbuf *ret)
{
	double is = metric_value(info, gate->metric), shown = is;
	enum unit unit = metrics[gate->metric].unit;
	char buf[16];

	if (gate->percent && unit == UNIT_BYTES)
		shown = is = info->size ? 100 * is / (double)info->size : 0;
	strbuf_addf(ret, "%s is ", metrics[gate->metric].name);
	if (gate->percent || unit == UNIT_PERCENT)
		strbuf_addf(ret, "%.1f%%", shown);
	else if (unit == UNIT_BYTES)
		strbuf_addstr(ret, format_bytes(buf, (unsigned long long)shown));
	else
		strbuf_addf(ret, "%.0f", shown);
	return compare((enum op)gate->op, is, gate->value);
}
