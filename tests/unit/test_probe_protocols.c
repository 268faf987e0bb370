/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP/2, WebSocket over TLS, and compressed answers. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "drive/wsframe.h"
#include "test_probe_run.h"

static char cert[] = "/tmp/test_probe_XXXXXX";

static bool make_cert(void)
{
	int fd = mkstemp(cert);
	_cleanup_free_ char *line =
		xasprintf("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -keyout '%s' "
			  "-out '%s.c' >/dev/null 2>&1 && cat '%s.c' >>'%s' && rm '%s.c'",
			  cert, cert, cert, cert, cert);

	if (fd >= 0)
		close(fd);
	return fd >= 0 && system(line) == 0;
}

/* Free a moment ago; what listens there is waited for by the probe's own retries. */
static uint16_t free_port(void)
{
	struct server s = { 0 };

	server_bind(&s, "127.0.0.1");
	close(s.fd);
	return s.port;
}

static pid_t start(const char *const *argv, int in_out)
{
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(in_out < 0 ? null : in_out, 0);
		dup2(in_out < 0 ? null : in_out, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct run call_port(uint16_t port, const char *arg)
{
	struct run run = run_for(NULL);

	run.ports[0] = port;
	run.opts.retry_count = 5;
	add(&run, arg);
	go(&run);
	return run;
}

static void answers_by(uint16_t port, const char *arg, int status, int version)
{
	struct run run = call_port(port, arg);

	is_int(run.report.v[0].status, status, "%s: '%s'", arg, run.report.v[0].error);
	is_int(run.report.v[0].http_version, version, "its version");
	end(&run);
}

static void test_http2(void)
{
	uint16_t plain = free_port(), tls = free_port();
	_cleanup_free_ char *plain_text = xasprintf("%u", plain), *tls_text = xasprintf("%u", tls);
	const char *h2c[] = { "nghttpd", "-a", "127.0.0.1", "--no-tls", plain_text, NULL };
	const char *h2[] = { "nghttpd", "-a", "127.0.0.1", tls_text, cert, cert, NULL };
	pid_t pids[2];

	if (system("nghttpd --version >/dev/null 2>&1") != 0) {
		tap_skip("HTTP/2", "no nghttpd program");
		return;
	}
	pids[0] = start(h2c, -1);
	pids[1] = start(h2, -1);
	answers_by(plain, "http2c:/none", 404, 20);
	answers_by(plain, "http2c:POST:/none", 404, 20);
	answers_by(tls, "http2:/none", 404, 20);
	answers_by(plain, "http:/none", 0, 0);
	stop(pids[0]);
	stop(pids[1]);
}

static void test_no_http2(struct server *s)
{
	answers_by(s->port, "http2c:/ok", 0, 0);
	answers_by(s->port, "http:/ok", 200, 11);
}

/* Both ends: s_server takes TLS off, we answer by its standard input. */
static void *answer_wss(void *arg)
{
	int fd = *(int *)arg;
	char buf[4096], accept[WS_ACCEPT_SIZE], key[WS_KEY_SIZE] = "", head[256];
	const char *at;

	if (!read_request(fd, buf, sizeof(buf)))
		return NULL;
	at = strstr(buf, "Sec-WebSocket-Key: ");
	if (at)
		memcpy(key, at + 19, WS_KEY_SIZE - 1);
	ws_accept_of(key, accept);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Accept: %s\r\n\r\n",
		 accept);
	send_text(fd, head);
	send_all(fd, "\x8a\x09slimtrace", 11);
	drain(fd);
	return NULL;
}

static void test_wss(void)
{
	uint16_t port = free_port();
	_cleanup_free_ char *where = xasprintf("127.0.0.1:%u", port);
	const char *argv[] = { "openssl", "s_server", "-quiet", "-accept", where,
			       "-cert",	  cert,	      "-key",	cert,	   NULL };
	pthread_t thread;
	struct run run;
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		abort();
	pid = start(argv, sv[1]);
	close(sv[1]);
	pthread_create(&thread, NULL, answer_wss, &sv[0]);
	run = call_port(port, "wss:/chat");
	is_int(run.report.v[0].status, 101, "WebSocket over TLS: '%s'", run.report.v[0].error);
	is_str(run.report.v[0].error, "", "its ping is answered");
	ok(run.report.unverified, "no certificate was verified, and that is told");
	end(&run);
	stop(pid);
	pthread_join(thread, NULL);
	close(sv[0]);
}

/* @len bytes, repeated @times, as gzip. */
static void send_gzip(int fd, const char *data, size_t len, size_t times)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
				   "Content-Encoding: gzip\r\nConnection: close\r\n\r\n";
	z_stream z = { 0 };
	char out[65536];

	send_text(fd, head);
	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
	for (size_t i = 0; i <= times; i++) {
		z.next_in = (Bytef *)(uintptr_t)data;
		z.avail_in = i < times ? (uInt)len : 0;
		do {
			z.next_out = (Bytef *)out;
			z.avail_out = sizeof(out);
			deflate(&z, i < times ? Z_NO_FLUSH : Z_FINISH);
			send_all(fd, out, sizeof(out) - z.avail_out);
		} while (!z.avail_out);
	}
	deflateEnd(&z);
}

static void converse(int fd, const char *request)
{
	static char big[1 << 20];

	if (strstr(request, "GET /page"))
		send_gzip(fd, "<a href=/linked>x</a>", 21, 1);
	else if (strstr(request, "GET /bomb"))
		send_gzip(fd, big, sizeof(big), 400);
	else if (strstr(request, "GET /to-bomb"))
		send_gzip(fd, "<a href=/bomb>x</a>", 19, 1);
	else if (strstr(request, "GET /broken"))
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
			      "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope");
	else
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static void test_gzip(void)
{
	struct server s = { .converse = converse };
	struct run run;

	server_bind(&s, "127.0.0.1");
	server_start(&s);
	run = call_port(s.port, "crawl:/page");
	is_int(run.report.n, 2, "a page that is compressed without having been asked to be: read");
	is_str(run.report.v[run.report.n - 1].resource, "/linked", "its link is followed");
	ok(!server_saw(&s, "Accept-Encoding"), "nothing was asked for");
	end(&run);
	run = call_port(s.port, "/page");
	ok(run.report.v[0].bytes > 21, "not crawled: bytes as they came: %d",
	   (int)run.report.v[0].bytes);
	end(&run);
	run = call_port(s.port, "crawl:/to-bomb");
	is_int(run.report.n, 2, "a page that unpacks to 400 MB is an answer");
	ok(run.report.v[1].bytes < 40u << 20, "of which 32 MB are read");
	ok(strstr(run.report.v[1].error, "longer than"), "which is told");
	end(&run);
	run = call_port(s.port, "crawl:/broken");
	is_int(run.report.v[0].status, 200, "what cannot be unpacked is an answer");
	ok(run.report.v[0].error[0], "with its error: %s", run.report.v[0].error);
	end(&run);
	server_stop(&s);
}

int main(void)
{
	struct server s = { 0 };

	signal(SIGPIPE, SIG_IGN);
	server_bind(&s, "127.0.0.1");
	server_start(&s);
	test_no_http2(&s);
	server_stop(&s);
	test_gzip();
	if (make_cert()) {
		test_http2();
		test_wss();
	} else {
		tap_skip("TLS", "no openssl program");
	}
	unlink(cert);
	return tap_done();
}
