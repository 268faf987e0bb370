/* SPDX-License-Identifier: BSD-2-Clause */
/* Pushing and pulling records, also with registries that lie, stop half way, or have no end. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "registry/gzip.h"
#include "test_registry.h"

/* --- pushing --- */

static int push_to(struct shop *s, struct registry_artifact *ret, struct err *err)
{
	_cleanup_(registry_free) struct registry *r = NULL;
	_cleanup_(record_free) struct record *rec = a_record(s);
	int result = open_as(s, "amd64", true, &r, err);

	return result < 0 ? result : registry_push(r, rec, NULL, ret, err);
}

static void test_push(void)
{
	_cleanup_shop_ struct shop s;
	struct registry_artifact a = { 0 }, again = { 0 };
	_cleanup_free_ char *by_digest = NULL, *by_tag = NULL, *in_index = NULL, *body = NULL;
	struct err err;

	shop_begin(&s);
	shop_fill(&s);
	is_int(push_to(&s, &a, &err), 0, "a push");
	by_digest = xasprintf("PUT /v2/a/b/manifests/%s ", a.digest.str);
	by_tag = xasprintf("PUT /v2/a/b/manifests/sha256-%s.record-", digest_hex(&s.manifest));
	in_index = xasprintf("PUT /v2/a/b/manifests/sha256-%s ", digest_hex(&s.manifest));
	is_int(fake_engine_asked(s.f, "PUT /upload"), 2, "two blobs");
	is_int(fake_engine_asked(s.f, by_digest), 1, "the artifact");
	is_int(fake_engine_asked(s.f, by_tag), 1, "with its own tag");
	ok(fake_engine_asked(s.f, in_index) > 1, "and in the list, which here never has it");
	body = fake_engine_body(s.f, in_index);
	ok(body && strstr(body, a.digest.str), "it was in what was sent");
	is_int(push_to(&s, &again, &err), 0, "again");
	is_str(again.digest.str, a.digest.str, "it is the same artifact");
	registry_artifact_release(&a);
	registry_artifact_release(&again);
}

static void test_push_referrers(void)
{
	_cleanup_shop_ struct shop s;
	struct registry_artifact a = { 0 };
	_cleanup_free_ char *subject = NULL;
	struct err err;

	shop_begin(&s);
	subject = xasprintf("OCI-Subject: %s\r\n", s.manifest.str);
	reply(s.f, "PUT /v2/a/b/manifests/sha256:", 201, subject, "", 0);
	shop_fill(&s);
	is_int(push_to(&s, &a, &err), 0, "a registry that lists what belongs to an image");
	is_int(fake_engine_asked(s.f, "PUT /v2/a/b/manifests/sha256-"), 0, "needs no tags");
	registry_artifact_release(&a);
}

static void check_push(const char *request, const struct fake_reply *bad, int want,
		       const char *text, const char *name)
{
	_cleanup_shop_ struct shop s;
	struct registry_artifact a = { 0 };
	struct err err;

	shop_begin(&s);
	fake_engine_reply(s.f, request, bad);
	shop_fill(&s);
	is_int(push_to(&s, &a, &err), want, "%s", name);
	if (want < 0 && !ok(strstr(err.msg, text), "%s: says '%s'", name, text))
		printf("# %s\n", err.msg);
	registry_artifact_release(&a);
}

#define EMPTY(status, headers) "HTTP/1.1 " status " X\r\n" headers "Content-Length: 0\r\n\r\n"

static void test_bad_pushes(void)
{
	check_push("PUT /upload", &(struct fake_reply){ .bytes = "", .cut = true, .times = 1 }, 0,
		   "", "an upload that is cut is begun again");
	check_push("PUT /upload",
		   &(struct fake_reply){ .bytes = "", .cut = true, .unread = true, .times = 1 }, 0,
		   "", "also before it was read");
	check_push("POST /v2/a/b/blobs/",
		   &(struct fake_reply){ .bytes = EMPTY("503", "Retry-After: 0\r\n"), .times = 2 },
		   0, "", "busy for a moment");
	check_push("PUT /v2/a/b/manifests/",
		   &(struct fake_reply){ .bytes = "HTTP/1.1 2", .cut = true, .times = 1 }, 0, "",
		   "an answer that is cut");
	check_push("PUT /upload",
		   &(struct fake_reply){
			   .bytes = EMPTY("201", "Docker-Content-Digest: " DIFF "\r\n") },
		   -EBADMSG, "of what was sent as", "a blob that became another");
	check_push("PUT /v2/a/b/manifests/",
		   &(struct fake_reply){
			   .bytes = EMPTY("201", "Docker-Content-Digest: " DIFF "\r\n") },
		   -EBADMSG, "of what was sent as", "a manifest that became another");
	check_push("POST /v2/a/b/blobs/", &(struct fake_reply){ .bytes = EMPTY("202", "") },
		   -EPROTO, "where to upload to", "no place to upload to");
	check_push("POST /v2/a/b/blobs/", &(struct fake_reply){ .bytes = EMPTY("403", "") },
		   -EACCES, "status 403", "no right to write");
	check_push("PUT /v2/a/b/manifests/", &(struct fake_reply){ .bytes = EMPTY("405", "") },
		   -EPROTO, "does not take the artifact", "a registry that takes no artifacts");
	check_push("PUT /v2/a/b/manifests/sha256-",
		   &(struct fake_reply){ .bytes = EMPTY("400", "") }, -EINVAL,
		   "does not take the artifact", "a registry that takes no such tag");
	check_push("PUT /v2/a/b/manifests/",
		   &(struct fake_reply){ .bytes = EMPTY("400", ""), .times = 1 }, 0, "",
		   "another digest for a moment, as it is written by another");
	check_push("PUT /v2/a/b/manifests/",
		   &(struct fake_reply){ .bytes = EMPTY("404", ""), .times = 2 }, 0, "",
		   "a blob that is missing for a moment");
	check_push("HEAD /v2/a/b/", &(struct fake_reply){ .bytes = EMPTY("500", ""), .times = 1 },
		   0, "", "a broken answer for a moment");
}

