/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The container that is traced: created as `docker run` would, with what the user overrides and
 * nothing of ours but a label, which the container cannot see.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "session/owner.h"
#include "session/session.h"
#include "session/spec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

#define DEFAULT_GRACE_S 10 /* docker stop's */
#define TICK_MS 50
#define STUCK_MS 500
#define ENGINE_BACK_MS 60000
#define DRAIN_MS 2000 /* for output that is still under way when the container has ended */

/* What is exposed for this run only is knocked at as what the image exposes. */
static void note_ports(struct run *run, const cJSON *body)
{
	const cJSON *port;

	cJSON_ArrayForEach (port, json_get(body, "ExposedPorts"))
		if (!strvec_has(&run->ports, port->string))
			strvec_push(&run->ports, port->string);
}

static int add_labels(cJSON *body, const struct strvec *labels, struct err *err)
{
	cJSON *obj = spec_object(body, "Labels");

	for (size_t i = 0; i < labels->n; i++) {
		const char *label = labels->v[i];
		size_t len = strcspn(label, "=");
		_cleanup_free_ char *key = xstrndup(label, len);

		if (!len || !strncmp(key, OWNER_LABELS, strlen(OWNER_LABELS)))
			return spec_wrong(err, "--label", label,
					  "it has no name, or one of slimtrace's own");
		spec_set(obj, key, cJSON_CreateString(label[len] ? label + len + 1 : ""));
	}
	return 0;
}

int container_create(struct run *run, struct err *err)
{
	_cleanup_(json_free) cJSON *body = NULL;
	int r = spec_make(run->opts, run->image_id, &body, err);

	if (!r)
		r = add_labels(body, &run->opts->labels, err);
	if (r < 0)
		return r;
	owner_label(spec_object(body, "Labels"), run->opts->keep_container);
	note_ports(run, body);
	run->tty = run->opts->tty;
	/*
	 * Neither creating nor starting is broken off half-way: the engine would go on with it, and
	 * leave a container whose ID we never learned, or one started after we had removed it.
	 */
	cancel_mask(true);
	r = engine_container_create(run->engine, NULL, body, &run->container, err);
	cancel_mask(false);
	return r < 0 ? r : cancel_check(err);
}

/* The first words of a start that the runtime refused, so that the reader sees whose fault it is.
 */
static int start_failed(struct run *run, struct err *err)
{
	if (err->class == ERR_ENGINE)
		err->class = ERR_APP;
	if (!err->hint[0])
		err_hint(err, "does 'docker run %s' start?", run->opts->image);
	return err_wrap(err, "the container did not start");
}

static int open_input(struct run *run, struct err *err)
{
	const char *path = run->opts->stdin_path;
	int fd;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe may have no writer yet */
	if (fd < 0)
		return err_set(err, errno, "--stdin: cannot open '%s'", path);
	return engine_stdin_start(run->engine, run->container, fd, &run->input, err);
}

int container_start(struct run *run, struct err *err)
{
	_cleanup_(json_free) cJSON *state = NULL;
	int r;

	run->output = output_new(run->opts->show_logs);
	r = open_input(run, err);
	if (r < 0)
		return r;
	r = engine_follow_start(run->engine, run->container, run->tty, output_feed, run->output,
				&run->follow, err);
	if (r == -EEXIST) /* Podman makes the container ready for its start here */
		return start_failed(run, err);
	if (r < 0)
		return r;
	run->started_ms = clock_mono_ms();
	cancel_mask(true);
	r = engine_container_start(run->engine, run->container, err);
	cancel_mask(false);
	if (r < 0)
		return start_failed(run, err);
	run->running = true;
	r = cancel_check(err);
	if (!r)
		r = engine_container_inspect(run->engine, run->container, &state, err);
	if (r < 0)
		return r;
	run->pid = (pid_t)json_u64(state, "State.Pid", 0);
	return 0;
}

/* An engine that is restarted is back soon, and tells then; one that stays away ends the run. */
static bool engine_is_gone(struct run *run, const struct err *err)
{
	uint64_t now = clock_mono_ms();

	if (!run->away_ms)
		run->away_ms = now;
	if (now - run->away_ms < ENGINE_BACK_MS)
		return false;
	log_warn("the engine does not answer any more: %s", err->msg);
	return true;
}

bool container_ended(struct run *run)
{
	struct err err = ERR_INIT;
	int status, r;

	if (!run->running)
		return true;
	r = engine_container_wait(run->engine, run->container, 0, &status, &err);
	if (r == -EINTR)
		return false;
	if (r < 0)
		return r == -ENOENT || engine_is_gone(run, &err);
	run->away_ms = 0;
	if (!r)
		return false;
	run->running = false;
	run->report->exit_status = status;
	return true;
}

static int signal_number(const char *name)
{
	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (int sig = 1; sig < SIGRTMIN; sig++)
		if (sigabbrev_np(sig) && !strcmp(sigabbrev_np(sig), name))
			return sig;
	return 0;
}

/* The signal set that @key ("\nSigCgt:") names in a /proc/PID/status; all signals when it does not.
 */
static uint64_t signal_set(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? strtoull(line + strlen(key), NULL, 16) : UINT64_MAX;
}

