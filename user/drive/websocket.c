/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A WebSocket call: the opening handshake, a ping, the command's body as a text message, and the
 * closing handshake. libcurl makes the connection and TLS; before 8.x it knows no WebSocket.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "drive/transfer.h"
#include "drive/url.h"
#include "drive/wsframe.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"

#define PING "slimtrace"
#define LINGER_MS 2000 /* for an answer to the message, which need not come */
#define MAX_BYTES (UINT64_C(64) << 20)

struct websocket {
	struct exchange *x;
	struct strbuf in; /* received, not looked at yet */
	bool ponged, heard, closed;
	struct err *err;
};

/* 1: @events on the connection; 0: time is up; -EINTR. */
static int wait_socket(struct websocket *ws, short events, uint64_t until_ms)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	uint64_t now = clock_mono_ms();
	struct pollfd p[2] = { { .events = events }, { .fd = cancel_fd(), .events = POLLIN } };
	int r;

	curl_easy_getinfo(ws->x->easy, CURLINFO_ACTIVESOCKET, &fd);
	p[0].fd = fd;
	r = cancel_check(ws->err);
	if (r < 0)
		return r;
	if (now >= until_ms)
		return 0;
	r = poll(p, 2, (int)(until_ms - now < 1000 ? until_ms - now : 1000));
	if (r < 0 && errno != EINTR)
		return err_set(ws->err, errno, "cannot wait for a WebSocket");
	r = cancel_check(ws->err);
	return r < 0 ? r : 1;
}

/* 1: all is sent; 0: it cannot be, answer.why says so; -EINTR. */
static int send_all(struct websocket *ws, const struct strbuf *data)
{
	size_t done = 0;

	while (done < data->len) {
		size_t n = 0;
		CURLcode code = curl_easy_send(ws->x->easy, data->buf + done, data->len - done, &n);

		if (code == CURLE_AGAIN) {
			int r = wait_socket(ws, POLLOUT, ws->x->end_ms);

			if (r == 0)
				answer_set_why(&ws->x->answer, "the app does not read");
			if (r <= 0)
				return r;
		} else if (code != CURLE_OK) {
			answer_set_why(&ws->x->answer, "the connection was closed");
			return 0;
		}
		done += n;
	}
	return 1;
}

/* Appends what has come. 1: something; 0: time is up or the connection is closed; -EINTR. */
static int receive(struct websocket *ws, uint64_t until_ms)
{
	char buf[16384];

	for (;;) {
		size_t n = 0;
		CURLcode code = curl_easy_recv(ws->x->easy, buf, sizeof(buf), &n);
		int r;

		if (code == CURLE_OK && n) {
			strbuf_add(&ws->in, buf, n);
			return 1;
		}
		if (code != CURLE_AGAIN) {
			ws->closed = true;
			return 0;
		}
		r = wait_socket(ws, POLLIN, until_ms);
		if (r <= 0)
			return r;
	}
}

static void take_bytes(struct strbuf *sb, size_t n)
{
	memmove(sb->buf, sb->buf + n, sb->len - n);
	strbuf_setlen(sb, sb->len - n);
}

static void random_bytes(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		memset(buf, 0x5a, len); /* it masks and tells apart, it hides nothing */
}

static void make_key(char key[WS_KEY_SIZE])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t raw[22];

	random_bytes(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		key[i] = digits[raw[i] % 64];
	key[21] = digits[raw[21] % 4 * 16]; /* 128 bits: the last digit has two of them */
	memcpy(key + 22, "==", 3);
}

/* 1: agreed; 0: not, the answer says why; -EINTR. */
static int handshake(struct websocket *ws)
{
	_cleanup_strbuf_ struct strbuf request = STRBUF_INIT;
	_cleanup_free_ char *host = url_make(false, ws->x->call.addr, ws->x->call.port, "");
	struct probe_answer *answer = &ws->x->answer;
	struct ws_response response = { 0 };
	char key[WS_KEY_SIZE];
	int r, parsed = 0;

	make_key(key);
	ws_add_request(&request, ws->x->call.cmd, host + strlen("http://"), key);
	r = send_all(ws, &request);
	while (r > 0 && !parsed) {
		r = receive(ws, ws->x->end_ms);
		if (r > 0)
			parsed = ws_parse_response(ws->in.buf, ws->in.len, key, &response);
		if (ws->in.len > PROBE_MAX_HEADER_BYTES)
			break;
	}
	if (r < 0)
		return r;
	if (parsed <= 0) {
		answer->outcome = parsed < 0 || ws->in.len ? PROBE_NO_HTTP
				  : ws->closed		   ? PROBE_CLOSED
							   : PROBE_NO_ANSWER;
		answer_set_why(answer, parsed < 0 || ws->in.len ? "what came back is not HTTP"
				       : ws->closed ? "the connection was closed without an answer"
						    : "no answer in time");
		return 0;
	}
	answer->outcome = PROBE_ANSWERED;
	answer->status = response.status;
	answer->http_version = 11;
	if (response.why[0])
		answer_set_why(answer, response.why);
	take_bytes(&ws->in, response.len);
	return !response.why[0];
}

