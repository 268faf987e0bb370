/* SPDX-License-Identifier: BSD-2-Clause */
/* Containers: made, started, waited for, ended, removed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "engine/stream.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/url.h"

#define REMOVE_STALL_MS (2 * 60 * 1000)
#define MAX_CONTAINERS 100000

static char *container_path(const char *id, const char *suffix)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, "/containers/");
	url_add(&path, id);
	strbuf_addstr(&path, suffix);
	return strbuf_detach(&path, NULL);
}

/* An empty ID would be another endpoint. */
static int check_id(const char *id, struct err *err)
{
	if (*id)
		return 0;
	return err_class_set(err, ERR_FAILURE, EINVAL, "the container's ID is empty");
}

/* A call about one container whose answer tells nothing but its status. */
static int container_call(struct engine *e, struct http_request *req, const char *verb,
			  const char *id, const char *suffix, struct err *err)
{
	_cleanup_free_ char *path = container_path(id, suffix),
			    *what = xasprintf("%s container %.12s", verb, id);
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	req->path = path;
	return api_call(e, req, &res, what, err);
}

static void log_warnings(const cJSON *answer)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, json_get(answer, "Warnings"))
		if (cJSON_IsString(item) && *item->valuestring)
			log_warn("the engine warns: %s", item->valuestring);
}

int engine_container_create(struct engine *e, const char *name, const cJSON *body, char **ret_id,
			    struct err *err)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *answer = NULL;
	struct http_request req = HTTP_REQUEST_INIT;
	const char *id;
	int r;

	strbuf_addstr(&path, "/containers/create");
	if (name) {
		strbuf_addstr(&path, "?name=");
		url_add(&path, name);
	}
	json_print(body, false, &text);
	req.method = "POST";
	req.path = path.buf;
	req.body = text.buf;
	r = api_json(e, &req, &answer, "creating a container", err);
	if (r < 0)
		return r;
	log_warnings(answer);
	id = json_str(answer, "Id", "");
	if (!*id)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "creating a container: the engine's answer has no Id");
	*ret_id = xstrdup(id);
	return 0;
}

int engine_container_start(struct engine *e, const char *id, struct err *err)
{
	struct http_request req = HTTP_REQUEST_INIT;

	req.method = "POST";
	return container_call(e, &req, "starting", id, "/start", err);
}

static int inspect(struct engine *e, const char *id, bool quiet, cJSON **ret, struct err *err)
{
	_cleanup_free_ char *path = container_path(id, "/json"),
			    *what = xasprintf("inspecting container %.12s", id);
	struct http_request req = HTTP_REQUEST_INIT;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	req.path = path;
	req.quiet = quiet;
	return api_json(e, &req, ret, what, err);
}

int engine_container_inspect(struct engine *e, const char *id, cJSON **ret, struct err *err)
{
	return inspect(e, id, false, ret, err);
}

int engine_container_kill(struct engine *e, const char *id, const char *sig, struct err *err)
{
	_cleanup_strbuf_ struct strbuf suffix = STRBUF_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	struct err why = ERR_INIT;
	int r;

	strbuf_addstr(&suffix, "/kill?signal=");
	url_add(&suffix, sig);
	req.method = "POST";
	req.stall_ms = REMOVE_STALL_MS;
	r = container_call(e, &req, "killing", id, suffix.buf, &why);
	/* 409: it does not run. Old daemons, and Podman, have other statuses for that. */
	if (r >= 0 || r == -EEXIST || strstr(why.msg, "is not running") ||
	    strstr(why.msg, "can only kill running containers"))
		return 0;
	*err = why;
	return r;
}

int engine_container_stop(struct engine *e, const char *id, int grace_s, struct err *err)
{
	_cleanup_free_ char *suffix = xasprintf("/stop?t=%d", grace_s);
	struct http_request req = HTTP_REQUEST_INIT;

	req.method = "POST";
	/* A negative grace time is "for ever". */
	req.stall_ms = grace_s < 0 || grace_s > 86400 ? -1 : grace_s * 1000 + HTTP_STALL_MS;
	return container_call(e, &req, "stopping", id, suffix, err);
}

int engine_container_remove(struct engine *e, const char *id, struct err *err)
{
	struct http_request req = HTTP_REQUEST_INIT;
	struct err why = ERR_INIT;
	int r;

	req.method = "DELETE";
	req.stall_ms = REMOVE_STALL_MS;
	r = container_call(e, &req, "removing", id, "?force=1&v=1", &why);
	/* Gone, or going: somebody else is removing it. */
	if (r >= 0 || r == -ENOENT || strstr(why.msg, "already in progress"))
		return 0;
	*err = why;
	return r;
}

