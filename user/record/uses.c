/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/uses.h"

#include <errno.h>
#include <stdlib.h>

#include "record/names.h"
#include "slimtrace/base/alloc.h"

int use_compare(const void *left, const void *right)
{
	const struct record_use *a = left, *b = right;

	if (a->program != b->program)
		return a->program < b->program ? -1 : 1;
	return (a->call > b->call) - (a->call < b->call);
}

/* --- to JSON --- */

static cJSON *list_of(cJSON *calls, const char *name)
{
	cJSON *list = json_get(calls, name);

	return list ? list : json_add(calls, name, json_array());
}

static void add_use(cJSON *obj, const struct record_use *use, size_t place, size_t max)
{
	_cleanup_free_ char *name = record_call_name(use->call);

	for (unsigned int kind = 0; kind < RECORD_KINDS; kind++) {
		cJSON *list;

		if (!(use->kinds & 1u << kind))
			continue;
		list = list_of(json_get(obj, record_kind_name(1u << kind)), name);
		if (place < max)
			json_append(list, cJSON_CreateNumber((double)place));
	}
}

struct cJSON *record_uses_json(const struct record_access *a, size_t max)
{
	cJSON *obj = json_object();
	uint32_t kinds = 0;
	size_t place = 0;

	for (size_t i = 0; i < a->n_uses; i++)
		kinds |= a->uses[i].kinds;
	for (unsigned int kind = 0; kind < RECORD_KINDS; kind++)
		if (kinds & 1u << kind)
			json_add(obj, record_kind_name(1u << kind), json_object());
	for (size_t i = 0; i < a->n_uses; i++) {
		while (place < a->n_programs && a->programs[place] < a->uses[i].program)
			place++;
		add_use(obj, &a->uses[i], place, max);
	}
	return obj;
}

/* --- and back --- */

struct reading {
	const uint32_t *programs;
	size_t n_programs;
	struct record_use *uses;
	size_t n, cap;
};

static int bad(struct err *err, const char *kind, const char *what)
{
	return err_class_set(err, ERR_USAGE, EBADMSG, "'syscalls' of '%s' %s", kind, what);
}

static int read_list(const cJSON *list, int call, uint32_t kind, struct reading *r, struct err *err)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return bad(err, record_kind_name(kind), "has a call without an array");
	cJSON_ArrayForEach (item, list) {
		double d = cJSON_IsNumber(item) ? item->valuedouble : -1;

		if (!(d >= 0 && d < (double)r->n_programs) || d != (double)(size_t)d)
			return bad(err, record_kind_name(kind), "has no place in 'programs'");
		if (call < 0)
			continue;
		ALLOC_GROW(r->uses, r->n + 1, r->cap);
		r->uses[r->n++] = (struct record_use){ .program = r->programs[(size_t)d],
						       .call = (uint16_t)call,
						       .kinds = (uint16_t)kind };
	}
	return 0;
}

static int read_kinds(const cJSON *json, uint32_t kinds, struct reading *reading, struct err *err)
{
	const cJSON *calls, *list;
	int r = 0;

	if (!cJSON_IsObject(json))
		return err_class_set(err, ERR_USAGE, EBADMSG, "'syscalls' is not an object");
	cJSON_ArrayForEach (calls, json) {
		uint32_t kind = record_kind_find(calls->string);

		if (!(kind & kinds))
			return bad(err, calls->string, "are of a kind that 'kinds' has not");
		if (!cJSON_IsObject(calls))
			return bad(err, calls->string, "is not an object");
		cJSON_ArrayForEach (list, calls) {
			r = read_list(list, record_call_find(list->string), kind, reading, err);
			if (r < 0)
				return r;
		}
	}
	return r;
}

int uses_read(const cJSON *json, uint32_t kinds, const uint32_t *programs, size_t n_programs,
	      struct record_use **ret, size_t *ret_n, struct err *err)
{
	struct reading reading = { .programs = programs, .n_programs = n_programs };
	int r = read_kinds(json, kinds, &reading, err);

	if (r < 0) {
		free(reading.uses);
		return r;
	}
	*ret = reading.uses;
	*ret_n = reading.n;
	return 0;
}
