/* SPDX-License-Identifier: BSD-2-Clause */
/* Connecting, agreeing on a version, and what is said when either fails. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/engine.h"

static int open_host(const char *host, struct engine **ret, struct err *err)
{
	struct engine_opts opts = { .host = host, .tls = -1, .tls_verify = -1 };

	*err = ERR_INIT;
	return engine_open(&opts, ret, err);
}

static int open_fake(struct fake_engine *f, struct engine **ret, struct err *err)
{
	return open_host(fake_engine_host(f), ret, err);
}

static void ping_with(struct fake_engine *f, const char *version)
{
	_cleanup_free_ char *bytes = xasprintf("HTTP/1.1 200 OK\r\n%s%s%sContent-Length: 2\r\n\r\n"
					       "OK",
					       version ? "api-VERSION:  " : "",
					       version ? version : "", version ? "\r\n" : "");
	struct fake_reply reply = { .bytes = bytes };

	fake_engine_reply(f, "GET /_ping", &reply);
}

/* Opens a fake engine whose ping tells @version, and names what was agreed on. */
static void check_version(const char *version, const char *want, const char *name)
{
	_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
	_cleanup_(engine_free) struct engine *e = NULL;
	struct err err;

	ping_with(f, version);
	if (want) {
		is_int(open_fake(f, &e, &err), 0, "opened: %s", name);
		is_str(e ? engine_api_version(e) : err.msg, want, "%s", name);
	} else {
		is_int(open_fake(f, &e, &err), -ENOTSUP, "%s", name);
		is_int(err.class, ERR_ENGINE, "is the engine's fault: %s", name);
	}
}

static void test_versions(void)
{
	check_version("1.41", "1.41", "an older daemon's version is taken");
	check_version("1.55", "1.47", "a newer daemon gets ours");
	check_version("1.24", "1.24", "the oldest that will do");
	check_version("1.23", NULL, "too old");
	check_version(NULL, "1.24", "no header: the oldest");
	check_version("rubbish", "1.24", "no version in the header: the oldest");
	setenv("DOCKER_API_VERSION", "1.30", 1);
	check_version("1.41", "1.30", "DOCKER_API_VERSION is taken as it is");
	setenv("DOCKER_API_VERSION", "", 1);
	check_version("1.41", "1.41", "unless it is empty");
	unsetenv("DOCKER_API_VERSION");
}

static const char too_old[] = "{\"message\":\"client version 1.47 is too old. Minimum supported "
			      "API version is 1.52, please upgrade your client\"}";
static const char too_new[] = "{\"message\":\"client version 1.47 is too new. Maximum supported "
			      "API version is 1.40\"}";

static void test_version_refused(void)
{
	_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
	_cleanup_(engine_free) struct engine *e = NULL;
	_cleanup_(json_free) cJSON *info = NULL;
	struct err err;

	ping_with(f, "1.55");
	fake_engine_json(f, "GET /v1.47/info", 400, too_old);
	fake_engine_json(f, "GET /v1.52/info", 400, too_new);
	fake_engine_json(f, "GET /v1.40/info", 200, "{\"ID\":\"x\"}");
	is_int(open_fake(f, &e, &err), 0, "opened");
	is_int(engine_info(e, &info, &err), -EINVAL, "one change of version a call");
	is_str(engine_api_version(e), "1.52", "the minimum is adopted");
	is_int(engine_info(e, &info, &err), 0, "and then the maximum");
	is_str(json_str(info, "ID", ""), "x", "the answer to the third try");
}

