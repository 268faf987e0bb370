/* SPDX-License-Identifier: BSD-2-Clause */
/* Images and containers against scripted answers, whole and broken. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/fake_engine.h"
#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/engine.h"

static struct fake_engine *f;
static struct engine *e;
static struct err err;

static void setup(void)
{
	struct engine_opts opts = { .tls = -1, .tls_verify = -1 };

	f = fake_engine_new();
	fake_engine_json(f, "GET /_ping", 200, "OK");
	opts.host = fake_engine_host(f);
	err = ERR_INIT;
	if (engine_open(&opts, &e, &err) < 0) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
}

static void teardown(void)
{
	engine_free(e);
	e = NULL;
	fake_engine_free(f);
}

static void says(const char *text)
{
	if (!ok(strstr(err.msg, text), "says '%s'", text))
		printf("# %s\n", err.msg);
}

static void test_json(void)
{
	static const char *const bad[] = { "", "/a", "a/", "a//b", "../info", "a/./b", "a/.." };
	cJSON *doc = NULL;

	setup();
	fake_engine_json(f, "GET /v1.41/images/a/b:c@sha256:0/json", 200,
			 "{\"Id\":\"sha256:1\"}\n");
	is_int(engine_image_inspect(e, "a/b:c@sha256:0", &doc, &err), 0, "an image");
	is_str(json_str(doc, "Id", ""), "sha256:1", "its document");
	json_free(doc);
	fake_engine_json(f, "GET /v1.41/images/x%3Fy/json", 404,
			 "{\"message\":\"No such image: x?y:latest\"}");
	is_int(engine_image_inspect(e, "x?y", &doc, &err), -ENOENT, "no image");
	says("image 'x?y': the engine says: No such image: x?y:latest");
	ok(err.class == ERR_IMAGE && strstr(err.hint, "docker pull"), "an image error with a hint");
	fake_engine_json(f, "GET /v1.41/images/odd/json", 404, "{\"cause\":\"gone\"}");
	is_int(engine_image_inspect(e, "odd", &doc, &err), -ENOENT, "other words for it");
	ok(err.class == ERR_IMAGE && strstr(err.hint, "docker pull odd"), "mean the same");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(engine_image_inspect(e, bad[i], &doc, &err) == -EINVAL && err.class == ERR_USAGE,
		   "'%s' is refused here", bad[i]);
	is_int(engine_image_inspect(e, "a/.../b..c", &doc, &err), -ENOENT, "dots alone are not it");
	is_int(fake_engine_connections(f), 1, "connections are used again");
	teardown();
}

static void check_broken(const char *name, const char *bytes, int want, const char *text)
{
	struct fake_reply reply = { .bytes = bytes, .cut = true, .slice = 3 };
	cJSON *doc = NULL;

	setup();
	fake_engine_reply(f, "GET /v1.41/info", &reply);
	is_int(engine_info(e, &doc, &err), want, "%s", name);
	says(text);
	ok(!doc && err.class == ERR_ENGINE, "no document, the engine's fault");
	teardown();
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static void test_broken(void)
{
	check_broken("short of its length", OK_HEAD "Content-Length: 50\r\n\r\n{\"a\":1}",
		     -ECONNRESET, "broke the");
	check_broken("without its last chunk",
		     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n", -ECONNRESET,
		     "broke the");
	check_broken("a chunk without a length",
		     OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\"a\":1}\r\n", -ECONNRESET,
		     "broke the");
	check_broken("half a document", OK_HEAD "\r\n{\"a\":", -EBADMSG, "not valid JSON");
	check_broken("two documents", OK_HEAD "\r\n{\"a\":1}{}", -EBADMSG, "something after");
	check_broken("a page", OK_HEAD "\r\n<html>", -EBADMSG, "not valid JSON");
	check_broken("nothing", OK_HEAD "\r\n", -EBADMSG, "not valid JSON");
	check_broken("somewhere else",
		     "HTTP/1.1 301 Moved\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n", -EIO,
		     "status 301");
	check_broken("no reason", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", -EAGAIN,
		     "no reason given");
}

static void test_pieces(void)
{
	struct fake_reply reply = { .bytes = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
						     "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
				    .slice = 1,
				    .pause_at = 50,
				    .pause_ms = 50 };
	cJSON *doc = NULL;

	setup();
	fake_engine_reply(f, "GET /v1.41/info", &reply);
	is_int(engine_info(e, &doc, &err), 0, "a chunked answer in single bytes");
	is_int(json_u64(doc, "a", 0), 1, "is put together");
	json_free(doc);
	teardown();
}

static void test_huge(void)
{
	_cleanup_strbuf_ struct strbuf big = STRBUF_INIT;
	struct fake_reply reply = { .cut = true };
	cJSON *doc = NULL;

	setup();
	strbuf_addstr(&big, OK_HEAD "\r\n");
	strbuf_grow(&big, 66u << 20);
	memset(big.buf + big.len, ' ', 66u << 20);
	big.len += 66u << 20;
	reply.bytes = big.buf;
	reply.len = big.len;
	fake_engine_reply(f, "GET /v1.41/info", &reply);
	is_int(engine_info(e, &doc, &err), -EMSGSIZE, "an endless answer");
	says("larger than 64 MiB");
	memcpy(big.buf, "HTTP/1.1 500 NO", 15);
	fake_engine_reply(f, "GET /v1.41/version", &reply);
	is_int(engine_version(e, &doc, &err), -EIO, "an endless error is cut, and still an error");
	strbuf_setlen(&big, strlen(OK_HEAD));
	memcpy(big.buf, OK_HEAD, strlen(OK_HEAD));
	while (big.len < 400000)
		strbuf_addstr(&big, "X-Filler: 0123456789012345678901234567890123456789\r\n");
	strbuf_addstr(&big, "\r\n{}");
	reply.bytes = big.buf;
	reply.len = big.len;
	fake_engine_reply(f, "GET /v1.41/images/h/json", &reply);
	ok(engine_image_inspect(e, "h", &doc, &err) < 0, "an endless header");
	teardown();
}

/* --- files of a container --- */

