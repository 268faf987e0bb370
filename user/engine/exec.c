/* SPDX-License-Identifier: BSD-2-Clause */
/* A command run in a running container: created, started with its output streamed, asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "engine/stream.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/url.h"

#define POLL_MIN_MS 10
#define POLL_MAX_MS 500

struct deadline {
	uint64_t start_ms;
	int timeout_ms; /* -1: none */
};

static int left_ms(const struct deadline *d)
{
	uint64_t spent = clock_mono_ms() - d->start_ms;

	if (d->timeout_ms < 0)
		return -1;
	return spent < (uint64_t)d->timeout_ms ? d->timeout_ms - (int)spent : 0;
}

static int timed_out(const struct deadline *d, struct err *err)
{
	return err_class_set(err, ERR_APP, ETIMEDOUT, "the command did not end within %d ms",
			     d->timeout_ms);
}

static cJSON *create_body(const struct engine_exec *exec)
{
	cJSON *body = json_object();

	json_add_bool(body, "AttachStdout", true);
	json_add_bool(body, "AttachStderr", true);
	json_add_strvec(body, "Cmd", &exec->cmd);
	if (exec->user)
		json_add_str(body, "User", exec->user);
	if (exec->workdir)
		json_add_str(body, "WorkingDir", exec->workdir);
	return body;
}

static int exec_create(struct engine *e, const char *id, const struct engine_exec *exec,
		       char **ret_id, struct err *err)
{
	_cleanup_(json_free) cJSON *body = create_body(exec), *answer = NULL;
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	int r;

	strbuf_addstr(&path, "/containers/");
	url_add(&path, id);
	strbuf_addstr(&path, "/exec");
	json_print(body, false, &text);
	req.method = "POST";
	req.path = path.buf;
	req.body = text.buf;
	r = api_json(e, &req, &answer, "preparing a command in the container", err);
	if (r < 0)
		return r;
	if (!*json_str(answer, "Id", ""))
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "preparing a command in the container: the engine's answer "
				     "has no Id");
	*ret_id = xstrdup(json_str(answer, "Id", ""));
	return 0;
}

static char *exec_path(const char *exec_id, const char *suffix)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, "/exec/");
	url_add(&path, exec_id);
	strbuf_addstr(&path, suffix);
	return strbuf_detach(&path, NULL);
}

static int exec_sink(const char *data, size_t len, void *ctx, struct err *err)
{
	return stream_feed(ctx, data, len, err);
}

/*
 * Without an Upgrade header the answer is 200 and the stream until the command ends; a
 * background child that holds on to the output is given up by the daemon after 2 s (moby,
 * daemon/monitor.go).
 */
static int exec_start(struct engine *e, const char *exec_id, const struct deadline *deadline,
		      engine_output_fn *out, void *ctx, struct err *err)
{
	_cleanup_free_ char *path = exec_path(exec_id, "/start");
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	struct stream stream = STREAM_INIT(false, out, ctx);
	struct http_request req = HTTP_REQUEST_INIT;
	int r;

	req.method = "POST";
	req.path = path;
	req.body = "{\"Detach\":false,\"Tty\":false}";
	req.sink = exec_sink;
	req.ctx = &stream;
	req.stall_ms = -1;
	req.timeout_ms = left_ms(deadline);
	r = api_call(e, &req, &res, "running a command in the container", err);
	if (r == -ETIMEDOUT && deadline->timeout_ms >= 0)
		return timed_out(deadline, err);
	return r < 0 ? r : stream_end(&stream, err);
}

/* 1 with its status when it has ended. */
static int exec_ended(struct engine *e, const char *exec_id, int *ret_status, struct err *err)
{
	_cleanup_free_ char *path = exec_path(exec_id, "/json");
	_cleanup_(json_free) cJSON *answer = NULL;
	struct http_request req = HTTP_REQUEST_INIT;
	int64_t status;
	int r;

	req.path = path;
	r = api_json(e, &req, &answer, "asking how the command ended", err);
	if (r < 0)
		return r;
	if (json_bool(answer, "Running", false))
		return 0;
	status = json_i64(answer, "ExitCode", INT64_MIN);
	if (status < INT32_MIN || status > INT32_MAX)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "the engine does not say how the command ended");
	*ret_status = (int)status;
	return 1;
}

/* The stream's end is the command's, unless it closed its output and goes on. */
static int exec_wait(struct engine *e, const char *exec_id, const struct deadline *deadline,
		     int *ret_status, struct err *err)
{
	int pause = POLL_MIN_MS;

	for (;;) {
		int r = exec_ended(e, exec_id, ret_status, err), left = left_ms(deadline);

		if (r != 0)
			return r < 0 ? r : 0;
		if (!left)
			return timed_out(deadline, err);
		r = cancel_wait(-1, left > 0 && left < pause ? left : pause, err);
		if (r < 0)
			return r;
		pause = pause * 2 < POLL_MAX_MS ? pause * 2 : POLL_MAX_MS;
	}
}

int engine_exec(struct engine *e, const char *id, const struct engine_exec *exec,
		engine_output_fn *out, void *ctx, int *ret_status, struct err *err)
{
	struct deadline deadline = { clock_mono_ms(), exec->timeout_ms };
	_cleanup_free_ char *exec_id = NULL;
	int r;

	if (!*id || !exec->cmd.n)
		return err_class_set(err, ERR_FAILURE, EINVAL, "no container or no command to run");
	r = exec_create(e, id, exec, &exec_id, err);
	if (!r)
		r = exec_start(e, exec_id, &deadline, out, ctx, err);
	if (!r)
		r = exec_wait(e, exec_id, &deadline, ret_status, err);
	return r;
}
