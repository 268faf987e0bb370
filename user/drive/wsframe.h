/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes over a WebSocket (RFC 6455), as bytes: the handshake and frames. Pure. */
#ifndef DRIVE_WSFRAME_H
#define DRIVE_WSFRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/strbuf.h"
#include "slimtrace/drive.h"

#define WS_KEY_SIZE 25	  /* 16 random bytes in base64, terminated */
#define WS_ACCEPT_SIZE 29 /* a SHA-1 in base64, terminated */
#define WS_MAX_FRAME (UINT64_C(16) << 20)

enum ws_opcode { WS_MORE, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG };

/* The value of Sec-WebSocket-Accept that belongs to @key (4.2.2). */
void ws_accept_of(const char *key, char ret[WS_ACCEPT_SIZE]);
/* The request of the opening handshake (4.1); @host as it stands in a URL. */
void ws_add_request(struct strbuf *sb, const struct probe_cmd *cmd, const char *host,
		    const char *key);

struct ws_response {
	size_t len; /* with the empty line */
	int status;
	char why[96]; /* why it is not an agreement to speak WebSocket, or empty */
};
/* 1: there is a whole response header in @text, 0: not yet, -1: it is not HTTP. */
int ws_parse_response(const char *text, size_t len, const char *key, struct ws_response *ret);

/* A frame of a client: whole, and masked with @mask (5.3). */
void ws_add_frame(struct strbuf *sb, enum ws_opcode opcode, const void *data, size_t len,
		  const uint8_t mask[4]);

struct ws_frame {
	enum ws_opcode opcode;
	bool final;
	size_t header; /* bytes before the payload */
	uint64_t len;  /* of the payload */
};
/* A frame of a server: 1 whole, 0 more bytes are needed, -1 no frame, or too long a one. */
int ws_parse_frame(const void *data, size_t len, struct ws_frame *ret);

#endif
