/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the registry client that need no registry: documents, challenges, credentials. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "registry/artifact.h"
#include "registry/gzip.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/base64.h"
#include "slimtrace/base/io.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_A "sha256:" HEX_A
#define DIGEST_B "sha256:" HEX_B

static struct strbuf text_of(const char *s)
{
	return (struct strbuf){ .buf = (char *)(uintptr_t)s, .len = strlen(s) };
}

static void check_base64(const char *plain, const char *coded)
{
	_cleanup_strbuf_ struct strbuf to = STRBUF_INIT, back = STRBUF_INIT;

	base64_add(&to, plain, strlen(plain));
	is_str(to.buf, coded, "base64 of '%s'", plain);
	ok(base64_decode(coded, &back), "'%s' is base64", coded);
	is_str(back.buf, plain, "base64 back to '%s'", plain);
}

static void test_base64(void)
{
	static const char *const bad[] = { "Zg", "Zg=", "Z===", "Zm9vYg==Zg==", "Zm 9", "Zm9-" };
	struct strbuf none = STRBUF_INIT;

	check_base64("", "");
	check_base64("f", "Zg==");
	check_base64("fo", "Zm8=");
	check_base64("foobar", "Zm9vYmFy");
	check_base64("\xff\xfe:?", "//46Pw==");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!base64_decode(bad[i], &none) && !none.len, "'%s' is not", bad[i]);
	strbuf_release(&none);
}

/* --- challenges --- */

static void check_challenge(const char *a, const char *b, enum challenge_scheme scheme,
			    const char *realm, const char *service, const char *scope)
{
	_cleanup_strvec_ struct strvec headers = STRVEC_INIT;
	_cleanup_challenge_ struct challenge c = { 0 };

	strvec_push(&headers, a);
	if (b)
		strvec_push(&headers, b);
	challenge_choose(&headers, &c);
	is_int(c.scheme, scheme, "scheme of: %s", a);
	is_str(c.realm, realm, "its realm");
	is_str(c.service, service, "its service");
	is_str(c.scope, scope, "its scope");
}

static void test_challenges(void)
{
	check_challenge("Basic realm=\"x\"", NULL, CHALLENGE_BASIC, "x", NULL, NULL);
	check_challenge("BEARER realm=\"https://a/t\",service=\"s\" , scope=\"r:x:pull,push\"",
			NULL, CHALLENGE_BEARER, "https://a/t", "s", "r:x:pull,push");
	check_challenge("Bearer realm=https://a/t, service=s", NULL, CHALLENGE_BEARER,
			"https://a/t", "s", NULL);
	check_challenge("Bearer realm=\"a\\\"b\", realm=\"second\"", NULL, CHALLENGE_BEARER, "a\"b",
			NULL, NULL);
	check_challenge("Basic realm=\"x\", Bearer realm=\"y\"", NULL, CHALLENGE_BEARER, "y", NULL,
			NULL);
	check_challenge("Basic realm=\"x\"", "Bearer realm=\"y\"", CHALLENGE_BEARER, "y", NULL,
			NULL);
	check_challenge("Bearer realm=\"y\"", "Basic realm=\"x\"", CHALLENGE_BEARER, "y", NULL,
			NULL);
	check_challenge("Negotiate", "Basic", CHALLENGE_BASIC, NULL, NULL, NULL);
	check_challenge("Bearer service=\"s\"", NULL, CHALLENGE_NONE, NULL, NULL, NULL);
	check_challenge("Bearer realm=\"unclosed", NULL, CHALLENGE_NONE, NULL, NULL, NULL);
	check_challenge("", NULL, CHALLENGE_NONE, NULL, NULL, NULL);
	check_challenge(",,, =", NULL, CHALLENGE_NONE, NULL, NULL, NULL);
}

/* --- URLs --- */

static void check_resolve(const char *base, const char *url, const char *want)
{
	_cleanup_free_ char *got = web_resolve(base, url);

	is_str(got, want, "%s at %s", url, base);
}

