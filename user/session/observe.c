/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driving the app until the observation is over: probes, then commands in the container, then
 * whatever --continue-after waits for. Nothing here sleeps for a guess: readiness is a listening
 * socket that the tracer saw, the end is an event or a quiet trace.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define TICK_MS 100
#define QUIET_MS 1000		/* no new file or syscall for so long: the app has settled */
#define QUIET_AFTER_WORK_MS 200 /* the same, once all that we asked for is answered */

void run_show_counts(struct run *run)
{
	char files[32];
	struct trace_counts c;

	trace_counts(run->trace, &c);
	progress_update("%s files, %" PRIu64 " syscalls, %" PRIu64 " programs%s",
			format_count(files, c.files), c.syscalls, c.programs,
			c.lost ? ", EVENTS LOST" : "");
}

uint64_t run_activity(struct run *run)
{
	struct trace_counts c;

	trace_counts(run->trace, &c);
	return c.files + c.lookups + c.syscalls + c.programs;
}

/* Waits until nothing new was seen for @quiet_ms, the container ends, or @max_ms have passed. */
static int wait_quiet(struct run *run, unsigned int quiet_ms, unsigned int max_ms, struct err *err)
{
	uint64_t start = clock_mono_ms(), last = start, seen = run_activity(run);

	for (;;) {
		uint64_t now, count;
		int r = cancel_wait(-1, TICK_MS / 2, err);

		if (r < 0)
			return r;
		run_show_counts(run);
		now = clock_mono_ms();
		count = run_activity(run);
		if (count != seen) {
			seen = count;
			last = now;
		}
		if (now - last >= quiet_ms || now - start >= max_ms || container_ended(run))
			return 0;
	}
}

/*
 * A command needs the app to be up: an exposed port that listens, or for an image that exposes
 * none, any port or a trace that has gone quiet.
 */
static int wait_up(struct run *run, struct err *err)
{
	uint16_t ports[RUN_MAX_PORTS];
	size_t n = run_exposed_ports(run, ports, RUN_MAX_PORTS);
	int r = n ? run_wait_listen(ports[0], run, err) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	if (trace_listening(run->trace, ports, 1))
		return 0;
	return wait_quiet(run, QUIET_MS, run->opts->start_timeout_s * 1000, err);
}

/* The shell that runs --exec commands: the image's own, as for a RUN line. */
static void exec_words(const struct run *run, const char *line, struct strvec *ret)
{
	struct err ignored = ERR_INIT;

	if (json_strvec(run->inspect, "Config.Shell", ret, &ignored) < 0 || !ret->n) {
		strvec_release(ret);
		strvec_push(ret, "/bin/sh");
		strvec_push(ret, "-c");
	}
	strvec_push(ret, line);
}

static int run_exec(struct run *run, const char *line, struct err *err)
{
	struct engine_exec exec = { .cmd = STRVEC_INIT, .timeout_ms = -1 };
	int status = 0, r;

	exec_words(run, line, &exec.cmd);
	r = engine_exec(run->engine, run->container, &exec, output_feed, run->output, &status, err);
	strvec_release(&exec.cmd);
	if (r == -EINTR)
		return r;
	if (r < 0 && container_ended(run))
		return 0;
	if (r < 0)
		return err_wrap(err, "--exec '%s'", line);
	if (status)
		run_warn(run, "--exec '%s' ended with exit status %d", line, status);
	return 0;
}

static int run_execs(struct run *run, struct err *err)
{
	const struct strvec *execs = &run->opts->execs;
	int r;

	if (!execs->n)
		return 0;
	progress_phase("executing");
	r = wait_up(run, err);
	for (size_t i = 0; !r && i < execs->n && !container_ended(run); i++) {
		progress_update("%s", execs->v[i]);
		r = run_exec(run, execs->v[i], err);
	}
	if (!r)
		progress_done("%zu command%s in the container", execs->n, execs->n == 1 ? "" : "s");
	return r;
}

/* Waits for @fd, @until_ms (clock_mono_ms(), 0: no limit) or the container's end. */
static int wait_for(struct run *run, int fd, uint64_t until_ms, struct err *err)
{
	while (!container_ended(run) && (!until_ms || clock_mono_ms() < until_ms)) {
		int r = cancel_wait(fd, TICK_MS, err);

		if (r != 0)
			return r < 0 ? r : 0;
		run_show_counts(run);
	}
	return 0;
}

/* One line of input; what is typed besides stays unread for nobody. */
static int wait_enter(struct run *run, struct err *err)
{
	char buf[256];
	int r;

	log_info("exercise the container (%.12s), then press ENTER to continue", run->container);
	r = wait_for(run, STDIN_FILENO, 0, err);
	if (!r && !container_ended(run) && read(STDIN_FILENO, buf, sizeof(buf)) < 0)
		return err_set(err, errno, "cannot read the terminal");
	return r;
}

static enum continue_after choose(const struct run *run, size_t n_ports)
{
	if (run->opts->continue_after != CONTINUE_DEFAULT)
		return run->opts->continue_after;
	if (run->opts->execs.n)
		return CONTINUE_EXEC;
	if (n_ports && !run->opts->probe_off)
		return CONTINUE_PROBE;
	return isatty(STDIN_FILENO) ? CONTINUE_ENTER : CONTINUE_EXIT;
}

static int wait_end(struct run *run, enum continue_after mode, struct err *err)
{
	uint64_t until = run->started_ms + (uint64_t)run->opts->continue_seconds * 1000;

	switch (mode) {
	case CONTINUE_ENTER:
		return wait_enter(run, err);
	case CONTINUE_SIGNAL:
		log_info("exercise the container (%.12s), then continue with: kill -USR1 %d",
			 run->container, (int)getpid());
		return wait_for(run, resume_fd(), 0, err);
	case CONTINUE_SECONDS:
		return wait_for(run, -1, until, err);
	case CONTINUE_EXIT:
		return wait_for(run, -1, 0, err);
	case CONTINUE_DEFAULT:
	case CONTINUE_PROBE:
	case CONTINUE_EXEC:
		break;
	}
	return wait_quiet(run, QUIET_AFTER_WORK_MS, 2 * QUIET_MS, err);
}

int run_observe(struct run *run, struct err *err)
{
	uint16_t ports[RUN_MAX_PORTS];
	enum continue_after mode = run->opts->continue_after;
	/* Only then is a port looked for that the image does not expose: it takes waiting. */
	bool by_default =
		mode == CONTINUE_PROBE || (mode == CONTINUE_DEFAULT && !run->opts->execs.n);
	size_t n_ports = 0;
	int r = 0;

	if (!run->opts->probe_off && (by_default || run->ports.n || run_probe_asked(run)))
		r = run_find_ports(run, ports, &n_ports, err);
	if (!r && n_ports)
		r = run_probes(run, ports, n_ports, err);
	if (!r)
		r = run_execs(run, err);
	if (r < 0)
		return r;
	if (!container_ended(run) && n_ports)
		run_report_probes(run);
	mode = choose(run, n_ports);
	progress_phase("observing");
	r = container_ended(run) ? 0 : wait_end(run, mode, err);
	return r;
}
