/* SPDX-License-Identifier: BSD-2-Clause */
/* Probe commands: the option's short form and the command file. */
#include "slimtrace/drive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

static void parses(const char *arg, enum probe_protocol protocol, const char *method,
		   const char *resource)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	if (ok(!probe_cmd_parse(arg, &cmds, &err) && cmds.n == 1, "'%s' is understood", arg)) {
		is_int(cmds.v[0].protocol, protocol, "its protocol");
		is_str(cmds.v[0].method, method, "its method");
		is_str(cmds.v[0].resource, resource, "its resource");
	}
	probe_cmds_release(&cmds);
}

static void refuses(const char *arg, const char *part)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	is_int(probe_cmd_parse(arg, &cmds, &err), -EINVAL, "'%s' is refused", arg);
	is_int(err.class, ERR_USAGE, "as a usage error");
	if (!ok(strstr(err.msg, part), "saying '%s'", part))
		printf("# got '%s'\n", err.msg);
	is_int(cmds.n, 0, "and nothing is added");
	probe_cmds_release(&cmds);
}

static void test_short_form(void)
{
	parses("/api/info", PROBE_ANY, "GET", "/api/info");
	parses("/", PROBE_ANY, "GET", "/");
	parses("POST:/submit", PROBE_ANY, "POST", "/submit");
	parses("post:/submit", PROBE_ANY, "POST", "/submit");
	parses("http:POST:/submit", PROBE_HTTP, "POST", "/submit");
	parses("https:/x", PROBE_HTTPS, "GET", "/x");
	parses("HTTPS:delete:/x", PROBE_HTTPS, "DELETE", "/x");
	parses("/a:b?c=d:e/f//g", PROBE_ANY, "GET", "/a:b?c=d:e/f//g");
	parses("PUT:/a:POST:/b", PROBE_ANY, "PUT", "/a:POST:/b");
	parses("PROPFIND:/dav", PROBE_ANY, "PROPFIND", "/dav");
	parses("//two", PROBE_ANY, "GET", "//two");
	parses("crawl:/", PROBE_ANY, "GET", "/");
	parses("crawl:https:GET:/docs", PROBE_HTTPS, "GET", "/docs");
	parses("crawl:POST:/search", PROBE_ANY, "POST", "/search");
	parses("http2:/x", PROBE_HTTP2, "GET", "/x");
	parses("http2c:PUT:/x", PROBE_HTTP2C, "PUT", "/x");
	parses("ws:/chat", PROBE_WS, "GET", "/chat");
	parses("wss:GET:/chat", PROBE_WSS, "GET", "/chat");
}

static void test_short_form_errors(void)
{
	refuses("", "no resource");
	refuses("GET:", "no resource");
	refuses("api/info", "does not start with '/'");
	refuses("GET:api/info", "does not start with '/'");
	refuses("frob:/", "neither a protocol (http, https");
	refuses("http:GET:POST:/", "more than a protocol and a method");
	refuses("crawl:http:GET:POST:/", "more than a protocol and a method");
	refuses("crawl:crawl:/", "neither a protocol");
	refuses("ftp:GET:/", "'ftp' is none of http, https");
	refuses("ws:POST:/", "opened by GET");
	refuses("crawl:ws:/", "neither crawled");
	refuses("http:frob:/", "neither");
	refuses(":/", "not an HTTP method");
	refuses("GE T:/", "not an HTTP method");
	refuses("http::/", "not an HTTP method");
	refuses("http://127.0.0.1:80/x", "in place of a URL");
}

static int parse_json(const char *text, struct probe_cmds *cmds, struct err *err)
{
	return probe_cmds_parse_json(text, strlen(text), "dir/file.json", cmds, err);
}

static void test_readme_file(void)
{
	/* docker-slim's manual, misspelling included. */
	static const char text[] = "{\"commands\":[{\"resource\":\"/api/info\"},"
				   "{\"method\":\"POST\",\"resource\":\"/submit\"},"
				   "{\"procotol\":\"http\",\"resource\":\"/api/call?arg=one\"},"
				   "{\"protocol\":\"http\",\"method\":\"POST\","
				   "\"resource\":\"/submit2\",\"body\":\"key=value\"}]}";
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	is_int(parse_json(text, &cmds, &err), 0, "the manual's example is read");
	if (is_int(cmds.n, 4, "with four commands")) {
		is_int(cmds.v[0].protocol, PROBE_ANY, "any protocol by default");
		is_str(cmds.v[0].method, "GET", "GET by default");
		is_str(cmds.v[1].method, "POST", "a method");
		is_int(cmds.v[2].protocol, PROBE_HTTP, "the misspelt key is understood");
		is_str(cmds.v[2].resource, "/api/call?arg=one", "a resource with a query");
		is_int(cmds.v[3].protocol, PROBE_HTTP, "the right key too");
		is_str(cmds.v[3].body, "key=value", "a body");
		is_int(cmds.v[3].body_len, 9, "its length");
	}
	probe_cmds_release(&cmds);
}

