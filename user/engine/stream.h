/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The output of a container or an exec as the engine sends it. With a terminal: bytes. Without:
 * frames of an 8-byte header { type, 0, 0, 0, length (big endian) } and so many bytes of stdout
 * (type 1) or stderr (2). Docker Engine API, "Stream format" of ContainerAttach. Which of the two
 * it is, the container's Config.Tty says, not the content type.
 *
 * The decoder takes pieces of any size, keeps nothing but a header, and trusts no length.
 */
#ifndef ENGINE_STREAM_H
#define ENGINE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/engine.h"

struct stream {
	bool raw;
	engine_output_fn *out;
	void *ctx;
	/* the decoder's own */
	uint8_t header[8];
	size_t header_len;
	uint32_t left; /* of the frame's payload */
	uint8_t type;
	char failure[512]; /* of a frame in which the daemon says what went wrong (type 3) */
	size_t failure_len;
};

#define STREAM_INIT(tty, fn, arg) ((struct stream){ .raw = (tty), .out = (fn), .ctx = (arg) })

/* -EPROTO when it is not such a stream, -EIO when the daemon reports a failure in it. */
int stream_feed(struct stream *s, const char *data, size_t len, struct err *err);
/* At the stream's end: -ECONNRESET when it ended inside a frame. */
int stream_end(const struct stream *s, struct err *err);

#endif
