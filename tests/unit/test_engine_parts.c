/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the engine client that need no engine: where it is, versions, decoders. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "engine/api.h"
#include "engine/host.h"
#include "engine/jsonstream.h"
#include "engine/sockets.h"
#include "engine/stream.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/url.h"

static void test_url(void)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT;

	url_add(&url, "a b/c?d=%\xff");
	is_str(url.buf, "a%20b%2Fc%3Fd%3D%25%FF", "all but unreserved characters are encoded");
	strbuf_reset(&url);
	url_add_ref(&url, "host:5000/a/b:tag@sha256:00?x#y");
	is_str(url.buf, "host:5000/a/b:tag@sha256:00%3Fx%23y", "a reference keeps its shape");
}

static void test_version(void)
{
	static const char *const bad[] = { "",	    "1",      "1.",	 ".1",	"1.41 ",
					   "v1.41", "1.41.2", "1.99999", "-1.2" };
	struct api_version v = { 7, 7 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(!api_version_parse(bad[i], &v) && v.major == 7, "'%s' is no version", bad[i]);
	ok(api_version_parse("1.41", &v) && v.major == 1 && v.minor == 41, "1.41 is");
	ok(api_version_less(v, (struct api_version){ 1, 100 }), "by number, not by text");
	ok(!api_version_less(v, v), "not less than itself");
	ok(api_version_limit("client version 1.24 is too old. Minimum supported API version is "
			     "1.44, please upgrade your client to a newer version",
			     &v) &&
		   v.minor == 44,
	   "the limit in a refusal");
	ok(!api_version_limit("Minimum supported API version is unknown", &v), "no limit told");
}

/* --- hosts --- */

static int resolve(const char *host, int tls, struct http_server *s, struct err *err)
{
	struct engine_opts opts = { .host = host, .tls = tls, .tls_verify = -1 };

	*s = (struct http_server){ 0 };
	*err = ERR_INIT;
	return host_resolve(&opts, s, err);
}

static void clear_env(void)
{
	unsetenv("DOCKER_HOST");
	unsetenv("DOCKER_TLS");
	unsetenv("DOCKER_TLS_VERIFY");
	unsetenv("DOCKER_CERT_PATH");
}

static void check_base(const char *host, int tls, const char *base)
{
	struct http_server s;
	struct err err;

	is_int(resolve(host, tls, &s, &err), 0, "'%s' is a host", host);
	is_str(s.base, base, "'%s', tls %d: URL", host, tls);
	is_int(s.tls, !strncmp(base, "https", 5), "'%s', tls %d: TLS as in the URL", host, tls);
	host_release(&s);
}

static void check_bad(const char *host, int tls, const char *why)
{
	struct http_server s;
	struct err err;

	ok(resolve(host, tls, &s, &err) < 0 && err.class == ERR_USAGE, "'%s' is refused", host);
	ok(strstr(err.msg, why) && err.hint[0], "'%s': says '%s'", host, why);
	host_release(&s);
}

static void test_host_forms(void)
{
	_cleanup_free_ char *longest = xmalloc(200);

	clear_env();
	check_base(NULL, -1, "http://localhost");
	check_base("unix:///run/x.sock", -1, "http://localhost");
	check_base("/run/x.sock", 1, "http://localhost");
	check_base("tcp://h:1", -1, "http://h:1");
	check_base("tcp://h", -1, "http://h:2375");
	check_base("tcp://h", 1, "https://h:2376");
	check_base("tcp://[::1]:5/p/q/", -1, "http://[::1]:5/p/q");
	check_base("tcp://[fe80::1]", -1, "http://[fe80::1]:2375");
	check_base("https://h:1/", -1, "https://h:1");
	check_base("http://h", -1, "http://h:2375");
	check_bad("ssh://u@h", -1, "ssh is not supported");
	check_bad("npipe:////./pipe/docker_engine", -1, "not supported");
	check_bad("h:2375", -1, "no scheme");
	check_bad("tcp://", -1, "no host name");
	check_bad("tcp://:1", -1, "no host name");
	check_bad("tcp://[::1", -1, "no host name");
	check_bad("tcp://u:p@h:1", -1, "port");
	check_bad("tcp://u@h", -1, "strange");
	check_bad("tcp://h:0", -1, "port");
	check_bad("tcp://h:65536", -1, "port");
	check_bad("tcp://h:1/a?b", -1, "strange");
	check_bad("tcp://h\r\nX: y", -1, "strange");
	check_bad("unix://rel", -1, "absolute");
	check_bad("https://h", 0, "TLS");
	check_bad("http://h", 1, "TLS");
	memset(longest, 'a', 199);
	longest[0] = '/';
	longest[107] = '\0';
	check_base(longest, -1, "http://localhost");
	longest[107] = 'a';
	longest[108] = '\0';
	check_bad(longest, -1, "at most 107 bytes, this one has 108");
}

static void test_host_env(void)
{
	struct http_server s;
	struct err err;

	clear_env();
	setenv("DOCKER_HOST", "tcp://from-env:1", 1);
	check_base(NULL, -1, "http://from-env:1");
	check_base("", -1, "http://from-env:1");
	check_base("tcp://said:1", -1, "http://said:1");
	setenv("DOCKER_TLS_VERIFY", "1", 1);
	check_base(NULL, -1, "https://from-env:1");
	check_base(NULL, 0, "http://from-env:1");
	setenv("DOCKER_TLS_VERIFY", "", 1);
	check_base(NULL, -1, "http://from-env:1");
	setenv("DOCKER_CERT_PATH", "/nonexistent", 1);
	ok(resolve(NULL, -1, &s, &err) < 0 && strstr(err.msg, "/nonexistent"),
	   "a certificate directory without certificates is named");
	host_release(&s);
	clear_env();
}

static void touch(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	FILE *file = fopen(path, "w");

	if (file)
		fclose(file);
}

static void test_certs(void)
{
	struct engine_opts opts = { .host = "tcp://h:1", .tls = -1, .tls_verify = -1 };
	_cleanup_free_ char *dir = NULL, *want = NULL;
	struct http_server s = { 0 };
	struct err err = ERR_INIT;

	clear_env();
	if (io_mkdtemp(&dir, &err) < 0)
		return;
	touch(dir, "ca.pem");
	touch(dir, "cert.pem");
	opts.tls_cert_path = dir;
	ok(host_resolve(&opts, &s, &err) < 0 && strstr(err.msg, "key.pem is not"),
	   "a certificate without its key");
	host_release(&s);
	touch(dir, "key.pem");
	s = (struct http_server){ 0 };
	is_int(host_resolve(&opts, &s, &err), 0, "a complete directory");
	want = xasprintf("%s/ca.pem", dir);
	is_str(s.ca, want, "its ca.pem");
	ok(s.tls && s.verify && s.cert && s.key, "TLS is on, and verifies, by default");
	host_release(&s);
	s = (struct http_server){ 0 };
	opts.tls_verify = 0;
	is_int(host_resolve(&opts, &s, &err), 0, "verification off");
	ok(s.tls && !s.verify, "is TLS without verification");
	host_release(&s);
	io_remove_tree(AT_FDCWD, dir, &err);
}

/* --- contexts, usual sockets --- */

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	struct err err = ERR_INIT;

	ok(!io_write_path(path, 0600, text, strlen(text), &err), "%s is written", name);
}

