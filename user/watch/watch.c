/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "watch/watch.h"

#define LOOK_AGAIN_MS 1000
#define RECORD_BYTES (256ull << 20) /* of memory for each container, at most */

void watch_result_release(struct watch_result *result)
{
	json_free(result->records);
	result->records = NULL;
}

void watch_add(struct watch *watch, const struct watched *w)
{
	ALLOC_GROW(watch->all, watch->n + 1, watch->cap);
	watch->all[watch->n++] = *w;
}

static struct watched *find(struct watch *watch, uint32_t target)
{
	for (size_t i = 0; i < watch->n; i++)
		if (watch->all[i].target == target)
			return &watch->all[i];
	return NULL;
}

/* --- containers come and go --- */

static void container_began(struct watch *watch, const struct trace_news *news)
{
	struct watched w = { .target = news->target };

	memcpy(w.id, news->id, sizeof(w.id));
	if (!watch_wants(watch, &w)) {
		trace_drop(watch->trace, news->target);
		watched_release(&w);
		return;
	}
	log_info("%s: watched from its start", w.name);
	watch_add(watch, &w);
}

static void note_over(struct watch *watch, const struct watched *w)
{
	if (!*w->id) {
		watch->cgroups++;
		return;
	}
	strvec_push(&watch->over, w->id);
	strvec_push(&watch->over, w->name);
}

static int container_over(struct watch *watch, struct watched *w, bool last, struct err *err)
{
	_cleanup_(record_free) struct record *rec = NULL;
	int r = trace_take(watch->trace, w->target, &rec, err);

	if (!r)
		r = watch_store(watch, w, rec, last, err);
	note_over(watch, w);
	watched_release(w);
	*w = watch->all[--watch->n];
	return r;
}

static int take_news(struct watch *watch, struct err *err)
{
	struct trace_news news;
	int r = 0;

	while (!r && trace_next(watch->trace, &news)) {
		struct watched *w = find(watch, news.target);

		if (!news.over)
			container_began(watch, &news);
		else if (w)
			r = container_over(watch, w, true, err);
	}
	return r;
}

static void tell_crowded(struct watch *watch)
{
	uint64_t n = trace_crowded(watch->trace);

	if (n > watch->crowded)
		log_warn(
			"containers began faster than they could be followed: nothing, or not all, "
			"is known of some");
	watch->crowded = n;
}

/* SIGUSR1: what is known so far. */
static int snapshot(struct watch *watch, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < watch->n; i++) {
		_cleanup_(record_free) struct record *rec = NULL;

		r = trace_snapshot(watch->trace, watch->all[i].target, &rec, err);
		if (!r)
			r = watch_store(watch, &watch->all[i], rec, false, err);
	}
	return r;
}

/* --- the whole --- */

static int time_left(uint64_t end_ms)
{
	uint64_t now = clock_mono_ms();

	if (!end_ms)
		return -1;
	return now >= end_ms ? 0 : end_ms - now > INT32_MAX ? INT32_MAX : (int)(end_ms - now);
}

/* The first wait is a short one: see watch_loop(). */
static int wait_ms(const struct watch *watch, uint64_t end_ms)
{
	int left = time_left(end_ms);

	return watch->looked_twice || (left >= 0 && left < LOOK_AGAIN_MS) ? left : LOOK_AGAIN_MS;
}

/* One wait, and what came. Returns 1 when it is time to end. */
static int step(struct watch *watch, uint64_t end_ms, struct err *err)
{
	struct pollfd fds[] = { { .fd = trace_news_fd(watch->trace), .events = POLLIN },
				{ .fd = watch->asked ? -1 : cancel_fd(), .events = POLLIN },
				{ .fd = resume_fd(), .events = POLLIN },
				{ .fd = watch->command_fd, .events = POLLIN } };
	int r;

	if (poll(fds, ARRAY_SIZE(fds), wait_ms(watch, end_ms)) < 0 && errno != EINTR)
		return err_set(err, errno, "cannot wait");
	r = take_news(watch, err);
	tell_crowded(watch);
	if (!r && resume_take())
		r = snapshot(watch, err);
	if (r < 0)
		return r;
	watch_ask_command(watch);
	if (watch->command > 0 && fds[3].revents)
		watch_reap_command(watch);
	if (watch->opts->command)
		return watch->command < 0 || time_left(end_ms) == 0;
	return cancel_signal() || time_left(end_ms) == 0 || watch_all_over(watch);
}

