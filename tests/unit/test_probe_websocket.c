/* SPDX-License-Identifier: BSD-2-Clause */
/* WebSocket: the handshake and frames as bytes, and calls of a server that speaks it, or not. */
#include "drive/wsframe.h"
#include "test_probe_run.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* of RFC 6455, 1.2, as what belongs to it */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void test_handshake(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;
	char accept[WS_ACCEPT_SIZE];

	ws_accept_of(KEY, accept);
	is_str(accept, ACCEPT, "the RFC's example of an accept key");
	probe_cmd_parse("ws:/a b", &cmds, &err);
	strvec_push(&cmds.v[0].headers, "Origin: http://else");
	ws_add_request(&sb, &cmds.v[0], "127.0.0.1:80", KEY);
	ok(strstr(sb.buf, "GET /a%20b HTTP/1.1\r\nHost: 127.0.0.1:80\r\n") == sb.buf, "a request");
	ok(strstr(sb.buf, "\r\nSec-WebSocket-Key: " KEY "\r\n"), "with its key");
	ok(strstr(sb.buf, "\r\nOrigin: http://else\r\n") && !strstr(sb.buf, "Origin: http://127"),
	   "a header that is given takes the place of ours");
	is_str(sb.buf + sb.len - 4, "\r\n\r\n", "and its end");
	probe_cmds_release(&cmds);
}

static void responds(const char *text, int want, int status, const char *why)
{
	struct ws_response r = { 0 };

	is_int(ws_parse_response(text, strlen(text), KEY, &r), want, "%.40s", text);
	is_int(r.status, status, "its status");
	ok(*why ? !!strstr(r.why, why) : !r.why[0], "'%s': '%s'", why, r.why);
}

static void test_responses(void)
{
	responds("", 0, 0, "");
	responds("HTTP/1.1 101 Switching", 0, 0, "");
	responds("nonsense", -1, 0, "");
	responds("HTTP/1.1 1x1 \r\n\r\n", -1, 0, "");
	responds("HTTP/1.1 200 OK\r\n\r\n", 1, 200, "the answer is 200");
	responds("HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
		 "sec-websocket-accept:  " ACCEPT " \r\n\r\n",
		 1, 101, "");
	responds("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 1, 101,
		 "another protocol");
	responds("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Accept: " ACCEPT "x\r\n\r\n",
		 1, 101, "Accept is wrong");
}

static void parses(const char *bytes, size_t len, int want, enum ws_opcode opcode, uint64_t size)
{
	struct ws_frame f = { .opcode = WS_MORE };

	is_int(ws_parse_frame(bytes, len, &f), want, "a frame of %zu bytes", len);
	if (want > 0) {
		is_int(f.opcode, opcode, "its opcode");
		is_int(f.len, size, "its length");
	}
}

static void test_frames(void)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	static char big[70000];
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	ws_add_frame(&sb, WS_TEXT, "Hello", 5, mask);
	ok(sb.len == 11 && !memcmp(sb.buf, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11),
	   "the RFC's example of a masked frame");
	strbuf_reset(&sb);
	ws_add_frame(&sb, WS_TEXT, big, 300, mask);
	ok(!memcmp(sb.buf, "\x81\xfe\x01\x2c", 4), "a length of 16 bits");
	strbuf_reset(&sb);
	ws_add_frame(&sb, WS_BINARY, big, sizeof(big), mask);
	ok(!memcmp(sb.buf, "\x82\xff\0\0\0\0\0\x01\x11\x70", 10), "a length of 64 bits");
	parses("\x81\x05Hello", 7, 1, WS_TEXT, 5);
	parses("\x81\x05Hell", 6, 0, WS_TEXT, 0);
	parses("\x81", 1, 0, WS_TEXT, 0);
	parses("\x8a\x00", 2, 1, WS_PONG, 0);
	parses("\x82\x7e\x01", 3, 0, WS_BINARY, 0);
	parses("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, -1, WS_TEXT, 0);
	parses("\xc1\x00", 2, -1, WS_TEXT, 0);
	parses("\x83\x00", 2, -1, WS_TEXT, 0);
	parses("\x8b\x00", 2, -1, WS_TEXT, 0);
	parses("\x09\x00", 2, -1, WS_PING, 0);
	parses("\x89\x7e\x00\x80", 4, -1, WS_PING, 0);
	parses("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, -1, WS_BINARY, 0);
}

static void agree(int fd, const char *request)
{
	const char *key = strstr(request, "Sec-WebSocket-Key: ");
	char accept[WS_ACCEPT_SIZE], value[WS_KEY_SIZE] = "", head[256];

	if (key)
		memcpy(value, key + 19, WS_KEY_SIZE - 1);
	ws_accept_of(value, accept);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Accept: %s\r\n\r\n",
		 accept);
	send_text(fd, head);
}

