/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this module share: the engine object, and calls of its API. */
#ifndef ENGINE_API_H
#define ENGINE_API_H

#include "engine/http.h"
#include "slimtrace/base/json.h"
#include "slimtrace/engine.h"

struct api_version {
	unsigned int major, minor;
};

extern const struct api_version api_newest; /* that this module was written against */

struct engine {
	struct http_server server;
	struct http *http;
	struct api_version version;
	bool version_fixed; /* by DOCKER_API_VERSION: not ours to change */
	char version_text[16];
	char libpod_version[16]; /* of Podman's own API; empty: it is not Podman */
};

/*
 * Makes the call @req, whose path is without a version ("/containers/json?all=1"), and judges the
 * answer: 2xx and 304 are 0, with the answer in @res; else an error that quotes the daemon. @what
 * says what was tried ("container 'x'"), as the start of the message. 404 is -ENOENT, 409 is
 * -EEXIST. An API version that the daemon refuses is replaced by one that it takes.
 */
int api_call(struct engine *e, const struct http_request *req, struct http_response *res,
	     const char *what, struct err *err);
/* As api_call() over another connection (@h), for a thread of its own: @e is only read. */
int api_call_on(const struct engine *e, struct http *h, const struct http_request *req,
		struct http_response *res, const char *what, struct err *err);
/* A call whose answer is a JSON document. Takes @req's method, path, body and limits. */
int api_json(struct engine *e, const struct http_request *req, cJSON **ret, const char *what,
	     struct err *err);

void api_set_version(struct engine *e, struct api_version v);

/* libpod.c: adds to an image's @inspect what Podman leaves out of it. Fails with -EINTR only. */
int libpod_complete_image(struct engine *e, const char *ref, cJSON *inspect, struct err *err);

/* errors.c: the error for an answer that is not a success. Returns -errno. */
int api_error(const struct http_response *res, const char *what, struct err *err);
/* Appends a daemon's words, on one line, cut when very long, fit for a terminal. */
void api_add_message(struct strbuf *to, const char *message);
/* version.c: "1.41"; nothing else. */
bool api_version_parse(const char *s, struct api_version *ret);
bool api_version_less(struct api_version a, struct api_version b);
/*
 * When @message (a daemon's) refuses a version and names the limit it has, that limit:
 * "client version 1.47 is too old. Minimum supported API version is 1.52, please upgrade ...",
 * "client version 1.47 is too new. Maximum supported API version is 1.41".
 */
bool api_version_limit(const char *message, struct api_version *ret);

#endif
