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
#define MAX_NAME 1024
#define MAX_FIELDS 1000

struct reader {
	const char *name;  /* the command file */
	size_t body_bytes; /* read from files so far */
	/* Of the command being read: */
	const char *body_file;
	const char *field_name, *field_file; /* form_field_name, form_file_name */
	bool body_is_form;
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
	if (!cmd->body && !cmd->n_fields)
		return 0;
	return err_class_set(err, ERR_USAGE, EINVAL,
			     "there is more than one of body, body_file, form");
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

/* A file that the user names; malloc'ed bytes. */
static int read_user_file(struct reader *rd, const char *name, char **ret, size_t *ret_len,
			  struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *path = beside(rd->name, name);
	int r = io_read_file(AT_FDCWD, path, MAX_BODIES - rd->body_bytes, &text, err);

	if (r < 0) {
		err->class = ERR_USAGE;
		return r;
	}
	rd->body_bytes += text.len;
	*ret = strbuf_detach(&text, ret_len);
	return 0;
}

static int read_body_file(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			  struct err *err)
{
	int r = check_no_body(cmd, err);

	if (r < 0)
		return r;
	r = read_user_file(rd, item->valuestring, &cmd->body, &cmd->body_len, err);
	if (r < 0)
		return err_wrap(err, "body_file");
	rd->body_file = item->valuestring;
	return 0;
}

static int read_bool(const cJSON *item, bool *ret, struct err *err)
{
	if (!cJSON_IsBool(item))
		return bad_type(item->string, "true or false", err);
	*ret = cJSON_IsTrue(item);
	return 0;
}

static int read_crawl(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err)
{
	(void)rd;
	return read_bool(item, &cmd->crawl, err);
}

static int read_is_form(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			struct err *err)
{
	(void)cmd;
	return read_bool(item, &rd->body_is_form, err);
}

/* Names stand in a header of the part: no line ends there. */
static int check_name(const cJSON *item, struct err *err)
{
	for (const char *p = item->valuestring; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return bad_type(item->string, "free of control characters", err);
	if (!*item->valuestring || strlen(item->valuestring) > MAX_NAME)
		return bad_type(item->string, "of 1 to 1024 bytes", err);
	return 0;
}

static int read_field_name(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			   struct err *err)
{
	(void)cmd;
	rd->field_name = item->valuestring;
	return check_name(item, err);
}

static int read_field_file(struct reader *rd, const cJSON *item, struct probe_cmd *cmd,
			   struct err *err)
{
	(void)cmd;
	rd->field_file = item->valuestring;
	return check_name(item, err);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static int name_of(const cJSON *obj, const char *key, char **ret, struct err *err)
{
	const cJSON *item = json_get(obj, key);
	int r;

	if (!item)
		return 0;
	if (!cJSON_IsString(item))
		return bad_type(key, "a string", err);
	r = check_name(item, err);
	if (!r)
		*ret = xstrdup(item->valuestring);
	return r;
}

static int read_field_value(struct reader *rd, const cJSON *obj, struct probe_field *field,
			    struct err *err)
{
	const cJSON *value = json_get(obj, "value"), *file = json_get(obj, "file");

	if (!value == !file || !cJSON_IsString(value ? value : file))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "there is not one of 'value' and 'file', a string");
	if (value) {
		field->value = xstrdup(value->valuestring);
		field->len = strlen(field->value);
		return 0;
	}
	if (!field->file_name)
		field->file_name = xstrdup(base_name(file->valuestring));
	return read_user_file(rd, file->valuestring, &field->value, &field->len, err);
}

static int read_field(struct reader *rd, const cJSON *obj, struct probe_field *field,
		      struct err *err)
{
	static const char *const known[] = { "name", "value", "file", "file_name", "content_type" };
	const cJSON *item;
	int r = name_of(obj, "name", &field->name, err);

	if (!r && !field->name)
		r = err_class_set(err, ERR_USAGE, EINVAL, "'name' is missing");
	if (!r)
		r = name_of(obj, "file_name", &field->file_name, err);
	if (!r)
		r = name_of(obj, "content_type", &field->type, err);
	if (!r)
		r = read_field_value(rd, obj, field, err);
	cJSON_ArrayForEach (item, obj) {
		size_t i = 0;

		while (!r && i < ARRAY_SIZE(known) && strcmp(item->string, known[i]) != 0)
			i++;
		if (!r && i == ARRAY_SIZE(known))
			log_warn("%s: form: key '%.64s' is not known and ignored", rd->name,
				 item->string);
	}
	return r;
}

static int read_form(struct reader *rd, const cJSON *item, struct probe_cmd *cmd, struct err *err)
{
	const cJSON *obj;

	if (check_no_body(cmd, err) < 0)
		return -EINVAL;
	if (!cJSON_IsArray(item))
		return bad_type(item->string, "an array of objects", err);
	cJSON_ArrayForEach (obj, item) {
		struct probe_field field = { 0 };
		int r = cmd->n_fields < MAX_FIELDS
				? read_field(rd, obj, &field, err)
				: err_class_set(err, ERR_USAGE, E2BIG, "more than %d fields",
						MAX_FIELDS);

		if (r < 0) {
			probe_field_release(&field);
			return err_wrap(err, "form[%zu]", cmd->n_fields);
		}
		probe_cmd_add_field(cmd, &field);
	}
	return 0;
}

/* docker-slim's way to send a body as the one file of a form. */
static int finish_form(const struct reader *rd, struct probe_cmd *cmd, struct err *err)
{
	struct probe_field field = { 0 };

	if (!rd->body_is_form)
		return 0;
	if (!cmd->body)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "'body_is_form' is set without a body");
	field.name = xstrdup(rd->field_name ? rd->field_name : "file");
	field.file_name = xstrdup(rd->field_file  ? rd->field_file
				  : rd->body_file ? base_name(rd->body_file)
						  : "file.data");
	field.value = TAKE_PTR(cmd->body);
	field.len = cmd->body_len;
	cmd->body_len = 0;
	probe_cmd_add_field(cmd, &field);
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
	{ "body_is_form", false, read_is_form },
	{ "form_field_name", true, read_field_name },
	{ "form_file_name", true, read_field_file },
	{ "form", false, read_form },
	{ "crawl", false, read_crawl },
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
	if (finish_form(rd, cmd, err) < 0)
		return -EINVAL;
	return probe_cmd_check(cmd, err);
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
		*rd = (struct reader){ .name = rd->name, .body_bytes = rd->body_bytes };
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
