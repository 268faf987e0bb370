/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace diff: two records, profiles or images. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/pager.h"
#include "cli/standard.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/cli.h"
#include "slimtrace/session.h"

#define LINES_MAX 20

struct diff_args {
	bool all, exit_code, no_pager;
	struct gates gates;
};

static int add_gate(void *target, const char *value, struct err *err)
{
	return diff_gate_parse(value, &((struct diff_args *)target)->gates, err);
}

#define DIFF(field) offsetof(struct diff_args, field)
static const struct option_row rows[] = {
	{ "all", OPTION_BOOL, DIFF(all), NULL, "all lines, not only the first 20 of each kind",
	  NULL },
	{ "exit-code", OPTION_BOOL, DIFF(exit_code), NULL, "exit status 8 when they differ", NULL },
	{ "fail-if", OPTION_CALL, 0, "CONDITION",
	  "exit status 8 when it holds: new-syscalls>0, changed-files>=10 [zero or more]",
	  add_gate },
	{ "no-pager", OPTION_BOOL, DIFF(no_pager), NULL, "do not page on a terminal", NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb,
		"Usage: slimtrace diff [options] OLD NEW\n\n"
		"Tells what is new (+), gone (-) and changed (~) between two records "
		"(record.json),\n"
		"two seccomp or AppArmor profiles, or two images: of the engine, or in files as\n"
		"'slimtrace info' takes them. What they are is seen from their content.\n\n"
		"Options:\n");
	options_help(&set, &sb);
	strbuf_addstr(
		&sb,
		"\nA condition is METRIC OP NUMBER. METRIC is any, or new-, gone- or changed- and\n"
		"one of files, programs, syscalls, capabilities, network, rules, configuration;\n"
		"OP one of >, >=, <, <=, =.\n\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb,
		      "\nExamples:\n"
		      "  slimtrace diff old/record.json new/record.json\n"
		      "  slimtrace diff --fail-if 'new-syscalls>0' known.json my-app-seccomp.json\n"
		      "  slimtrace diff my/app:1 my/app:2\n");
	fputs(sb.buf, stdout);
}

static void show_json(struct diff_result *result, bool failed)
{
	json_add_bool(result->json, "identical", !result->differences);
	json_add_strvec(result->json, "failed", &result->failed);
	json_add_str(result->json, "state", failed ? "failed" : "done");
	standard_print_json(result->json);
}

static int show(const struct diff_args *args, struct diff_result *result, bool json)
{
	bool failed = result->failed.n || (args->exit_code && result->differences);

	if (json)
		show_json(result, failed);
	else
		pager_write(result->text.buf, result->text.len, args->no_pager);
	for (size_t i = 0; i < result->failed.n; i++)
		log_error("%s", result->failed.v[i]);
	return failed ? EXIT_CHECK : EXIT_OK;
}

static int run(const struct diff_args *args, const struct strvec *words,
	       const struct global_opts *global, int *ret_status, struct err *err)
{
	const struct diff_opts opts = { .engine = global->engine,
					.before = words->v[0],
					.after = words->v[1],
					.all = args->all,
					.lines_max = LINES_MAX,
					.gates = &args->gates };
	struct diff_result result = { 0 };
	int r = session_diff(&opts, &result, err);

	if (!r)
		*ret_status = show(args, &result, global->json);
	session_diff_release(&result);
	return r;
}

int cmd_diff(int argc, char **argv, struct global_opts *global)
{
	struct diff_args args = { 0 };
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), &args };
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int status = EXIT_OK, r = command_parse(argc, argv, &set, 1, global, &words, &err);

	if (!r && global->help) {
		print_help();
	} else if (!r && words.n != 2) {
		err_class_set(&err, ERR_USAGE, EINVAL, "two are compared, these are %zu", words.n);
		r = err_hint(&err, "slimtrace diff OLD NEW");
	} else if (!r) {
		r = run(&args, &words, global, &status, &err);
	}
	gates_release(&args.gates);
	return r < 0 ? command_failed_as(global, &err) : status;
}
