/* SPDX-License-Identifier: BSD-2-Clause */
/* Pushing and pulling against registries that lie, stop half way, lead astray, or are just picky.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "registry/artifact.h"
#include "registry/gzip.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

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

/* --- finding the image --- */

static void test_image(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	_cleanup_(record_free) struct record *rec = NULL;
	struct err err;

	shop_begin(&s);
	shop_fill(&s);
	is_int(open_as(&s, "amd64", false, &r, &err), 0, "an image is found");
	is_str(r ? registry_digest(r) : err.msg, s.manifest.str, "by its manifest's digest");
	rec = a_record(&s);
	is_int(registry_match(r, rec, &err), 0, "its record");
	free(rec->image_id);
	rec->image_id = xstrdup(s.manifest.str);
	is_int(registry_match(r, rec, &err), 0, "of an engine that calls it by its manifest");
	strvec_push(&rec->diff_ids, DIFF);
	is_int(registry_match(r, rec, &err), -EINVAL, "with another layer");
	free(rec->image_id);
	rec->image_id = xstrdup(DIFF);
	is_int(registry_match(r, rec, &err), -EINVAL, "of another image");
	ok(strstr(err.msg, "1 of the 1 layers"), "how much is the same is told");
	free(rec->image_id);
	rec->image_id = NULL;
	strvec_release(&rec->diff_ids);
	is_int(registry_match(r, rec, &err), -EINVAL, "of no image");
}

static void test_index(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL, *none = NULL;
	_cleanup_free_ char *index = NULL;
	struct err err;

	shop_begin(&s);
	index = xasprintf("{\"manifests\":[{\"digest\":\"" DIFF
			  "\",\"platform\":{\"os\":\"unknown\"}},{\"digest\":\"" DIFF
			  "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},"
			  "{\"digest\":\"%s\",\"platform\":{\"os\":\"linux\",\"architecture\":"
			  "\"amd64\"}}]}",
			  s.manifest.str);
	reply(s.f, "GET /v2/a/b/manifests/1 ", 200, "", index, 0);
	shop_fill(&s);
	is_int(open_as(&s, "amd64", false, &r, &err), 0, "an image for several platforms");
	is_str(r ? registry_digest(r) : err.msg, s.manifest.str, "the right one is taken");
	is_int(open_as(&s, "riscv64", false, &none, &err), -ENOENT, "one that is not there");
	ok(err.class == ERR_IMAGE && strstr(err.hint, "linux/arm64, linux/amd64"),
	   "what there is is told");
}

static void check_open(const char *request, int status, const char *headers, const char *body,
		       int want, const char *text, const char *name)
{
	_cleanup_shop_ struct shop s;
	struct registry *r = NULL;
	struct err err;

	shop_begin(&s);
	reply(s.f, request, status, headers, body, 0);
	shop_fill(&s);
	is_int(open_as(&s, "amd64", false, &r, &err), want, "%s", name);
	if (!ok(strstr(err.msg, text) && !r, "%s: says '%s'", name, text))
		printf("# %s\n", err.msg);
}

#define MANIFEST_1 "GET /v2/a/b/manifests/1 "

static void test_bad_images(void)
{
	check_open(MANIFEST_1, 404, "", "", -ENOENT, "is not in its registry", "no image");
	check_open(MANIFEST_1, 403, "", "{\"errors\":[{\"message\":\"no\\u001b[31m way\"}]}",
		   -EACCES, "no\\x1b[31m way (status 403)", "a refusal, in its words");
	check_open(MANIFEST_1, 505, "", "<html>", -EPROTO, "(status 505)", "a page");
	check_open(MANIFEST_1, 200, "", "nonsense", -EBADMSG, "not valid JSON", "no JSON");
	check_open(MANIFEST_1, 200, "", "{\"schemaVersion\":1}", -EBADMSG, "not known",
		   "an old manifest");
	check_open(MANIFEST_1, 200, "Docker-Content-Digest: " DIFF "\r\n", "{}", -EBADMSG,
		   "is told to be " DIFF, "a digest that is not the manifest's");
	check_open("GET /v2/a/b/blobs/", 200, "", "{}", -EBADMSG, "when asked for",
		   "a configuration that is another");
	check_open(MANIFEST_1, 200, "", "{\"manifests\":{}}", -EBADMSG, "not known",
		   "an index without a list");
	check_open(MANIFEST_1, 307, "Location: /v2/a/b/manifests/1\r\n", "", -ELOOP, "redirections",
		   "in circles");
	check_open(MANIFEST_1, 307, "Location: file:///etc/passwd\r\n", "", -EPROTO, "nowhere",
		   "to a file");
	check_open(MANIFEST_1, 401, "", "", -EACCES, "who we are", "no way in is told");
}

static void test_half_written(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(registry_free) struct registry *r = NULL;
	struct err err;

	shop_begin(&s);
	reply(s.f, "GET /v2/a/b/blobs/", 200, "", "{", 1);
	shop_fill(&s);
	is_int(open_as(&s, "amd64", false, &r, &err), 0, "half of it for a moment");
}