/* --- wait --- */

/* 1 with its status when it does not run, 0 when it does. */
static int poll_status(struct engine *e, const char *id, int *ret_status, struct err *err)
{
	_cleanup_(json_free) cJSON *answer = NULL;
	int r = inspect(e, id, true, &answer, err);

	if (r < 0)
		return r;
	if (!cJSON_IsBool(json_path(answer, "State.Running")))
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "waiting for container %.12s: the engine does not say whether "
				     "it runs",
				     id);
	if (json_bool(answer, "State.Running", false))
		return 0;
	*ret_status = (int)json_i64(answer, "State.ExitCode", -1);
	return 1;
}

/* {"StatusCode": 0, "Error": {"Message": ""}} */
static int wait_result(const cJSON *answer, const char *id, int *ret_status, struct err *err)
{
	const char *failure = json_str(answer, "Error.Message", "");
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;
	int64_t status = json_i64(answer, "StatusCode", -1);

	if (*failure) {
		api_add_message(&safe, failure);
		return err_class_set(err, ERR_ENGINE, EIO,
				     "waiting for container %.12s: the engine says: %s", id,
				     safe.buf);
	}
	if (status < 0 || status > INT32_MAX)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "waiting for container %.12s: the engine's answer has no "
				     "StatusCode",
				     id);
	*ret_status = (int)status;
	return 1;
}

int engine_container_wait(struct engine *e, const char *id, int timeout_ms, int *ret_status,
			  struct err *err)
{
	_cleanup_free_ char *path = container_path(id, "/wait"),
			    *what = xasprintf("waiting for container %.12s", id);
	_cleanup_(json_free) cJSON *answer = NULL;
	struct http_request req = HTTP_REQUEST_INIT;
	struct err why = ERR_INIT;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	if (timeout_ms == 0) /* asked again and again: one cheap call */
		return poll_status(e, id, ret_status, err);
	req.method = "POST";
	req.path = path;
	req.stall_ms = -1;
	req.timeout_ms = timeout_ms;
	r = api_json(e, &req, &answer, what, &why);
	if (!r)
		return wait_result(answer, id, ret_status, err);
	if (r == -ETIMEDOUT && timeout_ms > 0)
		return 0;
	*err = why;
	return r;
}

/* --- list --- */

static char *list_path(const char *label)
{
	_cleanup_(json_free) cJSON *filters = json_object();
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_strvec_ struct strvec labels = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;

	strvec_push(&labels, label);
	json_add_strvec(filters, "label", &labels);
	json_print(filters, false, &text);
	while (text.len && text.buf[text.len - 1] == '\n')
		strbuf_setlen(&text, text.len - 1);
	strbuf_addstr(&path, "/containers/json?all=1&filters=");
	url_add(&path, text.buf);
	return strbuf_detach(&path, NULL);
}

static int list(struct engine *e, const char *path, struct strvec *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *answer = NULL;
	struct http_request req = HTTP_REQUEST_INIT;
	const cJSON *item;
	size_t n = 0;
	int r;

	req.path = path;
	r = api_json(e, &req, &answer, "listing containers", err);
	if (r < 0)
		return r;
	if (!cJSON_IsArray(answer))
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "listing containers: the engine's answer is not an array");
	cJSON_ArrayForEach (item, answer) {
		const char *id = json_str(item, "Id", "");

		if (++n > MAX_CONTAINERS)
			break;
		if (*id)
			strvec_push(ret, id);
	}
	return 0;
}

int engine_container_list(struct engine *e, const char *label, struct strvec *ret, struct err *err)
{
	_cleanup_free_ char *path = list_path(label);

	return list(e, path, ret, err);
}

int engine_container_list_running(struct engine *e, struct strvec *ret, struct err *err)
{
	return list(e, "/containers/json", ret, err);
}

/* --- logs --- */

static int logs_sink(const char *data, size_t len, void *ctx, struct err *err)
{
	return stream_feed(ctx, data, len, err);
}

int engine_container_logs(struct engine *e, const char *id, bool tty, unsigned int lines,
			  engine_output_fn *out, void *ctx, struct err *err)
{
	_cleanup_free_ char *suffix = xasprintf("/logs?stdout=1&stderr=1&tail=%u", lines);
	struct stream stream = STREAM_INIT(tty, out, ctx);
	struct http_request req = HTTP_REQUEST_INIT;
	int r;

	req.sink = logs_sink;
	req.ctx = &stream;
	r = container_call(e, &req, "reading the log of", id, suffix, err);
	return r < 0 ? r : stream_end(&stream, err);
}
