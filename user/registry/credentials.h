/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who we are to a registry, as docker's client has it: config.json's credHelpers, credsStore and
 * auths; then as Podman's has it: auth.json. Under sudo those of the calling user, too. Never
 * logged.
 */
#ifndef REGISTRY_CREDENTIALS_H
#define REGISTRY_CREDENTIALS_H

#include <stdbool.h>
#include <sys/types.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"

struct credentials {
	char *user, *password; /* both or none */
	char *identity;	       /* a token that others are got with */
	char *token;	       /* to be shown as it is */
};

/*
 * For the repository @name at "HOST[:PORT]". All is NULL in @ret, which has to be zeroed, when
 * there are none.
 */
int credentials_find(const char *host, const char *name, struct credentials *ret, struct err *err);
void credentials_release(struct credentials *c);
bool credentials_any(const struct credentials *c);
/* "Basic ...", malloc'ed. */
char *credentials_basic(const struct credentials *c);

/*
 * What docker-credential-NAME says to "get" for @server: 1 with its answer, 0 when it has nothing.
 * As the user who called sudo with @as_caller.
 */
int helper_get(const char *name, const char *server, bool as_caller, struct strbuf *ret,
	       struct err *err);

#endif
