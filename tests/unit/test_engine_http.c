/* SPDX-License-Identifier: BSD-2-Clause */
/* One HTTP call: its limits of time, its ends, connections that are used again or not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "engine/http.h"
#include "slimtrace/base/alloc.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
#define HEAD_LEN (sizeof(HEAD) - 1)

static struct fake_engine *f;
static struct http_server server;
static struct http *h;
static struct err err;

static void setup(void)
{
	f = fake_engine_new();
	server = (struct http_server){ .host = xstrdup(fake_engine_host(f)),
				       .socket_path = xstrdup(fake_engine_host(f) + 7),
				       .base = xstrdup("http://localhost") };
	h = http_new(&server);
	err = ERR_INIT;
}

static void teardown(void)
{
	http_free(h);
	fake_engine_free(f);
	free(server.host);
	free(server.socket_path);
	free(server.base);
}

static int get(struct http_request req)
{
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	int r;

	req.path = "/x";
	r = http_call(h, &req, &res, &err);
	return r < 0 ? r : res.status;
}

static void hang_at(size_t pos, int ms)
{
	fake_engine_reply(
		f, "GET /x",
		&(struct fake_reply){ .bytes = HEAD "body", .pause_at = pos, .pause_ms = ms });
}

static void test_stall(void)
{
	struct http_request req = HTTP_REQUEST_INIT;

	req.stall_ms = 100;
	for (size_t pos = 0; pos < HEAD_LEN + 4; pos += HEAD_LEN / 2) {
		setup();
		hang_at(pos, -1);
		is_int(get(req), -ETIMEDOUT, "an answer that stalls after %zu bytes", pos);
		ok(strstr(err.msg, "does not answer") && err.hint[0], "says so");
		teardown();
	}
	setup();
	hang_at(HEAD_LEN, 200);
	req.stall_ms = 10000;
	is_int(get(req), 200, "a slow answer is waited for");
	teardown();
}

static void test_timeout(void)
{
	struct http_request req = HTTP_REQUEST_INIT;

	setup();
	hang_at(HEAD_LEN, -1);
	req.timeout_ms = 100;
	is_int(get(req), -ETIMEDOUT, "a call that takes too long");
	req.timeout_ms = 0;
	is_int(get(req), -ETIMEDOUT, "a call without time");
	teardown();
}

static void test_stop(void)
{
	struct http_request req = HTTP_REQUEST_INIT;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	setup();
	hang_at(HEAD_LEN, -1);
	req.stop_fd = fds[0];
	close(fds[1]);
	is_int(get(req), -ECANCELED, "a call that is stopped");
	teardown();
	close(fds[0]);
}

static int refuse(const char *data, size_t len, void *ctx, struct err *e)
{
	(void)data;
	(void)len;
	*(int *)ctx += 1;
	return err_set(e, EDQUOT, "sink");
}

static void count_answer(int status, void *ctx)
{
	*(int *)ctx += 10 * (status == 200);
}

static void test_sink(void)
{
	struct http_request req = HTTP_REQUEST_INIT;
	int count = 0;

	setup();
	hang_at(0, 0);
	req.sink = refuse;
	req.on_answer = count_answer;
	req.ctx = &count;
	is_int(get(req), -EDQUOT, "a sink that refuses");
	is_int(count, 11, "is asked once, after the header");
	ok(strstr(err.msg, "sink"), "its own error is kept");
	teardown();
}

/* A daemon closes idle connections when it likes. */
static void test_reuse(void)
{
	struct http_request req = HTTP_REQUEST_INIT;

	setup();
	fake_engine_reply(f, "GET /x", &(struct fake_reply){ .bytes = HEAD "body", .times = 2 });
	fake_engine_reply(f, "GET /x",
			  &(struct fake_reply){ .bytes = HEAD "body", .times = 1, .cut = true });
	fake_engine_reply(
		f, "GET /x",
		&(struct fake_reply){ .bytes = "HTTP/1.1 100 Continue\r\n\r\n" HEAD "body" });
	for (int i = 0; i < 3; i++)
		is_int(get(req), 200, "call %d", i);
	is_int(fake_engine_connections(f), 1, "over one connection");
	is_int(get(req), 200, "another after it was closed");
	is_int(fake_engine_connections(f), 2, "over another one");
	teardown();
}

int main(void)
{
	test_stall();
	test_timeout();
	test_stop();
	test_sink();
	test_reuse();
	return tap_done();
}
