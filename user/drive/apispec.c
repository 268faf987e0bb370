/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands from an API description: OpenAPI 3.x and Swagger 2.0 (spec.openapis.org), as JSON. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drive/apibody.h"
#include "drive/command.h"
#include "drive/schema.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

#define MAX_FILE (16u << 20)
#define MAX_OPERATIONS 1000
#define MAX_PARAMETERS 200
#define MAX_URL (8u << 10)
#define MAX_BYTES (64u << 20) /* of all bodies together */

struct spec {
	const cJSON *doc;
	const char *name;
	bool is_v2;
	char *prefix; /* before each path */
	size_t bytes;
	struct probe_cmds found;
};

/* The parameters of an operation, its own before its path's. */
struct parameters {
	const cJSON *v[MAX_PARAMETERS];
	size_t n;
};

static bool same_parameter(const cJSON *a, const cJSON *b)
{
	return !strcmp(json_str(a, "name", ""), json_str(b, "name", "")) &&
	       !strcmp(json_str(a, "in", ""), json_str(b, "in", ""));
}

static void add_parameters(const struct spec *spec, const cJSON *list, struct parameters *ret)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		const cJSON *one = schema_deref(spec->doc, item);
		bool known = !one || ret->n == MAX_PARAMETERS;

		for (size_t i = 0; i < ret->n && !known; i++)
			known = same_parameter(ret->v[i], one);
		if (!known)
			ret->v[ret->n++] = one;
	}
}

/* OpenAPI 3 has a schema below the parameter, Swagger 2 writes it into the parameter. */
static cJSON *parameter_value(const struct spec *spec, const cJSON *param)
{
	const cJSON *schema = json_get(param, "schema"), *media = json_get(param, "content");
	const cJSON *examples = json_get(param, "examples");
	const cJSON *example = schema_example(param);

	if (cJSON_IsObject(examples) && examples->child)
		example = json_get(schema_deref(spec->doc, examples->child), "value");
	if (example)
		return schema_copy(example);
	if (cJSON_IsObject(media) && media->child)
		schema = json_get(media->child, "schema");
	return schema_value(spec->doc, spec->is_v2 || !schema ? param : schema);
}

static void add_query(struct strbuf *query, const char *name, const cJSON *value)
{
	const cJSON *one;

	if (cJSON_IsArray(value)) {
		cJSON_ArrayForEach (one, value)
			add_query(query, name, cJSON_IsArray(one) ? NULL : one);
		return;
	}
	strbuf_addch(query, query->len ? '&' : '?');
	api_add_escaped(query, name);
	strbuf_addch(query, '=');
	api_add_text(query, value, true);
}

/* "{name}" in @path becomes the value. */
static void fill_path(struct strbuf *path, const char *name, const cJSON *value)
{
	_cleanup_free_ char *hole = xasprintf("{%s}", name);
	const char *at = strstr(path->buf, hole);
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;

	if (!at || !*name)
		return;
	strbuf_add(&out, path->buf, (size_t)(at - path->buf));
	api_add_text(&out, cJSON_IsArray(value) ? value->child : value, true);
	strbuf_addstr(&out, at + strlen(hole));
	strbuf_reset(path);
	strbuf_add(path, out.buf, out.len);
}

/* A header that the description makes badly is left out: it is one of many. */
static void add_header(struct probe_cmd *cmd, const char *name, const cJSON *value)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	struct err ignored = ERR_INIT;

	strbuf_addf(&line, "%s: ", name);
	api_add_text(&line, value, false);
	probe_cmd_add_header(cmd, line.buf, &ignored);
}

static void add_cookie(struct strbuf *cookies, const char *name, const cJSON *value)
{
	strbuf_addf(cookies, "%s%s=", cookies->len ? "; " : "", name);
	api_add_text(cookies, value, true);
}

/* Not parameters by OpenAPI's word: libcurl and the body say these. */
static bool is_own_header(const char *name)
{
	return !strcasecmp(name, "Accept") || !strcasecmp(name, "Content-Type") ||
	       !strcasecmp(name, "Authorization");
}

