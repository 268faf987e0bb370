/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose command this is under sudo: engines and settings of that user are meant, too. */
#ifndef SLIMTRACE_BASE_CALLER_H
#define SLIMTRACE_BASE_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

#include "slimtrace/base/strvec.h"

/* A variable that is set and not empty, as docker's client takes it; else NULL. */
const char *caller_env(const char *name);
/* The user who called sudo; false when nobody did, and when we are not root. */
bool caller_uid(uid_t *ret);
/* That user's home directory, malloc'ed; NULL when there is none. */
char *caller_home(void);
/* Where docker's client has its configuration: DOCKER_CONFIG, else ~/.docker. malloc'ed. */
char *caller_docker_dir(void);
/* The same, then that of who called sudo, unless DOCKER_CONFIG says which. */
void caller_docker_dirs(struct strvec *ret);
/*
 * Where Podman's client has what it logged in with (containers-auth.json(5)): REGISTRY_AUTH_FILE
 * alone, or its two usual files; then, with *@ret_own the number of those before, the same of who
 * called sudo.
 */
void caller_auth_files(struct strvec *ret, size_t *ret_own);

#endif
