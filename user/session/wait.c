/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for the app. Nothing here sleeps for a guess: readiness is a listening socket that the
 * tracer saw, the end is an event or a quiet trace.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
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
 * A command needs the app to be up: the exposed ports listen, as far as they ever will, or for an
 * image that exposes none, any port or a trace that has gone quiet.
 */
int run_wait_up(struct run *run, struct err *err)
{
	uint16_t ports[RUN_MAX_PORTS];
	size_t n = run_exposed_ports(run, ports, RUN_MAX_PORTS);
	bool up = false;

	if (run->report->health == HEALTH_OK)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int r = run_wait_listen(ports[i], run, err);

		if (r < 0)
			return r;
		up = up || r > 0;
	}
	if (up)
		return 0;
	if (trace_listening(run->trace, ports, 1))
		return 0;
	return wait_quiet(run, QUIET_MS, run->opts->start_timeout_s * 1000, err);
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

static int wait_signal(struct run *run, struct err *err)
{
	log_info("exercise the container (%.12s), then continue with: kill -USR1 %d",
		 run->container, (int)getpid());
	return wait_for(run, resume_fd(), 0, err);
}

static int wait_settled(struct run *run, struct err *err)
{
	return wait_quiet(run, run->opts->settled_seconds * 1000, UINT_MAX, err);
}

/* What fits the run, when nothing was said. */
static unsigned int choose(const struct run *run, bool probed)
{
	const struct build_opts *o = run->opts;

	if (o->continue_after)
		return o->continue_after;
	if (o->host_execs.n || o->host_exec_files.n)
		return CONTINUE_HOST;
	if (o->execs.n || o->exec_files.n)
		return CONTINUE_EXEC;
	if (probed)
		return CONTINUE_PROBE;
	if (isatty(STDIN_FILENO))
		return CONTINUE_ENTER;
	return run->report->health == HEALTH_OK ? CONTINUE_HEALTHY : CONTINUE_EXIT;
}

/*
 * Probes, commands and the health check are over by now; what is left is waited for one after the
 * other. After that the app may still be at work on what it was asked for.
 */
int run_wait_end(struct run *run, bool probed, struct err *err)
{
	unsigned int mode = choose(run, probed);
	uint64_t until = run->started_ms + (uint64_t)run->opts->continue_seconds * 1000;
	int r = 0;

	if (mode & CONTINUE_EXIT)
		return wait_for(run, -1, 0, err);
	if (mode & CONTINUE_SECONDS)
		r = wait_for(run, -1, until, err);
	if (!r && mode & CONTINUE_ENTER)
		r = wait_enter(run, err);
	if (!r && mode & CONTINUE_SIGNAL)
		r = wait_signal(run, err);
	if (!r && mode & CONTINUE_SETTLED)
		r = wait_settled(run, err);
	if (r < 0 ||
	    mode & (CONTINUE_ENTER | CONTINUE_SIGNAL | CONTINUE_SECONDS | CONTINUE_SETTLED))
		return r;
	return wait_quiet(run, QUIET_AFTER_WORK_MS, 2 * QUIET_MS, err);
}
