/* SPDX-License-Identifier: BSD-2-Clause */
/* What the app is made to do while it is watched, and for how long. */
#include <errno.h>
#include <string.h>

#include "cli/build_args.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define DEFAULT_TIMEOUT_S 60 /* --continue-after timeout: docker-slim's */
#define DEFAULT_SETTLED_S 5
#define MAX_SECONDS (7 * 24 * 3600)

static int add_probe(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (probe_cmd_parse(value, &args->build.probe.cmds, err) < 0)
		return err_wrap(err, "--http-probe-cmd");
	return 0;
}

static int add_probe_file(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (probe_cmds_read_file(value, &args->build.probe.cmds, err) < 0)
		return err_wrap(err, "--http-probe-cmd-file");
	return 0;
}

static int add_spec(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (*value != '/')
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--http-probe-apispec: path '%s' does not start with '/'",
				     value);
	strvec_push(&args->build.probe.specs, value);
	return 0;
}

static int add_spec_file(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (probe_apispec_read_file(value, &args->build.probe.cmds, err) < 0)
		return err_wrap(err, "--http-probe-apispec-file");
	return 0;
}

static int add_ports(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;

	if (probe_ports_parse(value, &args->build.probe, err) < 0)
		return err_wrap(err, "--http-probe-ports");
	return 0;
}

struct mode {
	const char *name;
	enum continue_after bit;
};
static const struct mode modes[] = {
	{ "enter", CONTINUE_ENTER },	 { "signal", CONTINUE_SIGNAL },
	{ "probe", CONTINUE_PROBE },	 { "exec", CONTINUE_EXEC },
	{ "host-exec", CONTINUE_HOST },	 { "exit", CONTINUE_EXIT },
	{ "app-exit", CONTINUE_EXIT },	 { "healthy", CONTINUE_HEALTHY },
	{ "timeout", CONTINUE_SECONDS }, { "settled", CONTINUE_SETTLED },
};

static int bad_mode(const char *value, struct err *err)
{
	return err_class_set(err, ERR_USAGE, EINVAL,
			     "--continue-after: '%s' is none of enter, signal, probe, exec, "
			     "host-exec, exit, healthy, timeout, a number of seconds, "
			     "settled[:SECONDS], or some of them with & between",
			     value);
}

/* One of what stands between the "&". */
static int add_mode(struct build_opts *o, const char *word, struct err *err)
{
	static const char settled[] = "settled:";
	unsigned long long seconds;

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(word, modes[i].name)) {
			o->continue_after |= modes[i].bit;
			return 0;
		}
	}
	if (!strncmp(word, settled, strlen(settled))) {
		if (text_parse_u64(word + strlen(settled), 1, MAX_SECONDS, "", &seconds, err) < 0)
			return bad_mode(word, err);
		o->continue_after |= CONTINUE_SETTLED;
		o->settled_seconds = (unsigned int)seconds;
		return 0;
	}
	if (text_parse_u64(word, 1, MAX_SECONDS, "", &seconds, err) < 0)
		return bad_mode(word, err);
	o->continue_after |= CONTINUE_SECONDS;
	o->continue_seconds = (unsigned int)seconds;
	return 0;
}

static int set_continue(void *target, const char *value, struct err *err)
{
	struct build_opts *o = &((struct build_args *)target)->build;
	int r;

	o->continue_after = CONTINUE_DEFAULT;
	o->continue_seconds = DEFAULT_TIMEOUT_S;
	o->settled_seconds = DEFAULT_SETTLED_S;
	for (;;) {
		size_t len = strcspn(value, "&");
		_cleanup_free_ char *word = xstrndup(value, len);

		r = add_mode(o, word, err);
		if (r < 0 || !value[len])
			return r;
		value += len + 1;
	}
}

