/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace version: ours, the engine's, the kernel's, and what the tracer can see here. */
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "cli/command.h"
#include "cli/standard.h"
#include "slimtrace/base/json.h"
#include "slimtrace/cli.h"
#include "slimtrace/trace.h"

#ifndef SLIMTRACE_COMMIT /* a linter, which does not know */
#define SLIMTRACE_COMMIT ""
#endif

#define MAX_FEATURES 64

static void print_engine(const struct global_opts *global)
{
	_cleanup_(engine_free) struct engine *engine = NULL;
	_cleanup_(json_free) cJSON *version = NULL;
	struct err err = ERR_INIT;

	if (engine_open(&global->engine, &engine, &err) < 0 ||
	    engine_version(engine, &version, &err) < 0) {
		printf("engine     not reached: %s\n", err.msg);
		if (err.hint[0])
			printf("           %s\n", err.hint);
		return;
	}
	printf("engine     %s (API %s, using %s) at %s\n", json_str(version, "Version", "unknown"),
	       json_str(version, "ApiVersion", "unknown"), engine_api_version(engine),
	       engine_host(engine));
}

static void print_kernel(void)
{
	struct utsname u;

	if (!uname(&u))
		printf("kernel     %s %s\n", u.release, u.machine);
}

static void print_features(void)
{
	struct trace_feature features[MAX_FEATURES];
	struct err err = ERR_INIT;
	int n = trace_features(features, MAX_FEATURES, &err);

	if (n < 0) {
		printf("tracer     not available: %s\n", err.msg);
		if (err.hint[0])
			printf("           %s\n", err.hint);
		return;
	}
	for (int i = 0; i < n; i++) {
		const struct trace_feature *f = &features[i];

		printf("%-10s %-3s %s", i ? "" : "tracer", f->present ? "yes" : "no", f->name);
		if (!f->present)
			printf("%s: %s (%s)", f->required ? " (required)" : "", f->what,
			       f->why_not);
		putchar('\n');
	}
}

/*
 * --features: what is not seen on this kernel can be told from what is, by line and field:
 * NAME<TAB>yes|no<TAB>WHAT<TAB>WHY NOT. Fails where nothing can be seen at all.
 */
static int print_feature_table(struct err *err)
{
	struct trace_feature features[MAX_FEATURES];
	int n = trace_features(features, MAX_FEATURES, err), r = 0;

	for (int i = 0; i < n; i++) {
		const struct trace_feature *f = &features[i];

		printf("%s\t%s\t%s\t%s\n", f->name, f->present ? "yes" : "no", f->what,
		       f->present ? "" : f->why_not);
		if (!f->present && f->required)
			r = err_class_set(err, ERR_KERNEL, ENOTSUP,
					  "this kernel does not show %s: %s", f->what, f->why_not);
	}
	return n < 0 ? n : r;
}

/* --- for programs --- */

static void add_engine(cJSON *doc, const struct global_opts *global)
{
	_cleanup_(engine_free) struct engine *engine = NULL;
	_cleanup_(json_free) cJSON *version = NULL;
	cJSON *obj = json_add(doc, "engine", json_object());
	struct err err = ERR_INIT;

	if (engine_open(&global->engine, &engine, &err) < 0 ||
	    engine_version(engine, &version, &err) < 0) {
		json_add_str(obj, "error", err.msg);
		if (err.hint[0])
			json_add_str(obj, "hint", err.hint);
		return;
	}
	json_add_str(obj, "version", json_str(version, "Version", ""));
	json_add_str(obj, "api_version", json_str(version, "ApiVersion", ""));
	json_add_str(obj, "api_used", engine_api_version(engine));
	json_add_str(obj, "host", engine_host(engine));
}

static void add_tracer(cJSON *doc)
{
	struct trace_feature features[MAX_FEATURES];
	cJSON *obj = json_add(doc, "tracer", json_object()), *array;
	struct err err = ERR_INIT;
	int n = trace_features(features, MAX_FEATURES, &err);

	if (n < 0)
		json_add_str(obj, "error", err.msg);
	array = json_add(obj, "features", json_array());
	for (int i = 0; i < n; i++) {
		cJSON *one = json_append(array, json_object());

		json_add_str(one, "name", features[i].name);
		json_add_bool(one, "present", features[i].present);
		json_add_bool(one, "required", features[i].required);
		json_add_str(one, "what", features[i].what);
		if (!features[i].present)
			json_add_str(one, "why_not", features[i].why_not);
	}
}

static void print_json(const struct global_opts *global)
{
	_cleanup_(json_free) cJSON *doc = json_object();
	struct utsname u;

	json_add_str(doc, "version", SLIMTRACE_VERSION);
	json_add_str(doc, "commit", SLIMTRACE_COMMIT);
	if (!global->version) {
		add_engine(doc, global);
		if (!uname(&u))
			json_add_str(doc, "kernel", u.release);
		add_tracer(doc);
	}
	standard_print_json(doc);
}

static const char usage[] =
	"Usage: slimtrace version [--features]\n\n"
	"Shows the versions of slimtrace, the engine and the kernel, and what the\n"
	"tracer can see on this kernel.\n\nOptions:\n";

struct version_args {
	bool features;
};

static const struct option_row rows[] = {
	{ "features", OPTION_BOOL, offsetof(struct version_args, features), NULL,
	  "only what the tracer can see, for programs: NAME, yes or no, WHAT, WHY NOT, with tabs "
	  "between",
	  NULL },
};

static void print_help(const struct option_set *set)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, usage);
	options_help(set, &sb);
	fputs(sb.buf, stdout);
}

static void print_all(const struct global_opts *global)
{
	printf("slimtrace  %s%s%s%s\n", SLIMTRACE_VERSION, *SLIMTRACE_COMMIT ? " (" : "",
	       SLIMTRACE_COMMIT, *SLIMTRACE_COMMIT ? ")" : "");
	if (global->version)
		return;
	print_engine(global);
	print_kernel();
	print_features();
}

int cmd_version(int argc, char **argv, struct global_opts *global)
{
	struct version_args args = { 0 };
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), &args };
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, &set, 1, global, &words, &err);

	if (!r && words.n)
		r = err_class_set(&err, ERR_USAGE, EINVAL, "version takes no argument: '%s'",
				  words.v[0]);
	if (r < 0)
		return command_failed_as(global, &err);
	if (global->help)
		print_help(&set);
	else if (global->json)
		print_json(global);
	else if (args.features && !global->version)
		r = print_feature_table(&err);
	else
		print_all(global);
	return r < 0 ? command_failed_as(global, &err) : EXIT_OK;
}