/*
 * What had its cgroup and did not run yet when it was looked for what runs is found when that is
 * done again a little later.
 */
static int look_again(struct watch *watch, struct err *err)
{
	if (watch->looked_twice || clock_mono_ms() < watch->looked_ms + LOOK_AGAIN_MS)
		return 0;
	watch->looked_twice = true;
	return watch_attach_running(watch, err);
}

static int watch_loop(struct watch *watch, struct err *err)
{
	uint64_t seconds = watch->opts->seconds, end_ms = 0;
	int r;

	if (seconds)
		end_ms = clock_mono_ms() + (seconds < UINT32_MAX ? seconds : UINT32_MAX) * 1000;
	do {
		r = step(watch, end_ms, err);
		if (!r)
			r = look_again(watch, err);
	} while (!r);
	return r < 0 ? r : 0;
}

/* What came to the end is not lost; what still runs is recorded as far as it has come. */
static int finish(struct watch *watch, int r, struct err *err)
{
	if (!r) {
		trace_settle(watch->trace);
		r = take_news(watch, err);
		tell_crowded(watch);
	}
	while (watch->n) {
		struct err ignored = ERR_INIT;
		int one = container_over(watch, &watch->all[0], false, r < 0 ? &ignored : err);

		r = r < 0 ? r : one;
	}
	return r;
}

/* It is needed to tell what is wanted, and otherwise to tell names and images. */
static int open_engine(struct watch *watch, struct err *err)
{
	const struct watch_opts *opts = watch->opts;
	struct err why = ERR_INIT;

	if (opts->containers.n || opts->images.n || opts->labels.n)
		return engine_open(&opts->engine, &watch->engine, err);
	if (opts->command && engine_open(&opts->engine, &watch->engine, &why) < 0)
		log_warn("names and images of containers are not known: %s", why.msg);
	return 0;
}

static int start(struct watch *watch, struct err *err)
{
	const struct watch_opts *opts = watch->opts;
	const struct trace_opts trace = { .fold = true,
					  .record_bytes = RECORD_BYTES,
					  .ring_bytes = opts->ring_bytes };
	int r = open_engine(watch, err);

	if (!r)
		r = trace_open(&trace, &watch->trace, err);
	if (!r)
		r = watch_open_output(watch, err);
	if (!r)
		r = watch_attach_cgroups(watch, err);
	if (!r)
		r = watch_attach_running(watch, err);
	watch->looked_ms = clock_mono_ms();
	if (!r)
		watch_tell_missing(watch);
	if (!r && opts->command)
		r = watch_start_command(watch, err);
	else if (!r)
		log_info("watching");
	return r;
}

static void count_records(struct watch_result *result)
{
	const cJSON *record;

	cJSON_ArrayForEach (record, result->records) {
		_cleanup_(json_free) cJSON *tree = NULL;
		const char *text = record->valuestring;
		struct err ignored = ERR_INIT;

		result->n++;
		if (!json_parse(text, strlen(text), "it", &tree, &ignored))
			result->incomplete += !json_bool(tree, "complete", false);
	}
}

int watch_run(const struct watch_opts *opts, struct watch_result *ret, struct err *err)
{
	struct watch watch = {
		.opts = opts, .result = ret, .dir = -1, .command = -1, .command_fd = -1
	};
	int r;

	*ret = (struct watch_result){ .records = json_array(), .command_status = -1 };
	r = start(&watch, err);
	if (!r)
		r = watch_loop(&watch, err);
	if (watch.trace)
		r = finish(&watch, r, err);
	count_records(ret);
	ret->missed = watch.crowded != 0;
	trace_free(watch.trace);
	watch_wait_command(&watch);
	engine_free(watch.engine);
	strvec_release(&watch.over);
	strvec_release(&watch.files);
	free(watch.all);
	if (watch.dir >= 0)
		close(watch.dir);
	if (watch.command_fd >= 0)
		close(watch.command_fd);
	return r;
}