static char heard[4096]; /* messages of the client, unmasked */

static bool recv_exact(int fd, void *buf, size_t len)
{
	return recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

/* Answers pings and messages until the client closes. */
static void echo(int fd, bool pongs)
{
	uint8_t head[2], mask[4], data[125];

	while (recv_exact(fd, head, 2) && recv_exact(fd, mask, 4)) {
		size_t len = head[1] & 0x7f;

		if (len > sizeof(data) || !recv_exact(fd, data, len))
			return;
		for (size_t i = 0; i < len; i++)
			data[i] ^= mask[i % 4];
		snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%x:%.*s ", head[0],
			 (head[0] & 0x0f) == WS_CLOSE ? 0 : (int)len, (const char *)data);
		if ((head[0] & 0x0f) == WS_CLOSE)
			return;
		if ((head[0] & 0x0f) == WS_PING && !pongs)
			continue;
		head[0] = (head[0] & 0x0f) == WS_PING ? 0x8a : head[0];
		head[1] &= 0x7f;
		send_all(fd, head, 2);
		send_all(fd, data, len);
	}
}

static void converse(int fd, const char *request)
{
	if (strstr(request, "GET /ws")) {
		agree(fd, request);
		send_all(fd, "\x89\x02hi", 4); /* a ping of its own */
		echo(fd, true);
	} else if (strstr(request, "GET /no-pong")) {
		agree(fd, request);
		echo(fd, false);
	} else if (strstr(request, "GET /garbage")) {
		agree(fd, request);
		send_all(fd, "\xff\xff\xff\xff", 4);
		drain(fd);
	} else if (strstr(request, "GET /hangup")) {
		agree(fd, request);
	} else if (strstr(request, "GET /plain")) {
		send_text(fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	} else if (strstr(request, "GET /silent")) {
		drain(fd);
	}
}

/* The server is a thread of its own: what was sent may not have come yet. */
static bool hears(const char *what)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (int i = 0; i < 500; i++) {
		if (strstr(heard, what))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static void test_calls(struct server *s)
{
	static const char json[] = "{\"commands\":[{\"protocol\":\"ws\",\"resource\":\"/ws\","
				   "\"body\":\"hello\",\"username\":\"me\","
				   "\"password\":\"s:cret\"}]}";
	struct run run = call(s, "ws:/ws");

	is_int(run.report.v[0].status, 101, "a WebSocket is opened: %s", run.report.v[0].error);
	is_str(run.report.v[0].error, "", "its ping is answered");
	is_int(run.report.v[0].protocol, PROBE_WS, "by ws");
	ok(hears("89:slimtrace ") && hears("8a:hi "), "pings both ways: %s", heard);
	ok(server_saw(s, "\r\nSec-WebSocket-Version: 13\r\n"), "its version");
	end(&run);
	heard[0] = '\0';
	run = run_for(s);
	probe_cmds_parse_json(json, strlen(json), "x", &run.opts.cmds, &run.err);
	go(&run);
	is_int(run.report.v[0].bytes, 5, "the body is a message, and the answer is counted");
	ok(hears("81:hello ") && hears("88: "), "sent, and closed: %s", heard);
	ok(server_saw(s, "\r\nAuthorization: Basic bWU6czpjcmV0\r\n"), "with a name");
	end(&run);
}

static void answers_badly(struct server *s, const char *arg, int status, const char *why)
{
	struct run run = call_within(
		s, arg, strstr(arg, "silent") || strstr(arg, "no-pong") ? SHORT_MS : LONG_MS);

	is_int(run.report.v[0].status, status, "%s: the status", arg);
	ok(strstr(run.report.v[0].error, why), "%s: '%s': '%s'", arg, why, run.report.v[0].error);
	end(&run);
}

static void test_bad_servers(struct server *s)
{
	answers_badly(s, "ws:/plain", 404, "the answer is 404");
	answers_badly(s, "ws:/garbage", 101, "not a WebSocket frame");
	answers_badly(s, "ws:/hangup", 101, "closed before the ping");
	answers_badly(s, "ws:/no-pong", 101, "not answered in time");
	answers_badly(s, "ws:/silent", 0, "no answer in time");
	answers_badly(s, "ws:/close", 0, "closed without an answer");
	answers_badly(s, "wss:/ws", 0, "TLS");
}

int main(void)
{
	struct server s = { .converse = converse };

	signal(SIGPIPE, SIG_IGN);
	test_handshake();
	test_responses();
	test_frames();
	server_bind(&s, "127.0.0.1");
	server_start(&s);
	test_calls(&s);
	test_bad_servers(&s);
	server_stop(&s);
	return tap_done();
}
