/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/stream.h"

#include <errno.h>
#include <string.h>

enum { TYPE_STDIN, TYPE_STDOUT, TYPE_STDERR, TYPE_FAILURE };

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int start_frame(struct stream *s, struct err *err)
{
	const uint8_t *h = s->header;

	if (h[0] > TYPE_FAILURE || h[1] || h[2] || h[3])
		return err_class_set(err, ERR_ENGINE, EPROTO,
				     "the engine's output stream is not in frames: "
				     "header %02x%02x%02x%02x",
				     h[0], h[1], h[2], h[3]);
	s->type = h[0];
	s->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
	s->header_len = 0;
	s->failure_len = 0;
	return 0;
}

/* The frame's message is passed on when it is complete, cut to what we keep of it. */
static int take_failure(struct stream *s, const char *data, size_t len, struct err *err)
{
	size_t n = min_size(len, sizeof(s->failure) - s->failure_len);

	memcpy(s->failure + s->failure_len, data, n);
	s->failure_len += n;
	if (s->left)
		return 0;
	return err_class_set(err, ERR_ENGINE, EIO, "the engine's output stream failed: %.*s",
			     (int)s->failure_len, s->failure);
}

static int take_payload(struct stream *s, const char *data, size_t len, struct err *err)
{
	s->left -= (uint32_t)len;
	if (s->type == TYPE_FAILURE)
		return take_failure(s, data, len, err);
	s->out(s->type == TYPE_STDERR, data, len, s->ctx);
	return 0;
}

int stream_feed(struct stream *s, const char *data, size_t len, struct err *err)
{
	size_t n;
	int r = 0;

	if (s->raw) {
		if (len)
			s->out(false, data, len, s->ctx);
		return 0;
	}
	for (; len && !r; data += n, len -= n) {
		if (s->left) {
			n = min_size(len, s->left);
			r = take_payload(s, data, n, err);
			continue;
		}
		n = min_size(len, sizeof(s->header) - s->header_len);
		memcpy(s->header + s->header_len, data, n);
		s->header_len += n;
		if (s->header_len == sizeof(s->header))
			r = start_frame(s, err);
	}
	return r;
}

int stream_end(const struct stream *s, struct err *err)
{
	if (!s->left && !s->header_len)
		return 0;
	return err_class_set(err, ERR_ENGINE, ECONNRESET,
			     "the engine's output stream ended inside a frame");
}
