/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration's bytes: what changes, and that nothing else does. */
#include <errno.h>
#include <stdlib.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/slim.h"

#define ID "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ROOTFS "{\"type\":\"layers\",\"diff_ids\":[\"" ID "\"]}"
#define HISTORY "[{\"created_by\":\"me \\\"x\\\"\",\"comment\":\"slimtrace\"}]"
#define HISTORY_AT(when)                                                                           \
	"[{\"created\":\"" when "\",\"created_by\":\"me \\\"x\\\"\",\"comment\":\"slimtrace\"}]"

static int patch(const char *config, struct strbuf *ret, struct err *err)
{
	struct slim_layer layer = { .diff_id = { ID } };

	return slim_config_patch(config, strlen(config), &layer, 1, true, "me \"x\"", ret, err);
}

static void is_patched(const char *config, const char *want, const char *name)
{
	_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	if (patch(config, &got, &err) < 0)
		printf("# %s\n", err.msg);
	is_str(got.buf, want, "%s", name);
	ok(!json_parse(got.buf, got.len, "it", &json, &err), "and is JSON");
}

static void test_patch(void)
{
	is_patched("{\"rootfs\":{},\"history\":[]}",
		   "{\"rootfs\":" ROOTFS ",\"history\":" HISTORY "}", "the least");
	is_patched("{\"history\":null,\"rootfs\":0}",
		   "{\"history\":" HISTORY ",\"rootfs\":" ROOTFS "}", "in the other order");
	is_patched("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"a\",\"b\"]}}",
		   "{\"rootfs\":" ROOTFS "}", "no history: none is made");
	is_patched("{\"created\":\"2026-01-01T00:00:00.5Z\",\"history\":[{},{}],\"rootfs\":{}}",
		   "{\"created\":\"2026-01-01T00:00:00.5Z\",\"history\":" HISTORY_AT(
			   "2026-01-01T00:00:00.5Z") ",\"rootfs\":" ROOTFS "}",
		   "the time is the original's");
	is_patched("{\"created\":7,\"history\":[],\"rootfs\":{}}",
		   "{\"created\":7,\"history\":" HISTORY ",\"rootfs\":" ROOTFS "}",
		   "a time that is none is not taken over");
}

static void test_untouched(void)
{
	is_patched("{\"config\":{\"Labels\":{\"rootfs\":\"no\",\"history\":\"no\"}},"
		   "\"rootfs\":{\"rootfs\":{}},\"x\":[{\"rootfs\":1}]}",
		   "{\"config\":{\"Labels\":{\"rootfs\":\"no\",\"history\":\"no\"}},"
		   "\"rootfs\":" ROOTFS ",\"x\":[{\"rootfs\":1}]}",
		   "the same keys deeper in");
	is_patched("{\"a\\u0062\\\"}\\\\\":\"}{][\\\\\\\"\\u00e9\xc3\xa9\",\"n\":[1.0,-2e+05,true,"
		   "null,1234567890123456789],\"rootfs\":{\"}\":\"]\"},\"z\":\"\\/\"}",
		   "{\"a\\u0062\\\"}\\\\\":\"}{][\\\\\\\"\\u00e9\xc3\xa9\",\"n\":[1.0,-2e+05,true,"
		   "null,1234567890123456789],\"rootfs\":" ROOTFS ",\"z\":\"\\/\"}",
		   "escapes, brackets in strings, numbers as they were written");
	is_patched(" \n{\t\"os\" : \"linux\" ,\r\n  \"rootfs\" :\n {\n \"type\" : 1 }\n,"
		   "  \"history\" : [ ]  } \n",
		   " \n{\t\"os\" : \"linux\" ,\r\n  \"rootfs\" :\n " ROOTFS "\n,"
		   "  \"history\" : " HISTORY "  } \n",
		   "white space");
	is_patched("{\"root\\u0066s\":{},\"hist\\u006fry\":{}}",
		   "{\"root\\u0066s\":" ROOTFS ",\"hist\\u006fry\":" HISTORY "}",
		   "keys with escapes");
}