static void apply_parameters(const struct spec *spec, const struct parameters *params,
			     struct probe_cmd *cmd, struct strbuf *path)
{
	_cleanup_strbuf_ struct strbuf query = STRBUF_INIT, cookies = STRBUF_INIT;

	for (size_t i = 0; i < params->n && path->len + query.len < MAX_URL; i++) {
		const cJSON *param = params->v[i];
		const char *name = json_str(param, "name", ""), *in = json_str(param, "in", "");
		_cleanup_(json_free) cJSON *value = NULL;
		bool required = json_bool(param, "required", false);

		if (!strcmp(in, "body") || !strcmp(in, "formData"))
			continue;
		value = parameter_value(spec, param);
		if (!strcmp(in, "path"))
			fill_path(path, name, value);
		else if (!strcmp(in, "query"))
			add_query(&query, name, value);
		else if (required && !strcmp(in, "header") && !is_own_header(name))
			add_header(cmd, name, value);
		else if (required && !strcmp(in, "cookie"))
			add_cookie(&cookies, name, value);
	}
	strbuf_add(path, query.buf, query.len);
	if (cookies.len) {
		_cleanup_(json_free) cJSON *value = cJSON_CreateString(cookies.buf);

		add_header(cmd, "Cookie", value);
	}
}

static void add_body(const struct spec *spec, const cJSON *op, const struct parameters *params,
		     struct probe_cmd *cmd)
{
	const cJSON *consumes = json_get(op, "consumes");

	if (!spec->is_v2) {
		api_body_v3(spec->doc, schema_deref(spec->doc, json_get(op, "requestBody")), cmd);
		return;
	}
	if (!consumes)
		consumes = json_get(spec->doc, "consumes");
	api_body_v2(spec->doc, consumes, params->v, params->n, cmd);
}

static size_t body_bytes(const struct probe_cmd *cmd)
{
	size_t n = cmd->body_len;

	for (size_t i = 0; i < cmd->n_fields; i++)
		n += cmd->fields[i].len;
	return n;
}

static int add_operation(struct spec *spec, const char *method, const char *path, const cJSON *item,
			 const cJSON *op, struct err *err)
{
	_cleanup_strbuf_ struct strbuf resource = STRBUF_INIT;
	struct parameters params = { .n = 0 };
	struct probe_cmd cmd;
	int r;

	if (spec->found.n == MAX_OPERATIONS)
		return err_class_set(err, ERR_USAGE, E2BIG, "more than %d operations",
				     MAX_OPERATIONS);
	probe_cmd_init(&cmd);
	cmd.source = PROBE_SPEC;
	add_parameters(spec, json_get(op, "parameters"), &params);
	add_parameters(spec, json_get(item, "parameters"), &params);
	strbuf_addf(&resource, "%s%s", spec->prefix, path);
	apply_parameters(spec, &params, &cmd, &resource);
	add_body(spec, op, &params, &cmd);
	spec->bytes += body_bytes(&cmd);
	r = probe_cmd_set_method(&cmd, method, err);
	if (!r)
		r = probe_cmd_set_resource(&cmd, resource.buf, err);
	if (!r && spec->bytes > MAX_BYTES)
		r = err_class_set(err, ERR_USAGE, E2BIG,
				  "the bodies of all operations are more than %u MB",
				  MAX_BYTES >> 20);
	if (r < 0) {
		probe_cmd_release(&cmd);
		return err_wrap(err, "%s %.128s", method, path);
	}
	probe_cmds_push(&spec->found, &cmd);
	return 0;
}

