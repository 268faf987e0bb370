/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the probe, and how they are written on the command line. */
#include "drive/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define MAX_METHOD 32
#define MAX_RESOURCE (16u << 10)
#define MAX_HEADER (16u << 10)
#define MAX_HEADERS 128

#define usage(err, ...) err_class_set((err), ERR_USAGE, EINVAL, __VA_ARGS__)

void probe_cmd_init(struct probe_cmd *cmd)
{
	*cmd = (struct probe_cmd){ .protocol = PROBE_ANY,
				   .method = xstrdup("GET"),
				   .resource = xstrdup("/") };
}

/* A password does not stay behind in memory that is given back. */
static void free_secret(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void probe_field_release(struct probe_field *field)
{
	free(field->name);
	free(field->value);
	free(field->file_name);
	free(field->type);
	*field = (struct probe_field){ 0 };
}

void probe_cmd_add_field(struct probe_cmd *cmd, struct probe_field *field)
{
	ALLOC_GROW(cmd->fields, cmd->n_fields + 1, cmd->cap_fields);
	cmd->fields[cmd->n_fields++] = *field;
	*field = (struct probe_field){ 0 };
}

void probe_cmd_release(struct probe_cmd *cmd)
{
	free(cmd->method);
	free(cmd->resource);
	strvec_release(&cmd->headers);
	free(cmd->body);
	for (size_t i = 0; i < cmd->n_fields; i++)
		probe_field_release(&cmd->fields[i]);
	free(cmd->fields);
	free(cmd->username);
	free_secret(cmd->password);
	*cmd = (struct probe_cmd){ 0 };
}

void probe_cmds_push(struct probe_cmds *cmds, struct probe_cmd *cmd)
{
	ALLOC_GROW(cmds->v, cmds->n + 1, cmds->cap);
	cmds->v[cmds->n++] = *cmd;
	*cmd = (struct probe_cmd){ 0 };
}

void probe_cmds_release(struct probe_cmds *cmds)
{
	for (size_t i = 0; i < cmds->n; i++)
		probe_cmd_release(&cmds->v[i]);
	free(cmds->v);
	*cmds = (struct probe_cmds){ 0 };
}

static const struct {
	const char *name;
	enum probe_protocol protocol;
} protocols[] = {
	{ "http", PROBE_HTTP },	    { "https", PROBE_HTTPS }, { "http2", PROBE_HTTP2 },
	{ "http2c", PROBE_HTTP2C }, { "ws", PROBE_WS },	      { "wss", PROBE_WSS },
};
#define PROTOCOL_NAMES "http, https, http2, http2c, ws, wss"

const char *probe_protocol_name(enum probe_protocol protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].name;
	return "http";
}

const char *probe_source_name(enum probe_source source)
{
	static const char *const names[] = { "command", "apispec", "crawl" };

	return names[source];
}

static bool find_protocol(const char *value, enum probe_protocol *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (strcasecmp(value, protocols[i].name) != 0)
			continue;
		*ret = protocols[i].protocol;
		return true;
	}
	return false;
}

int probe_cmd_set_protocol(struct probe_cmd *cmd, const char *value, struct err *err)
{
	if (!find_protocol(value, &cmd->protocol))
		return usage(err, "protocol '%.64s' is none of " PROTOCOL_NAMES, value);
	return 0;
}

bool probe_cmd_is_websocket(const struct probe_cmd *cmd)
{
	return cmd->protocol == PROBE_WS || cmd->protocol == PROBE_WSS;
}

int probe_cmd_check(const struct probe_cmd *cmd, struct err *err)
{
	if (cmd->password && !cmd->username)
		return usage(err, "'password' is given, 'username' is not");
	if (!probe_cmd_is_websocket(cmd))
		return 0;
	if (strcmp(cmd->method, "GET") != 0)
		return usage(err, "a WebSocket is opened by GET, not by %s", cmd->method);
	if (cmd->crawl || cmd->n_fields)
		return usage(err, "a WebSocket is neither crawled nor sent a form");
	return 0;
}

/* A character of a token (RFC 9110, 5.6.2): methods and header names are tokens. */
static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_token_char(s[i]))
			return false;
	return len > 0;
}

