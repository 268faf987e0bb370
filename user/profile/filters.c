/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters on arguments: which values of one argument a call is allowed with. */
#include <stdlib.h>
#include <string.h>

#include "profile/tables.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"

static void add_value(struct profile_call *call, uint32_t value)
{
	for (size_t i = 0; i < call->n_values; i++)
		if (call->values[i] == value)
			return;
	call->values = xreallocarray(call->values, call->n_values + 1, sizeof(*call->values));
	call->values[call->n_values++] = value;
}

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* False when the records do not tell all values. */
static bool add_observed(struct profile_call *call, const struct record *rec)
{
	for (size_t i = 0; i < rec->n_arguments; i++) {
		const struct record_arguments *a = &rec->arguments[i];
		_cleanup_free_ char *name = sysname_of(a->abi, a->nr);

		if (!name || strcmp(name, call->name) != 0)
			continue;
		if (!(a->used & 1u << call->index))
			return false;
		add_value(call, a->value[call->index]);
	}
	return true;
}

static void filter(struct profile_call *call, const struct record *const *records, size_t n,
		   const struct runtime_values *known)
{
	bool complete = true;

	call->index = known->index;
	for (size_t i = 0; i < n && complete; i++)
		complete = add_observed(call, records[i]);
	/* The app called it, and no record says how: an older record, or an ABI without names. */
	if (!call->n_values && (call->sources & PROFILE_APP))
		complete = false;
	for (size_t i = 0; i < known->n && complete; i++)
		add_value(call, known->values[i]);
	if (!complete) {
		free(call->values);
		call->values = NULL;
		call->n_values = 0;
	} else if (call->n_values) {
		qsort(call->values, call->n_values, sizeof(*call->values), compare);
		call->conditional = false;
	}
}

void filter_calls(struct profile_calls *calls, const struct record *const *records, size_t n)
{
	for (size_t i = 0; i < calls->n; i++)
		for (size_t j = 0; j < n_runtime_values; j++)
			if (!strcmp(calls->v[i].name, runtime_values[j].name))
				filter(&calls->v[i], records, n, &runtime_values[j]);
}