/* --- pulling --- */

/* A record in the shop, at @path of its manifests. */
static struct digest stock(struct shop *s, const char *path, const char *text)
{
	struct registry r = { .manifest = s->manifest,
			      .manifest_type = (char *)(uintptr_t)DOCKER_MANIFEST_TYPE };
	struct strbuf plain = { .buf = (char *)(uintptr_t)text, .len = strlen(text) };
	_cleanup_strbuf_ struct strbuf packed = STRBUF_INIT, manifest = STRBUF_INIT;
	struct registry_artifact a = { .gzip = true };
	_cleanup_free_ char *request = NULL;

	gzip_pack(&plain, &packed);
	a.layer = sha256_of(packed.buf, packed.len);
	a.size = packed.len;
	artifact_make(&r, &a, &manifest);
	a.digest = sha256_of(manifest.buf, manifest.len);
	request = xasprintf("GET /v2/a/b/manifests/%s ", path ? path : a.digest.str);
	reply(s->f, request, 200, "", manifest.buf, 0);
	serve_blob(s->f, &a.layer, packed.buf, packed.len);
	return a.digest;
}

static int list_of(struct shop *s, struct registry **r, struct registry_artifacts *ret,
		   struct err *err)
{
	int result = open_as(s, "amd64", false, r, err);

	return result < 0 ? result : registry_list(*r, false, ret, err);
}

static void descriptor_of(struct strbuf *sb, const struct digest *digest)
{
	strbuf_addf(sb,
		    "{\"manifests\":[{\"digest\":\"%s\",\"artifactType\":\"" REGISTRY_ARTIFACT_TYPE
		    "\"},{\"digest\":\"" DIFF "\",\"artifactType\":\"other\"}]}",
		    digest->str);
}

static void test_list_pages(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	_cleanup_(record_free) struct record *rec = NULL, *bad = NULL;
	_cleanup_strbuf_ struct strbuf one = STRBUF_INIT, two = STRBUF_INIT, good = STRBUF_INIT;
	struct registry_artifacts all = { 0 };
	struct digest first, second;
	struct err err;

	shop_begin(&s);
	rec = a_record(&s);
	record_to_json(rec, &good);
	record_free(TAKE_PTR(rec));
	first = stock(&s, NULL, good.buf);
	second = stock(&s, NULL, "{\"version\":99}");
	descriptor_of(&one, &first);
	descriptor_of(&two, &second);
	reply(s.f, "GET /v2/a/b/referrers/sha256:", 200,
	      "Link: </v2/a/b/referrers/x?page=2>; rel=\"next\"\r\n", one.buf, 0);
	reply(s.f, "GET /v2/a/b/referrers/x?page=2", 200, "", two.buf, 0);
	shop_fill(&s);
	is_int(list_of(&s, &r, &all, &err), 0, "a list of two pages");
	is_int((long long)all.n, 2, "has two records");
	for (size_t i = 0; i < all.n; i++) {
		bool is_first = !strcmp(all.v[i].digest.str, first.str);

		is_int(registry_fetch(r, &all.v[i], is_first ? &rec : &bad, &err),
		       is_first ? 0 : -EBADMSG, "%s", is_first ? "a record" : "what is none");
	}
	is_str(rec ? rec->image_id : NULL, s.config.str, "the record is what it was");
	registry_artifacts_release(&all);
}

