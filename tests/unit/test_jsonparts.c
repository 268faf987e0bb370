/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents taken apart: the same values as of a whole tree, and nothing that is no JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/jsonparts.h"

static const char *const keys[] = { "list", "other" };

static int take(const char *text, struct json_part parts[2], cJSON **rest, struct err *err)
{
	return json_take_apart(text, strlen(text), "the document", keys, 2, parts, rest, err);
}

static int join(const cJSON *element, size_t place, void *ctx, struct err *err)
{
	(void)err;
	strbuf_addf(ctx, "%zu:", place);
	json_print(element, false, ctx);
	return 0;
}

static int fail_at_two(const cJSON *element, size_t place, void *ctx, struct err *err)
{
	(void)element;
	*(size_t *)ctx += 1;
	return place == 2 ? err_set(err, EINVAL, "no two") : 0;
}

static void test_apart(void)
{
	static const char text[] =
		" { \"a\" : 1 ,\"list\": [ {\"x\":\"]\\\"}\"} , [1,[2]] ,3,\"\\\\\" ]\n"
		",\"b\":{\"list\":[7]},\"list\":9,\"\\u006fther\":true } ";
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT, left = STRBUF_INIT;
	_cleanup_(json_free) cJSON *rest = NULL;
	struct json_part parts[2];
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!ok(!take(text, parts, &rest, &err), "an object is taken apart: %s", err.msg))
		return;
	json_print(rest, false, &left);
	is_str(left.buf, "{\"a\":1,\"b\":{\"list\":[7]},\"other\":true}\n",
	       "the rest: a list in a member is not one of the object");
	ok(!parts[1].text, "one that is not there, or has another key's bytes");
	ok(!json_each_element(&parts[0], "list", join, &seen, &err),
	   "the first of that name is read");
	is_str(seen.buf, "0:{\"x\":\"]\\\"}\"}\n1:[1,[2]]\n2:3\n3:\"\\\\\"\n",
	       "element by element");
	ok(json_each_element(&parts[0], "list", fail_at_two, &n, &err) < 0 && n == 3,
	   "an error ends it");
	ok(strstr(err.msg, "list[2]: no two"), "and tells the place");
}

static void test_empty(void)
{
	_cleanup_(json_free) cJSON *rest = NULL;
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;
	struct json_part parts[2];
	struct err err = ERR_INIT;

	ok(!take("{}", parts, &rest, &err) && cJSON_IsObject(rest), "an empty object");
	json_free(TAKE_PTR(rest));
	ok(!take("{\"list\":[ ]}", parts, &rest, &err), "an empty list");
	ok(!json_each_element(&parts[0], "list", join, &seen, &err) && !seen.len, "has no element");
}

/* What the tree's parser refuses is refused in pieces too. */
static void test_wrong(void)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"3",
		"{",
		"{\"list\"",
		"{\"list\":",
		"{\"list\":}",
		"{\"list\":[]",
		"{\"list\":[]}x",
		"{\"list\":[],}",
		"{,}",
		"{list:[]}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":tru}",
		"{\"a\":[}",
		"{\"a\":1]",
		"{\"a\":\"\\u0000\"}",
		"{\"a\"1}",
		"{\"a\":\"x}",
		"{\"a\\\":1}",
	};
	static const char *const wrong_lists[] = { "3",	   "{}",    "[1",  "[1,]",
						   "[,1]", "[1 2]", "[1}", "[1]2",
						   "[{]",  "[\"]",  "[}]", "[\"\\u0000\"]",
						   "[[1]" };
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;
	struct json_part parts[2];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct err err = ERR_INIT;
		cJSON *none = NULL;

		ok(take(wrong[i], parts, &none, &err) < 0 && !none && *err.msg, "refused: %s",
		   wrong[i]);
		json_free(none);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong_lists); i++) {
		struct json_part part = { wrong_lists[i], strlen(wrong_lists[i]) };
		struct err err = ERR_INIT;

		ok(json_each_element(&part, "list", join, &seen, &err) < 0, "refused: %s",
		   part.text);
		ok(strstr(err.msg, "list"), "and says where: %s", err.msg);
	}
}

static int count(const cJSON *element, size_t place, void *ctx, struct err *err)
{
	(void)place;
	(void)err;
	*(size_t *)ctx += (size_t)cJSON_GetArraySize(element);
	return 0;
}

/* More values than a tree may have. */
static void test_long(void)
{
	const size_t elements = 9000, values = 1000;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *rest = NULL, *tree = NULL;
	struct json_part parts[2];
	struct err err = ERR_INIT;
	size_t n = 0;

	strbuf_addstr(&text, "{\"list\":[");
	for (size_t i = 0; i < elements; i++) {
		strbuf_addstr(&text, i ? ",[" : "[");
		for (size_t j = 0; j < values; j++)
			strbuf_addstr(&text, j ? ",1" : "1");
		strbuf_addch(&text, ']');
	}
	strbuf_addstr(&text, "]}");
	ok(json_parse(text.buf, text.len, "it", &tree, &err) < 0, "too much for a tree");
	if (!ok(!take(text.buf, parts, &rest, &err), "is taken apart"))
		return;
	ok(!json_each_element(&parts[0], "list", count, &n, &err), "and read");
	is_int(n, elements * values, "all of it");
}

int main(void)
{
	test_apart();
	test_empty();
	test_wrong();
	test_long();
	return tap_done();
}