static void test_urls(void)
{
	check_resolve("https://a/v2/x/blobs/uploads/", "/v2/x/u?state=1",
		      "https://a/v2/x/u?state=1");
	check_resolve("https://a:5000/v2/x", "https://b/c", "https://b/c");
	check_resolve("https://a/v2/x", "?n=2", "https://a/v2/x?n=2");
	check_resolve("https://a/v2/x", "https://user:secret@b/c#d", "https://b/c");
	check_resolve("https://a/v2/x", "file:///etc/passwd", NULL);
	check_resolve("https://a/v2/x", "ftp://a/b", NULL);
	check_resolve("nonsense at all", "/x", NULL);
	ok(web_same_origin("https://a/x", "https://A:443/y"), "the same origin");
	ok(!web_same_origin("https://a/x", "http://a/x"), "another scheme");
	ok(!web_same_origin("https://a/x", "https://a:444/x"), "another port");
	ok(!web_same_origin("https://a/x", "https://a.b/x"), "another host");
	ok(web_is_loopback("localhost:5000") && web_is_loopback("127.8.9.1") &&
		   web_is_loopback("[::1]:5000"),
	   "loopback");
	ok(!web_is_loopback("localhost.example:5000") && !web_is_loopback("128.0.0.1") &&
		   !web_is_loopback("127.0.0.1.example") && !web_is_loopback("[::2]"),
	   "not loopback");
}

static void check_where(const char *image, const char *base, const char *name,
			const char *reference, const char *full)
{
	const struct registry_opts opts = { .plain_http = -1 };
	struct registry *r = xcalloc(1, sizeof(*r));
	struct err err = ERR_INIT;

	is_int(where_find(image, &opts, r, &err), 0, "where %s is", image);
	is_str(r->base, base, "%s: registry", image);
	is_str(r->name, name, "%s: name", image);
	is_str(r->reference, reference, "%s: reference", image);
	is_str(registry_image(r), full, "%s: all of it", image);
	registry_free(r);
}

static void test_where(void)
{
	const struct registry_opts opts = { .plain_http = -1 };
	struct registry *r = xcalloc(1, sizeof(*r));
	struct err err = ERR_INIT;

	check_where("redis", "https://registry-1.docker.io", "library/redis", "latest",
		    "docker.io/library/redis:latest");
	check_where("my/app:1", "https://registry-1.docker.io", "my/app", "1",
		    "docker.io/my/app:1");
	check_where("index.docker.io/redis:7", "https://registry-1.docker.io", "library/redis", "7",
		    "docker.io/library/redis:7");
	check_where("localhost:5000/app", "http://localhost:5000", "app", "latest",
		    "localhost:5000/app:latest");
	check_where("reg.example/a/b:1@" DIGEST_A, "https://reg.example", "a/b", DIGEST_A,
		    "reg.example/a/b@" DIGEST_A);
	is_int(where_find("No/Good", &opts, r, &err), -EINVAL, "no image's name");
	is_int(err.class, ERR_USAGE, "is wrong usage");
	registry_free(r);
}

/* --- gzip --- */

static void test_gzip(void)
{
	_cleanup_strbuf_ struct strbuf packed = STRBUF_INIT, again = STRBUF_INIT,
				       back = STRBUF_INIT, big = STRBUF_INIT, none = STRBUF_INIT;
	struct err err = ERR_INIT;

	for (int i = 0; i < 300000; i++)
		strbuf_addf(&big, "%d,", i % 1000 * 7919 % 1000);
	gzip_pack(&big, &packed);
	gzip_pack(&big, &again);
	ok(packed.len < big.len / 2, "it becomes smaller");
	ok(packed.len == again.len && !memcmp(packed.buf, again.buf, packed.len),
	   "and the same each time");
	is_int(gzip_unpack(&packed, big.len, &back, &err), 0, "and large again");
	ok(back.len == big.len && !memcmp(back.buf, big.buf, big.len), "as it was");
	is_int(gzip_unpack(&packed, big.len - 1, &none, &err), -EFBIG, "larger than allowed");
	ok(none.len <= big.len, "is not unpacked for that");
	strbuf_reset(&none);
	packed.len--;
	is_int(gzip_unpack(&packed, big.len, &none, &err), -EBADMSG, "cut");
	strbuf_reset(&none);
	packed.len++;
	strbuf_addch(&packed, 'x');
	is_int(gzip_unpack(&packed, big.len, &none, &err), -EBADMSG, "with something after it");
	strbuf_reset(&none);
	is_int(gzip_unpack(&big, big.len, &none, &err), -EBADMSG, "something else");
	strbuf_reset(&packed);
	gzip_pack(&(struct strbuf)STRBUF_INIT, &packed);
	strbuf_reset(&none);
	is_int(gzip_unpack(&packed, 0, &none, &err), 0, "of nothing");
	is_int((long long)none.len, 0, "comes nothing");
}

