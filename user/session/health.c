/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's HEALTHCHECK. The engine runs it too, but at times of its own, the first after 30
 * seconds by default, and some engines never; so it is run here as the engine would run it.
 */
#include <errno.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define DEFAULT_TIMEOUT_MS 30000 /* docker's, for one run of it */
#define RETRY_MS 500

bool run_has_health(const struct run *run)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	return engine_health_words(run->inspect, &words);
}

/* *ret: its exit status, -1 when it took too long or could not be run. */
static int check_once(struct run *run, const struct engine_exec *exec, struct output *out, int *ret,
		      struct err *err)
{
	struct err why = ERR_INIT;
	int r = engine_exec(run->engine, run->container, exec, output_feed, out, ret, &why);

	if (r == -EINTR)
		*err = why;
	if (r < 0)
		*ret = -1;
	return r == -EINTR ? r : 0;
}

static int check_until_healthy(struct run *run, const struct engine_exec *exec, struct output *out,
			       int *ret_status, struct err *err)
{
	uint64_t limit = run->started_ms + (uint64_t)run->opts->start_timeout_s * 1000;

	for (unsigned int tries = 1;; tries++) {
		int r = check_once(run, exec, out, ret_status, err);

		if (r < 0 || !*ret_status || container_ended(run) || clock_mono_ms() >= limit)
			return r;
		progress_update("not healthy yet, asked %u times", tries);
		r = cancel_wait(-1, RETRY_MS, err);
		if (r < 0)
			return r;
	}
}

int run_health(struct run *run, struct err *err)
{
	uint64_t timeout_ns = json_u64(run->inspect, "Config.Healthcheck.Timeout", 0);
	struct engine_exec exec = { .timeout_ms = DEFAULT_TIMEOUT_MS };
	struct output *out;
	int status = -1, r;

	if (container_ended(run) || !engine_health_words(run->inspect, &exec.cmd))
		return 0;
	if (timeout_ns / 1000000 > 0 && timeout_ns / 1000000 < INT32_MAX)
		exec.timeout_ms = (int)(timeout_ns / 1000000);
	progress_phase("health");
	out = output_new(run->opts->show_logs);
	r = run_wait_up(run, err);
	if (!r)
		r = check_until_healthy(run, &exec, out, &status, err);
	strvec_release(&exec.cmd);
	if (!r) {
		run->report->health = status ? HEALTH_FAILED : HEALTH_OK;
		if (!status)
			progress_done("the health check succeeds");
		else if (!container_ended(run))
			run_tell_failed(run, out, "the image's health check", status);
	}
	output_free(out);
	return r;
}
