/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands and scripts that the user wants run on the host: tests that knock at the app from
 * outside. Where it is they learn from environment variables, which README.md lists.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define TICK_MS 200
#define ASK_MS 2000 /* between SIGTERM and SIGKILL */

/* --- environment --- */

static void set(struct strvec *env, const char *name, const char *value)
{
	strvec_pushf(env, "%s=%s", name, value);
}

/* Its address as seen from here: the first network's; the host's own with --network host. */
static const char *address(const cJSON *state)
{
	const cJSON *net;

	cJSON_ArrayForEach (net, json_path(state, "NetworkSettings.Networks")) {
		const char *v4 = json_str(net, "IPAddress", ""),
			   *v6 = json_str(net, "GlobalIPv6Address", "");

		if (*v4 || *v6)
			return *v4 ? v4 : v6;
	}
	return strcmp(json_str(state, "HostConfig.NetworkMode", ""), "host") ? "" : "127.0.0.1";
}

/* SLIMTRACE_PORT_8080_TCP=127.0.0.1:32768 */
static void add_published(const cJSON *state, struct strvec *env)
{
	const cJSON *port;

	cJSON_ArrayForEach (port, json_path(state, "NetworkSettings.Ports")) {
		const char *ip = json_str(port->child, "HostIp", ""),
			   *number = json_str(port->child, "HostPort", "");
		size_t len = strcspn(port->string, "/");
		bool any = !*ip || !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
		_cleanup_free_ char *proto = xstrdup(port->string + len + !!port->string[len]);

		for (char *p = proto; *p; p++)
			*p &= (char)~0x20;
		if (*number)
			strvec_pushf(env, "SLIMTRACE_PORT_%.*s_%s=%s:%s", (int)len, port->string,
				     proto, any ? "127.0.0.1" : ip, number);
	}
}

/* TCP ports: what is listened on, else what is exposed. */
static void add_ports(struct run *run, struct strvec *env)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	uint16_t ports[RUN_MAX_PORTS];
	size_t n = trace_listening(run->trace, ports, RUN_MAX_PORTS);

	if (!n)
		n = run_exposed_ports(run, ports, RUN_MAX_PORTS);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&text, "%s%u", i ? " " : "", ports[i]);
	set(env, "SLIMTRACE_PORTS", text.buf);
}

static int make_env(struct run *run, struct strvec *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *state = NULL;
	const char *name;
	int r = engine_container_inspect(run->engine, run->container, &state, err);

	if (r < 0)
		return r;
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "SLIMTRACE_", strlen("SLIMTRACE_")) != 0)
			strvec_push(ret, *e);
	name = json_str(state, "Name", "");
	set(ret, "SLIMTRACE_CONTAINER_ID", run->container);
	set(ret, "SLIMTRACE_CONTAINER_NAME", *name == '/' ? name + 1 : name);
	strvec_pushf(ret, "SLIMTRACE_CONTAINER_PID=%d", (int)run->pid);
	set(ret, "SLIMTRACE_CONTAINER_IP", address(state));
	set(ret, "SLIMTRACE_IMAGE", run->opts->image);
	add_ports(run, ret);
	add_published(state, ret);
	return 0;
}

/* --- the process --- */

