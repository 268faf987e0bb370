/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_run() against servers that answer well, badly and not at all. */
#include <fcntl.h>
#include <sys/wait.h>

#include "slimtrace/base/cancel.h"
#include "test_probe_run.h"

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
	ok(run.report.v[0].port == s->port && run.report.v[0].protocol == PROBE_HTTP,
	   "port and protocol");
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

	probe_cmds_parse_json(json, strlen(json), "x", &run.opts.cmds, &run.err);
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
	is_int(run.report.v[0].protocol, PROBE_HTTP, "by http");
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

static void test_bad_status(struct server *s)
{
	struct run run = run_for(s);

	run.opts.fail_4xx = true;
	add(&run, "/status/404");
	add(&run, "/status/500");
	add(&run, "/ok");
	go(&run);
	ok(run.report.v[0].failed && !run.report.v[1].failed && !run.report.v[2].failed,
	   "a 404 fails when asked for");
	is_int(run.report.ok, 2, "and does not count as answered");
	end(&run);
	run = run_for(s);
	run.opts.fail_5xx = true;
	add(&run, "/status/404");
	add(&run, "/status/503");
	go(&run);
	ok(!run.report.v[0].failed && run.report.v[1].failed, "so does a 503");
	end(&run);
}

static void test_form(struct server *s)
{
	static const char json[] =
		"{\"commands\":[{\"method\":\"POST\",\"resource\":\"/ok\",\"form\":["
		"{\"name\":\"a\",\"value\":\"1 2\"},{\"name\":\"f\",\"value\":\"data\","
		"\"file_name\":\"x.txt\",\"content_type\":\"text/x\"}]}]}";
	struct run run = run_for(s);

	probe_cmds_parse_json(json, strlen(json), "x", &run.opts.cmds, &run.err);
	go(&run);
	ok(server_saw(s, "POST /ok ") &&
		   server_saw(s, "\r\nContent-Type: multipart/form-data; boundary="),
	   "a form is sent");
	ok(server_saw(s, "form-data; name=\"a\"\r\n\r\n1 2\r\n"), "with its field");
	ok(server_saw(s, "form-data; name=\"f\"; filename=\"x.txt\"\r\n"
			 "Content-Type: text/x\r\n\r\ndata\r\n"),
	   "and its file");
	end(&run);
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
	is_int(run.report.v[0].protocol, PROBE_HTTPS, "and is what is reported");
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
}

int main(void)
{
	struct server s[2] = { 0 };
	struct err err = ERR_INIT;

	signal(SIGINT, SIG_DFL); /* a background job's is ignored, which cancel_init() respects */
	cancel_init(&err);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		server_bind(&s[i], "127.0.0.1");
		server_start(&s[i]);
	}
	test_server(&s[0]);
	test_redirect_away(&s[0], &s[1]);
	test_https_hangs();
	test_bad_status(&s[0]);
	test_form(&s[0]);
	test_tls();
	test_interrupt(&s[0]);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		server_stop(&s[i]);
	return tap_done();
}
