/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"

static int call_once(const struct engine *e, struct http *h, const struct http_request *req,
		     struct http_response *res, struct err *err)
{
	struct http_request versioned = *req;
	_cleanup_free_ char *path = xasprintf("/v%s%s", e->version_text, req->path);

	versioned.path = path;
	return http_call(h, &versioned, res, err);
}

int api_call_on(const struct engine *e, struct http *h, const struct http_request *req,
		struct http_response *res, const char *what, struct err *err)
{
	int r = call_once(e, h, req, res, err);

	if (r < 0)
		return r == -EINTR ? r : err_wrap(err, "%s", what);
	if (res->status == 304) /* it is already as it was asked for */
		return 0;
	return res->status < 200 || res->status >= 300 ? api_error(res, what, err) : 0;
}

void api_set_version(struct engine *e, struct api_version v)
{
	e->version = v;
	snprintf(e->version_text, sizeof(e->version_text), "%u.%u", v.major, v.minor);
}

/* The newest daemons take no old API, and a proxy may hide from us what the daemon takes. */
static bool adopt_limit(struct engine *e, const struct http_response *res)
{
	struct api_version limit;

	if (res->status != 400 || e->version_fixed || !api_version_limit(res->body.buf, &limit))
		return false;
	if (limit.major == e->version.major && limit.minor == e->version.minor)
		return false;
	if (api_version_less(api_newest, limit))
		log_warn("the container engine at %s is too new for what this program was written "
			 "for: it wants API %u.%u or newer, known is %u.%u; going on with its own",
			 e->server.host, limit.major, limit.minor, api_newest.major,
			 api_newest.minor);
	log_debug("engine: API %u.%u instead of %s", limit.major, limit.minor, e->version_text);
	api_set_version(e, limit);
	return true;
}

int api_call(struct engine *e, const struct http_request *req, struct http_response *res,
	     const char *what, struct err *err)
{
	struct err first = ERR_INIT;
	int r = api_call_on(e, e->http, req, res, what, &first);

	if (r == -EINVAL && adopt_limit(e, res))
		return api_call_on(e, e->http, req, res, what, err);
	if (r < 0)
		*err = first;
	return r;
}

int api_json(struct engine *e, const struct http_request *req, cJSON **ret, const char *what,
	     struct err *err)
{
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	int r = api_call(e, req, &res, what, err);

	if (r < 0)
		return r;
	r = json_parse(res.body.buf, res.body.len, "the engine's answer", ret, err);
	if (r < 0) {
		err->class = ERR_ENGINE;
		return err_wrap(err, "%s", what);
	}
	return 0;
}
