/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_run() against servers that answer well, badly and not at all. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/drive.h"
#include "test_probe_server.h"

#define LONG_MS 20000 /* never reached when all is well, however busy the machine is */
#define SHORT_MS 1000 /* for what does not come */

/* What a run is to be like, and what came of it. */
struct run {
	struct server *server;
	struct probe_cmds cmds;
	struct strvec addrs;
	uint16_t ports[4];
	size_t n_ports;
	int timeout_ms, retry_ms;
	int ready; /* what wait_ready says */
	int n_waits, n_results;
	struct probe_report report;
	struct err err;
	int r;
};

static int wait_ready(uint16_t port, void *ctx, struct err *err)
{
	struct run *run = ctx;

	(void)port;
	run->n_waits++;
	return run->ready < 0 ? err_class_set(err, ERR_INTERRUPTED, -run->ready, "enough")
			      : run->ready;
}

static void on_result(const struct probe_result *result, void *ctx)
{
	struct run *run = ctx;

	run->n_results += result->cmd != NULL;
}

static struct run run_for(struct server *s)
{
	struct run run = { .server = s, .n_ports = 1, .timeout_ms = LONG_MS, .ready = 1 };

	if (s)
		run.ports[0] = s->port;
	return run;
}

static void add(struct run *run, const char *arg)
{
	struct err err = ERR_INIT;

	if (probe_cmd_parse(arg, &run->cmds, &err) < 0)
		ok(false, "%s", err.msg);
}

static void go(struct run *run)
{
	struct probe_target target = { .netns_fd = -1,
				       .addrs = run->addrs,
				       .ports = run->ports,
				       .n_ports = run->n_ports,
				       .call_timeout_ms = run->timeout_ms,
				       .retry_ms = run->retry_ms,
				       .wait_ready = wait_ready,
				       .on_result = on_result,
				       .ctx = run };

	if (!target.addrs.n)
		strvec_push(&target.addrs, "127.0.0.1");
	run->r = probe_run(&target, &run->cmds, &run->report, &run->err);
	run->addrs = target.addrs;
}

static void end(struct run *run)
{
	probe_report_release(&run->report);
	probe_cmds_release(&run->cmds);
	strvec_release(&run->addrs);
}

/* One command; the run is for the caller to look at and to end. */
static struct run call_within(struct server *s, const char *arg, int timeout_ms)
{
	struct run run = run_for(s);

	run.timeout_ms = timeout_ms;
	add(&run, arg);
	go(&run);
	if (run.r || run.report.n != 1)
		ok(false, "%s: %s", arg, run.err.msg);
	return run;
}

static struct run call(struct server *s, const char *arg)
{
	return call_within(s, arg, LONG_MS);
}

static void answers(struct server *s, const char *arg, int status, uint64_t bytes)
{
	struct run run = call(s, arg);

	is_int(run.report.v[0].status, status, "%s: the status", arg);
	is_int(run.report.v[0].bytes, bytes, "%s: the length of the body", arg);
	is_str(run.report.v[0].error, "", "%s: no error", arg);
	is_int(run.report.ok, 1, "%s: counted as answered", arg);
	end(&run);
}

static void fails(struct server *s, const char *arg, const char *why)
{
	struct run run = call_within(s, arg, strstr(arg, "silent") ? SHORT_MS : LONG_MS);

	is_int(run.report.v[0].status, 0, "%s: no status", arg);
	is_int(run.report.ok, 0, "%s: not counted as answered", arg);
	if (!ok(strstr(run.report.v[0].error, why), "%s: '%s'", arg, why))
		printf("# got '%s'\n", run.report.v[0].error);
	end(&run);
}

static void test_answers(struct server *s)
{
	answers(s, "/ok", 200, 5);
	answers(s, "http:/ok", 200, 5);
	answers(s, "/status/404", 404, 0);
	answers(s, "/status/500", 500, 0);
	answers(s, "/status/304", 304, 0);
	answers(s, "/interim", 204, 0);
	answers(s, "HEAD:/ok", 200, 0);
	answers(s, "/big/100000000", 200, 100000000);
}

