/* SPDX-License-Identifier: BSD-2-Clause */
/* Output of containers and commands: logs, exec, following in a thread. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/engine.h"

#define FRAMES "\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err"
#define FRAMES_LEN (sizeof(FRAMES) - 1)
#define ATTACH "POST /v1.41/containers/c/attach?stream=1&stdout=1&stderr=1"

static struct fake_engine *f;
static struct engine *e;
static struct err err;

/* Written by the following thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct strbuf got[2];
static bool wrong_ctx;
static int got_pipe[2]; /* a byte for each piece of output */

static void collect(bool is_stderr, const char *data, size_t len, void *ctx)
{
	pthread_mutex_lock(&lock);
	wrong_ctx |= ctx != &err;
	strbuf_add(&got[is_stderr], data, len);
	pthread_mutex_unlock(&lock);
	if (write(got_pipe[1], "", 1) < 0)
		printf("Bail out! pipe\n");
}

static void setup(void)
{
	struct engine_opts opts = { .tls = -1, .tls_verify = -1 };

	got[0] = got[1] = STRBUF_INIT;
	f = fake_engine_new();
	fake_engine_json(f, "GET /_ping", 200, "OK");
	opts.host = fake_engine_host(f);
	err = ERR_INIT;
	if (engine_open(&opts, &e, &err) < 0 || pipe(got_pipe) < 0) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
}

static void teardown(void)
{
	engine_free(e);
	e = NULL;
	fake_engine_free(f);
	strbuf_release(&got[0]);
	strbuf_release(&got[1]);
	close(got_pipe[0]);
	close(got_pipe[1]);
}

static void is_output(const char *out, const char *error, const char *name)
{
	pthread_mutex_lock(&lock);
	is_str(got[0].buf, out, "%s: stdout", name);
	is_str(got[1].buf, error, "%s: stderr", name);
	ok(!wrong_ctx, "%s: its context", name);
	pthread_mutex_unlock(&lock);
}

static void test_logs(void)
{
	setup();
	fake_engine_stream(f, "GET /v1.41/containers/c/logs?stdout=1&stderr=1&tail=20 ", FRAMES,
			   FRAMES_LEN);
	fake_engine_stream(f, "GET /v1.41/containers/c/logs?stdout=1&stderr=1&tail=21 ", FRAMES,
			   FRAMES_LEN - 1);
	fake_engine_json(f, "GET /v1.41/containers/n/logs", 501,
			 "{\"message\":\"configured logging driver does not support reading\"}");
	is_int(engine_container_logs(e, "c", false, 20, collect, &err, &err), 0, "logs");
	is_output("out", "err", "frames");
	is_int(engine_container_logs(e, "c", false, 21, collect, &err, &err), -ECONNRESET, "cut");
	is_int(engine_container_logs(e, "n", false, 9, collect, &err, &err), -ENOTSUP, "no logs");
	ok(strstr(err.hint, "logging driver"), "has a hint");
	teardown();
	setup();
	fake_engine_stream(f, "GET /v1.41/containers/c/logs", "hello\n", 6);
	is_int(engine_container_logs(e, "c", true, 20, collect, &err, &err), 0,
	       "a terminal's logs");
	is_output("hello\n", "", "raw");
	teardown();
}

/* --- exec --- */

static int run_exec(int timeout_ms, int *ret_status)
{
	struct engine_exec exec = { .user = "u", .timeout_ms = timeout_ms };
	int r;

	strvec_push(&exec.cmd, "ls");
	strvec_push(&exec.cmd, "a b");
	*ret_status = -7;
	r = engine_exec(e, "c", &exec, collect, &err, ret_status, &err);
	strvec_release(&exec.cmd);
	return r;
}

static void setup_exec(void)
{
	setup();
	fake_engine_json(f, "POST /v1.41/containers/c/exec ", 201, "{\"Id\":\"x\"}");
}

static void test_exec(void)
{
	_cleanup_free_ char *body = NULL;
	int status;

	setup_exec();
	fake_engine_stream(f, "POST /v1.41/exec/x/start ", FRAMES, FRAMES_LEN);
	fake_engine_reply(
		f, "GET /v1.41/exec/x/json",
		&(struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n"
					       "{\"Running\":true, \"ExitCode\":null}",
				      .times = 3 });
	fake_engine_json(f, "GET /v1.41/exec/x/json", 200, "{\"Running\":false,\"ExitCode\":3}");
	is_int(run_exec(-1, &status), 0, "a command");
	is_int(status, 3, "its status, once it is known");
	is_int(fake_engine_asked(f, "GET /v1.41/exec/x/json"), 4, "asked until it had ended");
	is_output("out", "err", "exec");
	body = fake_engine_body(f, "POST /v1.41/containers/c/exec");
	ok(body && strstr(body, "[\"ls\",\"a b\"]") && strstr(body, "\"User\":\"u\"") &&
		   !strstr(body, "WorkingDir"),
	   "what was asked for");
	teardown();
}