static void test_files(void)
{
	_cleanup_close_ int fd = memfd_create("x", MFD_CLOEXEC);
	char tar[1024] = "file", got[sizeof(tar)];
	cJSON *changes = NULL;

	setup();
	fake_engine_json(f, "GET /v1.41/containers/c/changes", 200,
			 "[{\"Path\":\"/a\",\"Kind\":1}]");
	is_int(engine_container_changes(e, "c", &changes, &err), 0, "what a container changed");
	is_str(json_str(changes->child, "Path", ""), "/a", "is listed");
	json_free(changes);
	fake_engine_stream(f, "GET /v1.41/containers/c/archive?path=%2Fa%20b", tar, sizeof(tar));
	is_int(engine_container_copy(e, "c", "/a b", fd, &err), 0, "a file of it");
	ok(pread(fd, got, sizeof(got), 0) == sizeof(got) && !memcmp(tar, got, sizeof(got)),
	   "byte for byte");
	fake_engine_stream(f, "GET /v1.41/containers/c/archive?path=%2Fcut", tar, 700);
	is_int(engine_container_copy(e, "c", "/cut", fd, &err), -ECONNRESET, "one that is cut");
	says("copying '/cut' out of container c: cut after 700 bytes");
	fake_engine_json(f, "GET /v1.41/containers/c/archive?path=%2Fnone", 404,
			 "{\"message\":\"Could not find the file /none in container c\"}");
	is_int(engine_container_copy(e, "c", "/none", fd, &err), -ENOENT, "one that is not there");
	says("Could not find the file /none");
	teardown();
}

/* --- save --- */

static uint64_t told;

static void on_progress(uint64_t bytes, void *ctx)
{
	(void)ctx;
	told = bytes;
}

static int save(const char *body, size_t len, bool cut, int fd)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	struct fake_reply reply = { .cut = true };
	int r;

	setup();
	strbuf_addstr(&bytes, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	strbuf_addf(&bytes, "%zx\r\n", len);
	strbuf_add(&bytes, body, len);
	strbuf_addstr(&bytes, cut ? "\r\n" : "\r\n0\r\n\r\n");
	reply.bytes = bytes.buf;
	reply.len = bytes.len;
	fake_engine_reply(f, "GET /v1.41/images/i/get", &reply);
	told = 0;
	r = engine_image_save(e, "i", fd, on_progress, NULL, &err);
	teardown();
	return r;
}

