/* SPDX-License-Identifier: BSD-2-Clause */
/* docker-credential-NAME: github.com/docker/docker-credential-helpers. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/credentials.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/caller.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/text.h"

#define MAX_ANSWER (1u << 20)
#define WAIT_MS 60000 /* somebody may have to unlock a key ring */
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* In the child. That user's settings name the program, so it gets that user's rights only. */
static void become_caller(void)
{
	const struct passwd *pw;
	uid_t uid;

	if (!caller_uid(&uid))
		return;
	pw = getpwuid(uid);
	if (!pw || initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 ||
	    setuid(uid) < 0 || setenv("HOME", pw->pw_dir, 1) < 0 ||
	    setenv("USER", pw->pw_name, 1) < 0)
		_exit(126);
}

static pid_t start(const char *program, bool as_caller, const int in[2], const int out[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (as_caller)
		become_caller();
	if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execlp(program, program, "get", (char *)NULL);
	_exit(errno == ENOENT ? 127 : 126);
}

static int read_answer(const char *program, int fd, struct strbuf *ret, struct err *err)
{
	uint64_t end = clock_mono_ms() + WAIT_MS;

	for (;;) {
		uint64_t now = clock_mono_ms();
		char buf[4096];
		ssize_t n;
		int r = now < end ? cancel_wait(fd, (int)(end - now), err) : 0;

		if (r < 0)
			return r;
		if (!r)
			return err_class_set(err, ERR_USAGE, ETIMEDOUT,
					     "%s does not answer within %d s", program,
					     WAIT_MS / 1000);
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		if (ret->len + (size_t)n > MAX_ANSWER)
			return err_class_set(err, ERR_USAGE, EMSGSIZE, "%s answers too much",
					     program);
		strbuf_add(ret, buf, (size_t)n);
		explicit_bzero(buf, sizeof(buf));
	}
}

/* Its complaint is on its standard output, and "not found" is no failure. */
static int judge(const char *program, int status, struct strbuf *answer, struct err *err)
{
	_cleanup_strbuf_ struct strbuf said = STRBUF_INIT;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		err_class_set(err, ERR_USAGE, ENOEXEC,
			      "docker's configuration names %s, which is "
			      "not installed",
			      program);
		return err_hint(err, "it has to be in one of the directories of PATH");
	}
	if (strstr(answer->buf, "credentials not found"))
		return 0;
	text_add_safe(&said, answer->buf, answer->len < 200 ? strcspn(answer->buf, "\n") : 0);
	return err_class_set(err, ERR_USAGE, EACCES, "%s failed%s%s", program, said.len ? ": " : "",
			     said.buf);
}

static int converse(const char *program, const char *server, bool as_caller, const int in[2],
		    const int out[2], struct strbuf *ret, struct err *err)
{
	pid_t pid = start(program, as_caller, in, out);
	int status = 0, r;

	close(in[0]);
	close(out[1]);
	if (pid < 0) {
		close(in[1]);
		close(out[0]);
		return err_set(err, errno, "cannot start %s", program);
	}
	/* One that has ended already does not read; base/cancel.c ignores SIGPIPE. */
	(void)io_write_full(in[1], server, strlen(server));
	close(in[1]);
	r = read_answer(program, out[0], ret, err);
	close(out[0]);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : judge(program, status, ret, err);
}

int helper_get(const char *name, const char *server, bool as_caller, struct strbuf *ret,
	       struct err *err)
{
	_cleanup_free_ char *program = xasprintf("docker-credential-%s", name);
	int in[2], out[2], r;

	if (name[strspn(name, NAME_CHARS)])
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "docker's configuration: '%s' is no name of a credential "
				     "helper",
				     name);
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set(err, errno, "cannot start %s", program);
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = err_set(err, errno, "cannot start %s", program);
		close(in[0]);
		close(in[1]);
		return r;
	}
	return converse(program, server, as_caller, in, out, ret, err);
}
