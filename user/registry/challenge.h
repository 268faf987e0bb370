/* SPDX-License-Identifier: BSD-2-Clause */
/* What a server wants to see before it answers: WWW-Authenticate (RFC 9110, 11.6.1). */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include <stdbool.h>

#include "slimtrace/base/strvec.h"

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char *realm, *service, *scope; /* Bearer's; NULL: not told */
};

/* The best that is known of all in @headers: Bearer, then Basic. */
void challenge_choose(const struct strvec *headers, struct challenge *ret);
void challenge_release(struct challenge *c);
#define _cleanup_challenge_ __attribute__((cleanup(challenge_release)))

#endif