/* --- documents --- */

static void fill(struct registry *r, struct registry_artifact *a)
{
	memcpy(r->manifest.str, DIGEST_A, sizeof(r->manifest.str));
	r->manifest_type = (char *)(uintptr_t)MANIFEST_TYPE;
	r->manifest_size = 5;
	memcpy(a->layer.str, DIGEST_B, sizeof(a->layer.str));
	a->size = 77;
	a->gzip = true;
	strvec_push(&a->annotations, RECORD_DIGEST_KEY "=" DIGEST_B);
	strvec_push(&a->annotations, "node=a=b");
}

static void test_artifact(void)
{
	struct registry r = { 0 };
	struct registry_artifact a = { 0 }, back = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;

	fill(&r, &a);
	artifact_make(&r, &a, &text);
	is_int(artifact_parse(&r, &text, &back, &err), 1, "what was made is read");
	is_str(back.layer.str, DIGEST_B, "its layer");
	is_int((long long)back.size, 77, "its size");
	is_str(registry_annotation(&back, "node"), "a=b", "an annotation");
	is_str(registry_annotation(&back, "nod"), NULL, "one that is not there");
	is_str(back.digest.str, sha256_of(text.buf, text.len).str, "its digest");
	memcpy(r.manifest.str, DIGEST_B, sizeof(r.manifest.str));
	is_int(artifact_parse(&r, &text, &back, &err), 0, "of another image");
	registry_artifact_release(&a);
	registry_artifact_release(&back);
}

#define SUBJECT "\"subject\":{\"digest\":\"" DIGEST_A "\"}"
#define OURS "\"artifactType\":\"" REGISTRY_ARTIFACT_TYPE "\"," SUBJECT

static void check_artifact(const char *json, int want, const char *name)
{
	struct registry r = { 0 };
	struct registry_artifact a = { 0 };
	struct strbuf text = text_of(json);
	struct err err = ERR_INIT;

	memcpy(r.manifest.str, DIGEST_A, sizeof(r.manifest.str));
	is_int(artifact_parse(&r, &text, &a, &err), want, "%s", name);
	registry_artifact_release(&a);
}

static void test_bad_artifacts(void)
{
	check_artifact("", -EBADMSG, "nothing");
	check_artifact("[]", 0, "a list");
	check_artifact("{" SUBJECT "}", 0, "an artifact of no type");
	check_artifact("{" OURS "}", -EBADMSG, "without a layer");
	check_artifact("{" OURS ",\"layers\":[{},{}]}", -EBADMSG, "with two layers");
	check_artifact("{" OURS ",\"layers\":[{\"mediaType\":\"text/plain\",\"digest\":\"" DIGEST_B
		       "\",\"size\":1}]}",
		       -EBADMSG, "with a layer of another kind");
	check_artifact("{" OURS ",\"layers\":[{\"mediaType\":\"" REGISTRY_GZIP_TYPE
		       "\",\"digest\":\"sha256:../../x\",\"size\":1}]}",
		       -EBADMSG, "with something else as a digest");
	check_artifact("{" OURS ",\"layers\":[{\"mediaType\":\"" REGISTRY_GZIP_TYPE
		       "\",\"digest\":\"" DIGEST_B "\",\"size\":99999999999}]}",
		       -EBADMSG, "with too large a layer");
	check_artifact("{" OURS ",\"layers\":[{\"mediaType\":\"" REGISTRY_ARTIFACT_TYPE
		       "\",\"digest\":\"" DIGEST_B "\",\"size\":3}]}",
		       1, "with a plain layer");
}

