/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace info (and xray, docker-slim's later name for it): what is in an image. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/opts_info.h"
#include "cli/pager.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/log.h"
#include "slimtrace/cli.h"

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(
		&sb,
		"Usage: slimtrace info [options] IMAGE | FILE.tar\n\n"
		"Shows what is in an image, and writes the Dockerfile that it could have been\n"
		"made from, without running it: an image of the engine, or one in a file, named\n"
		"by a path, ending in .tar and the like, or docker-archive:FILE[:NAME],\n"
		"oci-archive:FILE[:TAG] or oci:DIRECTORY[:TAG].\n");
	options_help(&info_options, &sb);
	strbuf_addstr(&sb,
		      "\nA condition is METRIC OP VALUE. METRIC is one of\n"
		      "  wasted, overwritten, deleted, duplicated, size   VALUE: 20MB, 1GiB, 5%\n"
		      "  efficiency                                       VALUE: 95%\n"
		      "  layers, packages, secrets, shells, interpreters, setuid, setgid,\n"
		      "  capabilities, world-writable, certificates, keys VALUE: a number\n"
		      "and OP one of >, >=, <, <=, =.\n\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExamples:\n"
			   "  slimtrace info my/app\n"
			   "  slimtrace info --fail-if 'wasted>20MB' --fail-if 'secrets>0' my/app\n"
			   "  slimtrace info --dockerfile - my-app.tar\n");
	fputs(sb.buf, stdout);
}

static int write_dockerfile(const char *path, const struct strbuf *text, struct err *err)
{
	return io_write_atomic(AT_FDCWD, path, 0644, text->buf, text->len, err);
}

static size_t check_gates(const struct info_args *args, const struct look *look, cJSON *ret)
{
	size_t failed = 0;

	for (size_t i = 0; i < args->gates.n; i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		bool holds = info_gate_holds(&look->info, &args->gates.v[i], &text);

		failed += holds;
		if (ret) {
			cJSON *one = json_append(ret, json_object());

			json_add_str(one, "fail_if", args->gates.v[i].text);
			json_add_str(one, "measured", text.buf);
			json_add_bool(one, "failed", holds);
		}
		if (holds)
			log_error("--fail-if '%s': %s", args->gates.v[i].text, text.buf);
	}
	return failed;
}

static void show_json(const struct info_args *args, const struct look *look, struct strbuf *ret,
		      size_t *ret_failed)
{
	_cleanup_(json_free) cJSON *doc = json_object();

	json_add_str(doc, "document", "slimtrace.info");
	json_add_int(doc, "version", 1);
	info_json(&look->info, &args->view, doc);
	json_add_str(doc, "dockerfile", look->dockerfile.buf);
	if (look->parent)
		json_add_str(doc, "parent", look->parent);
	if (look->artifact)
		json_add_str(doc, "dockerfile_path", look->artifact);
	*ret_failed = check_gates(args, look, json_add(doc, "checks", json_array()));
	json_add_str(doc, "state", *ret_failed ? "failed" : "done");
	json_print(doc, true, ret);
}

static void show_text(const struct info_args *args, const struct look *look, struct strbuf *ret)
{
	info_text(&look->info, &args->view, ret);
	if (look->parent)
		strbuf_addf(ret, "\nbuilt from  %s\n", look->parent);
	if (look->artifact)
		strbuf_addf(ret, "%sdockerfile  %s\n", look->parent ? "" : "\n", look->artifact);
}

/* Returns how many conditions hold. */
static size_t show(const struct info_args *args, const struct look *look, bool json)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t failed;

	if (json) {
		show_json(args, look, &text, &failed);
		fwrite(text.buf, 1, text.len, stdout);
		return failed;
	}
	if (args->dockerfile && !strcmp(args->dockerfile, "-"))
		strbuf_add(&text, look->dockerfile.buf, look->dockerfile.len);
	else
		show_text(args, look, &text);
	pager_write(text.buf, text.len, args->no_pager);
	return check_gates(args, look, NULL);
}

static int run(struct info_args *args, bool json, size_t *ret_failed, struct err *err)
{
	struct look look = { .dockerfile = STRBUF_INIT };
	int r = session_look(&args->look, &look, err);

	if (!r && args->view.layer >= 0 && (size_t)args->view.layer >= look.info.n_layers)
		r = err_class_set(err, ERR_USAGE, EINVAL, "--layer %d: the image has %zu layers",
				  args->view.layer, look.info.n_layers);
	if (!r && args->dockerfile && strcmp(args->dockerfile, "-") != 0)
		r = write_dockerfile(args->dockerfile, &look.dockerfile, err);
	if (!r)
		*ret_failed = show(args, &look, json);
	session_look_release(&look);
	return r;
}

/* What is not looked for would never be found. */
static int check_metrics(const struct info_args *args, struct err *err)
{
	for (size_t i = 0; !args->duplicates && i < args->gates.n; i++) {
		if (strcmp(args->gates.v[i].metric->name, "duplicated") != 0)
			continue;
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--fail-if '%s': --detect-duplicates=false looks for none",
				     args->gates.v[i].text);
	}
	return 0;
}

static int check(struct info_args *args, const struct strvec *words, struct err *err)
{
	if (words->n + (args->target != NULL) > 1)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "one image at a time: '%s' is too many",
				     words->v[words->n - 1]);
	args->look.image = words->n ? words->v[0] : args->target;
	if (!args->look.image || !*args->look.image) {
		err_class_set(err, ERR_USAGE, EINVAL, "no image given");
		return err_hint(err, "slimtrace info [options] IMAGE; '--help' tells more");
	}
	args->look.info.no_duplicates = !args->duplicates;
	args->view.no_special = !args->special;
	args->view.changes_max = args->layer_max;
	args->view.list_max = args->top_max;
	return check_metrics(args, err);
}

int cmd_info(int argc, char **argv, struct global_opts *global)
{
	struct info_args args = { .duplicates = true,
				  .special = true,
				  .layer_max = 5,
				  .top_max = 20,
				  .view = { .width = pager_width(), .layer = -1, .kinds = 7 } };
	struct option_set set = info_options;
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	size_t failed = 0;
	int r;

	set.target = &args;
	r = command_parse(argc, argv, &set, 1, global, &words, &err);
	if (!r && global->help) {
		print_help();
	} else if (!r) {
		args.look.engine = global->engine;
		args.look.state_path = global->state_path ? global->state_path : DEFAULT_STATE_PATH;
		r = check(&args, &words, &err);
		if (!r)
			r = run(&args, global->json, &failed, &err);
	}
	gates_release(&args.gates);
	if (r < 0)
		return command_failed_as(global, &err);
	return failed ? EXIT_CHECK : EXIT_OK;
}
