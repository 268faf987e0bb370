/* SPDX-License-Identifier: BSD-2-Clause */
/* A registry that has one image, for tests of its client; included by them once. */
#ifndef TEST_REGISTRY_H
#define TEST_REGISTRY_H

#include <stdlib.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "registry/artifact.h"
#include "slimtrace/base/alloc.h"

#define DIFF "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define CONFIG "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF "\"]}}"

/* A registry that has the image a/b:1, and what it is made of. */
struct shop {
	struct fake_engine *f;
	char *image;
	struct digest config, manifest;
	struct strbuf manifest_text;
};

static char *answer(int status, const char *headers, const char *body, size_t len)
{
	return xasprintf("HTTP/1.1 %d Scripted\r\n%sContent-Length: %zu\r\n\r\n%.*s", status,
			 headers, len, (int)len, body);
}

static void reply(struct fake_engine *f, const char *request, int status, const char *headers,
		  const char *body, unsigned int times)
{
	_cleanup_free_ char *bytes = answer(status, headers, body, strlen(body));

	fake_engine_reply(f, request, &(struct fake_reply){ .bytes = bytes, .times = times });
}

static void serve_blob(struct fake_engine *f, const struct digest *digest, const char *data,
		       size_t len)
{
	_cleanup_free_ char *request = xasprintf("GET /v2/a/b/blobs/%s", digest->str);
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;

	strbuf_addf(&bytes, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
	strbuf_add(&bytes, data, len);
	fake_engine_reply(f, request, &(struct fake_reply){ .bytes = bytes.buf, .len = bytes.len });
}

static void shop_documents(struct shop *s)
{
	s->config = sha256_of(CONFIG, strlen(CONFIG));
	strbuf_addf(&s->manifest_text,
		    "{\"schemaVersion\":2,\"mediaType\":\"" DOCKER_MANIFEST_TYPE
		    "\",\"config\":{\"digest\":\"%s\"},\"layers\":[]}",
		    s->config.str);
	s->manifest = sha256_of(s->manifest_text.buf, s->manifest_text.len);
}

static void shop_begin(struct shop *s)
{
	*s = (struct shop){ .f = fake_engine_new_tcp(), .manifest_text = STRBUF_INIT };
	s->image = xasprintf("%s/a/b:1", fake_engine_host(s->f));
	shop_documents(s);
}

/* What it has, after what a test wants to be different. */
static void shop_fill(struct shop *s)
{
	_cleanup_free_ char *by_digest = xasprintf("GET /v2/a/b/manifests/%s ", s->manifest.str);

	reply(s->f, "GET /v2/a/b/manifests/1 ", 200, "", s->manifest_text.buf, 0);
	reply(s->f, by_digest, 200, "", s->manifest_text.buf, 0);
	serve_blob(s->f, &s->config, CONFIG, strlen(CONFIG));
	reply(s->f, "HEAD /v2/a/b/", 404, "", "", 0);
	reply(s->f, "POST /v2/a/b/blobs/uploads/ ", 202, "Location: /upload?state=x\r\n", "", 0);
	reply(s->f, "PUT /upload?state=x&digest=sha256%3A", 201, "", "", 0);
	reply(s->f, "PUT /v2/a/b/manifests/", 201, "", "", 0);
	reply(s->f, "GET /v2/a/b/referrers/", 404, "", "", 0);
	reply(s->f, "GET /v2/a/b/tags/list?", 200, "", "{\"tags\":[\"1\"]}", 0);
}

static void shop_end(struct shop *s)
{
	fake_engine_free(s->f);
	strbuf_release(&s->manifest_text);
	free(s->image);
}
#define _cleanup_shop_ __attribute__((cleanup(shop_end)))

static int open_as(const struct shop *s, const char *arch, bool push, struct registry **ret,
		   struct err *err)
{
	const struct registry_opts opts = { .plain_http = -1, .arch = arch, .push = push };

	*err = ERR_INIT;
	return registry_open(s->image, &opts, ret, err);
}

static struct record *a_record(const struct shop *s)
{
	struct record *rec = record_new();

	rec->image_id = xstrdup(s->config.str);
	strvec_push(&rec->diff_ids, DIFF);
	rec->kernel = xstrdup("6.1");
	rec->arch = xstrdup("x86_64");
	rec->started = xstrdup("2026-01-01T00:00:00Z");
	return rec;
}

#endif