static void test_index(void)
{
	struct registry r = { 0 };
	struct registry_artifact a = { 0 };
	_cleanup_(json_free) cJSON *seen = json_array();
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	_cleanup_strvec_ struct strvec found = STRVEC_INIT;
	struct strbuf other = text_of("{\"manifests\":[{\"digest\":\"" DIGEST_B
				      "\",\"artifactType\":\"sbom\",\"x\":1}]}");
	struct strbuf none = STRBUF_INIT, bad = text_of("{\"manifests\":3}");
	struct err err = ERR_INIT;

	fill(&r, &a);
	memcpy(a.digest.str, DIGEST_A, sizeof(a.digest.str));
	is_int(artifact_index_add(&none, &a, 9, seen, &first, &err), 1, "the first in an index");
	is_int(artifact_index_add(&first, &a, 9, seen, &second, &err), 0, "it is in it");
	is_int(artifact_index_parse(&first, &found, &err), 0, "the index is read");
	is_str(found.n == 1 ? found.v[0] : "", DIGEST_A, "and has it");
	is_int(artifact_index_add(&other, &a, 9, seen, &second, &err), 1,
	       "added to another's, who wrote at the same time");
	ok(strstr(second.buf, DIGEST_A) && strstr(second.buf, "\"x\":1"),
	   "which keeps what it had, all of it");
	strbuf_reset(&second);
	is_int(artifact_index_add(&first, &a, 9, seen, &second, &err), 1,
	       "what was seen once is put back");
	ok(strstr(second.buf, "sbom") != NULL, "also what is not ours");
	is_int(artifact_index_add(&bad, &a, 9, seen, &second, &err), -EBADMSG, "no index");
	registry_artifact_release(&a);
}

static void test_tags(void)
{
	struct digest image = { DIGEST_A }, record = { DIGEST_B };
	_cleanup_free_ char *tag = artifact_tag(&image, &record);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_strvec_ struct strvec found = STRVEC_INIT;
	struct strbuf bad = text_of("{\"tags\": ["), null = text_of("{\"tags\": null}");
	struct err err = ERR_INIT;

	ok(strlen(tag) <= 128, "a tag of at most 128 bytes");
	strbuf_addf(&text,
		    "{\"tags\":[\"1\",\"%s\",\"%s0\",\"sha256-" HEX_A ".record-..\",\"sha256-" HEX_B
		    ".record-%.40s\",5,null,\"sha256-" HEX_A "\"]}",
		    tag, tag, HEX_B);
	is_int(artifact_tags_parse(&text, &image, &found, &err), 8, "so many tags");
	is_int((long long)found.n, 1, "of which one is a record's of this image");
	is_str(found.n ? found.v[0] : "", tag, "as it was made");
	is_int(artifact_tags_parse(&null, &image, &found, &err), 0, "no tag at all");
	is_int(artifact_tags_parse(&bad, &image, &found, &err), -EBADMSG, "no list");
}

static void check_link(const char *header, const char *want)
{
	_cleanup_free_ char *got = artifact_next_link(header);

	is_str(got, want, "next of: %s", header);
}

static void test_links(void)
{
	check_link("</v2/x?last=1>; rel=\"next\"", "/v2/x?last=1");
	check_link("</a>; rel=prev, </b>; rel=next", "/b");
	check_link("</a>; title=\"x\"; REL=\"NEXT\"", "/a");
	check_link("</a>; rel=\"prev\"", NULL);
	check_link("</a", NULL);
	check_link("", NULL);
}

/* --- credentials --- */

static char *dir;

static void put(const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	struct err err = ERR_INIT;

	if (io_write_path(path, mode, text, strlen(text), &err) < 0)
		printf("Bail out! %s\n", err.msg);
}

