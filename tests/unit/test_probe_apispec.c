/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands from API descriptions. */
#include "../lib/tap.h"
#include "drive/schema.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/drive.h"

static bool parse(const char *text, const char *prefix, struct probe_cmds *cmds, struct err *err)
{
	return !probe_apispec_parse(text, strlen(text), "api.json", prefix, cmds, err);
}

/* All commands as "METHOD RESOURCE [HEADER...] [BODY|name=value...]", one a line. */
static char *describe(const struct probe_cmds *cmds)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < cmds->n; i++) {
		const struct probe_cmd *cmd = &cmds->v[i];

		strbuf_addf(&sb, "%s%s %s", i ? "\n" : "", cmd->method, cmd->resource);
		for (size_t h = 0; h < cmd->headers.n; h++)
			strbuf_addf(&sb, " [%s]", cmd->headers.v[h]);
		if (cmd->body)
			strbuf_addf(&sb, " %s", cmd->body);
		for (size_t f = 0; f < cmd->n_fields; f++)
			strbuf_addf(&sb, " %s%s=%s", cmd->fields[f].name,
				    cmd->fields[f].file_name ? "@" : "", cmd->fields[f].value);
		while (sb.len && sb.buf[sb.len - 1] == '\n')
			strbuf_setlen(&sb, sb.len - 1);
	}
	return strbuf_detach(&sb, NULL);
}

static void gives(const char *text, const char *prefix, const char *want)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;
	_cleanup_free_ char *have = NULL;

	ok(parse(text, prefix, &cmds, &err), "%.70s: %s", text, err.msg);
	have = describe(&cmds);
	is_str(have, want, "its commands");
	for (size_t i = 0; i < cmds.n; i++)
		if (cmds.v[i].source != PROBE_SPEC)
			ok(false, "command %zu says where it is from", i);
	probe_cmds_release(&cmds);
}

#define V3(paths) "{\"openapi\":\"3.0.3\",\"paths\":{" paths "}}"
#define V2(paths) "{\"swagger\":\"2.0\",\"basePath\":\"/v1/\",\"paths\":{" paths "}}"

static void test_operations(void)
{
	gives(V3(""), NULL, "");
	gives(V3("\"/a\":{\"delete\":{},\"get\":{},\"post\":{},\"x-other\":{}},\"/b\":{\"put\":{}},"
		 "\"x-ext\":{\"get\":{}}"),
	      NULL, "POST /a\nGET /a\nPUT /b\nDELETE /a");
	gives(V2("\"/a\":{\"get\":{}}"), NULL, "GET /v1/a");
	gives(V2("\"/a\":{\"get\":{}}"), "/else/", "GET /else/a");
	gives("{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"https://{h}/{v}/\",\"variables\":"
	      "{\"v\":{\"default\":\"v2\"},\"h\":{\"default\":\"x.y\"}}}],\"paths\":{\"/a\":"
	      "{\"get\":{}}}}",
	      NULL, "GET /v2/a");
	gives("{\"openapi\":\"3.0.0\",\"servers\":[{\"url\":\"http://example.com\"}],\"paths\":"
	      "{\"/a\":{\"get\":{}}}}",
	      NULL, "GET /a");
}

static void test_parameters(void)
{
	gives(V3("\"/u/{id}/{name}\":{\"parameters\":[{\"name\":\"id\",\"in\":\"path\","
		 "\"schema\":{\"type\":\"integer\",\"minimum\":7}}],\"get\":{\"parameters\":["
		 "{\"name\":\"name\",\"in\":\"path\",\"schema\":{\"example\":\"a b/c\"}},"
		 "{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"type\":\"array\",\"items\":"
		 "{\"type\":\"string\",\"enum\":[\"x&y\"]}}},"
		 "{\"name\":\"n\",\"in\":\"query\",\"example\":5}]}}"),
	      NULL, "GET /u/7/a%20b%2Fc?q=x%26y&n=5");
	gives(V3("\"/h\":{\"get\":{\"parameters\":["
		 "{\"name\":\"X-A\",\"in\":\"header\",\"required\":true,\"schema\":{\"type\":"
		 "\"boolean\"}},{\"name\":\"X-B\",\"in\":\"header\"},"
		 "{\"name\":\"bad name\",\"in\":\"header\",\"required\":true},"
		 "{\"name\":\"c\",\"in\":\"cookie\",\"required\":true,\"schema\":{\"default\":"
		 "\"1\"}}]}}"),
	      NULL, "GET /h [X-A: true] [Cookie: c=1]");
	gives(V2("\"/p/{id}\":{\"get\":{\"parameters\":[{\"name\":\"id\",\"in\":\"path\","
		 "\"type\":\"integer\"},{\"name\":\"d\",\"in\":\"query\",\"type\":\"string\","
		 "\"format\":\"date\"}]}}"),
	      NULL, "GET /v1/p/1?d=2024-01-15");
}

