/* SPDX-License-Identifier: BSD-2-Clause */
/* Where engines usually listen, for those who say nothing. */
#ifndef ENGINE_SOCKETS_H
#define ENGINE_SOCKETS_H

#include "slimtrace/base/strvec.h"

/*
 * Docker's socket, rootless Docker's, Docker Desktop's, Podman's, then rootless Podman's; those of
 * users first ours, then those of who called sudo.
 */
void sockets_usual(struct strvec *ret);
/*
 * The first of @paths that somebody listens on; else the first that we may not connect to; else
 * the first. Borrowed.
 */
const char *sockets_choose(const struct strvec *paths);

#endif
