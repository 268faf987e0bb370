/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions of build and profile: about the image, and about what is new since a baseline. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"

enum { SIZE, RATIO, FILES, SYSCALLS, WARNINGS, OWN };
static const struct gate_metric own[OWN] = { [SIZE] = { "size", GATE_BYTES },
					     [RATIO] = { "ratio", GATE_FACTOR },
					     [FILES] = { "files", GATE_COUNT },
					     [SYSCALLS] = { "syscalls", GATE_COUNT },
					     [WARNINGS] = { "warnings", GATE_COUNT } };

/* Those and the ones of a comparison, in one table; made once. */
static const struct gate_metric *all_metrics(size_t *ret_n)
{
	static struct gate_metric all[64];
	size_t n;
	const struct gate_metric *of_diff = diff_metrics(&n);

	assert(OWN + n <= ARRAY_SIZE(all));
	*ret_n = OWN + n;
	for (size_t i = 0; i < *ret_n; i++)
		all[i] = i < OWN ? own[i] : of_diff[i - OWN];
	return all;
}

static int own_index(const struct gate *gate)
{
	for (int i = 0; i < OWN; i++)
		if (!strcmp(gate->metric->name, own[i].name))
			return i;
	return -1;
}

int session_gate_parse(const char *text, struct gates *ret, struct err *err)
{
	size_t n;
	const struct gate_metric *metrics = all_metrics(&n);

	return gate_parse(text, metrics, n, ret, err);
}

int session_gates_check(const struct gates *gates, const char *baseline, bool no_image,
			struct err *err)
{
	for (size_t i = 0; i < gates->n; i++) {
		int metric = own_index(&gates->v[i]);

		if (metric < 0 && !baseline) {
			err_class_set(err, ERR_USAGE, EINVAL,
				      "--fail-if '%s': there is nothing to compare with",
				      gates->v[i].text);
			return err_hint(err, "--baseline FILE: record.json or a profile of an "
					     "earlier run");
		}
		if (no_image && (metric == SIZE || metric == RATIO || metric == FILES))
			return err_class_set(err, ERR_USAGE, EINVAL,
					     "--fail-if '%s': profile makes no image",
					     gates->v[i].text);
	}
	return 0;
}

static double value_of(const struct report *r, int metric)
{
	switch (metric) {
	case SIZE:
		return (double)r->slim_bytes;
	case RATIO:
		return r->slim_bytes ? (double)r->fat_bytes / (double)r->slim_bytes : 0;
	case FILES:
		return (double)r->slim_files;
	case SYSCALLS:
		return (double)r->calls.n;
	default:
		return (double)r->warnings.n;
	}
}

static bool holds(const struct report *r, const struct diff *diff, const struct gate *gate,
		  struct strbuf *ret)
{
	int metric = own_index(gate);

	return metric < 0 ? diff_gate_holds(diff, gate, ret)
			  : gate_holds(gate, value_of(r, metric), (double)r->fat_bytes, ret);
}

int session_gates_apply(struct report *report, const struct gates *gates, const char *baseline,
			struct err *err)
{
	struct diff diff = { 0 };
	int r = baseline ? run_compare_baseline(baseline, report, &diff, err) : 0;

	if (!r && gates->n && !report->checks)
		report->checks = json_array();
	for (size_t i = 0; !r && i < gates->n; i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		bool failed = holds(report, &diff, &gates->v[i], &text);
		cJSON *one = json_append(report->checks, json_object());

		json_add_str(one, "fail_if", gates->v[i].text);
		json_add_str(one, "measured", text.buf);
		json_add_bool(one, "failed", failed);
		report->failed_checks += failed;
	}
	diff_release(&diff);
	return r;
}