static void check_credentials(const char *config, const char *host, int want, const char *user,
			      const char *password, const char *name)
{
	struct credentials c = { 0 };
	struct err err = ERR_INIT;

	put("config.json", config, 0600);
	is_int(credentials_find(host, "team/app", &c, &err), want, "%s", name);
	is_str(c.user, user, "%s: user", name);
	is_str(c.password, password, "%s: password", name);
	ok(!strstr(err.msg, "pass:word"), "%s: no secret in the message", name);
	credentials_release(&c);
}

#define AUTH "{\"auth\": \"YW5uYTpwYXNzOndvcmQ=\"}" /* anna:pass:word */
#define SCRIPT                                                                                     \
	"#!/bin/sh\nread -r host\ncase $host in\nhttps://index.docker.io/v1/) echo "               \
	"'{\"Username\": "                                                                         \
	"\"hub\", \"Secret\": \"one\"}' ;;\ntoken) echo '{\"Username\": \"<token>\", \"Secret\": " \
	"\"two\"}' ;;\nbroken) echo 'key ring is locked'; exit 2 ;;\nrubbish) echo 'x' "           \
	";;\nempty) "                                                                              \
	"echo '{}' ;;\n*) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n"

static void test_credentials(void)
{
	check_credentials("{}", "a:1", 0, NULL, NULL, "none");
	check_credentials("{\"auths\": {\"a:1\": " AUTH "}}", "a:1", 0, "anna", "pass:word",
			  "in the file");
	check_credentials("{\"auths\": {\"https://a:1/v1/\": " AUTH "}}", "a:1", 0, "anna",
			  "pass:word", "of a URL");
	check_credentials("{\"auths\": {\"a:1.example\": " AUTH "}}", "a:1", 0, NULL, NULL,
			  "of another host");
	check_credentials("{\"auths\": {\"https://index.docker.io/v1/\": " AUTH "}}", "docker.io",
			  0, "anna", "pass:word", "of Docker Hub");
	check_credentials("{\"auths\": {\"a\": {\"auth\": \"YW5uYQ==\"}}}", "a", -EINVAL, NULL,
			  NULL, "without a password");
	check_credentials("{\"auths\": {\"a\": {\"auth\": \"!\"}}}", "a", -EINVAL, NULL, NULL,
			  "not base64");
	check_credentials("{\"auths\": {\"a\": {\"auth\": \"AAA6AAA=\"}}}", "a", -EINVAL, NULL,
			  NULL, "with a NUL");
	check_credentials("{\"auths\": {\"a/team/app\": " AUTH ", \"a/team\": {\"auth\": \"!\"}}}",
			  "a", 0, "anna", "pass:word", "of the repository, before its namespace");
	check_credentials("{\"auths\": {\"a/team\": " AUTH ", \"a\": {\"auth\": \"!\"}}}", "a", 0,
			  "anna", "pass:word", "of the namespace, before the registry");
	check_credentials("{\"auths\": {\"a/other\": " AUTH ", \"a/team/ap\": " AUTH
			  ", \"a/v2ray\": " AUTH "}}",
			  "a", 0, NULL, NULL, "of others");
	check_credentials("{\"auths\": {\"a/v1/\": " AUTH "}}", "a", 0, "anna", "pass:word",
			  "of an old address");
	check_credentials("{\"auths\": [", "a", -EBADMSG, NULL, NULL, "no JSON");
}

static void check_podman(int want, const char *user, const char *name)
{
	struct credentials c = { 0 };
	struct err err = ERR_INIT;

	is_int(credentials_find("a", "app", &c, &err), want, "%s", name);
	is_str(c.user, user, "%s: user", name);
	credentials_release(&c);
}

#define BETH "{\"auths\": {\"a\": {\"auth\": \"YmV0aDpw\"}}}" /* beth:p */
#define CARL "{\"auths\": {\"a\": {\"auth\": \"Y2FybDpw\"}}}" /* carl:p */