static int send_frame(struct websocket *ws, enum ws_opcode opcode, const void *data, size_t len)
{
	_cleanup_strbuf_ struct strbuf frame = STRBUF_INIT;
	uint8_t mask[4];

	random_bytes(mask, sizeof(mask));
	ws_add_frame(&frame, opcode, data, len, mask);
	return send_all(ws, &frame);
}

/* Whole frames that have come. 1: go on; 0: the end, said by the answer when it is a bad one. */
static int take_frames(struct websocket *ws)
{
	struct probe_answer *answer = &ws->x->answer;
	struct ws_frame f;
	int whole = 0, r = 1;

	while (r > 0 && (whole = ws_parse_frame(ws->in.buf, ws->in.len, &f)) > 0) {
		if (f.opcode == WS_PING)
			r = send_frame(ws, WS_PONG, ws->in.buf + f.header, (size_t)f.len);
		else if (f.opcode == WS_PONG)
			ws->ponged = true;
		else if (f.opcode == WS_CLOSE)
			ws->closed = true;
		else
			answer->bytes += f.len, ws->heard |= f.final;
		take_bytes(&ws->in, f.header + (size_t)f.len);
		if (ws->closed || answer->bytes > MAX_BYTES)
			return 0;
	}
	if (whole < 0) {
		answer_set_why(answer, "what came back is not a WebSocket frame");
		return 0;
	}
	return r;
}

/* A ping, the message; until the ping is answered, and for a while until the message is. */
static int talk(struct websocket *ws)
{
	const struct probe_cmd *cmd = ws->x->call.cmd;
	uint64_t linger = clock_mono_ms() + LINGER_MS, until;
	int r = send_frame(ws, WS_PING, PING, strlen(PING));

	if (r > 0 && cmd->body)
		r = send_frame(ws, WS_TEXT, cmd->body, cmd->body_len);
	if (r > 0)
		r = take_frames(ws);
	while (r > 0 && !(ws->ponged && (ws->heard || !cmd->body))) {
		until = ws->ponged && linger < ws->x->end_ms ? linger : ws->x->end_ms;
		r = receive(ws, until);
		if (r > 0)
			r = take_frames(ws);
	}
	if (r < 0)
		return r;
	if (!ws->ponged && !ws->x->answer.why[0])
		answer_set_why(&ws->x->answer, ws->closed ? "closed before the ping was answered"
							  : "the ping was not answered in time");
	if (!ws->closed)
		r = send_frame(ws, WS_CLOSE, "\x03\xe8", 2); /* 1000: done */
	return r < 0 ? r : 0;
}

static int converse(struct exchange *x, struct err *err)
{
	struct websocket ws = { .x = x, .in = STRBUF_INIT, .err = err };
	uint64_t start = clock_mono_ms();
	int r = handshake(&ws);

	if (r > 0)
		r = talk(&ws);
	x->answer.seconds += (double)(clock_mono_ms() - start) / 1000;
	strbuf_release(&ws.in);
	return r < 0 ? r : 0;
}

int probe_websocket_call(struct probe_http *h, const struct probe_call *call,
			 struct probe_answer *ret, struct err *err)
{
	struct exchange *x = exchange_new(h, call, NULL), *done = NULL;
	_cleanup_free_ char *url =
		url_make(probe_is_tls(call->protocol), call->addr, call->port, "/");
	CURLcode code = CURLE_OK;
	int r;

	exchange_prepare(x, url);
	curl_easy_setopt(x->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_multi_add_handle(h->multi, x->easy);
	r = transfer_next(h, &done, &code, err);
	if (r > 0) {
		exchange_take(x, code);
		if (code == CURLE_OK)
			r = converse(x, err);
	}
	if (r >= 0) {
		probe_answer_release(ret);
		*ret = x->answer;
		x->answer = PROBE_ANSWER_INIT;
	}
	exchange_free(x);
	return r < 0 ? r : 0;
}
