/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace build and profile: their options checked, and one call into the session. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/build_args.h"
#include "cli/command.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/log.h"
#include "slimtrace/cli.h"

#define DEFAULT_START_TIMEOUT_S 60

#define MAX_SUBJECTS COMMAND_MAX_SETS

/* build, and profile, which does all that build does short of the image. */
struct kind {
	const char *usage, *examples;
	/* In the order of the help text. */
	const struct option_set *subjects[MAX_SUBJECTS];
};

static const struct kind build_kind = {
	"Usage: slimtrace build [options] IMAGE...\n\n"
	"Runs a container from IMAGE as it is, watches from the kernel what it uses,\n"
	"and makes an image of that, with the same configuration. Several images are run\n"
	"in turn, with the same options, and made when all have been run.\n",
	"  slimtrace build my/app\n"
	"  slimtrace build --http-probe-cmd /api/info --http-probe-cmd POST:/submit my/app\n"
	"  slimtrace build --http-probe-off --exec 'redis-cli ping' my/redis\n"
	"  slimtrace build --cmd '--help' --continue-after exit my/tool\n"
	"  slimtrace build --layers keep my/app my/other-app\n"
	"  slimtrace build --from-record monday.json --from-record tuesday.json my/app\n",
	{ &image_options, &keep_options, &profile_options, &drive_options, &run_options,
	  &trace_options, &check_options }
};

static const struct kind profile_kind = {
	"Usage: slimtrace profile [options] IMAGE\n\n"
	"Runs a container from IMAGE as it is, watches from the kernel what it does, and\n"
	"writes security profiles that allow just that. It makes no image; build writes\n"
	"the same profiles.\n",
	"  slimtrace profile my/app\n"
	"  slimtrace profile --http-probe-cmd /api/info my/app\n"
	"  docker run --security-opt seccomp=FILE my/app\n",
	{ &profile_options, &profile_only_options, &drive_options, &run_options, &trace_options,
	  &check_options }
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

/* What is waited for must be able to happen. */
static int check_continue(const struct build_opts *o, struct err *err)
{
	const struct {
		unsigned int mode;
		bool missing;
		const char *why;
	} needs[] = {
		{ CONTINUE_EXEC, !o->execs.n && !o->exec_files.n, "exec needs an --exec" },
		{ CONTINUE_HOST, !o->host_execs.n && !o->host_exec_files.n,
		  "host-exec needs a --host-exec" },
		{ CONTINUE_PROBE, o->probe_off, "probe and --http-probe-off exclude each other" },
	};

	if (o->continue_after & CONTINUE_ENTER && !isatty(STDIN_FILENO)) {
		err_class_set(err, ERR_USAGE, ENOTTY, "--continue-after enter needs a terminal");
		return err_hint(err, "without one: signal, probe, exec, host-exec, exit, healthy, "
				     "settled, timeout, or a number of seconds");
	}
	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
		if (o->continue_after & needs[i].mode && needs[i].missing)
			return err_class_set(err, ERR_USAGE, EINVAL, "--continue-after %s",
					     needs[i].why);
	return 0;
}

/* @images has those that are arguments; --target is added. */
static int check_images(const struct build_args *args, struct strvec *images, struct err *err)
{
	const struct build_opts *o = &args->build;

	if (images->n && args->target)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "two images given: '%s' and --target '%s'", images->v[0],
				     args->target);
	if (args->target)
		strvec_push(images, args->target);
	if (!images->n || !*images->v[0]) {
		err_class_set(err, ERR_USAGE, EINVAL, "no image given");
		return err_hint(err, "slimtrace %s [options] IMAGE; '--help' tells more",
				o->profile_only ? "profile" : "build");
	}
	if (images->n > 1 && o->profile_only)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "one image at a time: '%s' is one too many", images->v[1]);
	if (images->n > 1 && o->tags.n)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--tag '%s': with several images each gets its own name, "
				     "IMAGE.slim",
				     o->tags.v[0]);
	for (size_t i = 1; i < images->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(images->v[i], images->v[j]))
				return err_class_set(err, ERR_USAGE, EINVAL,
						     "image '%s' is given twice", images->v[i]);
	return 0;
}

/* Nothing is run, so nothing can be done in the run. */
static int check_records(const struct build_opts *o, size_t n_images, struct err *err)
{
	const struct {
		const char *option;
		bool given;
	} drives[] = {
		{ "--exec", o->execs.n || o->exec_files.n },
		{ "--host-exec", o->host_execs.n || o->host_exec_files.n },
		{ "--http-probe-cmd", o->probe.cmds.n },
		{ "--include-new", o->include_new.n },
		{ "--continue-after", o->continue_after },
		{ "--keep-container", o->keep_container },
	};

	for (size_t i = 0; o->records.n && i < sizeof(drives) / sizeof(*drives); i++)
		if (drives[i].given)
			return err_class_set(err, ERR_USAGE, EINVAL,
					     "--from-record runs nothing, so %s cannot be done",
					     drives[i].option);
	if (o->records.n && n_images > 1)
		return err_class_set(err, ERR_USAGE, EINVAL, "--from-record takes one image");
	return 0;
}