static void test_exec_fails(void)
{
	int status;

	setup();
	fake_engine_json(f, "POST /v1.41/containers/c/exec ", 409,
			 "{\"message\":\"Container c is not running\"}");
	is_int(run_exec(-1, &status), -EEXIST, "a container that does not run");
	teardown();
	setup_exec();
	fake_engine_stream(f, "POST /v1.41/exec/x/start ", "OCI runtime error", 17);
	is_int(run_exec(-1, &status), -EPROTO, "text where frames should be");
	teardown();
	setup_exec();
	fake_engine_stream(f, "POST /v1.41/exec/x/start ", FRAMES, FRAMES_LEN);
	fake_engine_json(f, "GET /v1.41/exec/x/json", 200, "{\"Running\":false}");
	is_int(run_exec(-1, &status), -EBADMSG, "no status told");
	is_int(status, -7, "none made up");
	teardown();
}

static void test_exec_timeout(void)
{
	uint64_t start = clock_mono_ms();
	int status;

	setup_exec();
	fake_engine_reply(f, "POST /v1.41/exec/x/start ",
			  &(struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\n\r\n",
						.pause_at = 19,
						.pause_ms = -1 });
	is_int(run_exec(100, &status), -ETIMEDOUT, "a command that does not end");
	teardown();
	setup_exec();
	fake_engine_stream(f, "POST /v1.41/exec/x/start ", FRAMES, FRAMES_LEN);
	fake_engine_json(f, "GET /v1.41/exec/x/json", 200, "{\"Running\":true}");
	is_int(run_exec(100, &status), -ETIMEDOUT, "one that closes its output and goes on");
	ok(clock_mono_ms() - start < 5000, "both in time");
	teardown();
}

/* --- follow --- */

static int follow(bool tty, struct engine_follow **ret)
{
	return engine_follow_start(e, "c", tty, collect, &err, ret, &err);
}

static bool wait_output(int pieces)
{
	char buf[1];

	while (pieces--)
		if (cancel_wait(got_pipe[0], 10000, &err) != 1 || read(got_pipe[0], buf, 1) != 1)
			return false;
	return true;
}

static void test_follow(void)
{
	static const char bytes[] = "HTTP/1.1 200 OK\r\n\r\n" FRAMES;
	struct engine_follow *follower = NULL;
	cJSON *info = NULL;

	setup();
	fake_engine_reply(f, ATTACH,
			  &(struct fake_reply){ .bytes = bytes,
						.len = sizeof(bytes) - 1,
						.pause_at = sizeof(bytes) - 1,
						.pause_ms = -1 });
	fake_engine_json(f, "GET /v1.41/info", 200, "{}");
	is_int(follow(false, &follower), 0, "attached");
	is_int(engine_info(e, &info, &err), 0, "other calls go on");
	ok(wait_output(2), "output arrives while the container runs");
	is_output("out", "err", "follow");
	engine_follow_stop(follower, 0);
	json_free(info);
	teardown();
}

/* What is sent before the end is there after the stop, however late it comes. */
static void test_follow_drain(void)
{
	static const char bytes[] = "HTTP/1.1 200 OK\r\n\r\n" FRAMES;
	struct engine_follow *follower = NULL;
	uint64_t start;

	setup();
	fake_engine_reply(f, ATTACH,
			  &(struct fake_reply){ .bytes = bytes,
						.len = sizeof(bytes) - 1,
						.pause_at = 19,
						.pause_ms = 200,
						.cut = true });
	is_int(follow(false, &follower), 0, "attached as the header arrives");
	is_output("", "", "nothing yet");
	start = clock_mono_ms();
	engine_follow_stop(follower, 10000);
	is_output("out", "err", "drained");
	ok(clock_mono_ms() - start < 5000, "not longer than it takes");
	teardown();
}

static void test_follow_broken(void)
{
	struct engine_follow *follower = NULL;

	setup();
	fake_engine_stream(f, ATTACH, "no frames at all", 16);
	is_int(follow(false, &follower), 0, "attached to nonsense");
	engine_follow_stop(follower, 10000);
	is_output("", "", "which is dropped");
	teardown();
	setup();
	fake_engine_stream(f, ATTACH, "no frames at all", 16);
	is_int(follow(true, &follower), 0, "attached to a terminal");
	engine_follow_stop(follower, 10000);
	is_output("no frames at all", "", "which has none");
	engine_follow_stop(NULL, 1);
	teardown();
}

static void check_not_attached(const char *bytes, int want, const char *name)
{
	struct engine_follow *follower = NULL;

	setup();
	fake_engine_reply(f, ATTACH, &(struct fake_reply){ .bytes = bytes, .cut = true });
	is_int(follow(false, &follower), want, "%s", name);
	ok(!follower && err.class == ERR_ENGINE && err.msg[0], "%s: an error", name);
	teardown();
}

static void test_not_attached(void)
{
	check_not_attached("HTTP/1.1 404 No\r\n\r\n{\"message\":\"No such container\"}", -ENOENT,
			   "no container");
	check_not_attached("HTTP/1.1 304 Same\r\n\r\n", -EPROTO, "no stream");
	check_not_attached("", -ECONNRESET, "no answer");
}

int main(void)
{
	unsetenv("DOCKER_API_VERSION");
	test_logs();
	test_exec();
	test_exec_fails();
	test_exec_timeout();
	test_follow();
	test_follow_drain();
	test_follow_broken();
	test_not_attached();
	return tap_done();
}
