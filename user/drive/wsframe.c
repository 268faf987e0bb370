/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/wsframe.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drive/url.h"
#include "slimtrace/base/alloc.h"

void ws_accept_of(const char *key, char ret[WS_ACCEPT_SIZE])
{
	_cleanup_free_ char *text = xasprintf("%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	unsigned char hash[EVP_MAX_MD_SIZE], out[WS_ACCEPT_SIZE + 4];
	unsigned int len = 0;

	if (EVP_Digest(text, strlen(text), hash, &len, EVP_sha1(), NULL) != 1 || len != 20)
		abort(); /* nothing but a lack of memory */
	EVP_EncodeBlock(out, hash, 20);
	memcpy(ret, out, WS_ACCEPT_SIZE);
}

static bool has_header(const struct probe_cmd *cmd, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < cmd->headers.n; i++)
		if (!strncasecmp(cmd->headers.v[i], name, len) && cmd->headers.v[i][len] == ':')
			return true;
	return false;
}

static void add_credentials(struct strbuf *sb, const struct probe_cmd *cmd)
{
	_cleanup_free_ char *text =
		xasprintf("%s:%s", cmd->username, cmd->password ? cmd->password : "");
	size_t len = strlen(text);
	_cleanup_free_ char *out = xmalloc(len * 4 / 3 + 8);

	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
	strbuf_addf(sb, "Authorization: Basic %s\r\n", out);
	explicit_bzero(text, len);
	explicit_bzero(out, strlen(out));
}

void ws_add_request(struct strbuf *sb, const struct probe_cmd *cmd, const char *host,
		    const char *key)
{
	strbuf_addstr(sb, "GET ");
	url_add_resource(sb, cmd->resource);
	strbuf_addstr(sb, " HTTP/1.1\r\n");
	if (!has_header(cmd, "Host"))
		strbuf_addf(sb, "Host: %s\r\n", host);
	strbuf_addf(sb,
		    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
		    "Sec-WebSocket-Version: 13\r\n",
		    key);
	if (!has_header(cmd, "User-Agent"))
		strbuf_addstr(sb, "User-Agent: slimtrace/" SLIMTRACE_VERSION "\r\n");
	/* Some servers want one; it is the app's own, as a page of the app would send it. */
	if (!has_header(cmd, "Origin"))
		strbuf_addf(sb, "Origin: %s://%s\r\n",
			    cmd->protocol == PROBE_WSS ? "https" : "http", host);
	if (cmd->username)
		add_credentials(sb, cmd);
	for (size_t i = 0; i < cmd->headers.n; i++)
		strbuf_addf(sb, "%s\r\n", cmd->headers.v[i]);
	strbuf_addstr(sb, "\r\n");
}

/* Whether a line "@name: ...@value..." is in the header; @whole: and nothing but the value. */
static bool header_says(const char *text, size_t len, const char *name, const char *value,
			bool whole)
{
	size_t name_len = strlen(name), value_len = strlen(value);

	for (const char *p = text, *end = text + len; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *line = p, *stop = eol ? eol : end;

		p = stop + 1;
		if ((size_t)(stop - line) <= name_len || strncasecmp(line, name, name_len) != 0 ||
		    line[name_len] != ':')
			continue;
		line += name_len + 1;
		while (line < stop && (*line == ' ' || *line == '\t'))
			line++;
		while (stop > line && isspace((unsigned char)stop[-1]))
			stop--;
		if (whole && (size_t)(stop - line) == value_len && !memcmp(line, value, value_len))
			return true;
		for (; !whole && line + value_len <= stop; line++)
			if (!strncasecmp(line, value, value_len))
				return true;
	}
	return false;
}

int ws_parse_response(const char *text, size_t len, const char *key, struct ws_response *ret)
{
	const char *end = memmem(text, len, "\r\n\r\n", 4);
	char accept[WS_ACCEPT_SIZE];

	if (memcmp(text, "HTTP/1.", len < 7 ? len : 7) != 0)
		return -1;
	if (!end)
		return 0;
	if (end - text < 12 || text[8] != ' ' || !isdigit((unsigned char)text[9]) ||
	    !isdigit((unsigned char)text[10]) || !isdigit((unsigned char)text[11]))
		return -1;
	*ret = (struct ws_response){ .len = (size_t)(end - text) + 4 };
	ret->status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
	len = ret->len;
	ws_accept_of(key, accept);
	if (ret->status != 101)
		snprintf(ret->why, sizeof(ret->why), "no WebSocket: the answer is %d", ret->status);
	else if (!header_says(text, len, "Upgrade", "websocket", false) ||
		 !header_says(text, len, "Connection", "upgrade", false))
		snprintf(ret->why, sizeof(ret->why), "no WebSocket: another protocol is offered");
	else if (!header_says(text, len, "Sec-WebSocket-Accept", accept, true))
		snprintf(ret->why, sizeof(ret->why), "no WebSocket: Sec-WebSocket-Accept is wrong");
	return 1;
}

void ws_add_frame(struct strbuf *sb, enum ws_opcode opcode, const void *data, size_t len,
		  const uint8_t mask[4])
{
	const uint8_t *p = data;
	size_t bytes = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;

	strbuf_addch(sb, (char)(0x80 | opcode));
	strbuf_addch(sb, (char)(0x80 | (bytes == 0 ? len : bytes == 2 ? 126 : 127)));
	for (size_t i = bytes; i-- > 0;)
		strbuf_addch(sb, (char)((uint64_t)len >> (8 * i)));
	strbuf_add(sb, mask, 4);
	strbuf_grow(sb, len);
	for (size_t i = 0; i < len; i++)
		strbuf_addch(sb, (char)(p[i] ^ mask[i % 4]));
}

int ws_parse_frame(const void *data, size_t len, struct ws_frame *ret)
{
	const uint8_t *p = data;
	struct ws_frame f;
	size_t bytes;

	if (len < 2)
		return 0;
	f = (struct ws_frame){ .opcode = p[0] & 0x0f, .final = p[0] & 0x80, .len = p[1] & 0x7f };
	/* No extension was agreed on, and a server does not mask (5.1, 5.2). */
	if ((p[0] & 0x70) || (p[1] & 0x80))
		return -1;
	if ((f.opcode > WS_BINARY && f.opcode < WS_CLOSE) || f.opcode > WS_PONG)
		return -1;
	if (f.opcode >= WS_CLOSE && (f.len > 125 || !f.final))
		return -1;
	bytes = f.len < 126 ? 0 : f.len == 126 ? 2 : 8;
	f.header = 2 + bytes;
	if (len < f.header)
		return 0;
	if (bytes)
		f.len = 0;
	for (size_t i = 0; i < bytes; i++)
		f.len = f.len << 8 | p[2 + i];
	if (f.len > WS_MAX_FRAME)
		return -1;
	*ret = f;
	return len - f.header >= f.len;
}