/* Between fork and exec: nothing but async-signal-safe calls (signal-safety(7)). */
static void child(char *const *argv, char *const *env, int out, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	/* What a killed slimtrace leaves must not run on. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execve(argv[0], argv, env);
	_exit(127);
}

struct host {
	pid_t pid;
	int pidfd, out_fd;
};

static int spawn(const struct strvec *argv, const struct strvec *env, struct host *ret,
		 struct err *err)
{
	pid_t parent = getpid();
	int fds[2], r = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, errno, "cannot create a pipe");
	ret->pid = fork();
	if (ret->pid == 0)
		child(argv->v, env->v, fds[1], parent);
	if (ret->pid < 0)
		r = err_set(err, errno, "cannot start a process");
	close(fds[1]);
	ret->out_fd = fds[0];
	ret->pidfd = r < 0 ? -1 : (int)syscall(SYS_pidfd_open, ret->pid, 0);
	if (r < 0)
		close(fds[0]);
	return r;
}

/* Feeds what is there; false at the end. */
static bool drain(struct host *h, struct output *out)
{
	char buf[16384];
	ssize_t n = read(h->out_fd, buf, sizeof(buf));

	if (n > 0)
		output_feed(false, buf, (size_t)n, out);
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Whether there is something to read now. */
static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/*
 * Until it ends, its output read all the while. Without a pidfd (before Linux 5.3) a tick, which is
 * there for the live line, finds the end. A child of its own that lives on may keep the pipe open:
 * that is not waited for.
 */
static int wait_host(struct host *h, const char *what, struct output *out, int *ret_status,
		     struct err *err)
{
	bool open = true;
	int status;

	while (waitpid(h->pid, &status, WNOHANG) == 0) {
		struct pollfd p[] = { { .fd = open ? h->out_fd : -1, .events = POLLIN },
				      { .fd = h->pidfd, .events = POLLIN },
				      { .fd = cancel_fd(), .events = POLLIN } };

		progress_update("%s", what);
		if (poll(p, 3, TICK_MS) < 0 && errno != EINTR)
			return err_set(err, errno, "cannot wait");
		if (cancel_check(err) < 0)
			return -EINTR;
		if (p[0].revents)
			open = drain(h, out);
	}
	h->pid = -1;
	while (open && readable(h->out_fd))
		open = drain(h, out);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

/* Ends it and what it started, when it still runs. */
static void end_host(struct host *h)
{
	if (h->pid > 0) {
		struct pollfd p = { .fd = h->pidfd, .events = POLLIN };

		kill(-h->pid, SIGTERM);
		poll(&p, 1, ASK_MS);
		kill(-h->pid, SIGKILL);
		kill(h->pid, SIGKILL);
		waitpid(h->pid, NULL, 0);
	}
	if (h->pidfd >= 0)
		close(h->pidfd);
	close(h->out_fd);
}

static int run_host(struct run *run, const struct strvec *argv, const char *what, struct err *err)
{
	_cleanup_strvec_ struct strvec env = STRVEC_INIT;
	struct host h;
	struct output *out;
	int status = 0, r;

	r = make_env(run, &env, err);
	if (!r)
		r = spawn(argv, &env, &h, err);
	if (r < 0)
		return err_wrap(err, "%s", what);
	out = output_new(run->opts->show_logs);
	r = wait_host(&h, what, out, &status, err);
	end_host(&h);
	if (!r) {
		run->report->host_execs.n++;
		run->report->host_execs.failed += status != 0;
		run->report->host_execs.nonzero += status != 0;
	}
	if (!r && status)
		run_tell_failed(run, out, what, status);
	output_free(out);
	return r;
}

static int run_line(struct run *run, const char *line, struct err *err)
{
	_cleanup_free_ char *what = xasprintf("--host-exec '%s'", line);
	_cleanup_strvec_ struct strvec argv = STRVEC_INIT;

	strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, "-c");
	strvec_push(&argv, line);
	return run_host(run, &argv, what, err);
}

/* A program, or a script: by its own first line when it may be executed, else for the shell. */
static int run_file(struct run *run, const char *path, struct err *err)
{
	_cleanup_free_ char *what = xasprintf("--host-exec-file '%s'", path),
			    *real = realpath(path, NULL);
	_cleanup_strvec_ struct strvec argv = STRVEC_INIT;

	if (!real)
		return err_set(err, errno, "%s", what);
	if (access(real, X_OK) < 0)
		strvec_push(&argv, "/bin/sh");
	strvec_push(&argv, real);
	return run_host(run, &argv, what, err);
}

int run_host_execs(struct run *run, struct err *err)
{
	const struct strvec *lines = &run->opts->host_execs, *files = &run->opts->host_exec_files;
	int r;

	if (!lines->n && !files->n)
		return 0;
	progress_phase("testing");
	r = run_wait_up(run, err);
	for (size_t i = 0; !r && i < lines->n && !container_ended(run); i++)
		r = run_line(run, lines->v[i], err);
	for (size_t i = 0; !r && i < files->n && !container_ended(run); i++)
		r = run_file(run, files->v[i], err);
	if (!r)
		progress_done("%zu of %zu commands on the host succeeded",
			      run->report->host_execs.n - run->report->host_execs.failed,
			      lines->n + files->n);
	return r;
}
