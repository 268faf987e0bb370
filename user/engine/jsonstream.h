/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON objects one after another, as the engine tells the progress of a load: with or without
 * white space or record separators (RFC 7464) between them, cut at any byte into pieces. Each
 * object is handed over as it is complete; one larger than JSON_STREAM_MAX is an error.
 */
#ifndef ENGINE_JSONSTREAM_H
#define ENGINE_JSONSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strbuf.h"

#define JSON_STREAM_MAX (1u << 20)

struct json_stream {
	int (*doc)(const cJSON *doc, void *ctx, struct err *err); /* < 0 ends the stream */
	void *ctx;
	/* the splitter's own */
	struct strbuf text;
	unsigned int depth;
	bool in_string, escaped;
};

#define JSON_STREAM_INIT(fn, arg)                                                                  \
	((struct json_stream){ .text = STRBUF_INIT, .doc = (fn), .ctx = (arg) })

int json_stream_feed(struct json_stream *s, const char *data, size_t len, struct err *err);
/* At the end: -ECONNRESET when it came inside an object. */
int json_stream_end(const struct json_stream *s, struct err *err);
void json_stream_release(struct json_stream *s);

#endif