static void test_version_fixed(void)
{
	_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
	_cleanup_(engine_free) struct engine *e = NULL, *none = NULL;
	cJSON *info = NULL;
	struct err err;

	ping_with(f, "1.55");
	fake_engine_json(f, "GET /v1.20/info", 400, too_old);
	setenv("DOCKER_API_VERSION", "1.20", 1);
	is_int(open_fake(f, &e, &err), 0, "opened");
	is_int(engine_info(e, &info, &err), -EINVAL, "a fixed version is not replaced");
	ok(strstr(err.msg, "client version 1.47 is too old") &&
		   strstr(err.hint, "DOCKER_API_VERSION"),
	   "the daemon is quoted, the variable named");
	setenv("DOCKER_API_VERSION", "new", 1);
	is_int(open_fake(f, &none, &err), -EINVAL, "a variable that holds no version");
	is_int(err.class, ERR_USAGE, "is a usage error");
	unsetenv("DOCKER_API_VERSION");
}

static void check_ping(const struct fake_reply *reply, int want, const char *text, const char *name)
{
	_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
	struct engine *e = NULL;
	struct err err;

	fake_engine_reply(f, "GET /_ping", reply);
	is_int(open_fake(f, &e, &err), want, "%s", name);
	if (!ok(strstr(err.msg, text), "%s: says '%s'", name, text))
		printf("# %s\n", err.msg);
	ok(!e && err.class == ERR_ENGINE, "%s: is the engine's fault", name);
}

