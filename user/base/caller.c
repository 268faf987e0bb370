/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/caller.h"

#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/text.h"

const char *caller_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

bool caller_uid(uid_t *ret)
{
	const char *said = caller_env("SUDO_UID");
	struct err ignored = ERR_INIT;
	unsigned long long uid;

	if (!said || geteuid() != 0 ||
	    text_parse_u64(said, 1, UINT32_MAX - 1, "SUDO_UID", &uid, &ignored) < 0)
		return false;
	*ret = (uid_t)uid;
	return true;
}

char *caller_home(void)
{
	size_t size = 64 << 10;
	_cleanup_free_ char *buf = xmalloc(size);
	struct passwd pw, *found = NULL;
	uid_t uid;

	if (!caller_uid(&uid) || getpwuid_r(uid, &pw, buf, size, &found) != 0 || !found)
		return NULL;
	return found->pw_dir && found->pw_dir[0] == '/' ? xstrdup(found->pw_dir) : NULL;
}

char *caller_docker_dir(void)
{
	const char *said = caller_env("DOCKER_CONFIG"), *home = caller_env("HOME");

	return said ? xstrdup(said) : xasprintf("%s/.docker", home ? home : "/root");
}

void caller_docker_dirs(struct strvec *ret)
{
	_cleanup_free_ char *home = caller_home();

	strvec_push_take(ret, caller_docker_dir());
	if (home && !caller_env("DOCKER_CONFIG"))
		strvec_push_take(ret, xasprintf("%s/.docker", home));
}

/* One for the time that the user is logged in, one for longer. */
static void push_auth_files(struct strvec *ret, char *run, const char *config)
{
	strvec_push_take(ret, xasprintf("%s/containers/auth.json", run));
	strvec_push_take(ret, xasprintf("%s/containers/auth.json", config));
	free(run);
}

void caller_auth_files(struct strvec *ret, size_t *ret_own)
{
	const char *said = caller_env("REGISTRY_AUTH_FILE"), *run = caller_env("XDG_RUNTIME_DIR"),
		   *config = caller_env("XDG_CONFIG_HOME"), *home = caller_env("HOME");
	_cleanup_free_ char *own = xasprintf("%s/.config", home ? home : "/root"),
			    *callers = caller_home();
	uid_t uid;

	if (said) {
		strvec_push(ret, said);
		*ret_own = ret->n;
		return;
	}
	push_auth_files(ret, run ? xstrdup(run) : xasprintf("/run/containers/%u", geteuid()),
			config ? config : own);
	*ret_own = ret->n;
	if (callers && caller_uid(&uid)) {
		_cleanup_free_ char *theirs = xasprintf("%s/.config", callers);

		push_auth_files(ret, xasprintf("/run/user/%u", uid), theirs);
	}
}
