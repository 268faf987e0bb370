/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace build: the options, and one call into the session. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "slimtrace/base/text.h"
#include "slimtrace/cli.h"
#include "slimtrace/session.h"

#define DEFAULT_STATE_PATH "/var/lib/slimtrace"
#define DEFAULT_TIMEOUT_S 60 /* --continue-after timeout: docker-slim's */
#define DEFAULT_START_TIMEOUT_S 60

struct args {
	struct build_opts build;
	const char *target;
	bool http_probe; /* on by default */
};

static int add_probe(void *target, const char *value, struct err *err)
{
	struct args *args = target;

	if (probe_cmd_parse(value, &args->build.probes, err) < 0)
		return err_wrap(err, "--http-probe-cmd");
	return 0;
}

static int add_probe_file(void *target, const char *value, struct err *err)
{
	struct args *args = target;

	if (probe_cmds_read_file(value, &args->build.probes, err) < 0)
		return err_wrap(err, "--http-probe-cmd-file");
	return 0;
}

static int set_continue(void *target, const char *value, struct err *err)
{
	static const char *const names[] = { "", "enter", "signal", "probe", "exec", "exit" };
	struct build_opts *o = &((struct args *)target)->build;
	unsigned long long seconds;

	for (size_t i = 1; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(value, names[i])) {
			o->continue_after = (enum continue_after)i;
			return 0;
		}
	}
	o->continue_after = CONTINUE_SECONDS;
	o->continue_seconds = DEFAULT_TIMEOUT_S;
	if (!strcmp(value, "timeout"))
		return 0;
	if (text_parse_u64(value, 1, 7 * 24 * 3600, "--continue-after", &seconds, err) < 0)
		return err_class_set(
			err, ERR_USAGE, EINVAL,
			"--continue-after: '%s' is none of enter, signal, probe, exec, exit, "
			"timeout, or a number of seconds",
			value);
	o->continue_seconds = (unsigned int)seconds;
	return 0;
}

#define ARGS(field) offsetof(struct args, field)
#define HEADING(text)                                                                              \
	{                                                                                          \
		NULL, OPTION_BOOL, 0, NULL, text, NULL                                             \
	}

static const struct option_row rows[] = {
	HEADING("The slim image"),
	{ "tag", OPTION_LIST, ARGS(build.tags), "NAME[:TAG]",
	  "name of the slim image (IMAGE.slim); more than once for more names", NULL },
	{ "include-path", OPTION_LIST, ARGS(build.include_paths), "PATH",
	  "keep this file, or this directory with all below it [zero or more]", NULL },
	{ "allow-loss", OPTION_BOOL, ARGS(build.allow_loss), NULL,
	  "make the image although the trace is incomplete", NULL },
	{ "force", OPTION_BOOL, ARGS(build.force), NULL,
	  "make the image although the app failed or answered no probe", NULL },
	HEADING("HTTP probe"),
	{ "http-probe", OPTION_BOOL, ARGS(http_probe), NULL,
	  "probe the exposed ports, or else those the app listens on: http, then https (on by "
	  "default)",
	  NULL },
	{ "http-probe-off", OPTION_NOT, ARGS(http_probe), NULL, "no HTTP probe", NULL },
	{ "http-probe-cmd", OPTION_CALL, 0, "[PROTO:][METHOD:]PATH",
	  "request to make besides GET / [zero or more]", add_probe },
	{ "http-probe-cmd-file", OPTION_CALL, 0, "FILE",
	  "JSON file with requests to make [zero or more]", add_probe_file },
	{ "start-timeout", OPTION_UINT, ARGS(build.start_timeout_s), "SECONDS",
	  "how long the app may take until it listens (60)", NULL },
	HEADING("Other ways to exercise the app"),
	{ "exec", OPTION_LIST, ARGS(build.execs), "COMMAND",
	  "shell command to run in the container [zero or more]", NULL },
	{ "continue-after", OPTION_CALL, 0, "WHEN",
	  "enter | signal | probe | exec | exit | timeout | SECONDS: when to stop watching, after "
	  "the "
	  "probes and commands (exec or probe when there is any, else enter on a terminal, else "
	  "exit)",
	  set_continue },
	{ "show-clogs", OPTION_BOOL, ARGS(build.show_logs), NULL,
	  "show the container's output (stdout and stderr)", NULL },
	HEADING("How the image is run (nothing of this enters the slim image)"),
	{ "entrypoint", OPTION_STRING, ARGS(build.entrypoint), "WORDS",
	  "override ENTRYPOINT: words as in a shell, or a JSON array", NULL },
	{ "cmd", OPTION_STRING, ARGS(build.cmd), "WORDS", "override CMD, likewise", NULL },
	{ "env", OPTION_LIST, ARGS(build.env), "NAME=VALUE", "set a variable [zero or more]",
	  NULL },
	{ "mount", OPTION_LIST, ARGS(build.mounts), "HOST:PATH[:ro]",
	  "mount a volume, as docker run -v does [zero or more]", NULL },
	{ "link", OPTION_LIST, ARGS(build.links), "CONTAINER[:ALIAS]",
	  "link to another container [zero or more]", NULL },
	{ "user", OPTION_STRING, ARGS(build.user), "USER[:GROUP]", "run as this user", NULL },
	{ "workdir", OPTION_STRING, ARGS(build.workdir), "DIR", "working directory", NULL },
	{ "network", OPTION_STRING, ARGS(build.network), "NAME", "network to run in", NULL },
	{ "hostname", OPTION_STRING, ARGS(build.hostname), "NAME", "host name", NULL },
	HEADING("Artifacts and the tracer"),
	{ "remove-file-artifacts", OPTION_BOOL, ARGS(build.remove_artifacts), NULL,
	  "keep no record and no report", NULL },
	{ "ring-size", OPTION_BYTES, ARGS(build.ring_bytes), "BYTES",
	  "room for events on their way out of the kernel (16m)", NULL },
	{ "target", OPTION_STRING, ARGS(target), "IMAGE", "another way to name the image", NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb, "Usage: slimtrace build [options] IMAGE\n\n"
		     "Runs a container from IMAGE as it is, watches from the kernel what it uses,\n"
		     "and makes an image of that, with the same configuration.\n");
	options_help(&set, &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExamples:\n"
			   "  slimtrace build my/app\n"
			   "  slimtrace build --http-probe-cmd /api/info --http-probe-cmd "
			   "POST:/submit my/app\n"
			   "  slimtrace build --http-probe-off --exec 'redis-cli ping' my/redis\n"
			   "  slimtrace build --cmd '--help' --continue-after exit my/tool\n");
	fputs(sb.buf, stdout);
}