static void test_bodies(void)
{
	gives("{\"openapi\":\"3.0.0\",\"components\":{\"schemas\":{\"Pet\":{\"type\":\"object\","
	      "\"properties\":{\"id\":{\"type\":\"integer\",\"readOnly\":true},\"name\":{\"type\":"
	      "\"string\"},\"tags\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/"
	      "schemas/Tag\"}}}},\"Tag\":{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"number\"}}}"
	      ",{\"properties\":{\"b\":{\"format\":\"uuid\"}}}]}}},\"paths\":{\"/pet\":{\"post\":"
	      "{\"requestBody\":{\"content\":{\"text/xml\":{},\"application/json\":{\"schema\":"
	      "{\"$ref\":\"#/components/schemas/Pet\"}}}}}}}}",
	      NULL,
	      "POST /pet [Content-Type: application/json] {\"name\":\"string\",\"tags\":[{\"a\":1,"
	      "\"b\":\"123e4567-e89b-12d3-a456-426614174000\"}]}");
	gives(V3("\"/f\":{\"put\":{\"requestBody\":{\"content\":{\"application/"
		 "x-www-form-urlencoded\":{\"schema\":{\"properties\":{\"a\":{\"example\":\"1&2\"},"
		 "\"b\":{\"type\":\"integer\"}}}}}}}}"),
	      NULL, "PUT /f [Content-Type: application/x-www-form-urlencoded] a=1%262&b=1");
	gives(V3("\"/m\":{\"post\":{\"requestBody\":{\"content\":{\"multipart/form-data\":"
		 "{\"schema\":{\"properties\":{\"f\":{\"type\":\"string\",\"format\":\"binary\"},"
		 "\"n\":{\"type\":\"integer\"}}}}}}}}"),
	      NULL, "POST /m f@=string n=1");
	gives(V3("\"/e\":{\"patch\":{\"requestBody\":{\"content\":{\"application/json\":"
		 "{\"examples\":{\"one\":{\"value\":[1,2]}}}}}}}"),
	      NULL, "PATCH /e [Content-Type: application/json] [1,2]");
	gives(V2("\"/b\":{\"post\":{\"parameters\":[{\"in\":\"body\",\"name\":\"x\",\"schema\":"
		 "{\"properties\":{\"k\":{\"type\":\"boolean\"}}}}]}}"),
	      NULL, "POST /v1/b [Content-Type: application/json] {\"k\":true}");
	gives(V2("\"/f\":{\"post\":{\"parameters\":[{\"in\":\"formData\",\"name\":\"a\",\"type\":"
		 "\"string\"},{\"in\":\"formData\",\"name\":\"b\",\"type\":\"integer\"}]}}"),
	      NULL, "POST /v1/f [Content-Type: application/x-www-form-urlencoded] a=string&b=1");
	gives(V2("\"/u\":{\"post\":{\"parameters\":[{\"in\":\"formData\",\"name\":\"a\",\"type\":"
		 "\"file\"}]}}"),
	      NULL, "POST /v1/u a@=string");
}

/* Not allowed, and what comes first counts: a request has one body. */
static void test_two_bodies(void)
{
	gives(V2("\"/u\":{\"post\":{\"parameters\":[{\"in\":\"body\",\"name\":\"b\",\"schema\":{}},"
		 "{\"in\":\"formData\",\"name\":\"a\",\"type\":\"file\"}]}}"),
	      NULL, "POST /v1/u [Content-Type: application/json] \"string\"");
	gives(V2("\"/u\":{\"post\":{\"parameters\":[{\"in\":\"formData\",\"name\":\"a\",\"type\":"
		 "\"file\"},{\"in\":\"body\",\"name\":\"b\",\"schema\":{}}]}}"),
	      NULL, "POST /v1/u a@=string");
}

static void test_references(void)
{
	gives("{\"openapi\":\"3.0.0\",\"x\":{\"a/b\":{\"get\":{}},\"p\":{\"name\":\"q\",\"in\":"
	      "\"query\"}},\"paths\":{\"/a\":{\"$ref\":\"#/x/a~1b\"},\"/b\":{\"get\":"
	      "{\"parameters\":[{\"$ref\":\"#/x/p\"},{\"$ref\":\"#/x/none\"},{\"$ref\":"
	      "\"http://example.com/#/x\"},{\"$ref\":\"../etc/passwd\"}]}}}}",
	      NULL, "GET /a\nGET /b?q=string");
}

