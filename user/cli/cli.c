/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/cli.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/plugin.h"
#include "cli/standard.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"

#define GLOBAL(field) offsetof(struct global_opts, field)

static int set_format(void *target, const char *value, struct err *err)
{
	struct global_opts *global = target;

	if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--output-format: '%s' is neither text nor json", value);
	global->json = !strcmp(value, "json");
	return 0;
}

static const struct option_row global_rows[] = {
	{ "help", OPTION_BOOL, GLOBAL(help), NULL, "show this help, or a command's", NULL },
	{ "version", OPTION_BOOL, GLOBAL(version), NULL, "print the version", NULL },
	{ "debug", OPTION_BOOL, GLOBAL(debug), NULL, "enable debug logs", NULL },
	{ "quiet", OPTION_BOOL, GLOBAL(quiet), NULL, "no progress, only warnings and errors",
	  NULL },
	{ "output-format", OPTION_CALL, 0, "FORMAT",
	  "text | json: what stdout gets (text); json is one document", set_format },
	{ "host", OPTION_STRING, GLOBAL(engine.host), "ADDRESS",
	  "Docker host address: unix:///path, /path or tcp://host:port (DOCKER_HOST, else the "
	  "first socket of Docker or Podman that is listened on)",
	  NULL },
	{ "context", OPTION_STRING, GLOBAL(engine.context), "NAME",
	  "docker context that says where the engine is (DOCKER_CONTEXT, else docker's current "
	  "one)",
	  NULL },
	{ "tls", OPTION_TRI, GLOBAL(engine.tls), NULL, "use TLS connecting to Docker", NULL },
	{ "tls-verify", OPTION_TRI, GLOBAL(engine.tls_verify), NULL,
	  "do TLS verification (DOCKER_TLS_VERIFY)", NULL },
	{ "tls-cert-path", OPTION_STRING, GLOBAL(engine.tls_cert_path), "DIR",
	  "path to TLS cert files (DOCKER_CERT_PATH)", NULL },
	{ "state-path", OPTION_STRING, GLOBAL(state_path), "DIR",
	  "where artifacts are kept (/var/lib/slimtrace)", NULL },
};
const struct option_set global_options = { global_rows, sizeof(global_rows) / sizeof(*global_rows),
					   NULL };

static const struct command commands[] = {
	{ "build", "run an image, watch it, make a slim image of what it used", cmd_build },
	{ "profile", "run an image, watch it, write security profiles", cmd_profile },
	{ "trace", "watch containers that somebody else runs, a record each", cmd_trace },
	{ "why", "tell why a path of an image was kept or dropped", cmd_why },
	{ "merge", "make one record of several", cmd_merge },
	{ "push", "put records beside their image in a registry", cmd_push },
	{ "pull", "get the records of an image from its registry, merged", cmd_pull },
	{ "diff", "compare two records, profiles or images", cmd_diff },
	{ "info", "show what is in an image, without running it (also: xray)", cmd_info },
	{ "xray", NULL, cmd_info },
	{ "clean", "remove what killed runs left", cmd_clean },
	{ "version", "show the versions and what the tracer can see here", cmd_version },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb,
		      "Usage: slimtrace [global options] COMMAND [options] IMAGE\n\n"
		      "Makes container images small by watching, from the host's kernel, what\n"
		      "their containers use.\n\nCommands:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (commands[i].summary)
			strbuf_addf(&sb, "  %-10s %s\n", commands[i].name, commands[i].summary);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExit status:\n"
			   "  0    done\n"
			   "  1    failed\n"
			   "  2    wrong usage\n"
			   "  3    the trace is incomplete, so no image was made\n"
			   "  4    the container engine or registry cannot be reached or refuses\n"
			   "  5    no such image, or one that cannot be read\n"
			   "  6    privileges or kernel features are missing\n"
			   "  7    the application failed, or did too little to be trusted\n"
			   "  8    a condition of --fail-if holds\n"
			   "  128+ ended by that signal\n\n"
			   "Example:\n"
			   "  sudo slimtrace build --http-probe-cmd /api/info my/app\n\n"
			   "'slimtrace COMMAND --help' tells about a command.\n");
	fputs(sb.buf, stdout);
}

/* Under the error that it belongs to; an error itself it is not. */
static void print_hint(const char *hint)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_addstr(&line, "slimtrace: hint: ");
	text_add_safe(&line, hint, strlen(hint));
	strbuf_addch(&line, '\n');
	log_raw(line.buf, line.len);
}