static void test_all_keys(void)
{
	static const char text[] =
		"{\"more\":1,\"commands\":[{\"resource\":\"/x\",\"port\":8080,\"unknown\":true,"
		"\"headers\":[\"X-A: b:c\",\"X-Empty:\"],\"username\":\"u\",\"password\":\"p\","
		"\"body\":null}]}";
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	probe_cmd_parse("/before", &cmds, &err);
	is_int(parse_json(text, &cmds, &err), 0, "every key is read, unknown ones pass");
	if (is_int(cmds.n, 2, "the command is added to what was there")) {
		const struct probe_cmd *cmd = &cmds.v[1];

		is_int(cmd->port, 8080, "port");
		is_int(cmd->headers.n, 2, "headers");
		is_str(cmd->headers.v[0], "X-A: b:c", "a header");
		is_str(cmd->username, "u", "username");
		is_str(cmd->password, "p", "password");
		ok(!cmd->body, "null is as if not there");
	}
	probe_cmds_release(&cmds);
}

static void refuses_json(const char *text, const char *part)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	probe_cmd_parse("/before", &cmds, &err);
	ok(parse_json(text, &cmds, &err) < 0, "refused: %s", text);
	is_int(err.class, ERR_USAGE, "as a usage error");
	if (!ok(strstr(err.msg, part), "saying '%s'", part))
		printf("# got '%s'\n", err.msg);
	ok(strstr(err.msg, "dir/file.json"), "and in which file");
	is_int(cmds.n, 1, "what was there is untouched");
	probe_cmds_release(&cmds);
}

static void test_json_errors(void)
{
	refuses_json("", "not valid JSON");
	refuses_json("{\"commands\":[{}]} x", "after the JSON document");
	refuses_json("[]", "no array 'commands'");
	refuses_json("{\"commands\":{}}", "no array 'commands'");
	refuses_json("{\"commands\":[{\"resource\":\"/\"},7]}",
		     "commands[1]: this is not an object");
	refuses_json("{\"commands\":[{\"method\":\"GET\"}]}", "commands[0]: 'resource' is missing");
	refuses_json("{\"commands\":[{\"resource\":\"x\"}]}", "does not start with '/'");
	refuses_json("{\"commands\":[{\"resource\":1}]}", "'resource' is not a string");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"protocol\":\"http3\"}]}",
		     "'http3' is none of http, https");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"method\":\"G\\r\\nX\"}]}",
		     "not an HTTP method");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"port\":65536}]}", "'port' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"port\":0}]}", "'port' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"port\":80.5}]}", "'port' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"port\":\"80\"}]}", "'port' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"headers\":{}}]}", "'headers' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"headers\":[1]}]}", "'headers' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"headers\":[\"a b: c\"]}]}", "header 0");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"headers\":[\"a: b\\nc: d\"]}]}",
		     "control character");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"body\":{}}]}", "'body' is not a string");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"body\":\"a\\u0000b\"}]}", "NUL");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"body\":\"a\",\"body_file\":\"b\"}]}",
		     "more than one of body, body_file, form");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"body_file\":\"no/such\"}]}",
		     "'dir/no/such'");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"password\":\"secret\"}]}",
		     "'username' is not");
}

static void test_form_errors(void)
{
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"form\":{}}]}", "'form' is not");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"form\":[{\"value\":\"v\"}]}]}",
		     "form[0]: 'name' is missing");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"form\":[{\"name\":\"a\"}]}]}",
		     "not one of 'value' and 'file'");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"form\":[{\"name\":\"a\\nb\","
		     "\"value\":\"v\"}]}]}",
		     "'name' is not free of control characters");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"form\":[{\"name\":\"a\","
		     "\"file\":\"no/such\"}]}]}",
		     "'dir/no/such'");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"body\":\"x\","
		     "\"form\":[{\"name\":\"a\",\"value\":\"v\"}]}]}",
		     "more than one of body, body_file, form");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"body_is_form\":true}]}",
		     "without a body");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"crawl\":1}]}",
		     "'crawl' is not true or false");
	refuses_json("{\"commands\":[{\"resource\":\"/\",\"protocol\":\"ws\","
		     "\"method\":\"POST\"}]}",
		     "opened by GET");
}

static void is_field(const struct probe_cmd *cmd, size_t i, const char *name, const char *value,
		     const char *file_name)
{
	if (!ok(i < cmd->n_fields, "field %zu", i))
		return;
	is_str(cmd->fields[i].name, name, "its name");
	is_str(cmd->fields[i].value, value, "its value");
	is_int(cmd->fields[i].len, strlen(value), "its length");
	is_str(cmd->fields[i].file_name, file_name, "its file name");
}