static int check(struct build_args *args, struct strvec *images, struct err *err)
{
	struct build_opts *o = &args->build;
	int r = check_images(args, images, err);

	if (!r)
		r = check_records(o, images->n, err);
	if (r < 0)
		return r;
	if (session_gates_check(&args->gates, args->baseline, o->profile_only, err) < 0)
		return -EINVAL;
	if (args->baseline && o->remove_artifacts)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--baseline compares with the artifacts, which "
				     "--remove-file-artifacts leaves none of");
	if (o->outputs.n && images->n > 1)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--output '%s': one image at a time, these are %zu",
				     o->outputs.v[0], images->n);
	overrides_apply(args);
	o->plain_perms = !args->keep_perms;
	r = slim_edits_check(&o->edits, err);
	if (r < 0)
		return r;
	o->probe_off = !args->http_probe;
	o->probe.first_port_only = !args->http_full;
	o->probe.go_on = !args->exit_on_failure;
	if (check_continue(o, err) < 0)
		return -EINVAL;
	return o->probe_off ? 0 : add_default_probe(&o->probe.cmds, args->http_crawl, err);
}

static void args_release(struct build_args *args)
{
	struct build_opts *o = &args->build;
	struct strvec *const lists[] = {
		&o->tags,	&o->env,	&o->env_files,	     &o->mounts,
		&o->links,	&o->publish,	&o->expose,	     &o->hosts,
		&o->labels,	&o->dns,	&o->dns_search,	     &o->sysctls,
		&o->cap_add,	&o->cap_drop,	&o->security_opts,   &o->execs,
		&o->exec_files, &o->host_execs, &o->host_exec_files, &o->include_new,
		&o->records,	&o->outputs,
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		strvec_release(lists[i]);
	keep_opts_release(&o->keep);
	probe_opts_release(&args->build.probe);
	slim_edits_release(&args->build.edits);
	slim_perms_release(&args->build.perms);
	gates_release(&args->gates);
}

static size_t failed_checks(const struct report *reports, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; reports && i < n; i++)
		failed += reports[i].failed_checks;
	return failed;
}

/* Told last: it is what decides. */
static void tell_checks(const struct report *report)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, report->checks)
		if (json_bool(one, "failed", false))
			log_error("--fail-if '%s': %s", json_str(one, "fail_if", ""),
				  json_str(one, "measured", ""));
}

/*
 * stdout gets the summaries of a success, or for programs of anything one JSON document, which with
 * several images is an array. @reports: NULL when nothing was tried.
 */
static void show_json(const struct report *reports, size_t n, const struct err *err,
		      struct strbuf *ret)
{
	int status = err			 ? command_exit_code(err)
		     : failed_checks(reports, n) ? EXIT_CHECK
						 : EXIT_OK;

	if (n > 1)
		strbuf_addstr(ret, "[\n");
	for (size_t i = 0; i < n; i++) {
		if (i)
			strbuf_addstr(ret, ",\n");
		report_result(reports ? &reports[i] : NULL, err, status, ret);
	}
	if (n > 1)
		strbuf_addstr(ret, "]\n");
}

static void show_text(const struct report *reports, size_t n, struct strbuf *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (n > 1)
			strbuf_addf(ret, "%s%s\n", i ? "\n" : "", reports[i].image);
		report_summary(&reports[i], ret);
	}
	if (n > 1 && reports->n_layers)
		report_set_summary(reports, n, ret);
}

static void show(const struct report *reports, size_t n, const struct err *err, bool json)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (json)
		show_json(reports, n, err, &text);
	else if (!err)
		show_text(reports, n, &text);
	fwrite(text.buf, 1, text.len, stdout);
}

static int run(struct build_args *args, const struct strvec *images, bool json, size_t *ret_failed,
	       struct err *err)
{
	struct report *reports = xcalloc(images->n, sizeof(*reports));
	int r = session_build(&args->build, images, reports, err);

	for (size_t i = 0; !r && i < images->n; i++)
		r = session_gates_apply(&reports[i], &args->gates, args->baseline, err);
	show(reports, images->n, r < 0 ? err : NULL, json);
	*ret_failed = failed_checks(reports, images->n);
	for (size_t i = 0; i < images->n; i++) {
		tell_checks(&reports[i]);
		report_release(&reports[i]);
	}
	free(reports);
	return r;
}

static int run_command(const struct kind *kind, int argc, char **argv, struct global_opts *global)
{
	struct build_args args = { .http_probe = true,
				   .http_crawl = true,
				   .http_full = true,
				   .exit_on_failure = true,
				   .keep_perms = true,
				   .build = { .start_timeout_s = DEFAULT_START_TIMEOUT_S,
					      .probe = PROBE_OPTS_DEFAULT,
					      .profile_only = kind == &profile_kind } };
	struct option_set sets[MAX_SUBJECTS];
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	size_t n = 0, failed = 0;
	int r;

	for (; n < MAX_SUBJECTS && kind->subjects[n]; n++) {
		sets[n] = *kind->subjects[n];
		sets[n].target = &args;
	}
	r = command_parse(argc, argv, sets, n, global, &words, &err);
	if (r < 0 && global->json)
		show(NULL, 1, &err, true);
	if (!r && global->help) {
		print_help(kind);
	} else if (!r) {
		args.build.engine = global->engine;
		args.build.state_path =
			global->state_path ? global->state_path : DEFAULT_STATE_PATH;
		r = check(&args, &words, &err);
		if (r < 0 && global->json)
			show(NULL, 1, &err, true);
		if (!r)
			r = run(&args, &words, global->json, &failed, &err);
	}
	args_release(&args);
	return r < 0 ? command_failed(&err) : failed ? EXIT_CHECK : EXIT_OK;
}

int cmd_build(int argc, char **argv, struct global_opts *global)
{
	return run_command(&build_kind, argc, argv, global);
}

int cmd_profile(int argc, char **argv, struct global_opts *global)
{
	return run_command(&profile_kind, argc, argv, global);
}