int command_exit_code(const struct err *err)
{
	static const int codes[] = {
		[ERR_FAILURE] = EXIT_FAILED,
		[ERR_USAGE] = EXIT_USAGE,
		[ERR_INCOMPLETE] = EXIT_INCOMPLETE,
		[ERR_ENGINE] = EXIT_ENGINE,
		[ERR_IMAGE] = EXIT_IMAGE,
		[ERR_KERNEL] = EXIT_KERNEL,
		[ERR_APP] = EXIT_APP,
		[ERR_INTERRUPTED] = EXIT_SIGNAL,
	};

	return err->class == ERR_INTERRUPTED ? EXIT_SIGNAL + cancel_signal() : codes[err->class];
}

int command_failed(const struct err *err)
{
	progress_clear();
	log_error("%s", err->msg);
	if (err->hint[0])
		print_hint(err->hint);
	return command_exit_code(err);
}

int command_failed_as(const struct global_opts *global, const struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (global->json) {
		report_result(NULL, err, command_exit_code(err), &text);
		fwrite(text.buf, 1, text.len, stdout);
	}
	return command_failed(err);
}

/* Log level and progress, as soon as the options are known. */
static void apply(const struct global_opts *global)
{
	log_set_level(global->debug ? LOG_DEBUG : global->quiet ? LOG_WARN : LOG_INFO);
	progress_init(global->quiet);
}

/* What is wrong may come before the option that says in which form it is to be told. */
static void find_format(int argc, char **argv, struct global_opts *global)
{
	static const char option[] = "--output-format";

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = argv[i] + strlen(option);

		if (strncmp(argv[i], option, strlen(option)) != 0)
			continue;
		if (!*value && i + 1 < argc)
			global->json = !strcmp(argv[i + 1], "json");
		else if (*value == '=')
			global->json = !strcmp(value + 1, "json");
	}
}

static int parse(int argc, char **argv, const struct option_set *own, size_t n_own,
		 struct global_opts *global, struct strvec *ret_args, int *ret_next,
		 struct err *err)
{
	struct option_set sets[COMMAND_MAX_SETS + 1];
	int r;

	assert(n_own <= COMMAND_MAX_SETS);
	for (size_t i = 0; i < n_own; i++)
		sets[i] = own[i];
	sets[n_own] = global_options;
	sets[n_own].target = global;
	r = options_parse(argc, argv, sets, n_own + 1, ret_next != NULL, ret_args, ret_next, err);
	if (!r)
		apply(global);
	else
		find_format(argc, argv, global);
	return r;
}

int command_parse(int argc, char **argv, const struct option_set *own, size_t n_own,
		  struct global_opts *global, struct strvec *ret_args, struct err *err)
{
	return parse(argc, argv, own, n_own, global, ret_args, NULL, err);
}

int command_parse_head(int argc, char **argv, const struct option_set *own, size_t n_own,
		       struct global_opts *global, int *ret_next, struct err *err)
{
	return parse(argc, argv, own, n_own, global, NULL, ret_next, err);
}

static int unknown_command(const struct global_opts *global, const char *name)
{
	struct err err = ERR_INIT;

	err_class_set(&err, ERR_USAGE, 0, "unknown command '%s'", name);
	err_hint(&err, "the commands are build, profile, trace, why, merge, push, pull, diff, "
		       "info, clean and version; see 'slimtrace --help'");
	return command_failed_as(global, &err);
}

static int no_command(const struct global_opts *global)
{
	struct err err = ERR_INIT;

	err_class_set(&err, ERR_USAGE, 0, "no command given");
	err_hint(&err, "see 'slimtrace --help'");
	return command_failed_as(global, &err);
}

static int run_command(int argc, char **argv)
{
	struct global_opts global = { .engine = { .tls = -1, .tls_verify = -1 } };
	struct option_set set = global_options;
	_cleanup_strvec_ struct strvec args = STRVEC_INIT;
	const struct command *command;
	struct err err = ERR_INIT;
	int next, r;

	r = plugin_enter(&argc, &argv, &global, &err);
	if (r)
		return r > 0 ? EXIT_OK : command_failed_as(&global, &err);
	set.target = &global;
	if (cancel_init(&err) < 0 ||
	    options_parse(argc, argv, &set, 1, true, &args, &next, &err) < 0) {
		find_format(argc, argv, &global);
		return command_failed_as(&global, &err);
	}
	if (global.version)
		return cmd_version(1, argv, &global);
	if (next >= argc || !strcmp(argv[next], "help")) {
		if (next >= argc && !global.help)
			return no_command(&global);
		print_help();
		return EXIT_OK;
	}
	command = find_command(argv[next]);
	if (!command)
		return unknown_command(&global, argv[next]);
	return command->run(argc - next, argv + next, &global);
}

int cli_main(int argc, char **argv)
{
	standard_open();
	return standard_close(run_command(argc, argv));
}
