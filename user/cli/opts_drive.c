/* SPDX-License-Identifier: BSD-2-Clause */
/* What the app is made to do while it is watched, and for how long. */
#include <errno.h>
#include <string.h>

#include "cli/build_args.h"
#include "slimtrace/base/text.h"

#define DEFAULT_TIMEOUT_S 60 /* --continue-after timeout: docker-slim's */

static int add_probe(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (probe_cmd_parse(value, &args->build.probes, err) < 0)
		return err_wrap(err, "--http-probe-cmd");
	return 0;
}

static int add_probe_file(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (probe_cmds_read_file(value, &args->build.probes, err) < 0)
		return err_wrap(err, "--http-probe-cmd-file");
	return 0;
}

static int set_continue(void *target, const char *value, struct err *err)
{
	static const char *const names[] = { "", "enter", "signal", "probe", "exec", "exit" };
	struct build_opts *o = &((struct build_args *)target)->build;
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

static const struct option_row rows[] = {
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
};
const struct option_set drive_options = OPTION_SET(rows);