static void test_default_request(struct server *s)
{
	struct run run = call(s, "/ok?a=b");

	ok(server_saw(s, "GET /ok?a=b HTTP/1.1\r\n"), "the request line");
	ok(server_saw(s, "\r\nHost: 127.0.0.1:"), "the Host header");
	ok(server_saw(s, "\r\nUser-Agent: slimtrace/"), "the User-Agent header");
	ok(server_saw(s, "\r\nAccept: */*\r\n"), "the Accept header");
	ok(!server_saw(s, "Accept-Encoding") && !server_saw(s, "Expect"), "and no other");
	ok(run.report.v[0].seconds > 0 && run.report.v[0].seconds < 20, "the time it took");
	ok(run.report.v[0].port == s->port && !run.report.v[0].https, "port and protocol");
	is_int(run.n_waits, 1, "waited for the port once");
	is_int(run.n_results, 1, "the result was told");
	end(&run);
}

static void test_request_details(struct server *s)
{
	static const char json[] =
		"{\"commands\":[{\"method\":\"put\",\"resource\":\"/ok/\\u00fc b%20/../c?x=%41\","
		"\"headers\":[\"X-A: b\",\"X-Empty:\",\"User-Agent: other\"],"
		"\"body\":\"k=v\",\"username\":\"me\",\"password\":\"s:cret\"}]}";
	struct run run = run_for(s);

	probe_cmds_parse_json(json, strlen(json), "x", &run.cmds, &run.err);
	go(&run);
	ok(server_saw(s, "PUT /ok/%C3%BC%20b%20/../c?x=%41 HTTP/1.1\r\n"), "the resource, encoded");
	ok(server_saw(s, "\r\nX-A: b\r\n"), "a header");
	ok(server_saw(s, "\r\nX-Empty:\r\n"), "a header without a value");
	ok(server_saw(s, "\r\nUser-Agent: other\r\n") && !server_saw(s, "slimtrace"),
	   "a header in place of the default");
	ok(server_saw(s, "\r\nContent-Length: 3\r\n") && server_saw(s, "\r\n\r\nk=v"), "the body");
	ok(server_saw(s, "\r\nAuthorization: Basic bWU6czpjcmV0\r\n"), "basic authentication");
	end(&run);
	run = call(s, "POST:/ok");
	ok(server_saw(s, "POST /ok HTTP/1.1\r\n") && server_saw(s, "\r\nContent-Length: 0\r\n"),
	   "a POST without a body says so");
	end(&run);
	run = call(s, "DELETE:/ok");
	ok(server_saw(s, "DELETE /ok HTTP/1.1\r\n") && !server_saw(s, "Content-"),
	   "another method sends none");
	end(&run);
}

static void test_redirects(struct server *s)
{
	struct run run;

	answers(s, "/redirect/1", 200, 5);
	ok(server_saw(s, "\r\nCookie: seen=1"), "a redirect gets the cookie that came with it");
	answers(s, "/ok", 200, 5);
	ok(!server_saw(s, "Cookie"), "the next call does not");
	answers(s, "/redirect/10", 200, 5);
	answers(s, "/redirect/11", 302, 2);
	answers(s, "/absolute", 200, 5);
	answers(s, "/secure", 302, 2);
	answers(s, "/into-silence", 302, 2);
	run = call(s, "POST:/redirect/1");
	ok(server_saw(s, "GET /ok"), "302 makes a GET of a POST");
	end(&run);
	run = call(s, "POST:/keep");
	ok(server_saw(s, "POST /ok"), "307 does not");
	end(&run);
}

static void test_redirect_away(struct server *s, struct server *other)
{
	_cleanup_free_ char *path = xasprintf("/away/%u", other->port);
	unsigned int connections = other->connections;

	answers(s, path, 302, 2);
	is_int(other->connections, connections, "a redirect to another port is not followed");
}

