/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of earlier runs, maybe of other machines and other builds of the image, in place of a
 * run. */
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"

/* @run's, or their union. A single one is taken as it is. */
static int merge(struct run *run, struct record **records, size_t n, struct err *err)
{
	if (n == 1) {
		run->rec = TAKE_PTR(records[0]);
		return 0;
	}
	return record_merge((const struct record *const *)records, n, &run->rec, err);
}

/* Those of the app, not the runtime's. */
static uint64_t count_calls(const struct record *rec)
{
	uint64_t n = 0;

	for (size_t i = 0; i < rec->n_syscalls; i++)
		n += rec->syscalls[i].phase == RECORD_APP;
	return n;
}

int run_read_records(struct run *run, struct err *err)
{
	const struct strvec *files = &run->opts->records;
	struct record **records = xcalloc(files->n, sizeof(*records));
	int r = 0;

	progress_phase("reading");
	for (size_t i = 0; !r && i < files->n; i++)
		r = record_read_file(files->v[i], &records[i], err);
	if (!r)
		r = merge(run, records, files->n, err);
	for (size_t i = 0; i < files->n; i++)
		record_free(records[i]);
	free(records);
	if (r < 0)
		return r;
	if (run->rec->attached)
		run_warn(run,
			 "the record began when its container was running already: what that had "
			 "used and let go of before is not in it");
	run->report->syscalls = count_calls(run->rec);
	run_take_record(run);
	return 0;
}

/* --- another image than the record's --- */

/* What the record says is in the image, of which the run needed it to be there. */
static bool was_used(const struct record_access *a)
{
	const uint32_t use =
		RECORD_EXEC | RECORD_MAP | RECORD_READ | RECORD_WRITE | RECORD_LIST | RECORD_CHDIR;

	return a->source == RECORD_FILE && a->on_image && a->kinds & use &&
	       !(a->kinds & RECORD_CREATE);
}

static void add_difference(struct run *run, const struct record_access *a)
{
	_cleanup_(json_free) cJSON *line = json_object();
	cJSON *kinds;

	json_add_bytes(line, "path", a->path, a->path_len);
	kinds = json_add(line, "kinds", json_array());
	for (unsigned int i = 0; i < RECORD_KINDS; i++)
		if (a->kinds & 1u << i)
			json_append(kinds, cJSON_CreateString(record_kind_name(1u << i)));
	json_print(line, false, &run->differences);
}

static size_t find_differences(struct run *run, struct strbuf *ret_first)
{
	size_t n = 0;

	for (size_t i = 0; i < run->rec->n_accesses; i++) {
		const struct record_access *a = &run->rec->accesses[i];

		if (!was_used(a) || image_lookup(run->img, a->path))
			continue;
		if (!n++)
			text_add_safe(ret_first, a->path, a->path_len);
		add_difference(run, a);
	}
	return n;
}

static size_t same_layers(const struct run *run)
{
	const struct strvec *theirs = &run->rec->diff_ids;
	size_t n = 0;

	while (n < theirs->n && n < image_layer_count(run->img) &&
	       !strcmp(theirs->v[n], image_layer(run->img, n)->diff_id.str))
		n++;
	return n;
}

void run_compare_records(struct run *run)
{
	const char *id = run->rec->image_id;
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT;
	size_t n;

	if (id && !strcmp(id, run->image_id))
		return;
	run_warn(run, "the record is of %s%.19s; %zu of the %zu layers here are the same",
		 id ? "image " : "several images", id ? id : "", same_layers(run),
		 image_layer_count(run->img));
	n = find_differences(run, &first);
	if (n)
		run_warn(run, "%zu path%s that it used %s not in this image: %s%s", n,
			 n == 1 ? "" : "s", n == 1 ? "is" : "are", first.buf,
			 n == 1 ? "" : ", ... (differences.jsonl has all)");
}

int run_write_differences(struct run *run, int dirfd, struct err *err)
{
	return io_write_atomic(dirfd, "differences.jsonl", 0600, run->differences.buf,
			       run->differences.len, err);
}