/* Makes DOCKER_CONFIG with a context "x", whose digest sha256sum tells, of this meta.json. */
#define X_ID "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
static void context_x(const char *dir, const char *meta)
{
	_cleanup_free_ char *metas = xasprintf("%s/contexts/meta/" X_ID, dir);
	struct err err = ERR_INIT;

	ok(!io_mkdir_p(metas, 0700, &err), "a context");
	put(metas, "meta.json", meta);
}

static int resolve_context(const char *name, struct http_server *s, struct err *err)
{
	struct engine_opts opts = { .context = name, .tls = -1, .tls_verify = -1 };

	*s = (struct http_server){ 0 };
	*err = ERR_INIT;
	return host_resolve(&opts, s, err);
}

static void check_meta(const char *dir, const char *meta, const char *why)
{
	struct http_server s;
	struct err err;

	context_x(dir, meta);
	ok(resolve_context("x", &s, &err) < 0 && err.class == ERR_USAGE, "refused: %s", meta);
	if (!ok(strstr(err.msg, why), "says '%s'", why))
		printf("# %s\n", err.msg);
	host_release(&s);
}

static void check_context(const char *name, const char *base, bool verify, const char *what)
{
	struct http_server s;
	struct err err;

	if (!is_int(resolve_context(name, &s, &err), 0, "%s", what))
		printf("# %s\n", err.msg);
	is_str(s.base, base, "%s: where", what);
	is_int(s.verify, verify, "%s: verification", what);
	host_release(&s);
}

static const char with_skip[] = "{\"Name\":\"x\",\"Endpoints\":{\"docker\":{\"Host\":"
				"\"tcp://h:1\",\"SkipTLSVerify\":true}}}";
static const char plain[] = "{\"Name\":\"x\",\"Endpoints\":{\"docker\":{\"Host\":"
			    "\"tcp://h:1\"}}}";