static void test_save(void)
{
	static const char failure[] = "{\"errorDetail\":{\"message\":\"disk on fire\"}}";
	_cleanup_close_ int fd = memfd_create("x", MFD_CLOEXEC), full = -1;
	char tar[5120] = "file";
	char got[sizeof(tar)];

	is_int(save(tar, sizeof(tar), false, fd), 0, "an archive is saved");
	is_int(told, sizeof(tar), "progress is told");
	ok(pread(fd, got, sizeof(got), 0) == sizeof(got) && !memcmp(tar, got, sizeof(got)),
	   "byte for byte");
	is_int(save(tar, sizeof(tar), true, fd), -ECONNRESET, "a broken transfer");
	is_int(save(tar, 1000, false, fd), -ECONNRESET, "an archive that is cut inside a block");
	says("cut after 1000 bytes");
	is_int(save(tar, 0, false, fd), -ECONNRESET, "an empty archive");
	memcpy(tar + 4000, failure, sizeof(failure) - 1);
	is_int(save(tar, 4000 + sizeof(failure) - 1, false, fd), -EIO, "an error in the archive");
	says("disk on fire");
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	is_int(save(tar, sizeof(tar), false, full), -ENOSPC, "no space for it here");
	says("saving image 'i': cannot write the image's archive: No space left on device");
	is_int(err.class, ERR_FAILURE, "which is not the engine's fault");
}

/* --- load --- */

#define LOADED "{\"stream\":\"Loaded image: a\\n\"}"

static int load(const struct fake_reply *reply, int fd)
{
	int r;

	setup();
	fake_engine_reply(f, "POST /v1.41/images/load", reply);
	r = engine_image_load(e, fd, &err);
	if (!reply->unread)
		is_int(fake_engine_body_len(f, "POST"), 300000, "all of it was sent");
	teardown();
	return r;
}

static int load_answer(const char *body, int fd)
{
	_cleanup_free_ char *bytes = xasprintf(OK_HEAD "\r\n%s", body);

	return load(&(struct fake_reply){ .bytes = bytes, .cut = true }, fd);
}

static void test_load(void)
{
	_cleanup_close_ int fd = memfd_create("x", MFD_CLOEXEC);

	if (ftruncate(fd, 300000) < 0)
		return;
	lseek(fd, 100, SEEK_SET);
	is_int(load_answer(LOADED, fd), 0, "loaded, from the file's start");
	is_int(load_answer("{\"status\":\"Loading layer\",\"progressDetail\":{}}\r\n" LOADED "\n",
			   fd),
	       0, "with progress before");
	is_int(load_answer("{\n  \"stream\": \"Loaded image: a\"\n}\n", fd), 0,
	       "one pretty object");
	is_int(load_answer(LOADED "{\"errorDetail\":{\"message\":\"bad layer\"},"
				  "\"error\":\"bad layer\"}",
			   fd),
	       -EIO, "an error late in a success");
	says("loading the image: the engine says: bad layer");
	is_int(load_answer("{\"error\":\"worse\"}", fd), -EIO, "the short form");
	is_int(load_answer("{\"errorDetail\":{}}", fd), -EIO, "an error that says nothing");
	is_int(load_answer("{\"stream\":\"Error unpacking image a: boom\\n\"}" LOADED, fd), -EIO,
	       "containerd's store only prints it");
	says("boom");
	is_int(load_answer(LOADED "{\"stream\":", fd), -ECONNRESET, "cut");
	is_int(load_answer("<html>", fd), -EBADMSG, "not JSON");
}