/* What is deleted is not there for the calls after it: these come last. */
static int add_operations(struct spec *spec, bool deleting, struct err *err)
{
	static const char *const methods[] = { "post",	"put",	   "get",   "head",
					       "patch", "options", "trace", "delete" };
	const cJSON *path;

	cJSON_ArrayForEach (path, json_get(spec->doc, "paths")) {
		const cJSON *item = schema_deref(spec->doc, path);

		for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
			const cJSON *op = json_get(item, methods[i]);
			int r;

			if (!cJSON_IsObject(op) || path->string[0] != '/' ||
			    deleting != !strcmp(methods[i], "delete"))
				continue;
			r = add_operation(spec, methods[i], path->string, item, op, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* "https://{host}/v1/" with the variables' defaults: "/v1". */
static char *path_of_server(const cJSON *server)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT;
	const cJSON *variable;
	const char *path;
	size_t len;

	strbuf_addstr(&url, json_str(server, "url", ""));
	if (url.len > MAX_URL)
		return xstrdup("");
	cJSON_ArrayForEach (variable, json_get(server, "variables"))
		if (variable->string && strlen(json_str(variable, "default", "")) < MAX_URL)
			fill_path(&url, variable->string, json_get(variable, "default"));
	path = strstr(url.buf, "://");
	path = path ? strchr(path + 3, '/') : url.buf;
	if (!path || *path != '/')
		return xstrdup("");
	len = strcspn(path, "?#");
	while (len && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

static char *make_prefix(const struct spec *spec, const char *given)
{
	_cleanup_free_ char *own = NULL;
	const cJSON *servers = json_get(spec->doc, "servers");
	size_t len;

	if (!given && !spec->is_v2)
		return path_of_server(cJSON_IsArray(servers) ? servers->child : NULL);
	if (!given)
		given = json_str(spec->doc, "basePath", "");
	len = strlen(given);
	while (len && given[len - 1] == '/')
		len--;
	if (len && *given != '/')
		return xstrdup("");
	return xstrndup(given, len < MAX_URL ? len : 0);
}

static int read_document(const char *text, size_t len, const char *name, cJSON **ret,
			 struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;

	if (json_parse(text, len, name, &doc, err) < 0) {
		err->class = ERR_USAGE;
		return err_hint(err, "API descriptions are read as JSON; YAML has to be converted");
	}
	if (strncmp(json_str(doc, "openapi", ""), "3.", 2) != 0 &&
	    strcmp(json_str(doc, "swagger", ""), "2.0") != 0)
		return err_class_set(
			err, ERR_USAGE, EINVAL,
			"%s: it says neither \"openapi\": \"3...\" nor \"swagger\": \"2.0\"", name);
	if (!cJSON_IsObject(json_get(doc, "paths")))
		return err_class_set(err, ERR_USAGE, EINVAL, "%s: it has no 'paths'", name);
	*ret = TAKE_PTR(doc);
	return 0;
}

int probe_apispec_parse(const char *text, size_t len, const char *name, const char *prefix,
			struct probe_cmds *cmds, struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	_cleanup_free_ char *own_prefix = NULL;
	struct spec spec = { .name = name };
	int r = read_document(text, len, name, &doc, err);

	if (r < 0)
		return r;
	spec.doc = doc;
	spec.is_v2 = json_get(doc, "swagger");
	own_prefix = make_prefix(&spec, prefix);
	spec.prefix = own_prefix;
	r = add_operations(&spec, false, err);
	if (!r)
		r = add_operations(&spec, true, err);
	if (r < 0)
		err_wrap(err, "%s", name);
	for (size_t i = 0; !r && i < spec.found.n; i++)
		probe_cmds_push(cmds, &spec.found.v[i]);
	probe_cmds_release(&spec.found);
	return r;
}

int probe_apispec_read_file(const char *arg, struct probe_cmds *cmds, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *colon = strstr(arg, ":/");
	_cleanup_free_ char *path = colon ? xstrndup(arg, (size_t)(colon - arg)) : xstrdup(arg);

	if (io_read_file(AT_FDCWD, path, MAX_FILE, &text, err) < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "API description");
	}
	return probe_apispec_parse(text.buf, text.len, path, colon ? colon + 1 : NULL, cmds, err);
}
