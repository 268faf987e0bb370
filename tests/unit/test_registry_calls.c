/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of registries that lie, lead astray, or are just picky; and who is told who we are. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "slimtrace/base/io.h"
#include "test_registry.h"

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

int main(void)
{
	struct err err = ERR_INIT;

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
	io_remove_tree(AT_FDCWD, config_dir, &err);
	free(config_dir);
	return tap_done();
}