/* Docker's first, then Podman's, unless a file is said. */
static void test_podman(void)
{
	_cleanup_free_ char *run = xasprintf("%s/run", dir), *home = xasprintf("%s/config", dir),
			    *file = xasprintf("%s/said.json", dir);
	_cleanup_free_ char *in_run = xasprintf("%s/containers", run),
			    *in_home = xasprintf("%s/containers", home);

	put("config.json", "{}", 0600);
	setenv("XDG_RUNTIME_DIR", run, 1);
	setenv("XDG_CONFIG_HOME", home, 1);
	if (mkdir(run, 0700) < 0 || mkdir(home, 0700) < 0 || mkdir(in_run, 0700) < 0 ||
	    mkdir(in_home, 0700) < 0)
		printf("Bail out! %s\n", strerror(errno));
	check_podman(0, NULL, "neither has any");
	put("config/containers/auth.json", CARL, 0600);
	check_podman(0, "carl", "Podman's lasting file");
	put("run/containers/auth.json", BETH, 0600);
	check_podman(0, "beth", "its file of the session is before that");
	put("config.json", "{\"auths\": {\"a\": " AUTH "}}", 0600);
	check_podman(0, "anna", "docker's are before Podman's");
	put("said.json", CARL, 0600);
	setenv("REGISTRY_AUTH_FILE", file, 1);
	check_podman(0, "carl", "a file that is said is before all");
	put("said.json", "{\"auths\"", 0600);
	check_podman(-EBADMSG, NULL, "one that is broken is told");
	unsetenv("REGISTRY_AUTH_FILE");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_CONFIG_HOME");
}

static void test_helpers(void)
{
	_cleanup_free_ char *path = xasprintf("%s:%s", dir, getenv("PATH"));
	struct credentials c = { 0 };
	struct err err = ERR_INIT;

	put("docker-credential-unit", SCRIPT, 0755);
	setenv("PATH", path, 1);
	check_credentials("{\"credsStore\": \"unit\"}", "docker.io", 0, "hub", "one", "a helper's");
	check_credentials("{\"credHelpers\": {\"docker.io\": \"unit\"}, \"credsStore\": \"x\"}",
			  "docker.io", 0, "hub", "one", "a registry's own helper's");
	check_credentials("{\"credsStore\": \"unit\", \"auths\": {\"a\": " AUTH "}}", "a", 0,
			  "anna", "pass:word", "the file's where the helper has none");
	check_credentials("{\"credsStore\": \"unit\"}", "broken", -EACCES, NULL, NULL,
			  "a helper that fails");
	check_credentials("{\"credsStore\": \"unit\"}", "rubbish", -EBADMSG, NULL, NULL,
			  "a helper that answers nonsense");
	check_credentials("{\"credsStore\": \"unit\"}", "empty", -EINVAL, NULL, NULL,
			  "a helper that answers nothing");
	check_credentials("{\"credsStore\": \"missing\"}", "a", -ENOEXEC, NULL, NULL,
			  "a helper that is not installed");
	check_credentials("{\"credsStore\": \"../x\"}", "a", -EINVAL, NULL, NULL,
			  "a helper's name that is a path");
	put("config.json", "{\"credsStore\": \"unit\"}", 0600);
	is_int(credentials_find("token", "app", &c, &err), 0, "an identity token");
	is_str(c.identity, "two", "is one");
	is_str(c.user, NULL, "and has no user");
	credentials_release(&c);
}

int main(void)
{
	struct err err = ERR_INIT;

	signal(SIGPIPE, SIG_IGN);
	if (io_mkdtemp(&dir, &err) < 0)
		return 1;
	setenv("DOCKER_CONFIG", dir, 1);
	test_base64();
	test_challenges();
	test_urls();
	test_where();
	test_gzip();
	test_artifact();
	test_bad_artifacts();
	test_index();
	test_tags();
	test_links();
	test_credentials();
	test_podman();
	test_helpers();
	io_remove_tree(AT_FDCWD, dir, &err);
	free(dir);
	return tap_done();
}
