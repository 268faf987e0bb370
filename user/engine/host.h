/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the engine is: what the user said, else the environment as docker's client reads it. */
#ifndef ENGINE_HOST_H
#define ENGINE_HOST_H

#include "engine/http.h"
#include "slimtrace/engine.h"

/* Fills @ret, which has to be zeroed. Errors are ERR_USAGE and name the value and its source. */
int host_resolve(const struct engine_opts *opts, struct http_server *ret, struct err *err);
/* Connecting to @s failed with errno @code: says so, and what to do. Returns -errno. */
int host_unreachable(const struct http_server *s, int code, struct err *err);
void host_release(struct http_server *server);

#endif