static void test_failures(struct server *s)
{
	fails(s, "http:/close", "closed without an answer");
	fails(s, "http:/reset", "the connection was reset");
	fails(s, "http:/garbage", "not HTTP");
	fails(s, "http:/alert", "not HTTP");
	fails(s, "/close", "https:");
	fails(s, "/garbage", "http: what came back is not HTTP; https:");
	fails(s, "/silent", "no answer in time");
	fails(s, "https:/ok", "");
}

static void test_bad_answers(struct server *s)
{
	struct run run = call_within(s, "/stall", SHORT_MS);

	is_int(run.report.v[0].status, 200, "a body that never ends is an answer");
	is_int(run.report.v[0].bytes, 3, "as far as it came");
	is_str(run.report.v[0].error, "the body did not end in time", "and is told");
	end(&run);
	run = call(s, "/header");
	is_int(run.report.v[0].status, 200, "so is an endless header");
	is_str(run.report.v[0].error, "the header of the answer is too long", "which is cut");
	end(&run);
	run = run_for(s);
	run.timeout_ms = 60000;
	add(&run, "/big/300000000");
	go(&run);
	is_int(run.report.v[0].status, 200, "a huge body is an answer");
	ok(run.report.v[0].bytes >= 256u << 20 && run.report.v[0].bytes < 257u << 20,
	   "of which 256 MB are read");
	ok(strstr(run.report.v[0].error, "longer than"), "and that is told");
	end(&run);
}

/* A call that the app ends without an answer: is https tried? */
static void test_http_is_remembered(struct server *s)
{
	struct run run = run_for(s);
	unsigned int connections, plain;

	add(&run, "/close");
	connections = s->connections;
	plain = s->plain;
	go(&run);
	is_int(s->connections - connections, 2, "not known: http and https are tried");
	is_int(s->plain - plain, 1, "one of each");
	end(&run);
	run = run_for(s);
	add(&run, "/ok");
	add(&run, "/close");
	add(&run, "/wants-https");
	connections = s->connections;
	go(&run);
	is_int(s->connections - connections, 3, "known to speak http: https is not tried");
	is_int(run.report.v[1].status, 0, "no answer");
	is_int(run.report.v[2].status, 400, "a 400");
	end(&run);
}

static void test_wants_https(struct server *s)
{
	unsigned int connections = s->connections;
	struct run run = call(s, "/wants-https");

	is_int(s->connections - connections, 2, "a 400 that speaks of https has it tried");
	is_int(run.report.v[0].status, 400, "and is the answer when that fails");
	is_int(run.report.v[0].https, 0, "by http");
	end(&run);
}

/* A server that takes a TLS handshake for the start of something longer. */
static void test_https_hangs(void)
{
	struct server s = { .waits = true };
	struct run run;

	server_bind(&s, "127.0.0.1");
	server_start(&s);
	run = call_within(&s, "/garbage", SHORT_MS);
	is_int(run.report.v[0].status, 0, "neither http nor https");
	ok(strstr(run.report.v[0].error, "https: no answer in time"), "https takes too long");
	is_int(s.connections, 2, "and is tried once");
	end(&run);
	run = run_for(&s);
	add(&run, "/garbage");
	add(&run, "/garbage");
	run.timeout_ms = SHORT_MS;
	go(&run);
	is_int(s.connections, 5, "for a port, not for a call");
	end(&run);
	server_stop(&s);
}

static void test_gives_up(struct server *s)
{
	struct run run = run_for(s);
	unsigned int connections = s->connections;

	run.timeout_ms = 200;
	for (int i = 0; i < 5; i++)
		add(&run, "/silent");
	go(&run);
	is_int(run.report.n, 5, "each call is reported");
	is_int(s->connections - connections, 3, "three are made on a port that never answers");
	ok(strstr(run.report.v[4].error, "not tried"), "the others say so");
	end(&run);
}