int probe_cmd_set_method(struct probe_cmd *cmd, const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (!is_token(value, len) || len > MAX_METHOD)
		return usage(err, "'%.64s' is not an HTTP method", value);
	free(cmd->method);
	cmd->method = xstrdup(value);
	for (char *p = cmd->method; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return 0;
}

int probe_cmd_set_resource(struct probe_cmd *cmd, const char *value, struct err *err)
{
	if (*value != '/')
		return usage(err, "resource '%.256s' does not start with '/'", value);
	if (strlen(value) > MAX_RESOURCE)
		return usage(err, "resource '%.64s...' is longer than %u bytes", value,
			     MAX_RESOURCE);
	free(cmd->resource);
	cmd->resource = xstrdup(value);
	return 0;
}

/* The value of a header is not told: it can be a secret. */
int probe_cmd_add_header(struct probe_cmd *cmd, const char *value, struct err *err)
{
	const char *colon = strchr(value, ':');

	if (!colon || !is_token(value, (size_t)(colon - value)))
		return usage(err, "header %zu is not 'Name: value'", cmd->headers.n);
	for (const char *p = colon + 1; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return usage(err, "header '%.*s' has a control character in its value",
				     (int)(colon - value), value);
	if (strlen(value) > MAX_HEADER || cmd->headers.n == MAX_HEADERS)
		return usage(err, "there are more than %d headers, or one is longer than %u bytes",
			     MAX_HEADERS, MAX_HEADER);
	strvec_push(&cmd->headers, value);
	return 0;
}

/*
 * A lone word before the resource is a protocol or a method. A method that is not a common one has
 * to be written in capitals, so that a slip is not taken for one.
 */
static bool is_method_word(const char *word)
{
	static const char *const common[] = { "get",   "head",	 "post",  "put",
					      "patch", "delete", "trace", "options" };

	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (!strcasecmp(word, common[i]))
			return true;
	for (const char *p = word; *p; p++)
		if (islower((unsigned char)*p))
			return false;
	return true;
}

static int set_word(struct probe_cmd *cmd, const char *word, bool is_first, struct err *err)
{
	if (is_first && find_protocol(word, &cmd->protocol))
		return 0;
	if (!is_method_word(word))
		return usage(err,
			     "'%.64s' is neither a protocol (" PROTOCOL_NAMES
			     ") nor an HTTP method",
			     word);
	return probe_cmd_set_method(cmd, word, err);
}

/* The words before the resource, each with its colon, @len bytes in all. */
static int set_words(struct probe_cmd *cmd, const char *words, size_t len, struct err *err)
{
	_cleanup_strvec_ struct strvec v = STRVEC_INIT;
	const char *end = words + len, *p = words, *colon;
	size_t first = 0;
	int r;

	if (end[-1] != ':')
		return usage(err, "the resource does not start with '/'");
	for (; p < end; p = colon + 1) {
		colon = memchr(p, ':', (size_t)(end - p));
		strvec_push_len(&v, p, (size_t)(colon - p));
	}
	if (v.n && !strcasecmp(v.v[0], "crawl")) {
		cmd->crawl = true;
		first = 1;
	}
	if (v.n - first > 2)
		return usage(err,
			     "there are more than a protocol and a method before the resource");
	if (v.n <= first)
		return 0;
	if (v.n == first + 1)
		return set_word(cmd, v.v[first], true, err);
	r = probe_cmd_set_protocol(cmd, v.v[first], err);
	return r < 0 ? r : set_word(cmd, v.v[first + 1], false, err);
}

int probe_ports_parse(const char *arg, struct probe_opts *opts, struct err *err)
{
	for (const char *p = arg;; p++) {
		size_t len = strcspn(p, ",");
		_cleanup_free_ char *word = xstrndup(p, len);
		unsigned long long port;

		if (text_parse_u64(word, 1, UINT16_MAX, "port", &port, err) < 0)
			return -EINVAL;
		if (opts->n_ports == PROBE_MAX_PORTS)
			return usage(err, "there are more than %d ports", PROBE_MAX_PORTS);
		opts->ports[opts->n_ports++] = (uint16_t)port;
		p += len;
		if (!*p)
			return 0;
	}
}

void probe_opts_release(struct probe_opts *opts)
{
	probe_cmds_release(&opts->cmds);
	strvec_release(&opts->specs);
}

static int parse(struct probe_cmd *cmd, const char *arg, struct err *err)
{
	const char *resource = strchr(arg, '/');
	int r = 0;

	if (!resource)
		return usage(err, "there is no resource, which starts with '/'");
	if (resource[1] == '/' && resource > arg)
		return usage(err,
			     "a path is wanted in place of a URL: every probed port is called");
	if (resource > arg)
		r = set_words(cmd, arg, (size_t)(resource - arg), err);
	if (!r)
		r = probe_cmd_set_resource(cmd, resource, err);
	return r < 0 ? r : probe_cmd_check(cmd, err);
}

int probe_cmd_parse(const char *arg, struct probe_cmds *cmds, struct err *err)
{
	struct probe_cmd cmd;
	int r;

	probe_cmd_init(&cmd);
	r = parse(&cmd, arg, err);
	if (r < 0) {
		probe_cmd_release(&cmd);
		err_wrap(err, "probe command '%.256s'", arg);
		return err_hint(err, "write [crawl:][protocol:][METHOD:]/path, as in "
				     "/api/info, POST:/submit, https:GET:/login, crawl:/docs");
	}
	probe_cmds_push(cmds, &cmd);
	return 0;
}
