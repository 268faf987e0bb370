/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Docker's contexts: named engines in the configuration of docker's client. Files and their form:
 * docker/cli, cli/context/store ("meta/<sha256 of the name>/meta.json", "tls/<the same>/docker/").
 */
#ifndef ENGINE_CONTEXT_H
#define ENGINE_CONTEXT_H

#include <stdbool.h>

#include "slimtrace/base/err.h"

struct docker_context {
	char *name;
	char *host;
	char *tls_dir; /* with the files that http_server names; NULL: no certificates */
	bool skip_verify;
};

/*
 * The context @said, else DOCKER_CONTEXT's, else the current one of the client. 1: it is in @ret,
 * which has to be zeroed; 0: none, or docker's "default", which is what the environment says.
 * A name that is not known is ERR_USAGE.
 */
int context_find(const char *said, struct docker_context *ret, struct err *err);
void context_release(struct docker_context *context);
#define _cleanup_context_ __attribute__((cleanup(context_release)))

#endif