static void test_ports(struct server *a, struct server *b, struct server *c)
{
	_cleanup_free_ char *json = xasprintf("{\"commands\":[{\"resource\":\"/ok\"},"
					      "{\"resource\":\"/ok/b\",\"port\":%u},"
					      "{\"resource\":\"/ok/c\",\"port\":%u},"
					      "{\"resource\":\"/ok/c2\",\"port\":%u}]}",
					      b->port, c->port, c->port);
	struct run run = run_for(a);

	run.ports[1] = b->port;
	run.n_ports = 2;
	probe_cmds_parse_json(json, strlen(json), "x", &run.cmds, &run.err);
	go(&run);
	is_int(run.report.n, 5, "commands times ports");
	is_int(run.report.ok, 5, "all answered");
	is_int(run.report.v[0].port, a->port, "one on the first port");
	is_int(run.report.v[1].port, b->port, "one on the second port");
	is_int(run.report.v[2].port, b->port, "and one for that port alone");
	is_str(run.report.v[2].cmd->resource, "/ok/b", "which it is");
	is_int(run.report.v[3].port, c->port, "a port that only commands name is probed too");
	ok(server_saw(c, "GET /ok/c2"), "by all of these");
	is_int(run.n_waits, 3, "each port was waited for");
	end(&run);
}

static void test_not_ready(struct server *s)
{
	struct run run = run_for(s);
	unsigned int connections = s->connections;

	run.ready = 0;
	add(&run, "/ok");
	add(&run, "/ok");
	go(&run);
	is_int(run.r, 0, "a port that does not come is no error");
	is_int(run.report.n, 2, "its calls are reported");
	ok(strstr(run.report.v[1].error, "does not listen"), "with the reason");
	is_int(s->connections, connections, "and not made");
	is_int(run.n_waits, 1, "it is waited for once");
	end(&run);
	run = run_for(s);
	run.ready = -EINTR;
	add(&run, "/ok");
	go(&run);
	is_int(run.r, -EINTR, "what wait_ready fails with is passed on");
	is_int(run.err.class, ERR_INTERRUPTED, "with its class");
	is_int(run.report.n, 0, "and no report");
	end(&run);
}

static void test_addresses(void)
{
	struct server s = { 0 };
	struct run run;

	if (!server_bind(&s, "::1")) {
		tap_skip("addresses", "no IPv6 here");
		return;
	}
	server_start(&s);
	run = run_for(&s);
	strvec_push(&run.addrs, "127.0.0.1");
	strvec_push(&run.addrs, "::1");
	add(&run, "/ok");
	add(&run, "/redirect/1");
	go(&run);
	is_int(run.report.ok, 2, "the second address is tried when the first refuses");
	is_int(run.report.v[1].status, 200, "redirects work there too");
	ok(server_saw(&s, "\r\nHost: [::1]:"), "its Host header");
	end(&run);
	server_stop(&s);
}

static void test_refused(void)
{
	struct server s = { .delay_ms = 300 };
	struct run run;
	uint64_t start;

	server_bind(&s, "127.0.0.1");
	server_start(&s);
	answers(&s, "/ok", 200, 5);
	server_stop(&s);
	/* Bound and never listening: refused for ever. */
	s = (struct server){ 0 };
	server_bind(&s, "127.0.0.1");
	run = run_for(&s);
	for (int i = 0; i < 50; i++)
		add(&run, "/ok");
	run.retry_ms = 400;
	start = clock_mono_ms();
	go(&run);
	ok(clock_mono_ms() - start >= 400, "a refused connection is tried again for a while");
	ok(clock_mono_ms() - start < 10000, "and once, not for each call");
	is_int(run.report.n, 50, "each call is reported");
	ok(strstr(run.report.v[0].error, "Connection refused"), "with the reason");
	end(&run);
	close(s.fd);
}

struct tls {
	pid_t pid;
	FILE *out; /* to be kept open as long as it runs */
	uint16_t port;
};

static void run_s_server(const char *cert, int out)
{
	dup2(out, 1);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 2);
	dup2(2, 0);
	execlp("openssl", "openssl", "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", cert,
	       "-key", cert, NULL);
	_exit(127);
}

