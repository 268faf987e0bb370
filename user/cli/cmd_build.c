/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace build and profile: their options checked, and one call into the session. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/build_args.h"
#include "cli/command.h"
#include "slimtrace/cli.h"

#define DEFAULT_STATE_PATH "/var/lib/slimtrace"
#define DEFAULT_START_TIMEOUT_S 60

#define MAX_SUBJECTS COMMAND_MAX_SETS

/* build, and profile, which does all that build does short of the image. */
struct kind {
	const char *usage, *examples;
	/* In the order of the help text. */
	const struct option_set *subjects[MAX_SUBJECTS];
};

static const struct kind build_kind = {
	"Usage: slimtrace build [options] IMAGE\n\n"
	"Runs a container from IMAGE as it is, watches from the kernel what it uses,\n"
	"and makes an image of that, with the same configuration.\n",
	"  slimtrace build my/app\n"
	"  slimtrace build --http-probe-cmd /api/info --http-probe-cmd POST:/submit my/app\n"
	"  slimtrace build --http-probe-off --exec 'redis-cli ping' my/redis\n"
	"  slimtrace build --cmd '--help' --continue-after exit my/tool\n",
	{ &image_options, &keep_options, &profile_options, &drive_options, &run_options,
	  &trace_options }
};

static const struct kind profile_kind = {
	"Usage: slimtrace profile [options] IMAGE\n\n"
	"Runs a container from IMAGE as it is, watches from the kernel what it does, and\n"
	"writes security profiles that allow just that. It makes no image; build writes\n"
	"the same profiles.\n",
	"  slimtrace profile my/app\n"
	"  slimtrace profile --http-probe-cmd /api/info my/app\n"
	"  docker run --security-opt seccomp=FILE my/app\n",
	{ &profile_options, &profile_only_options, &drive_options, &run_options, &trace_options }
};

static void print_help(const struct kind *kind)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, kind->usage);
	for (size_t i = 0; i < MAX_SUBJECTS && kind->subjects[i]; i++)
		options_help(kind->subjects[i], &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addf(&sb, "\nExamples:\n%s", kind->examples);
	fputs(sb.buf, stdout);
}

/*
 * GET / is made as well as what was asked for, as docker-slim documents it; once is enough. It is
 * the one that is crawled without having been asked for.
 */
static int add_default_probe(struct probe_cmds *cmds, bool crawl, struct err *err)
{
	for (size_t i = 0; i < cmds->n; i++) {
		struct probe_cmd *cmd = &cmds->v[i];

		if (!strcmp(cmd->method, "GET") && !strcmp(cmd->resource, "/") && !cmd->port &&
		    cmd->protocol == PROBE_ANY && cmd->source == PROBE_ASKED) {
			cmd->crawl |= crawl;
			return 0;
		}
	}
	return probe_cmd_parse(crawl ? "crawl:/" : "/", cmds, err);
}

static int check(struct build_args *args, const struct strvec *words, struct err *err)
{
	struct build_opts *o = &args->build;

	if (words->n > 1)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "one image at a time: '%s' is one too many", words->v[1]);
	o->image = words->n ? words->v[0] : args->target;
	if (!o->image || !*o->image) {
		err_class_set(err, ERR_USAGE, EINVAL, "no image given");
		return err_hint(err, "slimtrace %s [options] IMAGE; '--help' tells more",
				o->profile_only ? "profile" : "build");
	}
	if (words->n && args->target)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "two images given: '%s' and --target '%s'", o->image,
				     args->target);
	o->probe_off = !args->http_probe;
	o->probe.first_port_only = !args->http_full;
	o->probe.go_on = !args->exit_on_failure;
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
	return o->probe_off ? 0 : add_default_probe(&o->probe.cmds, args->http_crawl, err);
}

static void args_release(struct build_args *args)
{
	strvec_release(&args->build.tags);
	strvec_release(&args->build.env);
	strvec_release(&args->build.mounts);
	strvec_release(&args->build.links);
	strvec_release(&args->build.execs);
	strvec_release(&args->build.include_paths);
	probe_opts_release(&args->build.probe);
}

static int run(struct build_args *args, struct err *err)
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

static int run_command(const struct kind *kind, int argc, char **argv, struct global_opts *global)
{
	struct build_args args = { .http_probe = true,
				   .http_crawl = true,
				   .http_full = true,
				   .exit_on_failure = true,
				   .build = { .start_timeout_s = DEFAULT_START_TIMEOUT_S,
					      .probe = PROBE_OPTS_DEFAULT,
					      .profile_only = kind == &profile_kind } };
	struct option_set sets[MAX_SUBJECTS];
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;
	int r;

	for (; n < MAX_SUBJECTS && kind->subjects[n]; n++) {
		sets[n] = *kind->subjects[n];
		sets[n].target = &args;
	}
	r = command_parse(argc, argv, sets, n, global, &words, &err);
	if (!r && global->help) {
		print_help(kind);
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

int cmd_build(int argc, char **argv, struct global_opts *global)
{
	return run_command(&build_kind, argc, argv, global);
}

int cmd_profile(int argc, char **argv, struct global_opts *global)
{
	return run_command(&profile_kind, argc, argv, global);
}
