/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace version: ours, the engine's, the kernel's, and what the tracer can see here. */
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "cli/command.h"
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
		if (!features[i].present)
			json_add_str(one, "why_not", features[i].why_not);
	}
}

static void print_json(const struct global_opts *global)
{
	_cleanup_(json_free) cJSON *doc = json_object();
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct utsname u;

	json_add_str(doc, "version", SLIMTRACE_VERSION);
	json_add_str(doc, "commit", SLIMTRACE_COMMIT);
	if (!global->version) {
		add_engine(doc, global);
		if (!uname(&u))
			json_add_str(doc, "kernel", u.release);
		add_tracer(doc);
	}
	json_print(doc, true, &text);
	fwrite(text.buf, 1, text.len, stdout);
}

int cmd_version(int argc, char **argv, struct global_opts *global)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;

	if (command_parse(argc, argv, NULL, 0, global, &words, &err) < 0)
		return command_failed(&err);
	if (words.n) {
		err_class_set(&err, ERR_USAGE, EINVAL, "version takes no argument: '%s'",
			      words.v[0]);
		return command_failed(&err);
	}
	if (global->json && !global->help) {
		print_json(global);
		return EXIT_OK;
	}
	printf("slimtrace  %s%s%s%s\n", SLIMTRACE_VERSION, *SLIMTRACE_COMMIT ? " (" : "",
	       SLIMTRACE_COMMIT, *SLIMTRACE_COMMIT ? ")" : "");
	if (global->version)
		return EXIT_OK;
	if (global->help) {
		puts("Usage: slimtrace version\n\nShows the versions of slimtrace, the engine and "
		     "the kernel, "
		     "and what the\ntracer can see on this kernel.");
		return EXIT_OK;
	}
	print_engine(global);
	print_kernel();
	print_features();
	return EXIT_OK;
}
