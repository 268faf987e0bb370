/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an engine's output stream and as its progress report, in pieces: what is decoded
 * does not depend on where they are cut. The first byte chooses the size of the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/jsonstream.h"
#include "engine/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void on_output(bool is_stderr, const char *data, size_t len, void *ctx)
{
	strbuf_add((struct strbuf *)ctx + is_stderr, data, len);
}

static int decode(const char *data, size_t len, size_t step, struct strbuf got[2])
{
	struct stream s = STREAM_INIT(false, on_output, got);
	struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < len && !r; i += step)
		r = stream_feed(&s, data + i, len - i < step ? len - i : step, &err);
	if (!r)
		r = stream_end(&s, &err);
	must(!r || err.msg[0]);
	return r;
}

static int on_doc(const cJSON *doc, void *ctx, struct err *err)
{
	(void)err;
	must(cJSON_IsObject(doc));
	json_print(doc, false, ctx);
	return 0;
}

static int split(const char *data, size_t len, size_t step, struct strbuf *got)
{
	struct json_stream s = JSON_STREAM_INIT(on_doc, got);
	struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < len && !r; i += step)
		r = json_stream_feed(&s, data + i, len - i < step ? len - i : step, &err);
	if (!r)
		r = json_stream_end(&s, &err);
	must(!r || err.msg[0]);
	json_stream_release(&s);
	return r;
}

static void must_be_same(struct strbuf *a, struct strbuf *b)
{
	must(a->len == b->len && !memcmp(a->buf, b->buf, a->len));
	strbuf_release(a);
	strbuf_release(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole[3] = { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	struct strbuf cut[3] = { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	const char *bytes = (const char *)data + 1;
	size_t len = size - 1, step;

	if (!size)
		return 0;
	step = data[0] % 16 + 1;
	must(decode(bytes, len, len + 1, whole) == decode(bytes, len, step, cut));
	must(split(bytes, len, len + 1, whole + 2) == split(bytes, len, step, cut + 2));
	for (int i = 0; i < 3; i++)
		must_be_same(&whole[i], &cut[i]);
	return 0;
}
