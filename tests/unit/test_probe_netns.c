/* SPDX-License-Identifier: BSD-2-Clause */
/* Probing an app in a network namespace of its own, without leaving ours. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/drive.h"
#include "test_probe_server.h"

static bool bring_lo_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = ioctl(fd, SIOCSIFFLAGS, &req);

	close(fd);
	return r == 0;
}

/* The app: tells its port by @out and serves until @in is closed. */
static void app_main(int in, int out)
{
	static struct server s;
	char end;

	if (unshare(CLONE_NEWNET) < 0 || !bring_lo_up() || !server_bind(&s, "127.0.0.1"))
		_exit(1);
	server_start(&s);
	if (write(out, &s.port, sizeof(s.port)) != sizeof(s.port))
		_exit(1);
	if (read(in, &end, 1) != 0)
		_exit(1);
	server_stop(&s);
	_exit(s.connections == 2 ? 0 : 2);
}

static int wait_ready(uint16_t port, void *ctx, struct err *err)
{
	(void)port, (void)ctx, (void)err;
	return 1;
}

static int probe(int netns, uint16_t port, struct probe_report *report, struct err *err)
{
	struct probe_opts opts = PROBE_OPTS_DEFAULT;
	struct probe_target target = { .netns_fd = netns,
				       .ports = &port,
				       .n_ports = 1,
				       .call_timeout_ms = 5000,
				       .retry_ms = 100,
				       .wait_ready = wait_ready };
	int r;

	probe_cmd_parse("/ok", &opts.cmds, err);
	probe_cmd_parse("/status/404", &opts.cmds, err);
	/* No such address there: the next one is tried. */
	strvec_push(&target.addrs, "2001:db8::1");
	strvec_push(&target.addrs, "127.0.0.1");
	r = probe_run(&target, &opts, report, err);
	strvec_release(&target.addrs);
	probe_opts_release(&opts);
	return r;
}

static ino_t our_netns(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

static void test_app(pid_t pid, uint16_t port)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/net", (int)pid);
	_cleanup_close_ int netns = open(path, O_RDONLY | O_CLOEXEC);
	struct probe_report report = { 0 };
	struct err err = ERR_INIT;
	ino_t before = our_netns();

	ok(netns >= 0, "its namespace");
	is_int(probe(netns, port, &report, &err), 0, "it is probed: %s", err.msg);
	is_int(report.ok, 2, "it answers");
	is_int(report.n ? report.v[0].status : 0, 200, "as it should");
	is_int(report.n > 1 ? report.v[1].status : 0, 404, "each time");
	ok(before && our_netns() == before, "we are in our own namespace again");
	probe_report_release(&report);
}

static void test_netns(void)
{
	int in[2], out[2], status = 0;
	uint16_t port = 0;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		abort();
	pid = fork();
	if (!pid) {
		close(in[1]);
		app_main(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	if (ok(read(out[0], &port, sizeof(port)) == sizeof(port), "an app in its own namespace"))
		test_app(pid, port);
	close(in[1]);
	close(out[0]);
	waitpid(pid, &status, 0);
	is_int(status, 0, "the app saw both calls");
}

static void test_no_netns(void)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct probe_report report = { 0 };
	struct err err = ERR_INIT;
	ino_t before = our_netns();

	is_int(probe(fd, 80, &report, &err), geteuid() ? -err.code : -EINVAL,
	       "a namespace that cannot be entered is an error");
	is_int(err.class, ERR_KERNEL, "of the kernel's class");
	ok(strstr(err.msg, "cannot enter the container's network namespace"), "that says so");
	is_int(report.n, 0, "no report");
	ok(our_netns() == before, "we stay where we are");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_no_netns();
	if (geteuid() == 0)
		test_netns();
	else
		tap_skip("network namespaces", "needs root");
	return tap_done();
}