static void test_list_tags(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	_cleanup_free_ char *tag = NULL, *tags = NULL, *in_index = NULL;
	_cleanup_strbuf_ struct strbuf index = STRBUF_INIT;
	struct registry_artifacts all = { 0 };
	struct digest record = { DIFF }, digest;
	struct err err;

	shop_begin(&s);
	tag = artifact_tag(&s.manifest, &record);
	digest = stock(&s, tag, "{}");
	stock(&s, NULL, "{}");
	descriptor_of(&index, &digest);
	tags = xasprintf("{\"tags\":[\"%s\"]}", tag);
	reply(s.f, "GET /v2/a/b/tags/list?n=1000 ", 200,
	      "Link: </v2/a/b/tags/list?n=1000&last=y>; rel=\"next\"\r\n", "{\"tags\":[\"1\"]}", 0);
	reply(s.f, "GET /v2/a/b/tags/list?n=1000&last=y ", 200, "", tags, 0);
	in_index = xasprintf("GET /v2/a/b/manifests/sha256-%s ", digest_hex(&s.manifest));
	reply(s.f, in_index, 200, "", index.buf, 0);
	shop_fill(&s);
	is_int(list_of(&s, &r, &all, &err), 0, "without a list of artifacts");
	is_int((long long)all.n, 1, "the one with a tag, which the index has too, is found once");
	registry_artifacts_release(&all);
}

static void check_list(const char *request, int status, const char *headers, const char *body,
		       int want, const char *text, const char *name)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	struct registry_artifacts all = { 0 };
	struct err err;

	shop_begin(&s);
	reply(s.f, request, status, headers, body, 0);
	shop_fill(&s);
	is_int(list_of(&s, &r, &all, &err), want, "%s", name);
	if (want < 0 && !ok(strstr(err.msg, text), "%s: says '%s'", name, text))
		printf("# %s\n", err.msg);
	registry_artifacts_release(&all);
}

static void test_bad_lists(void)
{
	check_list("GET /v2/a/b/tags/list?", 200,
		   "Link: </v2/a/b/tags/list?n=1000>; rel=\"next\"\r\n", "{\"tags\":[]}", -ELOOP,
		   "has no end", "pages in circles");
	check_list("GET /v2/a/b/tags/list?", 200, "Link: <http://127.0.0.2/x>; rel=\"next\"\r\n",
		   "{\"tags\":[]}", -EPROTO, "elsewhere", "a page at another place");
	check_list("GET /v2/a/b/tags/list?", 200, "", "[", -EBADMSG, "not valid JSON", "no list");
	check_list("GET /v2/a/b/tags/list?", 404, "", "", 0, "", "a registry without tags");
	check_list("GET /v2/a/b/tags/list?", 403, "", "", -EACCES, "403", "one that keeps them");
	check_list("GET /v2/a/b/referrers/", 200, "",
		   "{\"manifests\":[{\"artifactType\":\"" REGISTRY_ARTIFACT_TYPE "\"}]}", -EBADMSG,
		   "no digest", "one without a digest");
}

/* With the API, tags are only for what is older than it. */
static void test_hidden_tags(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	struct registry_artifacts all = { 0 };
	_cleanup_strbuf_ struct strbuf list = STRBUF_INIT;
	struct digest digest;
	struct err err;

	shop_begin(&s);
	digest = stock(&s, NULL, "{}");
	descriptor_of(&list, &digest);
	reply(s.f, "GET /v2/a/b/referrers/", 200, "", list.buf, 0);
	reply(s.f, "GET /v2/a/b/tags/list?", 403, "", "", 0);
	shop_fill(&s);
	is_int(list_of(&s, &r, &all, &err), 0, "the API where tags are for nobody to see");
	is_int((long long)all.n, 1, "has the record");
	registry_artifacts_release(&all);
}

static void test_lying_blob(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	struct registry_artifacts all = { 0 };
	_cleanup_strbuf_ struct strbuf list = STRBUF_INIT;
	struct record *rec = NULL;
	struct digest digest;
	struct err err;

	shop_begin(&s);
	serve_blob(s.f, &s.config, CONFIG, strlen(CONFIG));
	reply(s.f, "GET /v2/a/b/blobs/", 200, "", "x", 0);
	digest = stock(&s, NULL, "{}");
	descriptor_of(&list, &digest);
	reply(s.f, "GET /v2/a/b/referrers/", 200, "", list.buf, 0);
	shop_fill(&s);
	is_int(list_of(&s, &r, &all, &err), 0, "a list");
	is_int(all.n == 1 ? registry_fetch(r, all.v, &rec, &err) : 1, -EBADMSG,
	       "of a record that is not what its digest says");
	ok(err.class == ERR_ENGINE && strstr(err.msg, "when asked for"), "is the registry's fault");
	registry_artifacts_release(&all);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	setenv("DOCKER_CONFIG", "/nonexistent", 1);
	test_push();
	test_push_referrers();
	test_bad_pushes();
	test_list_pages();
	test_list_tags();
	test_bad_lists();
	test_hidden_tags();
	test_lying_blob();
	return tap_done();
}
