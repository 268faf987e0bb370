/* SPDX-License-Identifier: BSD-2-Clause */
/* Who used an entry of the image, when, and how: the record's accesses, by entry. */
#include "report/uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

#define MAX_PROGRAMS 64 /* of one use; more are counted */
#define MAX_ACCESSES 64 /* of one entry, one by one */
#define NO_ENTRY UINT32_MAX
/* An entry with one of these was used itself. */
#define USED (1u << KEEP_USED | 1u << KEEP_BY_EXEC | 1u << KEEP_VOLUME)

/*
 * The entry that an access used. What hides behind a mount was not: such an entry does not stay, or
 * for other reasons. Of what went, only what the kernel said is certain.
 */
static uint32_t entry_of(const struct image *img, const struct keep *keep,
			 const struct record_access *a)
{
	struct image_entry *e = NULL;
	bool volume_only = a->source == RECORD_FILE && !a->on_image;
	uint32_t reasons;

	if (a->source == RECORD_FILE)
		e = image_lookup(img, a->path);
	else if (image_walk(img, NULL, NULL, a->path, a->follow, NULL, NULL, &e) < 0)
		return NO_ENTRY;
	if (!e || a->error == ENOENT)
		return NO_ENTRY;
	reasons = keep_reasons(keep, e);
	if (!keep_has(keep, e))
		return a->source == RECORD_FILE && a->on_image ? e->id : NO_ENTRY;
	return reasons & (volume_only ? 1u << KEEP_VOLUME : USED) ? e->id : NO_ENTRY;
}

void report_uses_find(struct report *report, const struct image *img, const struct keep *keep,
		      const struct record *rec)
{
	struct report_uses *uses = &report->uses;
	_cleanup_free_ uint32_t *of = xcalloc(rec->n_accesses + 1, sizeof(*of));

	report_uses_release(uses);
	uses->n = image_entry_count(img);
	uses->start = xcalloc(uses->n + 2, sizeof(*uses->start));
	uses->access = xcalloc(rec->n_accesses + 1, sizeof(*uses->access));
	/* One place further than in the end: filling moves it. */
	for (size_t i = 0; i < rec->n_accesses; i++) {
		of[i] = entry_of(img, keep, &rec->accesses[i]);
		if (of[i] != NO_ENTRY)
			uses->start[of[i] + 2]++;
	}
	for (size_t i = 2; i < uses->n + 2; i++)
		uses->start[i] += uses->start[i - 1];
	for (size_t i = 0; i < rec->n_accesses; i++)
		if (of[i] != NO_ENTRY)
			uses->access[uses->start[of[i] + 1]++] = (uint32_t)i;
}

void report_uses_release(struct report_uses *uses)
{
	free(uses->start);
	free(uses->access);
	*uses = (struct report_uses){ 0 };
}

size_t report_uses_of(const struct report_uses *uses, const struct image_entry *e,
		      const uint32_t **ret)
{
	if (e->id >= uses->n)
		return 0;
	*ret = uses->access + uses->start[e->id];
	return uses->start[e->id + 1] - uses->start[e->id];
}

uint32_t report_kinds_of(const struct report_uses *uses, const struct image_entry *e,
			 const struct record *rec)
{
	const uint32_t *access = NULL;
	size_t n = report_uses_of(uses, e, &access);
	uint32_t kinds = 0;

	for (size_t i = 0; i < n; i++)
		if (!rec->accesses[access[i]].error)
			kinds |= rec->accesses[access[i]].kinds;
	return kinds;
}

/* --- one access --- */

static void add_kinds(cJSON *obj, uint32_t kinds)
{
	cJSON *array = json_add(obj, "uses", json_array());

	for (unsigned int i = 0; i < RECORD_KINDS; i++)
		if (kinds & 1u << i)
			json_append(array, cJSON_CreateString(record_kind_name(1u << i)));
}

static void add_program(cJSON *array, const struct record_program *p)
{
	cJSON *one = json_append(array, json_object());

	json_add_int(one, "pid", p->pid);
	json_add_bytes(one, "exe", p->exe ? p->exe : "", p->exe ? strlen(p->exe) : 0);
}

static void add_programs(cJSON *obj, const struct record *rec, const struct record_access *a)
{
	cJSON *array = json_add(obj, "programs", json_array());

	for (size_t i = 0; i < a->n_programs && i < MAX_PROGRAMS; i++)
		if (a->programs[i] < rec->n_programs)
			add_program(array, &rec->programs[a->programs[i]]);
	if (a->n_programs > MAX_PROGRAMS)
		json_add_int(obj, "more_programs", (int64_t)(a->n_programs - MAX_PROGRAMS));
}

static void add_first(cJSON *obj, uint64_t ns)
{
	json_add(obj, "first_seconds", cJSON_CreateNumber((double)ns / 1e9));
}

cJSON *report_access(const struct record *rec, const struct record_access *a)
{
	const char *error = a->error ? strerrorname_np(a->error) : NULL;
	cJSON *obj = json_object();

	json_add_bytes(obj, "path", a->path, a->path_len);
	add_kinds(obj, a->kinds);
	if (a->error)
		json_add_str(obj, "error", error ? error : "an unknown error");
	if (a->n_uses)
		json_add(obj, "syscalls", record_uses_json(a, MAX_PROGRAMS));
	add_programs(obj, rec, a);
	add_first(obj, a->first_ns);
	return obj;
}

/* --- all accesses of an entry --- */

static void add_accesses(cJSON *line, const struct record *rec, const uint32_t *access, size_t n)
{
	cJSON *array = json_add(line, "accesses", json_array());

	for (size_t i = 0; i < n && i < MAX_ACCESSES; i++)
		json_append(array, report_access(rec, &rec->accesses[access[i]]));
	if (n > MAX_ACCESSES)
		json_add_int(line, "more_accesses", (int64_t)(n - MAX_ACCESSES));
}

void report_add_uses(cJSON *line, const struct report_uses *uses, const struct image_entry *e,
		     const struct record *rec)
{
	const uint32_t *access = NULL;
	size_t n = report_uses_of(uses, e, &access);

	if (!n)
		return;
	add_kinds(line, report_kinds_of(uses, e, rec));
	add_first(line, rec->accesses[access[0]].first_ns);
	add_accesses(line, rec, access, n);
}