static void test_load_refused(void)
{
	static const char refusal[] = "HTTP/1.1 500 No\r\nContent-Length: 31\r\n\r\n"
				      "{\"message\":\"no room for images\"}";
	_cleanup_close_ int fd = memfd_create("x", MFD_CLOEXEC);

	/* Much larger than socket buffers: the answer comes while we send. */
	if (ftruncate(fd, 64 << 20) < 0)
		return;
	is_int(load(
		       &(struct fake_reply){
			       .bytes = refusal, .unread = true, .pause_at = 50, .pause_ms = 100 },
		       fd),
	       -EIO, "refused while sending");
	says("no room for images");
	is_int(load(&(struct fake_reply){ .bytes = "", .len = 0, .unread = true }, fd), -ECONNRESET,
	       "hung up while sending");
}

/* --- containers --- */

static void test_create(void)
{
	_cleanup_(json_free) cJSON *body = json_object();
	_cleanup_free_ char *id = NULL, *sent = NULL;

	setup();
	json_add_str(body, "Image", "i");
	fake_engine_json(
		f, "POST /v1.41/containers/create?name=a%26b ", 409,
		"{\"message\":\"Conflict. The container name \\\"/a&b\\\" is already in use "
		"by container \\\"00\\\".\"}");
	fake_engine_json(f, "POST /v1.41/containers/create ", 201,
			 "{\"Id\":\"c0\",\"Warnings\":[\"scripted: no swap\",7]}");
	is_int(engine_container_create(e, "a&b", body, &id, &err), -EEXIST, "a name that is taken");
	says("already in use");
	ok(strstr(err.hint, "docker rm") && !id, "with a hint");
	is_int(engine_container_create(e, NULL, body, &id, &err), 0, "without a name");
	is_str(id, "c0", "its ID");
	sent = fake_engine_body(f, "POST /v1.41/containers/create ");
	ok(sent && strstr(sent, "\"Image\":\"i\""), "the body was sent");
	teardown();
	setup();
	fake_engine_json(f, "POST /v1.41/containers/create", 201, "{\"Warnings\":null}");
	is_int(engine_container_create(e, NULL, body, &id, &err), -EBADMSG, "no ID in the answer");
	teardown();
}

static void test_start_stop(void)
{
	setup();
	fake_engine_reply(f, "POST /v1.41/containers/c/start",
			  &(struct fake_reply){ .bytes = "HTTP/1.1 304 Same\r\n\r\n", .times = 1 });
	fake_engine_json(
		f, "POST /v1.41/containers/c/start", 500,
		"{\"message\":\"driver failed: Bind for 0.0.0.0:80 failed: port is already "
		"allocated\"}");
	fake_engine_json(f, "POST /v1.41/containers/c/stop?t=3 ", 304, "");
	fake_engine_json(f, "POST /v1.41/containers/c/kill?signal=SIGKILL ", 409,
			 "{\"message\":\"Container c is not running\"}");
	fake_engine_json(
		f, "POST /v1.41/containers/old/kill", 500,
		"{\"message\":\"Cannot kill container: old: Container old is not running\"}");
	fake_engine_json(
		f, "POST /v1.41/containers/pod/kill", 500,
		"{\"message\":\"can only kill running containers. pod is in state exited\"}");
	fake_engine_json(f, "POST /v1.41/containers/bad/kill", 400,
			 "{\"message\":\"Invalid signal\"}");
	is_int(engine_container_start(e, "c", &err), 0, "started already");
	is_int(engine_container_start(e, "c", &err), -EIO, "a port that is taken");
	says("port is already allocated");
	ok(strstr(err.hint, "docker ps"), "with a hint");
	is_int(engine_container_stop(e, "c", 3, &err), 0, "stopped already");
	err = ERR_INIT;
	is_int(engine_container_kill(e, "c", "SIGKILL", &err), 0, "dead already");
	ok(!err.msg[0], "leaves no error behind");
	is_int(engine_container_kill(e, "old", "9", &err), 0,
	       "dead already, in an old daemon's words");
	is_int(engine_container_kill(e, "pod", "9", &err), 0, "and in Podman's");
	is_int(engine_container_kill(e, "bad", "SIGX", &err), -EINVAL, "a signal that is none");
	is_int(engine_container_start(e, "", &err), -EINVAL, "an empty ID is refused here");
	teardown();
}

