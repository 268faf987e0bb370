/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace merge: one record of several. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/merged.h"
#include "cli/standard.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/cli.h"
#include "slimtrace/record.h"

struct merge_args {
	const char *output;
};

static const struct option_row rows[] = {
	{ "output", OPTION_STRING, offsetof(struct merge_args, output), "FILE",
	  "where the record goes (standard output) (-o)", NULL },
	{ "o", OPTION_STRING, offsetof(struct merge_args, output), "FILE", NULL, NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb,
		"Usage: slimtrace merge [options] RECORD...\n\n"
		"Makes one record of several (record.json of runs, on one machine or many):\n"
		"what any of them tells, and for each file and system call in how many runs it\n"
		"was seen. build and profile take it with --from-record.\n\n"
		"Options:\n");
	options_help(&set, &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExamples:\n"
			   "  slimtrace merge -o all.json node1.json node2.json\n"
			   "  slimtrace build --from-record all.json my/app\n");
	fputs(sb.buf, stdout);
}

/* For programs on stdout, unless the record goes there, for people on stderr. */
static void tell(const struct record *rec, bool json)
{
	_cleanup_(json_free) cJSON *doc = json_object();

	merged_tell(rec, json ? doc : NULL);
	if (!json)
		return;
	json_add_str(doc, "state", "done");
	standard_print_json(doc);
}

static int merge(const struct merge_args *args, const struct strvec *files, bool json,
		 struct err *err)
{
	struct record **records = xcalloc(files->n, sizeof(*records));
	_cleanup_(record_free) struct record *merged = NULL;
	int r = 0;

	for (size_t i = 0; !r && i < files->n; i++)
		r = record_read_file(files->v[i], &records[i], err);
	if (!r)
		r = record_merge((const struct record *const *)records, files->n, &merged, err);
	for (size_t i = 0; i < files->n; i++)
		record_free(records[i]);
	free(records);
	if (!r)
		r = merged_write(merged, args->output, err);
	if (!r)
		tell(merged, json && args->output);
	return r;
}

int cmd_merge(int argc, char **argv, struct global_opts *global)
{
	struct merge_args args = { 0 };
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), &args };
	_cleanup_strvec_ struct strvec files = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, &set, 1, global, &files, &err);

	if (!r && global->help) {
		print_help();
		return EXIT_OK;
	}
	if (!r && !files.n)
		r = err_class_set(&err, ERR_USAGE, EINVAL, "no record given");
	if (!r)
		r = merge(&args, &files, global->json, &err);
	return r < 0 ? command_failed_as(global, &err) : EXIT_OK;
}
