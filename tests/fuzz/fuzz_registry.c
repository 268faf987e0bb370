/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as what a registry answers with. The first byte chooses: an image's manifest or index,
 * an artifact's manifest, an index that one is added to, a list of tags, a Link header, challenges
 * (a line each), gzip, base64, a Location.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry/artifact.h"
#include "registry/gzip.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/base64.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MAX_UNPACKED (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What was understood is written, and understood again as the same. */
static void manifest(const struct strbuf *text)
{
	struct registry r = { .manifest = { DIGEST }, .manifest_type = (char *)(uintptr_t) "x" };
	struct registry_artifact a = { 0 }, again = { 0 };
	_cleanup_strbuf_ struct strbuf made = STRBUF_INIT;
	struct err err = ERR_INIT;
	int result = artifact_parse(&r, text, &a, &err);

	must(result >= 0 || err.msg[0]);
	if (result == 1) {
		must(digest_valid(a.layer.str) && a.size <= RECORD_MAX_BYTES);
		(void)registry_annotation(&a, RECORD_DIGEST_KEY);
	}
	if (result == 1 && a.gzip && !a.annotations.n) {
		artifact_make(&r, &a, &made);
		must(artifact_parse(&r, &made, &again, &err) == 1 && again.size == a.size);
	}
	registry_artifact_release(&a);
	registry_artifact_release(&again);
}

/* What was added is in it, and all that it had. */
static void index_of(const struct strbuf *text)
{
	struct registry_artifact a = { .digest = { DIGEST } };
	_cleanup_(json_free) cJSON *seen = json_array();
	_cleanup_strbuf_ struct strbuf next = STRBUF_INIT, none = STRBUF_INIT;
	_cleanup_strvec_ struct strvec before = STRVEC_INIT, after = STRVEC_INIT;
	struct err err = ERR_INIT;
	int result = artifact_index_parse(text, &before, &err);

	must(result >= 0 || err.msg[0]);
	for (size_t i = 0; i < before.n; i++)
		must(digest_valid(before.v[i]));
	if (result < 0 || artifact_index_add(text, &a, 1, seen, &next, &err) != 1)
		return;
	must(artifact_index_parse(&next, &after, &err) == 0);
	must(after.n == before.n + 1 && strvec_has(&after, DIGEST));
	must(artifact_index_add(&next, &a, 1, seen, &none, &err) == 0);
}

static void tags(const struct strbuf *text)
{
	struct digest image = { DIGEST };
	_cleanup_strvec_ struct strvec found = STRVEC_INIT;
	struct err err = ERR_INIT;

	must(artifact_tags_parse(text, &image, &found, &err) >= 0 || err.msg[0]);
	for (size_t i = 0; i < found.n; i++)
		must(strlen(found.v[i]) <= 128 && !strpbrk(found.v[i], "/?# \r\n%"));
}

static void challenges(const char *text)
{
	_cleanup_strvec_ struct strvec headers = STRVEC_INIT;
	_cleanup_challenge_ struct challenge c = { 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");

		strvec_push_len(&headers, text, len);
		text += len + (text[len] == '\n');
	}
	challenge_choose(&headers, &c);
	must(c.scheme != CHALLENGE_BEARER || c.realm);
}

static void unpack(const struct strbuf *text)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT, packed = STRBUF_INIT, back = STRBUF_INIT;
	struct err err = ERR_INIT;

	must(gzip_unpack(text, MAX_UNPACKED, &out, &err) == 0 || err.msg[0]);
	must(out.len <= MAX_UNPACKED + 1);
	gzip_pack(text, &packed);
	must(gzip_unpack(&packed, text->len, &back, &err) == 0);
	must(back.len == text->len && !memcmp(back.buf, text->buf, back.len));
}

static void base64(const char *text)
{
	_cleanup_strbuf_ struct strbuf plain = STRBUF_INIT, coded = STRBUF_INIT,
				       again = STRBUF_INIT;

	if (!base64_decode(text, &plain))
		return;
	base64_add(&coded, plain.buf, plain.len);
	must(base64_decode(coded.buf, &again));
	must(again.len == plain.len && !memcmp(again.buf, plain.buf, plain.len));
}

static void location(const char *text)
{
	_cleanup_free_ char *url = web_resolve("https://a.example:5000/v2/x/blobs/uploads/", text);
	_cleanup_free_ char *link = artifact_next_link(text);

	must(!url || !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7));
	must(!url || !strpbrk(url, "\r\n"));
	if (url)
		(void)web_same_origin(url, "https://a.example:5000");
	(void)web_is_loopback(text);
}

static void image(const struct strbuf *text)
{
	struct image_said said = { 0 };
	struct err err = ERR_INIT;
	int result = image_parse(text, "arm/v7", &said, &err);

	must(result == 0 ? digest_valid(said.digest.str) : err.msg[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (!size)
		return 0;
	strbuf_add(&text, data + 1, size - 1);
	switch (data[0] % 8) {
	case 0:
		manifest(&text);
		break;
	case 1:
		index_of(&text);
		break;
	case 2:
		tags(&text);
		break;
	case 3:
		challenges(text.buf);
		break;
	case 4:
		unpack(&text);
		break;
	case 5:
		base64(text.buf);
		break;
	case 6:
		image(&text);
		break;
	default:
		location(text.buf);
	}
	return 0;
}
