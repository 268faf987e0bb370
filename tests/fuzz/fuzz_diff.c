/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as two profiles to compare, a line SEPARATOR between them: seccomp's when the first is
 * JSON, else AppArmor's. A profile does not differ from itself, and what is new one way is gone the
 * other way.
 */
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/diff.h"

#define SEPARATOR "\n---\n"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct facts *read_facts(enum diff_document document, const char *text, size_t len)
{
	struct facts *facts = facts_new(document);
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	if (document == DIFF_APPARMOR)
		facts_of_apparmor(facts, text, len);
	else if (json_parse(text, len, "the profile", &json, &err) < 0 ||
		 facts_of_seccomp(facts, json, &err) < 0)
		must(err.msg[0]);
	return facts;
}

static void compare(const struct facts *a, const struct facts *b, struct diff *ret)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = json_object();
	struct err err = ERR_INIT;

	must(diff_make(a, b, ret, &err) == 0);
	diff_text(ret, 3, &text);
	diff_json(ret, doc);
}

static void check(const struct facts *a, const struct facts *b)
{
	struct diff same = { 0 }, there = { 0 }, back = { 0 };

	compare(a, a, &same);
	compare(a, b, &there);
	compare(b, a, &back);
	must(!same.n && there.n == back.n);
	for (int i = 0; i < FACT_KINDS; i++)
		must(there.counts[i][DIFF_NEW] == back.counts[i][DIFF_GONE] &&
		     there.counts[i][DIFF_CHANGED] == back.counts[i][DIFF_CHANGED]);
	diff_release(&same);
	diff_release(&there);
	diff_release(&back);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *text = (const char *)data;
	const char *cut = memmem(text, size, SEPARATOR, strlen(SEPARATOR));
	size_t len = cut ? (size_t)(cut - text) : size;
	const char *second = cut ? cut + strlen(SEPARATOR) : text + size;
	enum diff_document document = size && *text == '{' ? DIFF_SECCOMP : DIFF_APPARMOR;
	_cleanup_(facts_free) struct facts *a = NULL, *b = NULL;

	a = read_facts(document, text, len);
	b = read_facts(document, second, size - (size_t)(second - text));
	check(a, b);
	return 0;
}
