/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/caller.h"
#include "slimtrace/base/cleanup.h"

/* The directories that belong to one user. NULL: not known. */
struct user {
	char *runtime, *home;
};

static void user_release(struct user *u)
{
	free(u->runtime);
	free(u->home);
}
#define _cleanup_user_ __attribute__((cleanup(user_release)))

static struct user ourselves(void)
{
	const char *runtime = caller_env("XDG_RUNTIME_DIR"), *home = caller_env("HOME");

	return (struct user){
		.runtime = runtime ? xstrdup(runtime) : xasprintf("/run/user/%u", geteuid()),
		.home = home ? xstrdup(home) : NULL,
	};
}

static struct user calling(void)
{
	struct user u = { 0 };
	uid_t uid;

	if (!caller_uid(&uid))
		return u;
	u.runtime = xasprintf("/run/user/%u", uid);
	u.home = caller_home();
	return u;
}

static void add_docker(struct strvec *ret, const struct user *u)
{
	if (u->runtime)
		strvec_push_take(ret, xasprintf("%s/docker.sock", u->runtime));
	if (u->home) {
		strvec_push_take(ret, xasprintf("%s/.docker/run/docker.sock", u->home));
		strvec_push_take(ret, xasprintf("%s/.docker/desktop/docker.sock", u->home));
	}
}

static void add_podman(struct strvec *ret, const struct user *u)
{
	if (u->runtime)
		strvec_push_take(ret, xasprintf("%s/podman/podman.sock", u->runtime));
}

void sockets_usual(struct strvec *ret)
{
	_cleanup_user_ struct user us = ourselves();
	_cleanup_user_ struct user caller = calling();

	strvec_push(ret, "/var/run/docker.sock");
	add_docker(ret, &us);
	add_docker(ret, &caller);
	strvec_push(ret, "/run/podman/podman.sock");
	add_podman(ret, &us);
	add_podman(ret, &caller);
}

/* 0 when somebody listens there, else an errno. */
static int knock(const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (fd < 0)
		return errno;
	if (len >= sizeof(addr.sun_path))
		return ENAMETOOLONG;
	memcpy(addr.sun_path, path, len);
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	return errno == EAGAIN ? 0 : errno; /* a queue that is full is somebody's */
}

const char *sockets_choose(const struct strvec *paths)
{
	const char *forbidden = NULL;

	for (size_t i = 0; i < paths->n; i++) {
		int e = knock(paths->v[i]);

		if (!e)
			return paths->v[i];
		if (!forbidden && (e == EACCES || e == EPERM))
			forbidden = paths->v[i];
	}
	return forbidden ? forbidden : paths->v[0];
}
