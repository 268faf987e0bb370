/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/apibody.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drive/command.h"
#include "drive/schema.h"
#include "slimtrace/base/alloc.h"

#define FORM "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data"
#define MAX_PARTS 200

void api_add_escaped(struct strbuf *sb, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c))
			strbuf_addch(sb, (char)c);
		else
			strbuf_addf(sb, "%%%02X", c);
	}
}

void api_add_text(struct strbuf *sb, const cJSON *value, bool escaped)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (cJSON_IsString(value)) {
		strbuf_addstr(&text, value->valuestring);
	} else if (value) {
		json_print(value, false, &text);
		while (text.len && text.buf[text.len - 1] == '\n')
			strbuf_setlen(&text, text.len - 1);
	}
	if (escaped)
		api_add_escaped(sb, text.buf);
	else
		strbuf_addstr(sb, text.buf);
}

static void set_body(struct probe_cmd *cmd, const char *type, struct strbuf *body)
{
	_cleanup_free_ char *header = xasprintf("Content-Type: %.200s", type);
	struct err ignored = ERR_INIT;

	probe_cmd_add_header(cmd, header, &ignored);
	cmd->body = strbuf_detach(body, &cmd->body_len);
}

static void set_json(struct probe_cmd *cmd, const char *type, const cJSON *value)
{
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT;

	json_print(value, false, &body);
	set_body(cmd, type, &body);
}

static void set_urlencoded(struct probe_cmd *cmd, const cJSON *object)
{
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT;
	const cJSON *member;

	cJSON_ArrayForEach (member, object) {
		if (!member->string)
			continue;
		strbuf_addstr(&body, body.len ? "&" : "");
		api_add_escaped(&body, member->string);
		strbuf_addch(&body, '=');
		api_add_text(&body, member, true);
	}
	set_body(cmd, FORM, &body);
}

/* A part of a form. A file has a name and some bytes. */
static void add_part(struct probe_cmd *cmd, const char *name, const cJSON *value, bool is_file)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct probe_field field = { 0 };

	if (!name || cmd->n_fields == MAX_PARTS)
		return;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ')
			return;
	api_add_text(&text, value, false);
	field.name = xstrdup(name);
	field.file_name = is_file ? xstrdup("file.data") : NULL;
	field.value = strbuf_detach(&text, &field.len);
	probe_cmd_add_field(cmd, &field);
}

static bool is_binary(const cJSON *schema)
{
	return !strcmp(json_str(schema, "format", ""), "binary") ||
	       !strcmp(json_str(schema, "type", ""), "file") ||
	       json_get(schema, "contentMediaType");
}

static void set_multipart(const cJSON *doc, struct probe_cmd *cmd, const cJSON *schema,
			  const cJSON *object)
{
	const cJSON *properties = json_get(schema, "properties"), *member;

	cJSON_ArrayForEach (member, object) {
		const cJSON *property =
			member->string ? schema_deref(doc, json_get(properties, member->string))
				       : NULL;

		add_part(cmd, member->string, member, is_binary(property));
	}
}

static bool is_json(const char *type)
{
	size_t len = strcspn(type, "; ");

	return (len >= 4 && !strncasecmp(type + len - 4, "json", 4)) || !strcmp(type, "*/*");
}

/* The first that can be made: JSON, a form, and then whatever there is. */
static const cJSON *choose_media(const cJSON *content)
{
	const cJSON *media;

	cJSON_ArrayForEach (media, content)
		if (media->string && is_json(media->string))
			return media;
	cJSON_ArrayForEach (media, content)
		if (media->string &&
		    (!strcasecmp(media->string, FORM) || !strcasecmp(media->string, MULTIPART)))
			return media;
	return cJSON_IsObject(content) ? content->child : NULL;
}

static cJSON *media_value(const cJSON *doc, const cJSON *media)
{
	const cJSON *example = json_get(media, "example"), *examples = json_get(media, "examples");

	if (!example && cJSON_IsObject(examples) && examples->child)
		example = json_get(schema_deref(doc, examples->child), "value");
	return example ? schema_copy(example) : schema_value(doc, json_get(media, "schema"));
}

void api_body_v3(const cJSON *doc, const cJSON *request_body, struct probe_cmd *cmd)
{
	const cJSON *media = choose_media(json_get(request_body, "content"));
	const char *type = media && media->string ? media->string : "";
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *value = NULL;

	if (!media)
		return;
	value = media_value(doc, media);
	if (is_json(type)) {
		set_json(cmd, strcmp(type, "*/*") ? type : "application/json", value);
	} else if (!strcasecmp(type, FORM)) {
		set_urlencoded(cmd, value);
	} else if (!strcasecmp(type, MULTIPART)) {
		set_multipart(doc, cmd, schema_deref(doc, json_get(media, "schema")), value);
	} else {
		api_add_text(&text, value, false);
		set_body(cmd, type, &text);
	}
}

static bool consumes_type(const cJSON *consumes, const char *type)
{
	const cJSON *one;

	cJSON_ArrayForEach (one, consumes)
		if (cJSON_IsString(one) && !strcasecmp(one->valuestring, type))
			return true;
	return false;
}

void api_body_v2(const cJSON *doc, const cJSON *consumes, const cJSON *const *params,
		 size_t n_params, struct probe_cmd *cmd)
{
	_cleanup_(json_free) cJSON *form = json_object();
	bool multipart = consumes_type(consumes, MULTIPART);

	for (size_t i = 0; i < n_params; i++)
		multipart |= !strcmp(json_str(params[i], "type", ""), "file");
	for (size_t i = 0; i < n_params; i++) {
		const char *in = json_str(params[i], "in", ""),
			   *name = json_str(params[i], "name", "");
		cJSON *value;

		if (strcmp(in, "body") != 0 && strcmp(in, "formData") != 0)
			continue;
		value = schema_value(doc, *in == 'b' ? json_get(params[i], "schema") : params[i]);
		if (*in == 'b' && !cmd->body && !cmd->n_fields)
			set_json(cmd, "application/json", value);
		else if (*in == 'f' && multipart && !cmd->body)
			add_part(cmd, name, value, is_binary(params[i]));
		else if (*in == 'f' && !multipart && *name)
			value = (json_add(form, name, value), NULL);
		json_free(value);
	}
	if (form->child && !cmd->body)
		set_urlencoded(cmd, form);
}