/* GET / is made as well as what was asked for, as docker-slim documents it; once is enough. */
static int add_default_probe(struct probe_cmds *cmds, struct err *err)
{
	for (size_t i = 0; i < cmds->n; i++) {
		const struct probe_cmd *cmd = &cmds->v[i];

		if (!strcmp(cmd->method, "GET") && !strcmp(cmd->resource, "/") && !cmd->port &&
		    cmd->protocol == PROBE_ANY)
			return 0;
	}
	return probe_cmd_parse("/", cmds, err);
}

static int check(struct args *args, const struct strvec *words, struct err *err)
{
	struct build_opts *o = &args->build;

	if (words->n > 1)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "one image at a time: '%s' is one too many", words->v[1]);
	o->image = words->n ? words->v[0] : args->target;
	if (!o->image || !*o->image) {
		err_class_set(err, ERR_USAGE, EINVAL, "no image given");
		return err_hint(err,
				"slimtrace build [options] IMAGE; see 'slimtrace build --help'");
	}
	if (words->n && args->target)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "two images given: '%s' and --target '%s'", o->image,
				     args->target);
	o->probe_off = !args->http_probe;
	if (o->continue_after == CONTINUE_ENTER && !isatty(STDIN_FILENO)) {
		err_class_set(err, ERR_USAGE, ENOTTY, "--continue-after enter needs a terminal");
		return err_hint(
			err,
			"without one: signal, probe, exec, exit, timeout, or a number of seconds");
	}
	if (o->continue_after == CONTINUE_EXEC && !o->execs.n)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--continue-after exec needs an --exec");
	if (o->continue_after == CONTINUE_PROBE && o->probe_off)
		return err_class_set(
			err, ERR_USAGE, EINVAL,
			"--continue-after probe and --http-probe-off exclude each other");
	return o->probe_off ? 0 : add_default_probe(&o->probes, err);
}

static void args_release(struct args *args)
{
	strvec_release(&args->build.tags);
	strvec_release(&args->build.env);
	strvec_release(&args->build.mounts);
	strvec_release(&args->build.links);
	strvec_release(&args->build.execs);
	strvec_release(&args->build.include_paths);
	probe_cmds_release(&args->build.probes);
}

static int run(struct args *args, struct err *err)
{
	_cleanup_strbuf_ struct strbuf summary = STRBUF_INIT;
	struct report report = { 0 };
	int r = session_build(&args->build, &report, err);

	if (!r) {
		report_summary(&report, &summary);
		fwrite(summary.buf, 1, summary.len, stdout);
	}
	report_release(&report);
	return r;
}

int cmd_build(int argc, char **argv, struct global_opts *global)
{
	struct args args = { .http_probe = true,
			     .build = { .start_timeout_s = DEFAULT_START_TIMEOUT_S } };
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), &args };
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, &set, global, &words, &err);

	if (!r && global->help) {
		print_help();
	} else if (!r) {
		args.build.engine = global->engine;
		args.build.state_path =
			global->state_path ? global->state_path : DEFAULT_STATE_PATH;
		r = check(&args, &words, &err);
		if (!r)
			r = run(&args, &err);
	}
	args_release(&args);
	return r < 0 ? command_failed(&err) : EXIT_OK;
}
