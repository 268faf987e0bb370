/* SPDX-License-Identifier: BSD-2-Clause */
/* A call under way ends at once when the program is asked to end; undoing goes on. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/engine.h"

static struct fake_engine *f;
static struct engine *e;
static struct err err;

static void drop(bool is_stderr, const char *data, size_t len, void *ctx)
{
	(void)is_stderr;
	(void)data;
	(void)len;
	(void)ctx;
}

static void setup(void)
{
	static const struct fake_reply hangs = { .bytes = "HTTP/1.1 200 OK\r\n\r\n",
						 .pause_at = 19,
						 .pause_ms = -1 };
	struct engine_opts opts = { .tls = -1, .tls_verify = -1 };

	f = fake_engine_new();
	fake_engine_json(f, "GET /_ping", 200, "OK");
	fake_engine_json(f, "GET /v1.41/version", 200, "{}");
	fake_engine_reply(f, "POST /v1.41/containers/c/wait", &hangs);
	fake_engine_reply(f, "POST /v1.41/containers/c/attach", &hangs);
	fake_engine_json(f, "DELETE /v1.41/containers/c", 200, "");
	opts.host = fake_engine_host(f);
	err = ERR_INIT;
	if (cancel_init(&err) < 0 || engine_open(&opts, &e, &err) < 0) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
}

static void *interrupt_wait(void *arg)
{
	if (fake_engine_wait(f, "POST /v1.41/containers/c/wait", 1))
		kill(getpid(), SIGINT);
	return arg;
}

static void test_interrupted_call(void)
{
	uint64_t start = clock_mono_ms();
	pthread_t thread;
	int status = -7;

	pthread_create(&thread, NULL, interrupt_wait, NULL);
	is_int(engine_container_wait(e, "c", 60000, &status, &err), -EINTR,
	       "a wait is interrupted");
	pthread_join(thread, NULL);
	is_int(err.class, ERR_INTERRUPTED, "and says so");
	is_int(status, -7, "without a status");
	ok(clock_mono_ms() - start < 5000, "at once");
}

static void test_later_calls(struct engine_follow *follower)
{
	struct engine_follow *other = NULL;
	cJSON *doc = NULL;

	is_int(engine_version(e, &doc, &err), -EINTR, "no further call is begun");
	is_int(fake_engine_asked(f, "GET /v1.41/version"), 0, "really not");
	is_int(engine_follow_start(e, "c", false, drop, NULL, &other, &err), -EINTR,
	       "nor is a container followed");
	cancel_mask(true);
	is_int(engine_version(e, &doc, &err), 0, "but undoing calls on");
	is_int(engine_container_remove(e, "c", &err), 0, "to the end");
	cancel_mask(false);
	engine_follow_stop(follower, 60000);
	ok(!doc || cJSON_IsObject(doc), "and a drain is cut short");
	json_free(doc);
}

int main(void)
{
	struct engine_follow *follower = NULL;

	unsetenv("DOCKER_API_VERSION");
	setup();
	is_int(engine_follow_start(e, "c", false, drop, NULL, &follower, &err), 0, "a follower");
	test_interrupted_call();
	test_later_calls(follower);
	engine_free(e);
	fake_engine_free(f);
	return tap_done();
}
