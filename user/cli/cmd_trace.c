/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace trace: records of what somebody else runs. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/standard.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/cli.h"
#include "slimtrace/watch.h"

#define TRACE(field) offsetof(struct watch_opts, field)

static int set_duration(void *target, const char *value, struct err *err)
{
	return watch_parse_duration(value, "--for", &((struct watch_opts *)target)->seconds, err);
}

static const struct option_row rows[] = {
	{ "container", OPTION_LIST, TRACE(containers), "NAME|ID",
	  "this container, which runs or will [zero or more]", NULL },
	{ "image", OPTION_LIST, TRACE(images), "IMAGE", "each container of this image", NULL },
	{ "label", OPTION_LIST, TRACE(labels), "KEY[=VALUE]", "each container with this label",
	  NULL },
	{ "cgroup", OPTION_LIST, TRACE(cgroups), "DIR",
	  "what runs in this cgroup, such as a service's; takes no engine", NULL },
	{ "new-only", OPTION_BOOL, TRACE(new_only), NULL,
	  "only containers that begin from now on, none that runs already", NULL },
	{ "for", OPTION_CALL, 0, "DURATION", "for so long: 90, 10m, 1h30m, 2d", set_duration },
	{ "output", OPTION_STRING, TRACE(output), "DIR",
	  "where the records go (" WATCH_OUTPUT "), as NAME-ID.json (-o)", NULL },
	{ "o", OPTION_STRING, TRACE(output), "DIR", NULL, NULL },
	{ "ring-size", OPTION_BYTES, TRACE(ring_bytes), "BYTES",
	  "room for events on their way out of the kernel (16m)", NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb,
		"Usage: slimtrace trace [options] [--] [COMMAND [ARGUMENTS]]\n\n"
		"Watches containers that somebody else runs, without touching them, and writes a\n"
		"record of each: what --container, --image, --label or --cgroup name, any of\n"
		"them; or, while COMMAND runs (a test suite, docker compose up, a CI job), each\n"
		"container that begins. build and profile take the records with --from-record.\n\n"
		"It ends with COMMAND, whose exit status it has then; when all that --container\n"
		"and --cgroup name is over; after --for; or with Ctrl-C. Of what still runs then\n"
		"the record is written as far as it has come, and so it is at SIGUSR1. Of what "
		"ran\n"
		"before it was watched, a record has what was open and mapped, marked as such.\n\n"
		"Options:\n");
	options_help(&set, &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb,
		      "\nExamples:\n"
		      "  sudo slimtrace trace --container web\n"
		      "  sudo slimtrace trace --image my/app --for 1h -o records\n"
		      "  sudo slimtrace trace --cgroup /sys/fs/cgroup/system.slice/cron.service\n"
		      "  sudo slimtrace trace -- docker compose up --abort-on-container-exit\n");
	fputs(sb.buf, stdout);
}

static int check(const struct watch_opts *opts, struct err *err)
{
	if (opts->command || opts->containers.n || opts->images.n || opts->labels.n ||
	    opts->cgroups.n)
		return 0;
	err_class_set(err, ERR_USAGE, EINVAL, "it is not said what to watch");
	return err_hint(err, "give --container, --image, --label or --cgroup, or a command during "
			     "which to watch: slimtrace trace -- docker compose up");
}

/* The command's own failure comes first: it is what a pipeline waits for. */
static int status_of(const struct watch_result *result)
{
	if (result->command_status > 0)
		return result->command_status;
	return result->incomplete || result->missed ? EXIT_INCOMPLETE : EXIT_OK;
}

static void show_json(struct watch_result *result, int status)
{
	_cleanup_(json_free) cJSON *doc = json_object();

	json_add_str(doc, "state", "done");
	json_add_int(doc, "exit_code", status);
	if (result->command_status >= 0)
		json_add_int(doc, "command_status", result->command_status);
	json_add(doc, "records", TAKE_PTR(result->records));
	standard_print_json(doc);
}

static int trace(const struct watch_opts *opts, bool json, int *ret_status, struct err *err)
{
	struct watch_result result;
	int r = watch_run(opts, &result, err);

	if (!r) {
		*ret_status = status_of(&result);
		if (!result.n && !opts->cgroups.n)
			log_warn("no container was watched: there is no record");
		if (json)
			show_json(&result, *ret_status);
	}
	watch_result_release(&result);
	return r;
}

static void release(struct watch_opts *opts)
{
	strvec_release(&opts->containers);
	strvec_release(&opts->images);
	strvec_release(&opts->labels);
	strvec_release(&opts->cgroups);
}

int cmd_trace(int argc, char **argv, struct global_opts *global)
{
	struct watch_opts opts = { .seconds = 0 };
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), &opts };
	struct err err = ERR_INIT;
	int status = EXIT_OK, next = argc;
	int r = command_parse_head(argc, argv, &set, 1, global, &next, &err);

	if (!r && global->help) {
		print_help();
	} else if (!r) {
		opts.engine = global->engine;
		opts.command = next < argc ? argv + next : NULL;
		r = check(&opts, &err);
		if (!r)
			r = trace(&opts, global->json, &status, &err);
	}
	release(&opts);
	return r < 0 ? command_failed_as(global, &err) : status;
}
