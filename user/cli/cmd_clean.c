/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace clean: removes what killed runs left. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "slimtrace/cli.h"
#include "slimtrace/session.h"

struct clean_args {
	bool all;
};

static const struct option_row rows[] = {
	{ "all", OPTION_BOOL, offsetof(struct clean_args, all), NULL,
	  "also the containers that --keep-container kept", NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb,
		"Usage: slimtrace clean [options]\n\n"
		"Removes the containers and temporary files of runs that were killed. What a\n"
		"run that still goes on has made is left alone. The next build does the same.\n\n"
		"Options:\n");
	options_help(&set, &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	fputs(sb.buf, stdout);
}

static int run(const struct clean_args *args, const struct global_opts *global, struct err *err)
{
	struct clean_opts opts = {
		.engine = global->engine,
		.state_path = global->state_path ? global->state_path : DEFAULT_STATE_PATH,
		.kept_too = args->all,
	};
	struct clean_result done;
	int r = session_clean(&opts, &done, err);

	if (r < 0)
		return r;
	if (global->json)
		printf("{\"state\": \"done\", \"containers\": %zu, \"directories\": %zu, "
		       "\"images\": %zu}\n",
		       done.containers, done.directories, done.images);
	else
		printf("removed %zu container%s, %zu director%s, %zu image%s\n", done.containers,
		       done.containers == 1 ? "" : "s", done.directories,
		       done.directories == 1 ? "y" : "ies", done.images,
		       done.images == 1 ? "" : "s");
	return r;
}

int cmd_clean(int argc, char **argv, struct global_opts *global)
{
	struct clean_args args = { 0 };
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), &args };
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, &set, 1, global, &words, &err);

	if (!r && global->help) {
		print_help();
		return EXIT_OK;
	}
	if (!r && words.n)
		r = err_class_set(&err, ERR_USAGE, EINVAL, "clean takes no argument: '%s'",
				  words.v[0]);
	if (!r)
		r = run(&args, global, &err);
	return r < 0 ? command_failed_as(global, &err) : EXIT_OK;
}