static void test_too_large(void)
{
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT;

	while (body.len <= MAX_MANIFEST)
		strbuf_addstr(&body,
			      "                                                            ");
	check_open(MANIFEST_1, 200, "", body.buf, -EMSGSIZE, "larger than", "a huge manifest");
}

/* --- who we are, and who is told --- */

static char *config_dir;

static void put_config(const char *host)
{
	_cleanup_free_ char *path = xasprintf("%s/config.json", config_dir);
	_cleanup_free_ char *text = xasprintf("{\"auths\":{\"%s\":{\"auth\":"
					      "\"YW5uYTpzZWNyZXQ=\"}}}",
					      host);
	struct err err = ERR_INIT;

	io_write_path(path, 0600, text, strlen(text), &err);
}

static void is_header(struct fake_engine *f, const char *request, const char *want,
		      const char *name)
{
	_cleanup_free_ char *got = fake_engine_header(f, request, "Authorization");

	is_str(got, want, "%s", name);
}

#define BASIC "Basic YW5uYTpzZWNyZXQ="

static void test_token(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(fake_engine_free) struct fake_engine *tokens = fake_engine_new_tcp();
	_cleanup_(registry_free) struct registry *r = NULL;
	_cleanup_free_ char *challenge =
		xasprintf("WWW-Authenticate: Bearer realm=\"http://%s/t?x=1\",service=\"s s\","
			  "scope=\"repository:other/name:pull\"\r\n",
			  fake_engine_host(tokens));
	struct err err;

	shop_begin(&s);
	put_config(fake_engine_host(s.f));
	reply(s.f, MANIFEST_1, 401, challenge, "", 1);
	shop_fill(&s);
	reply(tokens,
	      "GET /t?x=1&service=s%20s&scope=repository%3Aa%2Fb%3Apull%2Cpush&scope="
	      "repository%3Aother%2Fname%3Apull ",
	      200, "", "{\"access_token\":\"t0ken\"}", 0);
	is_int(open_as(&s, "amd64", true, &r, &err), 0, "with a token");
	is_header(tokens, "GET /t", BASIC, "the token service is told who we are");
	is_header(s.f, MANIFEST_1, "Bearer t0ken", "the registry gets the token");
	is_header(s.f, "GET /v2/a/b/blobs/", "Bearer t0ken", "again without being asked");
	is_int(fake_engine_asked(tokens, "GET"), 1, "one is enough");
}

static void check_bad_token(int status, const char *body, int want, const char *name)
{
	_cleanup_shop_ struct shop s;
	struct registry *r = NULL;
	struct err err;

	shop_begin(&s);
	reply(s.f, MANIFEST_1, 401, "WWW-Authenticate: Bearer realm=\"/t\"\r\n", "", 0);
	reply(s.f, "GET /t?", status, "", body, 0);
	shop_fill(&s);
	is_int(open_as(&s, "amd64", false, &r, &err), want, "%s", name);
	ok(!r && err.class != ERR_USAGE, "%s: nothing of it is ours", name);
}

static void test_bad_tokens(void)
{
	check_bad_token(200, "{\"token\":\"x\\r\\nHost: y\"}", -EPROTO,
			"a token with a line in it");
	check_bad_token(200, "{}", -EPROTO, "no token");
	check_bad_token(200, "", -EBADMSG, "no answer");
	check_bad_token(401, "{\"details\":\"go away\"}", -EACCES, "no token for us");
	check_bad_token(200, "{\"token\":\"x\"}", -EACCES, "one that the registry does not take");
}

static void test_elsewhere(void)
{
	_cleanup_shop_ struct shop s;
	_cleanup_(fake_engine_free) struct fake_engine *storage = fake_engine_new_tcp();
	_cleanup_(registry_free) struct registry *r = NULL;
	_cleanup_free_ char *location =
		xasprintf("Location: http://%s/stored\r\n", fake_engine_host(storage));
	struct err err;

	shop_begin(&s);
	put_config(fake_engine_host(s.f));
	reply(s.f, MANIFEST_1, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "", 1);
	reply(s.f, "GET /v2/a/b/blobs/", 307, location, "", 0);
	shop_fill(&s);
	reply(storage, "GET /stored", 200, "", CONFIG, 0);
	is_int(open_as(&s, "amd64", false, &r, &err), 0, "a blob that is kept elsewhere");
	is_header(s.f, "GET /v2/a/b/blobs/", BASIC, "the registry knows us");
	is_int(fake_engine_asked(storage, "GET /stored"), 1, "the other place is asked");
	is_header(storage, "GET /stored", NULL, "and not told who we are");
}

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
	struct err err = ERR_INIT;

	signal(SIGPIPE, SIG_IGN);
	if (io_mkdtemp(&config_dir, &err) < 0)
		return 1;
	setenv("DOCKER_CONFIG", config_dir, 1);
	test_image();
	test_index();
	test_bad_images();
	test_half_written();
	test_too_large();
	test_token();
	test_bad_tokens();
	test_elsewhere();
	test_push();
	test_push_referrers();
	test_bad_pushes();
	test_list_pages();
	test_list_tags();
	test_bad_lists();
	test_lying_blob();
	io_remove_tree(AT_FDCWD, config_dir, &err);
	free(config_dir);
	return tap_done();
}