static void test_bad_pings(void)
{
	check_ping(
		&(struct fake_reply){ .bytes =
					      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
		-EPROTO, "is not a container engine", "a web server");
	check_ping(&(struct fake_reply){ .bytes = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" },
		   -EPROTO, "is not a container engine", "another server");
	check_ping(&(struct fake_reply){ .bytes = "SSH-2.0-OpenSSH_9.2\r\n", .cut = true }, -EPROTO,
		   "call to the container engine", "another protocol");
	check_ping(&(struct fake_reply){ .bytes = "HTTP", .cut = true }, -ECONNRESET, "broke the",
		   "cut in the first word");
	check_ping(&(struct fake_reply){ .bytes = "", .cut = true }, -ECONNRESET, "broke the",
		   "no answer at all");
	check_ping(&(struct fake_reply){ .bytes = "HTTP/1.1 500 E\r\nContent-Length: 23\r\n\r\n"
						  "{\"message\":\"on\x1b[31mfire\"}" },
		   -EIO, "fire", "a broken daemon");
	check_ping(&(struct fake_reply){ .bytes = "HTTP/1.1 403 E\r\nContent-Length: 20\r\n\r\n"
						  "go away\r\nand\x1b[31m it" },
		   -EACCES, "go away  and\\x1b[31m it (status 403)",
		   "a proxy that answers in text");
}

static void test_no_socket(void)
{
	struct engine *e = NULL;
	struct err err;

	is_int(open_host("unix:///nonexistent/docker.sock", &e, &err), -ECONNREFUSED, "no socket");
	ok(strstr(err.msg, "unix:///nonexistent/docker.sock: No such file or directory"),
	   "names it and says why");
	ok(strstr(err.hint, "is Docker running?") && strstr(err.hint, "--host"), "and what to do");
	is_int(open_host("tcp://127.0.0.1:1", &e, &err), -ECONNREFUSED, "no daemon on a port");
	ok(strstr(err.msg, "tcp://127.0.0.1:1: Connection refused"), "names the port");
}

static void test_no_permission(void)
{
	_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
	struct engine *e = NULL;
	struct err err;

	if (geteuid() == 0) {
		if (seteuid(65534) < 0) {
			tap_skip("no permission", "cannot be another user");
			return;
		}
	} else {
		chmod(fake_engine_host(f) + strlen("unix://"), 0);
	}
	is_int(open_fake(f, &e, &err), -EACCES, "a socket of another user");
	ok(strstr(err.hint, "sudo"), "sudo is the hint");
	ok(geteuid() != 65534 || seteuid(0) == 0, "back again");
}

static void test_proxy_ignored(void)
{
	_cleanup_(engine_free) struct engine *e = NULL;
	struct err err;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	is_int(open_host("tcp://127.0.0.1:1", &e, &err), -ECONNREFUSED, "no daemon on a port");
	ok(!strstr(err.msg, "proxy") && strstr(err.msg, ":1: Connection refused"),
	   "no proxy was asked");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

/* --- Podman --- */

static void ping_podman(struct fake_engine *f, const char *version)
{
	_cleanup_free_ char *bytes = xasprintf("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n"
					       "Libpod-Api-Version: %s\r\n"
					       "Content-Length: 2\r\n\r\nOK",
					       version);
	struct fake_reply reply = { .bytes = bytes };

	fake_engine_reply(f, "GET /_ping", &reply);
}

static void check_name(const struct engine *e, const char *tag, const char *want)
{
	_cleanup_free_ char *got = engine_image_name(e, tag);

	is_str(got, want, "'%s' is called", tag);
}

static void check_health(struct engine *e, const char *ref, const char *want, const char *name)
{
	_cleanup_(json_free) cJSON *image = NULL;
	struct err err = ERR_INIT;

	is_int(engine_image_inspect(e, ref, &image, &err), 0, "inspected: %s", name);
	is_str(json_str(image, "Config.Healthcheck.x", "none"), want, "%s", name);
}

static void test_podman(void)
{
	_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
	_cleanup_(engine_free) struct engine *e = NULL;
	struct err err;

	ping_podman(f, "4.3.1");
	for (const char *const *ref = (const char *const[]){ "a", "b", "c", NULL }; *ref; ref++) {
		_cleanup_free_ char *path = xasprintf("GET /v1.41/images/%s/json", *ref);

		fake_engine_json(f, path, 200, "{\"Config\":{\"Healthcheck\":null}}");
	}
	fake_engine_json(f, "GET /v1.41/images/d/json", 200,
			 "{\"Config\":{\"Healthcheck\":{\"x\":\"its own\"}}}");
	fake_engine_json(f, "GET /v4.3.1/libpod/images/a/json", 200,
			 "{\"Healthcheck\":{\"x\":\"libpod\"}}");
	fake_engine_json(f, "GET /v4.3.1/libpod/images/b/json", 200, "{\"Healthcheck\":[7]}");
	fake_engine_json(f, "GET /v4.3.1/libpod/images/c/json", 500, "{\"cause\":\"x\"}");
	is_int(open_fake(f, &e, &err), 0, "opened");
	check_health(e, "a", "libpod", "a health check that only Podman's own API tells");
	check_health(e, "b", "none", "one of another type is none");
	check_health(e, "c", "none", "an error there is none here");
	check_health(e, "d", "its own", "what is told already stays");
	check_name(e, "x:latest", "localhost/x:latest");
	check_name(e, "a/x:1.2", "localhost/a/x:1.2");
	check_name(e, "localhost/x:1", "localhost/x:1");
	check_name(e, "r.example/x:1", "r.example/x:1");
	check_name(e, "r:5000/x:1", "r:5000/x:1");
}

static void test_not_podman(void)
{
	static const char *const versions[] = { "", "4.3.1/../../x", "4 x/", "abc" };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		_cleanup_(fake_engine_free) struct fake_engine *f = fake_engine_new();
		_cleanup_(engine_free) struct engine *e = NULL;
		struct err err;

		ping_podman(f, versions[i]);
		is_int(open_fake(f, &e, &err), 0, "opened, with '%s'", versions[i]);
		if (i != 2)
			check_name(e, "x:latest", "x:latest");
	}
}

int main(void)
{
	unsetenv("DOCKER_CONTEXT");
	unsetenv("DOCKER_HOST");
	unsetenv("DOCKER_API_VERSION");
	unsetenv("DOCKER_TLS_VERIFY");
	unsetenv("DOCKER_CERT_PATH");
	test_versions();
	test_version_refused();
	test_version_fixed();
	test_bad_pings();
	test_no_socket();
	test_no_permission();
	test_proxy_ignored();
	test_podman();
	test_not_podman();
	return tap_done();
}