static void test_forms(void)
{
	static const char text[] =
		"{\"commands\":[{\"resource\":\"/a\",\"form\":[{\"name\":\"x\",\"value\":\"1\"},"
		"{\"name\":\"y\",\"value\":\"2\",\"file_name\":\"y.txt\","
		"\"content_type\":\"text/plain\"}]},"
		"{\"resource\":\"/b\",\"body_is_form\":true,\"body\":\"data\"},"
		"{\"resource\":\"/c\",\"form_field_name\":\"pic\",\"form_file_name\":\"p.png\","
		"\"body\":\"data\",\"body_is_form\":true,\"crawl\":true}]}";
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	is_int(parse_json(text, &cmds, &err), 0, "forms are read: %s", err.msg);
	if (is_int(cmds.n, 3, "in three commands")) {
		is_field(&cmds.v[0], 0, "x", "1", NULL);
		is_field(&cmds.v[0], 1, "y", "2", "y.txt");
		is_str(cmds.v[0].fields[1].type, "text/plain", "its type");
		is_field(&cmds.v[1], 0, "file", "data", "file.data");
		ok(!cmds.v[1].body, "in place of a body");
		is_field(&cmds.v[2], 0, "pic", "data", "p.png");
		ok(cmds.v[2].crawl && !cmds.v[1].crawl, "crawl");
	}
	probe_cmds_release(&cmds);
}

static void test_ports(void)
{
	static const char *const bad[] = { "", "80,", ",80", "0", "65536", "80;81", "http" };
	struct probe_opts opts = PROBE_OPTS_DEFAULT;
	struct err err = ERR_INIT;

	is_int(probe_ports_parse("8443,80", &opts, &err), 0, "a list of ports");
	ok(opts.n_ports == 2 && opts.ports[0] == 8443 && opts.ports[1] == 80, "in its order");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(probe_ports_parse(bad[i], &opts, &err) < 0 && err.class == ERR_USAGE,
		   "'%s' is refused", bad[i]);
	probe_opts_release(&opts);
}

static void test_escaped_backslash(void)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	is_int(parse_json("{\"commands\":[{\"resource\":\"/\",\"body\":\"\\\\u0000\"}]}", &cmds,
			  &err),
	       0, "an escaped backslash before u0000 is no NUL");
	is_str(cmds.n ? cmds.v[0].body : NULL, "\\u0000", "and is read as it is");
	probe_cmds_release(&cmds);
}

/* The value that is wrong is told, but not when it can be a secret. */
static void test_secrets(void)
{
	static const char *const texts[] = {
		"{\"commands\":[{\"resource\":\"/\",\"headers\":[\"Authorization: s3cret\\n\"]}]}",
		"{\"commands\":[{\"resource\":\"/\",\"headers\":[\"s3cret\"]}]}",
		"{\"commands\":[{\"resource\":\"/\",\"password\":\"s3cret\"}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct probe_cmds cmds = { 0 };
		struct err err = ERR_INIT;

		ok(parse_json(texts[i], &cmds, &err) < 0 && !strstr(err.msg, "s3cret") &&
			   !strstr(err.hint, "s3cret"),
		   "a refused secret is not in the message");
		probe_cmds_release(&cmds);
	}
}

static void test_body_file(void)
{
	static const char text[] =
		"{\"commands\":[{\"resource\":\"/\",\"body_file\":\"body.bin\"}]}";
	_cleanup_free_ char *dir = NULL, *path = NULL, *missing = NULL;
	_cleanup_close_ int fd = -1;
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	if (!ok(!io_mkdtemp(&dir, &err), "a directory: %s", err.msg))
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	io_write_atomic(fd, "body.bin", 0600, "a\0b", 3, &err);
	io_write_atomic(fd, "cmds.json", 0600, text, strlen(text), &err);
	path = xasprintf("%s/cmds.json", dir);
	is_int(probe_cmds_read_file(path, &cmds, &err), 0, "a file is read: %s", err.msg);
	if (is_int(cmds.n, 1, "with one command"))
		ok(cmds.v[0].body_len == 3 && !memcmp(cmds.v[0].body, "a\0b", 3),
		   "its body comes from a file beside it, bytes as they are");
	missing = xasprintf("%s/missing.json", dir);
	ok(probe_cmds_read_file(missing, &cmds, &err) < 0 && err.class == ERR_USAGE &&
		   strstr(err.msg, missing),
	   "a missing file is a usage error that names it");
	probe_cmds_release(&cmds);
	io_remove_tree(AT_FDCWD, dir, &err);
}

int main(void)
{
	test_short_form();
	test_short_form_errors();
	test_readme_file();
	test_all_keys();
	test_json_errors();
	test_form_errors();
	test_forms();
	test_ports();
	test_escaped_backslash();
	test_secrets();
	test_body_file();
	return tap_done();
}