static void test_remove(void)
{
	setup();
	fake_engine_json(f, "DELETE /v1.41/containers/gone?force=1&v=1 ", 404,
			 "{\"message\":\"No such container: gone\"}");
	fake_engine_json(f, "DELETE /v1.41/containers/going", 409,
			 "{\"message\":\"removal of container going is already in progress\"}");
	fake_engine_json(f, "DELETE /v1.41/containers/stuck", 409,
			 "{\"message\":\"driver is busy\"}");
	fake_engine_reply(f, "DELETE /v1.41/containers/c",
			  &(struct fake_reply){ .bytes = "HTTP/1.1 204 Gone\r\n\r\n" });
	is_int(engine_container_remove(e, "c", &err), 0, "removed");
	is_int(engine_container_remove(e, "gone", &err), 0, "absent");
	is_int(engine_container_remove(e, "going", &err), 0, "being removed");
	is_int(engine_container_remove(e, "stuck", &err), -EEXIST, "not removed");
	teardown();
}

static int wait_for(const char *id, int timeout_ms)
{
	int status = -7, r = engine_container_wait(e, id, timeout_ms, &status, &err);

	return r == 1 ? status : r < 0 ? r : 1000;
}

static void test_wait(void)
{
	setup();
	fake_engine_json(f, "GET /v1.41/containers/run/json", 200,
			 "{\"State\":{\"Running\":true}}");
	fake_engine_json(f, "GET /v1.41/containers/end/json", 200,
			 "{\"State\":{\"Running\":false,\"ExitCode\":137}}");
	fake_engine_json(f, "GET /v1.41/containers/odd/json", 200, "{\"State\":\"yes\"}");
	fake_engine_json(f, "POST /v1.41/containers/end/wait", 200,
			 "{\"StatusCode\":3,\"Error\":null}");
	fake_engine_json(f, "POST /v1.41/containers/odd/wait", 200, "{\"StatusCode\":\"x\"}");
	fake_engine_json(f, "POST /v1.41/containers/bad/wait", 200,
			 "{\"StatusCode\":0,\"Error\":{\"Message\":\"lost it\"}}");
	fake_engine_reply(
		f, "POST /v1.41/containers/run/wait",
		&(struct fake_reply){ .bytes = OK_HEAD "\r\n", .pause_at = 19, .pause_ms = -1 });
	is_int(wait_for("run", 0), 1000, "it runs");
	is_int(wait_for("end", 0), 137, "it has ended");
	is_int(wait_for("odd", 0), -EBADMSG, "no telling");
	is_int(wait_for("end", -1), 3, "waited for");
	is_int(wait_for("odd", -1), -EBADMSG, "no status");
	is_int(wait_for("bad", -1), -EIO, "an error in a success");
	says("lost it");
	err = ERR_INIT;
	is_int(wait_for("run", 100), 1000, "not within the time");
	ok(!err.msg[0], "which is no error");
	is_int(wait_for("none", 100), -ENOENT, "no such container");
	is_int(wait_for("end", 100), 3, "the next call is not disturbed");
	teardown();
}

static void test_list(void)
{
	_cleanup_strvec_ struct strvec ids = STRVEC_INIT;

	setup();
	fake_engine_json(
		f,
		"GET /v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22k%3Dv%22%5D%7D ",
		200, "[{\"Id\":\"a\"},{\"Id\":7},\"x\",{\"Id\":\"b\"}]");
	fake_engine_json(f, "GET /v1.41/containers/json", 200, "{}");
	is_int(engine_container_list(e, "k=v", &ids, &err), 0, "listed");
	ok(ids.n == 2 && !strcmp(ids.v[1], "b"), "what has an ID");
	is_int(engine_container_list(e, "k", &ids, &err), -EBADMSG, "not a list");
	teardown();
}

int main(void)
{
	unsetenv("DOCKER_API_VERSION");
	test_json();
	test_broken();
	test_pieces();
	test_huge();
	test_files();
	test_save();
	test_load();
	test_load_refused();
	test_create();
	test_start_stop();
	test_remove();
	test_wait();
	test_list();
	return tap_done();
}
