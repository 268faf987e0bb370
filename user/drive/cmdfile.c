/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of probe commands (docker-slim's --http-probe-cmd-file). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "drive/command.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/path.h"

#define MAX_FILE (64u << 20)
#define MAX_COMMANDS 10000
#define MAX_BODIES (256u << 20) /* of all body files together */
#define MAX_CREDENTIAL 4096

struct reader {
	const char *name;  /* the command file */
	size_t body_bytes; /* read from body files so far */
};

static int bad_type(const char *key, const char *wanted, struct err *err)
{
	return err_class_set(err, ERR_USAGE, EINVAL, "'%s' is not %s", key, wanted);
}

static int read_protocol(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			 struct err *err)
{
	(void)rd;
	return probe_cmd_set_protocol(cmd, item->valuestring, err);
}

static int read_method(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err)
{
	(void)rd;
	return probe_cmd_set_method(cmd, item->valuestring, err);
}

static int read_resource(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			 struct err *err)
{
	(void)rd;
	return probe_cmd_set_resource(cmd, item->valuestring, err);
}

static int read_port(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err)
{
	double port = cJSON_IsNumber(item) ? item->valuedouble : 0;

	(void)rd;
	if (!(port >= 1 && port <= 65535) || port != (uint16_t)port)
		return bad_type(item->string, "a whole number from 1 to 65535", err);
	cmd->port = (uint16_t)port;
	return 0;
}

static int read_headers(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			struct err *err)
{
	const cJSON *one;

	(void)rd;
	if (!cJSON_IsArray(item))
		return bad_type(item->string, "an array of strings", err);
	strvec_release(&cmd->headers);
	cJSON_ArrayForEach (one, item) {
		int r;

		if (!cJSON_IsString(one))
			return bad_type(item->string, "an array of strings", err);
		r = probe_cmd_add_header(cmd, one->valuestring, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_no_body(const struct probe_cmd *cmd, struct err *err)
{
	if (!cmd->body)
		return 0;
	return err_class_set(err, ERR_USAGE, EINVAL, "there is more than one of body, body_file");
}

static int read_body(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err)
{
	(void)rd;
	if (check_no_body(cmd, err) < 0)
		return -EINVAL;
	cmd->body = xstrdup(item->valuestring);
	cmd->body_len = strlen(cmd->body);
	return 0;
}

/* A relative path counts from the directory of the command file. */
static char *beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	_cleanup_free_ char *dir = slash ? xstrndup(file, (size_t)(slash - file) + 1) : NULL;

	return dir ? path_join(dir, path) : xstrdup(path);
}

static int read_body_file(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			  struct err *err)
{
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT;
	_cleanup_free_ char *path = beside(rd->name, item->valuestring);
	int r = check_no_body(cmd, err);

	if (r < 0)
		return r;
	r = io_read_file(AT_FDCWD, path, MAX_BODIES - rd->body_bytes, &body, err);
	if (r < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "body_file");
	}
	rd->body_bytes += body.len;
	cmd->body = strbuf_detach(&body, &cmd->body_len);
	return 0;
}

static int set_credential(const cJSON *item, char **slot, struct err *err)
{
	if (strlen(item->valuestring) > MAX_CREDENTIAL)
		return err_class_set(err, ERR_USAGE, EINVAL, "'%s' is longer than %d bytes",
				     item->string, MAX_CREDENTIAL);
	free(*slot);
	*slot = xstrdup(item->valuestring);
	return 0;
}

static int read_username(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			 struct err *err)
{
	(void)rd;
	return set_credential(item, &cmd->username, err);
}

static int read_password(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			 struct err *err)
{
	(void)rd;
	return set_credential(item, &cmd->password, err);
}

static const struct {
	const char *key;
	bool is_string; /* only then is it read */
	int (*read)(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err);
} keys[] = {
	{ "protocol", true, read_protocol },
	{ "procotol", true, read_protocol }, /* so it is written in docker-slim's manual */
	{ "method", true, read_method },
	{ "resource", true, read_resource },
	{ "port", false, read_port },
	{ "headers", false, read_headers },
	{ "body", true, read_body },
	{ "body_file", true, read_body_file },
	{ "username", true, read_username },
	{ "password", true, read_password },
};

/* 1 read, 0 the key is not known. */
static int read_key(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int r;

		if (strcmp(item->string, keys[i].key) != 0)
			continue;
		if (cJSON_IsNull(item))
			return 1;
		if (keys[i].is_string && !cJSON_IsString(item))
			return bad_type(item->string, "a string", err);
		r = keys[i].read(rd, item, cmd, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int read_command(struct reader *rd, const cJSON *obj, size_t index, struct probe_cmd *cmd,
			struct err *err)
{
	const cJSON *item;

	if (!cJSON_IsObject(obj))
		return err_class_set(err, ERR_USAGE, EINVAL, "this is not an object");
	if (!json_get(obj, "resource"))
		return err_class_set(err, ERR_USAGE, EINVAL, "'resource' is missing");
	cJSON_ArrayForEach (item, obj) {
		int r = read_key(rd, item, cmd, err);

		if (r < 0)
			return r;
		if (!r)
			log_warn("%s: commands[%zu]: key '%.64s' is not known and ignored",
				 rd->name, index, item->string);
	}
	if (cmd->password && !cmd->username)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "'password' is given, 'username' is not");
	return 0;
}

static int read_commands(struct reader *rd, const cJSON *array, struct probe_cmds *ret,
			 struct err *err)
{
	const cJSON *obj;

	cJSON_ArrayForEach (obj, array) {
		struct probe_cmd cmd;
		int r;

		if (ret->n == MAX_COMMANDS)
			return err_class_set(err, ERR_USAGE, E2BIG, "%s: more than %d commands",
					     rd->name, MAX_COMMANDS);
		probe_cmd_init(&cmd);
		r = read_command(rd, obj, ret->n, &cmd, err);
		if (r < 0) {
			probe_cmd_release(&cmd);
			return err_wrap(err, "%s: commands[%zu]", rd->name, ret->n);
		}
		probe_cmds_push(ret, &cmd);
	}
	return 0;
}

/* cJSON ends a string at an escaped NUL: what comes after it would be lost in silence. */
static int check_no_nul(const char *text, size_t len, const char *name, struct err *err)
{
	static const char nul[] = "u0000";

	for (size_t i = 0; i + sizeof(nul) <= len; i++) {
		if (text[i] != '\\')
			continue;
		i++;
		if (memcmp(text + i, nul, sizeof(nul) - 1) != 0)
			continue;
		err_class_set(err, ERR_USAGE, EINVAL, "%s: a string has a NUL in it at byte %zu",
			      name, i);
		return err_hint(err, "a body with a NUL in it goes into a file named by body_file");
	}
	return 0;
}

static int read_document(const char *text, size_t len, const char *name, cJSON **ret,
			 struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	const cJSON *item;

	if (json_parse(text, len, name, &doc, err) < 0) {
		err->class = ERR_USAGE;
		return -EINVAL;
	}
	if (check_no_nul(text, len, name, err) < 0)
		return -EINVAL;
	if (!cJSON_IsArray(json_get(doc, "commands"))) {
		err_class_set(err, ERR_USAGE, EINVAL, "%s: there is no array 'commands'", name);
		return err_hint(err, "write {\"commands\": [{\"resource\": \"/path\"}]}");
	}
	cJSON_ArrayForEach (item, doc)
		if (strcmp(item->string, "commands") != 0)
			log_warn("%s: key '%.64s' is not known and ignored", name, item->string);
	*ret = TAKE_PTR(doc);
	return 0;
}

int probe_cmds_parse_json(const char *text, size_t len, const char *name, struct probe_cmds *cmds,
			  struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	struct reader rd = { .name = name };
	struct probe_cmds found = { 0 };
	int r = read_document(text, len, name, &doc, err);

	if (!r)
		r = read_commands(&rd, json_get(doc, "commands"), &found, err);
	for (size_t i = 0; !r && i < found.n; i++)
		probe_cmds_push(cmds, &found.v[i]);
	probe_cmds_release(&found);
	return r;
}

int probe_cmds_read_file(const char *path, struct probe_cmds *cmds, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (io_read_file(AT_FDCWD, path, MAX_FILE, &text, err) < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "file of probe commands");
	}
	return probe_cmds_parse_json(text.buf, text.len, path, cmds, err);
}