struct wrong {
	const char *config, *message;
};

static const struct wrong wrongs[] = {
	{ "", "not valid JSON" },
	{ "[]", "an object should be here" },
	{ "7", "an object should be here" },
	{ "{}", "there is no 'rootfs'" },
	{ "{\"history\":[]}", "there is no 'rootfs'" },
	{ "{\"config\":{\"rootfs\":{}}}", "there is no 'rootfs'" },
	{ "{\"rootfs\":{},\"rootfs\":{}}", "'rootfs' is there twice" },
	{ "{\"rootfs\":{},\"history\":[],\"history\":[]}", "'history' is there twice" },
	{ "{\"rootfs\":{},\"root\\u0066s\":{}}", "'rootfs' is there twice" },
	{ "{\"rootfs\":{},\"RootFS\":{}}", "misspelt as 'RootFS'" },
	{ "{\"RootFS\":{}}", "misspelt as 'RootFS'" },
	{ "{\"rootfs\":{},\"rootf\xc5\xbf\":{}}", "'rootfs' is there twice or misspelt" },
	{ "{\"rootfs\":{},\"hi\\u017ftory\":[]}", "'history' is there twice or misspelt" },
	{ "{\"rootfs\":{}", "not valid JSON" },
	{ "{\"rootfs\":{}}}", "something after the JSON document" },
	{ "{\"rootfs\":{}} x", "something after the JSON document" },
	{ "{\"rootfs\":{},}", "JSON" },
	{ "{\"rootfs\":{\"a\":[}]}", "not valid JSON" },
	{ "{\"rootfs\":{},\"a\":\"\n\"}", "a control character in a string" },
	{ "{\"rootfs\":{},\"a\":\"\\x\"}", "JSON" },
	{ "{\"rootfs\":{},\"a\":\"\\u12g4\"}", "JSON" },
	{ "{rootfs:{}}", "JSON" },
};

static void test_wrong(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
		struct err err = ERR_INIT;

		ok(patch(wrongs[i].config, &got, &err) < 0 && !got.len, "refused: %s",
		   wrongs[i].config);
		if (!ok(strstr(err.msg, "the image's configuration: ") &&
				strstr(err.msg, wrongs[i].message) && err.class == ERR_IMAGE,
			"and says why"))
			printf("# said '%s'\n", err.msg);
	}
}

/* @depth arrays in each other. */
static int patch_nested(size_t depth, struct err *err)
{
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT, got = STRBUF_INIT;

	strbuf_addstr(&config, "{\"rootfs\":{},\"x\":");
	for (size_t i = 0; i < depth; i++)
		strbuf_addch(&config, '[');
	for (size_t i = 0; i < depth; i++)
		strbuf_addch(&config, ']');
	strbuf_addch(&config, '}');
	return patch(config.buf, &got, err);
}

static void test_nested(void)
{
	struct err err = ERR_INIT;

	is_int(patch_nested(256, &err), 0, "deep enough for anybody");
	ok(patch_nested(257, &err) < 0 && strstr(err.msg, "nested too deeply"), "too deep");
	ok(patch_nested(100000, &err) < 0, "far too deep");
}

static void test_cut(void)
{
	const char config[] = "{\"created\":\"x\",\"rootfs\":{\"a\":[1]},\"history\":[{}]}";
	struct slim_layer layer = { .diff_id = { ID } };
	size_t accepted = 0;

	for (size_t len = 0; len < strlen(config); len++) {
		_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
		_cleanup_free_ char *part = xmalloc(len + 1);
		struct err err = ERR_INIT;

		memcpy(part, config, len); /* exactly as long: reading beyond it is seen */
		part = xreallocarray(part, len ? len : 1, 1);
		accepted += !slim_config_patch(part, len, &layer, 1, true, "me", &got, &err);
	}
	is_int(accepted, 0, "no part of a configuration is one");
}

int main(void)
{
	test_patch();
	test_untouched();
	test_wrong();
	test_nested();
	test_cut();
	return tap_done();
}
