/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry/gzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest, with gzip's header around it */
#define CHUNK (256u << 10)
/* zlib counts in unsigned int. */
#define MAX_PIECE (1u << 30)

/* All of @data in pieces that zlib can count; out to @ret, at most @max bytes. */
static int pump(z_stream *z, int (*step)(z_stream *, int), const struct strbuf *data, size_t max,
		struct strbuf *ret)
{
	size_t pos = 0;

	for (;;) {
		size_t piece = data->len - pos < MAX_PIECE ? data->len - pos : MAX_PIECE, room;
		int result;

		strbuf_grow(ret, CHUNK);
		room = max - ret->len < CHUNK ? max - ret->len + 1 : CHUNK;
		z->next_in = (Bytef *)(uintptr_t)(data->buf + pos);
		z->avail_in = (uInt)piece;
		z->next_out = (Bytef *)ret->buf + ret->len;
		z->avail_out = (uInt)room;
		result = step(z, pos + piece == data->len ? Z_FINISH : Z_NO_FLUSH);
		pos += piece - z->avail_in;
		ret->len += room - z->avail_out;
		ret->buf[ret->len] = '\0';
		if (ret->len > max)
			return -EFBIG;
		if (result == Z_STREAM_END)
			return pos == data->len ? 0 : -EBADMSG;
		/* Out of room is what the next round is for; anything else ends here. */
		if (result != Z_OK && (result != Z_BUF_ERROR || z->avail_out))
			return -EBADMSG;
	}
}

void gzip_pack(const struct strbuf *data, struct strbuf *ret)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK ||
	    pump(&z, deflate, data, SIZE_MAX / 2, ret) < 0)
		abort(); /* nothing but a lack of memory */
	deflateEnd(&z);
}

int gzip_unpack(const struct strbuf *data, size_t max, struct strbuf *ret, struct err *err)
{
	z_stream z = { 0 };
	int r;

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		abort();
	r = pump(&z, inflate, data, max, ret);
	inflateEnd(&z);
	if (r == -EFBIG)
		return err_class_set(err, ERR_FAILURE, EFBIG, "it is larger than %zu bytes", max);
	if (r < 0)
		return err_class_set(err, ERR_FAILURE, EBADMSG, "it is not gzip's, or cut");
	return 0;
}