static void test_context_files(const char *dir)
{
	_cleanup_free_ char *tls = xasprintf("%s/contexts/tls/" X_ID "/docker", dir);
	struct err err = ERR_INIT;

	check_meta(dir, "{\"Name\":\"y\"}", "of another one");
	check_meta(dir, "{\"Name\":\"x\",\"Endpoints\":{\"kubernetes\":{}}}", "no docker engine");
	check_meta(dir, "{\"Name\":\"x\",\"Endpoints\":{\"docker\":{\"Host\":7}}}",
		   "no docker engine");
	check_meta(dir, "{\"Name\":\"x\",\"Endpoints\":{\"docker\":{\"Host\":\"ssh://h\"}}}",
		   "context 'x'");
	check_meta(dir, "{\"Name\":", "context 'x'");
	context_x(dir, with_skip);
	check_context("x", "https://h:1", false, "no verification");
	context_x(dir, plain);
	setenv("DOCKER_TLS_VERIFY", "1", 1);
	check_context("x", "http://h:1", false, "the environment's TLS is not the context's");
	unsetenv("DOCKER_TLS_VERIFY");
	ok(!io_mkdir_p(tls, 0700, &err), "certificates");
	touch(tls, "ca.pem");
	check_context("x", "https://h:1", true, "a CA means TLS");
}

static void test_contexts(void)
{
	_cleanup_free_ char *dir = NULL;
	struct http_server s;
	struct err err = ERR_INIT;

	clear_env();
	unsetenv("DOCKER_CONTEXT");
	if (io_mkdtemp(&dir, &err) < 0)
		return;
	setenv("DOCKER_CONFIG", dir, 1);
	ok(resolve_context("x", &s, &err) == -ENOENT && strstr(err.msg, dir), "no such context");
	host_release(&s);
	test_context_files(dir);
	put(dir, "config.json", "{\"auths\":{},\"currentContext\":\"x\"}");
	check_context(NULL, "https://h:1", true, "the current one");
	setenv("DOCKER_HOST", "tcp://e:1", 1);
	check_context(NULL, "http://e:1", false, "DOCKER_HOST is above it");
	check_context("default", "http://e:1", false, "and is the default one");
	check_context("x", "https://h:1", true, "but not above one that is named");
	clear_env();
	setenv("DOCKER_CONTEXT", "../../x", 1);
	ok(resolve_context(NULL, &s, &err) < 0 && strstr(err.msg, "../../x"),
	   "no path gets in by a name");
	host_release(&s);
	unsetenv("DOCKER_CONTEXT");
	unsetenv("DOCKER_CONFIG");
	io_remove_tree(AT_FDCWD, dir, &err);
}

static int listen_at(const char *path, bool listening)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	ok(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && (!listening || !listen(fd, 1)),
	   "a socket");
	return fd;
}

static void test_sockets(void)
{
	_cleanup_free_ char *dir = NULL, *absent = NULL, *stale = NULL, *there = NULL;
	_cleanup_strvec_ struct strvec paths = STRVEC_INIT, usual = STRVEC_INIT;
	_cleanup_close_ int one = -1, two = -1;
	struct err err = ERR_INIT;

	if (io_mkdtemp(&dir, &err) < 0)
		return;
	absent = xasprintf("%s/absent", dir);
	stale = xasprintf("%s/stale", dir);
	there = xasprintf("%s/there", dir);
	strvec_push(&paths, absent);
	strvec_push(&paths, stale);
	one = listen_at(stale, false);
	is_str(sockets_choose(&paths), absent, "nobody listens: the first");
	two = listen_at(there, true);
	strvec_push(&paths, there);
	is_str(sockets_choose(&paths), there, "the one that is listened on");
	setenv("XDG_RUNTIME_DIR", "/r", 1);
	sockets_usual(&usual);
	is_str(usual.v[0], "/var/run/docker.sock", "docker's own comes first");
	ok(strvec_has(&usual, "/r/docker.sock") && strvec_has(&usual, "/r/podman/podman.sock") &&
		   strvec_has(&usual, "/run/podman/podman.sock"),
	   "rootless docker's and podman's are among them");
	unsetenv("XDG_RUNTIME_DIR");
	io_remove_tree(AT_FDCWD, dir, &err);
}

/* --- output streams --- */

struct got {
	struct strbuf out, err;
};

static void collect(bool is_stderr, const char *data, size_t len, void *ctx)
{
	struct got *got = ctx;

	strbuf_add(is_stderr ? &got->err : &got->out, data, len);
}

static const char frames[] = "\1\0\0\0\0\0\0\3abc"
			     "\2\0\0\0\0\0\0\2de"
			     "\1\0\0\0\0\0\0\0"
			     "\1\0\0\0\0\0\0\1f";
#define FRAMES_LEN (sizeof(frames) - 1)

