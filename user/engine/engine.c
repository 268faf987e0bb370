/* SPDX-License-Identifier: BSD-2-Clause */
/* Connecting: where to, with which API version. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "engine/host.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"

#define PING_MS 10000

const struct api_version api_newest = { 1, 47 };
/* The oldest that has what is used here. */
static const struct api_version oldest = { 1, 24 };

static int not_an_engine(const struct engine *e, const struct http_response *res, struct err *err)
{
	err_class_set(err, ERR_ENGINE, EPROTO,
		      "what answers at %s is not a container engine: status %d to a ping",
		      e->server.host, res->status);
	return err_hint(err, "see --host and DOCKER_HOST");
}

/*
 * GET /_ping takes no version and answers with the newest that the daemon has. A daemon that
 * refuses says why, so its words are passed on.
 */
static int ping(struct engine *e, struct api_version *ret, struct err *err)
{
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	int r;

	req.path = "/_ping";
	req.stall_ms = PING_MS;
	r = http_call(e->http, &req, &res, err);
	if (r < 0)
		return r;
	if (res.status >= 400 && res.status != 404)
		return api_error(&res, "connecting to the container engine", err);
	if (res.status != 200 || (!res.api_version[0] && strcmp(res.body.buf, "OK") != 0))
		return not_an_engine(e, &res, err);
	/* The oldest daemons had no such header: @ret stays. */
	api_version_parse(res.api_version, ret);
	memcpy(e->libpod_version, res.libpod_version, sizeof(e->libpod_version));
	return 0;
}

/* DOCKER_API_VERSION is taken as it is, as docker's client takes it. */
static int fixed_version(struct engine *e, const char *value, struct err *err)
{
	struct api_version v;

	if (!api_version_parse(value, &v))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "DOCKER_API_VERSION is '%s', which is not like '1.41'", value);
	e->version_fixed = true;
	api_set_version(e, v);
	return 0;
}

static int negotiate(struct engine *e, struct err *err)
{
	const char *fixed = getenv("DOCKER_API_VERSION");
	struct api_version theirs = oldest;
	int r = ping(e, &theirs, err);

	if (r < 0)
		return r;
	if (fixed && *fixed)
		return fixed_version(e, fixed, err);
	if (api_version_less(theirs, oldest)) {
		err_class_set(err, ERR_ENGINE, ENOTSUP,
			      "the container engine at %s speaks API %u.%u only, too old for this "
			      "program (%u.%u)",
			      e->server.host, theirs.major, theirs.minor, oldest.major,
			      oldest.minor);
		return err_hint(err, "upgrade Docker to 1.12 or newer");
	}
	api_set_version(e, api_version_less(theirs, api_newest) ? theirs : api_newest);
	return 0;
}

int engine_open(const struct engine_opts *opts, struct engine **ret, struct err *err)
{
	_cleanup_(engine_free) struct engine *e = xcalloc(1, sizeof(*e));
	int r = host_resolve(opts, &e->server, err);

	if (r < 0)
		return r;
	e->http = http_new(&e->server);
	r = negotiate(e, err);
	if (r < 0)
		return r;
	log_debug("engine: %s, API %s", e->server.host, e->version_text);
	*ret = TAKE_PTR(e);
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	http_free(e->http);
	host_release(&e->server);
	free(e);
}

const char *engine_host(const struct engine *e)
{
	return e->server.host;
}

const char *engine_api_version(const struct engine *e)
{
	return e->version_text;
}

int engine_version(struct engine *e, cJSON **ret, struct err *err)
{
	struct http_request req = HTTP_REQUEST_INIT;

	req.path = "/version";
	return api_json(e, &req, ret, "asking the engine for its version", err);
}

int engine_info(struct engine *e, cJSON **ret, struct err *err)
{
	struct http_request req = HTTP_REQUEST_INIT;

	req.path = "/info";
	return api_json(e, &req, ret, "asking the engine about itself", err);
}
