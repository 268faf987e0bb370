/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Podman leaves out of its Docker-compatible answers and tells in its own ("libpod") API,
 * which it offers on the same socket and announces in its answer to a ping.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/url.h"

/* Docker's rule: what stands before the first slash is a host if it looks like one. */
static bool has_registry(const char *tag)
{
	size_t len = strcspn(tag, "/");

	if (!tag[len])
		return false;
	return strcspn(tag, ".:") < len || (len == 9 && !strncmp(tag, "localhost", len));
}

char *engine_image_name(const struct engine *e, const char *tag)
{
	return xasprintf("%s%s", e->libpod_version[0] && !has_registry(tag) ? "localhost/" : "",
			 tag);
}

static int get_image(struct engine *e, const char *ref, cJSON **ret, struct err *err)
{
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	int r;

	strbuf_addf(&path, "/v%s/libpod/images/", e->libpod_version);
	url_add_ref(&path, ref);
	strbuf_addstr(&path, "/json");
	req.path = path.buf;
	r = http_call(e->http, &req, &res, err);
	if (r < 0)
		return r;
	if (res.status != 200)
		return api_error(&res, "asking Podman about an image", err);
	return json_parse(res.body.buf, res.body.len, "Podman's answer", ret, err);
}

/* Podman 4 has no Healthcheck in Config, but beside it, in its own answer. */
int libpod_complete_image(struct engine *e, const char *ref, cJSON *inspect, struct err *err)
{
	_cleanup_(json_free) cJSON *own = NULL;
	cJSON *config = json_get(inspect, "Config"), *health;
	struct err why = ERR_INIT;
	int r;

	if (!e->libpod_version[0] || !cJSON_IsObject(config) || json_get(config, "Healthcheck"))
		return 0;
	r = get_image(e, ref, &own, &why);
	if (why.class == ERR_INTERRUPTED) {
		*err = why;
		return r;
	}
	if (r < 0) {
		log_debug("engine: Podman does not tell of a health check: %s", why.msg);
		return 0;
	}
	health = cJSON_DetachItemFromObjectCaseSensitive(own, "Healthcheck");
	if (!cJSON_IsObject(health)) {
		cJSON_Delete(health);
		return 0;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(config, "Healthcheck"); /* null */
	json_add(config, "Healthcheck", health);
	return 0;
}