/* It says where it listens once it does. */
static bool start_tls(struct tls *tls, const char *cert)
{
	char line[256];
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		abort();
	tls->pid = fork();
	if (!tls->pid)
		run_s_server(cert, p[1]);
	close(p[1]);
	tls->out = fdopen(p[0], "r");
	while (!tls->port && fgets(line, sizeof(line), tls->out)) {
		const char *colon = strrchr(line, ':');

		if (!strncmp(line, "ACCEPT", 6) && colon)
			tls->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	}
	return tls->port;
}

static void stop_tls(struct tls *tls)
{
	kill(tls->pid, SIGTERM);
	waitpid(tls->pid, NULL, 0);
	fclose(tls->out);
}

static bool make_cert(const char *path)
{
	_cleanup_free_ char *line = xasprintf(
		"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout '%s' -out '%s.c' "
		">/dev/null 2>&1 && cat '%s.c' >>'%s' && rm '%s.c'",
		path, path, path, path, path);

	return system(line) == 0;
}

static void test_tls_port(uint16_t port)
{
	struct server s = { .relay_to = port };
	struct run run;

	server_bind(&s, "127.0.0.1");
	server_start(&s);
	run = run_for(&s);
	add(&run, "/");
	add(&run, "/");
	add(&run, "https:/");
	add(&run, "http:/");
	go(&run);
	is_int(run.report.n, 4, "four calls of a TLS server");
	is_int(run.report.v[0].status, 200, "http does not work, https does");
	is_int(run.report.v[0].https, 1, "and is what is reported");
	ok(run.report.v[0].bytes > 100, "with a body");
	is_int(run.report.v[1].status, 200, "https is remembered");
	is_int(run.report.v[2].status, 200, "asked for https");
	is_int(run.report.v[3].status, 0, "asked for http: no answer");
	is_int(s.plain, 2, "http was tried once, and when asked for");
	is_int(s.connections, 5, "five connections in all");
	end(&run);
	server_stop(&s);
}

static void test_tls(void)
{
	char cert[] = "/tmp/test_probe_XXXXXX";
	int fd = mkstemp(cert);
	struct tls tls = { 0 };

	if (fd < 0 || !make_cert(cert)) {
		tap_skip("TLS", "no openssl program");
	} else {
		if (ok(start_tls(&tls, cert), "openssl s_server listens"))
			test_tls_port(tls.port);
		stop_tls(&tls);
	}
	unlink(cert);
	if (fd >= 0)
		close(fd);
}

/* The last one: the program stays interrupted. */
static void test_interrupt(struct server *s)
{
	uint64_t start = clock_mono_ms();
	struct run run = run_for(s);

	run.timeout_ms = 60000;
	add(&run, "/ok");
	add(&run, "/interrupt");
	go(&run);
	is_int(run.r, -EINTR, "SIGINT ends a call under way");
	is_int(run.err.class, ERR_INTERRUPTED, "as an interruption");
	ok(clock_mono_ms() - start < 10000, "at once");
	is_int(run.report.n, 0, "no report");
	end(&run);
}

static void test_server(struct server *s)
{
	test_answers(s);
	test_default_request(s);
	test_request_details(s);
	test_redirects(s);
	test_failures(s);
	test_bad_answers(s);
	test_http_is_remembered(s);
	test_wants_https(s);
	test_gives_up(s);
	test_not_ready(s);
}

int main(void)
{
	struct server s[3] = { 0 };
	struct err err = ERR_INIT;

	signal(SIGINT, SIG_DFL); /* a background job's is ignored, which cancel_init() respects */
	cancel_init(&err);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		server_bind(&s[i], "127.0.0.1");
		server_start(&s[i]);
	}
	test_server(&s[0]);
	test_redirect_away(&s[0], &s[1]);
	test_ports(&s[0], &s[1], &s[2]);
	test_addresses();
	test_https_hangs();
	test_refused();
	test_tls();
	test_interrupt(&s[0]);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		server_stop(&s[i]);
	return tap_done();
}