static void value_is(const char *schema, const char *want)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL, *value = NULL;
	struct err err = ERR_INIT;

	if (!ok(!json_parse(schema, strlen(schema), "schema", &doc, &err), "%s", schema))
		return;
	value = schema_value(doc, doc);
	json_print(value, false, &sb);
	while (sb.len && sb.buf[sb.len - 1] == '\n')
		strbuf_setlen(&sb, sb.len - 1);
	is_str(sb.buf, want, "its value");
}

static void test_values(void)
{
	value_is("{}", "\"string\"");
	value_is("{\"type\":[\"null\",\"integer\"]}", "1");
	value_is("{\"type\":\"integer\",\"maximum\":-3}", "-3");
	value_is("{\"type\":\"number\",\"minimum\":2.5}", "2.5");
	value_is("{\"type\":\"integer\",\"exclusiveMinimum\":4}", "5");
	value_is("{\"type\":\"string\",\"minLength\":9}", "\"stringxxx\"");
	value_is("{\"type\":\"string\",\"maxLength\":3}", "\"str\"");
	value_is("{\"enum\":[\"b\",\"a\"]}", "\"b\"");
	value_is("{\"const\":null,\"type\":\"null\"}", "null");
	value_is("{\"oneOf\":[{\"type\":\"boolean\"},{\"type\":\"string\"}]}", "true");
	value_is("{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", "[1]");
	value_is("{\"type\":\"object\",\"additionalProperties\":true}", "{}");
	/* In a circle: as deep as is said, and no deeper. */
	value_is("{\"properties\":{\"n\":{\"$ref\":\"#/\"},\"self\":{\"$ref\":\"#/properties/"
		 "self\"}}}",
		 "{}");
	value_is("{\"$ref\":\"#/a\",\"a\":{\"properties\":{\"x\":{\"$ref\":\"#/a\"}}}}",
		 "{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{\"x\":{}}}}}}}}}");
}

/* A schema whose every level has the next one twice: 2^n values, were it not bounded. */
static void test_explosion(void)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, "{\"openapi\":\"3.0.0\",\"s\":{");
	for (int i = 0; i < 100; i++) {
		strbuf_addf(&sb, "%s\"s%d\":{\"properties\":{", i ? "," : "", i);
		for (int j = 0; j < 20; j++)
			strbuf_addf(&sb, "%s\"p%d\":{\"$ref\":\"#/s/s%d\"}", j ? "," : "", j,
				    i + 1);
		strbuf_addstr(&sb, "}}");
	}
	strbuf_addstr(&sb, "},\"paths\":{\"/a\":{\"post\":{\"requestBody\":{\"content\":{"
			   "\"application/json\":{\"schema\":{\"$ref\":\"#/s/s0\"}}}}}}}}");
	ok(parse(sb.buf, NULL, &cmds, &err), "values that multiply: %s", err.msg);
	ok(cmds.n == 1 && cmds.v[0].body_len < 100000, "are bounded");
	probe_cmds_release(&cmds);
}

static void refuses(const char *text, const char *part)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	ok(!parse(text, NULL, &cmds, &err) && err.class == ERR_USAGE, "refused: %.60s", text);
	ok(strstr(err.msg, part), "'%s': %s", part, err.msg);
	is_int(cmds.n, 0, "nothing is added");
	probe_cmds_release(&cmds);
}

static void test_errors(void)
{
	struct probe_cmds cmds = { 0 };
	struct err err = ERR_INIT;

	refuses("openapi: 3.0.0\npaths: {}\n", "not valid JSON");
	refuses("{}", "says neither");
	refuses("{\"openapi\":\"4.0\",\"paths\":{}}", "says neither");
	refuses("{\"swagger\":\"1.2\",\"paths\":{}}", "says neither");
	refuses("{\"openapi\":\"3.0.0\"}", "no 'paths'");
	ok(probe_apispec_read_file("/no/such:/v1", &cmds, &err) < 0 && strstr(err.msg, "/no/such'"),
	   "a missing file is named: %s", err.msg);
}

int main(void)
{
	test_operations();
	test_parameters();
	test_bodies();
	test_two_bodies();
	test_references();
	test_values();
	test_explosion();
	test_errors();
	return tap_done();
}
