/* SPDX-License-Identifier: BSD-2-Clause */
/* What conditions of info can be about. */
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"

static double count_of(const struct info *info, int kind)
{
	return (double)info->finds[kind].n;
}

static const struct gate_metric metrics[] = {
	{ "wasted", GATE_BYTES },	  { "overwritten", GATE_BYTES },
	{ "deleted", GATE_BYTES },	  { "duplicated", GATE_BYTES },
	{ "size", GATE_BYTES },		  { "efficiency", GATE_PERCENT },
	{ "layers", GATE_COUNT },	  { "packages", GATE_COUNT },
	{ "secrets", GATE_COUNT },	  { "shells", GATE_COUNT },
	{ "interpreters", GATE_COUNT },	  { "setuid", GATE_COUNT },
	{ "setgid", GATE_COUNT },	  { "capabilities", GATE_COUNT },
	{ "world-writable", GATE_COUNT }, { "certificates", GATE_COUNT },
	{ "keys", GATE_COUNT },
};

/* The kind of findings that a metric counts; -1: it is another one. */
static int find_of(const char *name)
{
	static const struct {
		const char *name;
		int find;
	} finds[] = {
		{ "shells", INFO_SHELL },
		{ "interpreters", INFO_INTERPRETER },
		{ "setuid", INFO_SETUID },
		{ "setgid", INFO_SETGID },
		{ "capabilities", INFO_CAPABILITY },
		{ "world-writable", INFO_WORLD_WRITABLE },
		{ "certificates", INFO_CERTIFICATE },
		{ "keys", INFO_PRIVATE_KEY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(finds); i++)
		if (!strcmp(finds[i].name, name))
			return finds[i].find;
	return -1;
}

static double metric_value(const struct info *info, const char *name)
{
	int find = find_of(name);

	if (find >= 0)
		return count_of(info, find);
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

int info_gate_parse(const char *text, struct gates *ret, struct err *err)
{
	return gate_parse(text, metrics, ARRAY_SIZE(metrics), ret, err);
}

bool info_gate_holds(const struct info *info, const struct gate *gate, struct strbuf *ret)
{
	return gate_holds(gate, metric_value(info, gate->metric->name), (double)info->size, ret);
}
