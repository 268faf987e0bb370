/* SPDX-License-Identifier: BSD-2-Clause */
/* What a comparison came to: as text, as JSON, and as numbers that conditions are about. */
#include <stdio.h>
#include <string.h>

#include "diff/diff.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define NAMES_BYTES 300 /* no name begins later in what a condition's line tells */

static const char *const changes[DIFF_CHANGES] = {
	[DIFF_NEW] = "new", [DIFF_GONE] = "gone", [DIFF_CHANGED] = "changed"
};

/* "3 new, 1 gone" */
static void add_counts(const size_t counts[DIFF_CHANGES], struct strbuf *ret)
{
	const char *separator = "";

	for (size_t i = 0; i < DIFF_CHANGES; i++) {
		if (!counts[i])
			continue;
		strbuf_addf(ret, "%s%zu %s", separator, counts[i], changes[i]);
		separator = ", ";
	}
}

static void add_value(const char *value, struct strbuf *ret)
{
	text_add_safe(ret, value, strlen(value));
}

static void add_line(const struct diff_line *line, struct strbuf *ret)
{
	strbuf_addf(ret, "  %c ", "+-~"[line->change]);
	text_add_safe(ret, line->name, line->name_len);
	if (line->change == DIFF_CHANGED) {
		strbuf_addstr(ret, ": ");
		add_value(line->before, ret);
		if (!strcmp(line->before, line->after)) {
			strbuf_addstr(ret, ", other content");
		} else {
			strbuf_addstr(ret, " -> ");
			add_value(line->after, ret);
		}
	} else if (*(line->after ? line->after : line->before)) {
		strbuf_addstr(ret, "  ");
		add_value(line->after ? line->after : line->before, ret);
	}
	strbuf_addch(ret, '\n');
}

static size_t sum(const size_t counts[DIFF_CHANGES])
{
	return counts[DIFF_NEW] + counts[DIFF_GONE] + counts[DIFF_CHANGED];
}

void diff_text(const struct diff *diff, size_t max, struct strbuf *ret)
{
	size_t at = 0;

	for (int kind = 0; kind < FACT_KINDS; kind++) {
		size_t n = sum(diff->counts[kind]);

		if (!n)
			continue;
		strbuf_addf(ret, "%s: ", fact_kind_name((enum fact_kind)kind));
		add_counts(diff->counts[kind], ret);
		strbuf_addch(ret, '\n');
		for (size_t i = 0; i < n && (!max || i < max); i++)
			add_line(&diff->v[at + i], ret);
		if (max && n > max)
			strbuf_addf(ret, "    and %zu more (--all)\n", n - max);
		at += n;
	}
	if (!diff->n)
		strbuf_addstr(ret, "no difference\n");
}

static void add_json_line(cJSON *array, const struct diff_line *line)
{
	cJSON *one = json_append(array, json_object());

	json_add_str(one, "kind", fact_kind_name(line->kind));
	json_add_str(one, "change", changes[line->change]);
	json_add_bytes(one, "name", line->name, line->name_len);
	if (line->before)
		json_add_bytes(one, "before", line->before, strlen(line->before));
	if (line->after)
		json_add_bytes(one, "after", line->after, strlen(line->after));
}

void diff_json(const struct diff *diff, cJSON *ret)
{
	cJSON *counts = json_add(ret, "counts", json_object()), *array;

	for (int kind = 0; kind < FACT_KINDS; kind++) {
		cJSON *one = json_add(counts, fact_kind_name((enum fact_kind)kind), json_object());

		for (size_t i = 0; i < DIFF_CHANGES; i++)
			json_add_int(one, changes[i], (int64_t)diff->counts[kind][i]);
	}
	array = json_add(ret, "changes", json_array());
	for (size_t i = 0; i < diff->n; i++)
		add_json_line(array, &diff->v[i]);
}

/* --- conditions --- */

#define OF_KIND(kind)                                                                              \
	{ "new-" kind, GATE_COUNT }, { "gone-" kind, GATE_COUNT },                                 \
	{                                                                                          \
		"changed-" kind, GATE_COUNT                                                        \
	}
static const struct gate_metric metrics[] = {
	/* In the order of enum fact_kind, then of enum diff_change. */
	OF_KIND("files"),   OF_KIND("programs"), OF_KIND("syscalls"),	   OF_KIND("capabilities"),
	OF_KIND("network"), OF_KIND("rules"),	 OF_KIND("configuration"), { "any", GATE_COUNT },
};

const struct gate_metric *diff_metrics(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(metrics);
	return metrics;
}

int diff_gate_parse(const char *text, struct gates *ret, struct err *err)
{
	return gate_parse(text, metrics, ARRAY_SIZE(metrics), ret, err);
}

static size_t index_of(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(metrics) - 1 && strcmp(metrics[i].name, name) != 0)
		i++;
	return i;
}

/* A number alone would send people looking for what it counts. */
static void add_names(const struct diff *diff, size_t metric, size_t n, struct strbuf *ret)
{
	bool any = metric == FACT_KINDS * DIFF_CHANGES;
	size_t start = ret->len, said = 0;

	for (size_t i = 0; i < diff->n && ret->len - start < NAMES_BYTES; i++) {
		const struct diff_line *line = &diff->v[i];

		if (!any && ((size_t)line->kind != metric / DIFF_CHANGES ||
			     (size_t)line->change != metric % DIFF_CHANGES))
			continue;
		strbuf_addf(ret, "%s%s", said++ ? ", " : ": ",
			    !any			? ""
			    : line->change == DIFF_NEW	? "+ "
			    : line->change == DIFF_GONE ? "- "
							: "~ ");
		text_add_safe(ret, line->name, line->name_len);
	}
	if (said < n)
		strbuf_addf(ret, " and %zu more", n - said);
}

bool diff_gate_holds(const struct diff *diff, const struct gate *gate, struct strbuf *ret)
{
	size_t i = index_of(gate->metric->name);
	size_t is = i == FACT_KINDS * DIFF_CHANGES
			    ? diff->n
			    : diff->counts[i / DIFF_CHANGES][i % DIFF_CHANGES];
	bool holds = gate_holds(gate, (double)is, 0, ret);

	add_names(diff, i, is, ret);
	return holds;
}