/* In sigwait() a process has unblocked what it waits for: /proc does not show that it would take
 * it. */
static bool in_sigwait(pid_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/syscall", (int)pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;

	return !io_read_file(AT_FDCWD, path, 4096, &text, &ignored) &&
	       strtol(text.buf, NULL, 10) == SYS_rt_sigtimedwait;
}

/*
 * Whether the container's first process has a handler for its stop signal, or blocks it to take it
 * by sigwait() or a signalfd. The kernel drops any other signal for the first process of a pid
 * namespace (pid_namespaces(7)), so waiting the grace time for it would be waiting for nothing.
 */
static bool catches_stop_signal(const struct run *run)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)run->pid);
	_cleanup_strbuf_ struct strbuf status = STRBUF_INIT;
	const char *stop = json_str(run->inspect, "Config.StopSignal", "SIGTERM");
	int sig = signal_number(*stop ? stop : "SIGTERM");
	struct err ignored = ERR_INIT;
	uint64_t taken;

	if (!sig || run->pid <= 0 || io_read_file(AT_FDCWD, path, 1 << 16, &status, &ignored) < 0)
		return true;
	taken = signal_set(status.buf, "\nSigCgt:") | signal_set(status.buf, "\nSigBlk:");
	return (taken & 1ull << (sig - 1)) || in_sigwait(run->pid);
}

/*
 * After the stop signal: waits until the container ends, the grace time is over, or it has become
 * plain that nothing will come of it. A handler that was there once and is gone (node installs one
 * that only restores the terminal) leaves a first process that the signal cannot end: when it does
 * nothing new either, waiting on is waiting for nothing.
 */
static void wait_stopped(struct run *run, uint64_t grace_ms)
{
	uint64_t start = clock_mono_ms(), since = start, seen = run_activity(run);
	struct err ignored = ERR_INIT;
	int status;

	for (;;) {
		uint64_t now, count;

		if (engine_container_wait(run->engine, run->container, TICK_MS, &status,
					  &ignored) != 0)
			return; /* ended, or the user asked us to hurry */
		now = clock_mono_ms();
		count = run_activity(run);
		if (count != seen || catches_stop_signal(run)) {
			seen = count;
			since = now;
		}
		if (now - start >= grace_ms || now - since >= STUCK_MS)
			return;
	}
}

int container_stop(struct run *run, struct err *err)
{
	uint64_t grace_s = json_u64(run->inspect, "Config.StopTimeout", DEFAULT_GRACE_S);
	const char *stop = json_str(run->inspect, "Config.StopSignal", "");
	int status, r;

	if (container_ended(run))
		return 0;
	if (cancel_count() == 0 && catches_stop_signal(run)) {
		r = engine_container_kill(run->engine, run->container, *stop ? stop : "SIGTERM",
					  err);
		if (r < 0)
			return r;
		wait_stopped(run, grace_s * 1000);
	}
	r = engine_container_kill(run->engine, run->container, "SIGKILL", err);
	if (r < 0)
		return r;
	r = engine_container_wait(run->engine, run->container, 60000, &status, err);
	run->running = r != 1;
	if (r == 0)
		return err_class_set(err, ERR_ENGINE, ETIMEDOUT, "the container does not end");
	return r < 0 ? r : 0;
}

/* Waits for nothing when asked twice to end. */
static bool try_again(const struct err *err, uint64_t until_ms)
{
	bool away = err->code == ECONNREFUSED || err->code == ECONNRESET || err->code == EPIPE;

	return away && cancel_count() < 2 && clock_mono_ms() < until_ms;
}

/* An engine that is restarted comes back with the container, and it is ours to remove. */
static int remove_for_sure(struct run *run, struct err *err)
{
	uint64_t until = clock_mono_ms() + ENGINE_BACK_MS;
	struct err ignored = ERR_INIT;
	bool told = false;

	for (;;) {
		int r;

		*err = (struct err)ERR_INIT;
		r = engine_container_remove(run->engine, run->container, err);
		if (r >= 0 || !try_again(err, until))
			return r;
		if (!told)
			log_info("the engine is away: waiting for it to remove container %.12s",
				 run->container);
		told = true;
		cancel_wait(-1, TICK_MS * 4, &ignored);
	}
}

static void let_go(struct run *run)
{
	struct err err = ERR_INIT;

	if (run->opts->keep_container && run->running)
		engine_container_kill(run->engine, run->container, "SIGKILL", &err);
	if (run->opts->keep_container) {
		log_info("container %.12s is kept: 'docker rm -v' removes it", run->container);
		return;
	}
	if (remove_for_sure(run, &err) >= 0)
		return;
	log_warn("container %.12s could not be removed: %s; 'slimtrace clean' will do it",
		 run->container, err.msg);
}

void container_remove(struct run *run)
{
	engine_stdin_stop(run->input);
	run->input = NULL;
	engine_follow_stop(run->follow, run->running || cancel_signal() ? 0 : DRAIN_MS);
	run->follow = NULL;
	output_flush(run->output);
	if (run->container)
		let_go(run);
	free(run->container);
	run->container = NULL;
	run->running = false;
}