static void test_frames(void)
{
	for (size_t step = 1; step <= FRAMES_LEN; step++) {
		struct got got = { STRBUF_INIT, STRBUF_INIT };
		struct stream s = STREAM_INIT(false, collect, &got);
		struct err err = ERR_INIT;
		int r = 0;

		for (size_t i = 0; i < FRAMES_LEN && !r; i += step)
			r = stream_feed(&s, frames + i,
					FRAMES_LEN - i < step ? FRAMES_LEN - i : step, &err);
		ok(!r && !stream_end(&s, &err) && !strcmp(got.out.buf, "abcf") &&
			   !strcmp(got.err.buf, "de"),
		   "frames in pieces of %zu", step);
		strbuf_release(&got.out);
		strbuf_release(&got.err);
	}
}

static int feed(const char *data, size_t len, bool tty, struct got *got, struct err *err)
{
	struct stream s = STREAM_INIT(tty, collect, got);
	int r;

	*err = ERR_INIT;
	r = stream_feed(&s, data, len, err);
	return r < 0 ? r : stream_end(&s, err);
}

static void test_bad_frames(void)
{
	struct got got = { STRBUF_INIT, STRBUF_INIT };
	struct err err;

	is_int(feed("\4\0\0\0\0\0\0\1x", 9, false, &got, &err), -EPROTO, "an unknown type");
	is_int(feed("\1\0\0\1\0\0\0\1x", 9, false, &got, &err), -EPROTO, "padding that is none");
	is_int(feed("hello, world", 12, false, &got, &err), -EPROTO, "text is not in frames");
	is_int(feed(frames, FRAMES_LEN - 1, false, &got, &err), -ECONNRESET, "cut in a payload");
	is_int(feed(frames, 4, false, &got, &err), -ECONNRESET, "cut in a header");
	is_int(feed("\1\0\0\0\xff\xff\xff\xff"
		    "abc",
		    11, false, &got, &err),
	       -ECONNRESET, "a huge length is only a number");
	is_int(feed("\3\0\0\0\0\0\0\5wrong", 13, false, &got, &err), -EIO, "the daemon's failure");
	ok(strstr(err.msg, "wrong"), "is quoted");
	strbuf_reset(&got.out);
	is_int(feed(frames, FRAMES_LEN, true, &got, &err), 0, "a terminal's bytes");
	ok(got.out.len == FRAMES_LEN && !memcmp(got.out.buf, frames, FRAMES_LEN),
	   "stay as they are");
	strbuf_release(&got.out);
	strbuf_release(&got.err);
}

static int count_docs(const cJSON *doc, void *ctx, struct err *err)
{
	if (json_str(doc, "stop", NULL))
		return err_set(err, ECANCELED, "stopped");
	++*(int *)ctx;
	return 0;
}

static int split(const char *text, size_t step, int *ret_n, struct err *err)
{
	struct json_stream s = JSON_STREAM_INIT(count_docs, ret_n);
	size_t len = strlen(text);
	int r = 0;

	*err = ERR_INIT;
	*ret_n = 0;
	for (size_t i = 0; i < len && !r; i += step)
		r = json_stream_feed(&s, text + i, len - i < step ? len - i : step, err);
	if (!r)
		r = json_stream_end(&s, err);
	json_stream_release(&s);
	return r;
}

static void test_json_stream(void)
{
	static const char docs[] = "{\"a\":\"}\\\"{\"}{\"b\":[{},[1,2]]}\r\n\x1e{ \n}\n";
	struct err err;
	int n;

	for (size_t step = 1; step < sizeof(docs); step++)
		ok(!split(docs, step, &n, &err) && n == 3, "three objects in pieces of %zu", step);
	ok(!split("", 1, &n, &err) && n == 0, "nothing is no object");
	is_int(split("{\"a\":1", 3, &n, &err), -ECONNRESET, "cut");
	is_int(split("[1]", 3, &n, &err), -EBADMSG, "an array is not an object");
	is_int(split("<html>", 3, &n, &err), -EBADMSG, "a page is not JSON");
	is_int(split("{]", 3, &n, &err), -EBADMSG, "nesting is judged by the parser");
	is_int(split("{}{\"stop\":\"\"}{}", 99, &n, &err), -ECANCELED, "an object can end it");
	is_int(n, 1, "those before it were seen");
	is_int(err.class, ERR_FAILURE, "with its own error");
}

static void test_json_stream_bound(void)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err;
	int n;

	strbuf_addstr(&text, "{\"a\":\"");
	while (text.len <= JSON_STREAM_MAX)
		strbuf_addstr(&text, "0123456789abcdef");
	is_int(split(text.buf, 65536, &n, &err), -EMSGSIZE, "an object without an end is bounded");
}

int main(void)
{
	test_url();
	test_version();
	test_host_forms();
	test_host_env();
	test_certs();
	test_contexts();
	test_sockets();
	test_frames();
	test_bad_frames();
	test_json_stream();
	test_json_stream_bound();
	return tap_done();
}
