/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of probe_run() against the servers of test_probe_server.h, for the tests of the probe. */
#ifndef TEST_PROBE_RUN_H
#define TEST_PROBE_RUN_H

#include <errno.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/drive.h"
#include "test_probe_server.h"

#define LONG_MS 20000 /* never reached when all is well, however busy the machine is */
#define SHORT_MS 1000 /* for what does not come */

/* What a run is to be like, and what came of it. */
struct run {
	struct server *server;
	struct probe_opts opts;
	struct strvec addrs;
	uint16_t ports[4];
	size_t n_ports;
	int timeout_ms, retry_ms;
	size_t (*more_ports)(uint16_t *ports, size_t max, void *ctx);
	void (*addresses)(uint16_t port, struct strvec *ret, void *ctx);
	int ready; /* what wait_ready says */
	int n_waits, n_results;
	struct probe_report report;
	struct err err;
	int r;
};

static inline int wait_ready(uint16_t port, void *ctx, struct err *err)
{
	struct run *run = ctx;

	(void)port;
	run->n_waits++;
	return run->ready < 0 ? err_class_set(err, ERR_INTERRUPTED, -run->ready, "enough")
			      : run->ready;
}

static inline void on_result(const struct probe_result *result, void *ctx)
{
	struct run *run = ctx;

	run->n_results += result->method != NULL;
}

static unsigned int retry_count; /* of the next runs: what fails here mostly fails for good */

static inline struct run run_for(struct server *s)
{
	struct run run = { .server = s,
			   .n_ports = 1,
			   .timeout_ms = LONG_MS,
			   .ready = 1,
			   .opts = PROBE_OPTS_DEFAULT };

	run.opts.retry_count = retry_count;
	if (s)
		run.ports[0] = s->port;
	return run;
}

static inline void add(struct run *run, const char *arg)
{
	struct err err = ERR_INIT;

	if (probe_cmd_parse(arg, &run->opts.cmds, &err) < 0)
		ok(false, "%s", err.msg);
}

static inline void go(struct run *run)
{
	struct probe_target target = { .netns_fd = -1,
				       .addrs = run->addrs,
				       .ports = run->ports,
				       .n_ports = run->n_ports,
				       .call_timeout_ms = run->timeout_ms,
				       .retry_ms = run->retry_ms,
				       .wait_ready = wait_ready,
				       .more_ports = run->more_ports,
				       .addresses = run->addresses,
				       .on_result = on_result,
				       .ctx = run };

	if (!target.addrs.n)
		strvec_push(&target.addrs, "127.0.0.1");
	run->r = probe_run(&target, &run->opts, &run->report, &run->err);
	run->addrs = target.addrs;
}

static inline void end(struct run *run)
{
	probe_report_release(&run->report);
	probe_opts_release(&run->opts);
	strvec_release(&run->addrs);
}

/* One command; the run is for the caller to look at and to end. */
static inline struct run call_within(struct server *s, const char *arg, int timeout_ms)
{
	struct run run = run_for(s);

	run.timeout_ms = timeout_ms;
	add(&run, arg);
	go(&run);
	if (run.r || run.report.n != 1)
		ok(false, "%s: %s", arg, run.err.msg);
	return run;
}

static inline struct run call(struct server *s, const char *arg)
{
	return call_within(s, arg, LONG_MS);
}

static inline void answers(struct server *s, const char *arg, int status, uint64_t bytes)
{
	struct run run = call(s, arg);

	is_int(run.report.v[0].status, status, "%s: the status", arg);
	is_int(run.report.v[0].bytes, bytes, "%s: the length of the body", arg);
	is_str(run.report.v[0].error, "", "%s: no error", arg);
	is_int(run.report.ok, 1, "%s: counted as answered", arg);
	end(&run);
}

static inline void fails(struct server *s, const char *arg, const char *why)
{
	struct run run = call_within(s, arg, strstr(arg, "silent") ? SHORT_MS : LONG_MS);

	is_int(run.report.v[0].status, 0, "%s: no status", arg);
	is_int(run.report.ok, 0, "%s: not counted as answered", arg);
	if (!ok(strstr(run.report.v[0].error, why), "%s: '%s'", arg, why))
		printf("# got '%s'\n", run.report.v[0].error);
	end(&run);
}

#endif