static const struct option_row rows[] = {
	HEADING("HTTP probe"),
	{ "http-probe", OPTION_BOOL, ARGS(http_probe), NULL,
	  "probe the exposed ports and those the app listens on: http, then https (on by "
	  "default)",
	  NULL },
	{ "http-probe-off", OPTION_NOT, ARGS(http_probe), NULL, "no HTTP probe", NULL },
	{ "http-probe-cmd", OPTION_CALL, 0, "[crawl:][PROTO:][METHOD:]PATH",
	  "request to make besides GET /; http, https, http2, http2c, ws, wss [zero or more]",
	  add_probe },
	{ "http-probe-cmd-file", OPTION_CALL, 0, "FILE",
	  "JSON file with requests to make [zero or more]", add_probe_file },
	{ "http-probe-apispec", OPTION_CALL, 0, "PATH[:PREFIX]",
	  "call each operation of the OpenAPI 3 or Swagger 2 description (JSON) that the app "
	  "serves there [zero or more]",
	  add_spec },
	{ "http-probe-apispec-file", OPTION_CALL, 0, "FILE[:PREFIX]",
	  "the same of a description in a file [zero or more]", add_spec_file },
	{ "http-probe-crawl", OPTION_BOOL, ARGS(http_crawl), NULL,
	  "go on from GET / to what it links to (on by default)", NULL },
	{ "http-crawl-max-depth", OPTION_UINT, ARGS(build.probe.crawl.max_depth), "N",
	  "links away from the first page (3); 0: no limit", NULL },
	{ "http-crawl-max-page-count", OPTION_UINT, ARGS(build.probe.crawl.max_pages), "N",
	  "calls of a port's crawl (1000); 0: no limit", NULL },
	{ "http-crawl-concurrency", OPTION_UINT, ARGS(build.probe.crawl.concurrency), "N",
	  "of them at a time (10)", NULL },
	{ "http-probe-ports", OPTION_CALL, 0, "PORT[,PORT...]",
	  "probe these ports, in this order, and no other", add_ports },
	{ "http-probe-full", OPTION_BOOL, ARGS(http_full), NULL,
	  "probe all ports (on by default); =false: none after the first that answers", NULL },
	{ "http-probe-start-wait", OPTION_UINT, ARGS(build.probe.start_wait_s), "SECONDS",
	  "wait so long before the first call (0: until the app listens)", NULL },
	{ "http-probe-retry-count", OPTION_UINT, ARGS(build.probe.retry_count), "N",
	  "retries of calls that get no answer, for each port (5)", NULL },
	{ "http-probe-retry-wait", OPTION_UINT, ARGS(build.probe.retry_wait_s), "SECONDS",
	  "wait before a retry, doubled each time (0: short waits, 10 s in all)", NULL },
	{ "http-probe-exit-on-failure", OPTION_BOOL, ARGS(exit_on_failure), NULL,
	  "no image when all calls fail (on by default)", NULL },
	{ "http-probe-fail-on-status-4xx", OPTION_BOOL, ARGS(build.probe.fail_4xx), NULL,
	  "a call answered with such a status has failed", NULL },
	{ "http-probe-fail-on-status-5xx", OPTION_BOOL, ARGS(build.probe.fail_5xx), NULL,
	  "the same of these", NULL },
	{ "start-timeout", OPTION_UINT, ARGS(build.start_timeout_s), "SECONDS",
	  "how long the app may take until it listens (60)", NULL },
	HEADING("Other ways to exercise the app"),
	{ "exec", OPTION_LIST, ARGS(build.execs), "COMMAND",
	  "shell command to run in the container [zero or more]", NULL },
	{ "exec-file", OPTION_LIST, ARGS(build.exec_files), "FILE",
	  "shell script of the host to run in the container [zero or more]", NULL },
	{ "exec-user", OPTION_STRING, ARGS(build.exec_user), "USER[:GROUP]",
	  "who runs these (the image's user)", NULL },
	{ "exclude-exec-paths", OPTION_BOOL, ARGS(build.keep.exclude_execs), NULL,
	  "what only these commands used does not stay", NULL },
	{ "host-exec", OPTION_LIST, ARGS(build.host_execs), "COMMAND",
	  "shell command to run on the host: a test of yours; SLIMTRACE_CONTAINER_IP, "
	  "SLIMTRACE_PORTS and others tell it where the app is [zero or more]",
	  NULL },
	{ "host-exec-file", OPTION_LIST, ARGS(build.host_exec_files), "FILE",
	  "program or shell script to run on the host, likewise [zero or more]", NULL },
	{ "continue-after", OPTION_CALL, 0, "WHEN",
	  "enter | signal | probe | exec | host-exec | exit | healthy | timeout | SECONDS | "
	  "settled[:SECONDS], or several with & between: when to stop watching, after the probes "
	  "and commands (what was asked for, else enter on a terminal, else exit)",
	  set_continue },
	{ "show-clogs", OPTION_BOOL, ARGS(build.show_logs), NULL,
	  "show the container's output (stdout and stderr)", NULL },
	{ "keep-container", OPTION_BOOL, ARGS(build.keep_container), NULL,
	  "stop the container, but do not remove it", NULL },
};
const struct option_set drive_options = OPTION_SET(rows);
