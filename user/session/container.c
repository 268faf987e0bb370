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

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

#define DEFAULT_GRACE_S 10 /* docker stop's */
#define TICK_MS 50
#define STUCK_MS 500
#define DRAIN_MS 2000 /* for output that is still under way when the container has ended */
#define LABEL "io.slimtrace.pid"

/* A command line as the user wrote it: a JSON array, or words as a shell would split them. */
static int add_words(cJSON *body, const char *key, const char *option, const char *text,
		     struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	int r;

	if (!text)
		return 0;
	if (text[strspn(text, " \t")] == '[') {
		_cleanup_(json_free) cJSON *doc = json_object();
		cJSON *array;

		r = json_parse(text, strlen(text), option, &array, err);
		if (!r)
			r = json_strvec((json_add(doc, "v", array), doc), "v", &words, err);
	} else {
		r = text_split_words(text, &words, err);
	}
	if (r < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "%s '%s'", option, text);
	}
	json_add_strvec(body, key, &words);
	return 0;
}

/* "NAME" alone takes the value from our own environment, as docker run -e does. */
static void add_env(cJSON *body, const struct strvec *env)
{
	_cleanup_strvec_ struct strvec out = STRVEC_INIT;

	for (size_t i = 0; i < env->n; i++) {
		const char *value = strchr(env->v[i], '=') ? NULL : getenv(env->v[i]);

		if (strchr(env->v[i], '='))
			strvec_push(&out, env->v[i]);
		else if (value)
			strvec_pushf(&out, "%s=%s", env->v[i], value);
	}
	if (out.n)
		json_add_strvec(body, "Env", &out);
}

/* A relative host directory counts from here; a name without a slash is a volume's. */
static void add_mounts(cJSON *host, const struct strvec *mounts)
{
	_cleanup_strvec_ struct strvec out = STRVEC_INIT;

	for (size_t i = 0; i < mounts->n; i++) {
		const char *mount = mounts->v[i];
		size_t len = strcspn(mount, ":");
		_cleanup_free_ char *source = xstrndup(mount, len), *real = NULL;

		if (*source == '.')
			real = realpath(source, NULL);
		strvec_pushf(&out, "%s%s", real ? real : source, mount + len);
	}
	if (out.n)
		json_add_strvec(host, "Binds", &out);
}

static int create_body(const struct run *run, cJSON **ret, struct err *err)
{
	const struct build_opts *o = run->opts;
	_cleanup_(json_free) cJSON *body = json_object();
	cJSON *labels = json_add(body, "Labels", json_object());
	cJSON *host = json_add(body, "HostConfig", json_object());
	_cleanup_free_ char *pid = xasprintf("%d", (int)getpid());
	int r;

	json_add_str(body, "Image", run->image_id);
	json_add_str(labels, LABEL, pid);
	json_add_bool(body, "AttachStdout", true);
	json_add_bool(body, "AttachStderr", true);
	r = add_words(body, "Entrypoint", "--entrypoint", o->entrypoint, err);
	if (!r)
		r = add_words(body, "Cmd", "--cmd", o->cmd, err);
	if (r < 0)
		return r;
	add_env(body, &o->env);
	add_mounts(host, &o->mounts);
	if (o->links.n)
		json_add_strvec(host, "Links", &o->links);
	if (o->user)
		json_add_str(body, "User", o->user);
	if (o->workdir)
		json_add_str(body, "WorkingDir", o->workdir);
	if (o->hostname)
		json_add_str(body, "Hostname", o->hostname);
	if (o->network)
		json_add_str(host, "NetworkMode", o->network);
	*ret = TAKE_PTR(body);
	return 0;
}

int container_create(struct run *run, struct err *err)
{
	_cleanup_(json_free) cJSON *body = NULL;
	int r = create_body(run, &body, err);

	if (r < 0)
		return r;
	run->tty = false;
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

int container_start(struct run *run, struct err *err)
{
	_cleanup_(json_free) cJSON *state = NULL;
	int r;

	run->output = output_new(run->opts->show_logs);
	r = engine_follow_start(run->engine, run->container, run->tty, output_feed, run->output,
				&run->follow, err);
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

bool container_ended(struct run *run)
{
	struct err ignored = ERR_INIT;
	int status;

	if (!run->running)
		return true;
	if (engine_container_wait(run->engine, run->container, 0, &status, &ignored) != 1)
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

void container_remove(struct run *run)
{
	struct err err = ERR_INIT;

	engine_follow_stop(run->follow, run->running || cancel_signal() ? 0 : DRAIN_MS);
	run->follow = NULL;
	if (run->container && engine_container_remove(run->engine, run->container, &err) < 0)
		log_warn("container %.12s could not be removed: %s", run->container, err.msg);
	free(run->container);
	run->container = NULL;
	run->running = false;
}
