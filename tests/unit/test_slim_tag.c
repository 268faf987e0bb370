/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/slim.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void is_tag(const char *image, const char *tag, const char *want)
{
	_cleanup_free_ char *got = NULL;
	struct err err = ERR_INIT;

	if (slim_tag(image, tag, &got, &err) < 0)
		printf("# %s\n", err.msg);
	is_str(got, want, "%s", tag ? tag : image);
}

static void test_default(void)
{
	is_tag("nginx", NULL, "nginx.slim:latest");
	is_tag("a/b:1", NULL, "a/b.slim:1");
	is_tag("a/b", NULL, "a/b.slim:latest");
	is_tag("a/b:1@sha256:" HEX64, NULL, "a/b.slim:1");
	is_tag("a/b@sha256:" HEX64, NULL, "a/b.slim:latest");
	is_tag("localhost:5000/b", NULL, "localhost:5000/b.slim:latest");
	is_tag("reg.example:5000/b:V_1.0-x", NULL, "reg.example:5000/b.slim:V_1.0-x");
	is_tag("86278a9130c6", NULL, "slim-86278a9130c6.slim:latest");
	is_tag("sha256:" HEX64, NULL, "slim-0123456789ab.slim:latest");
	is_tag(HEX64, NULL, "slim-0123456789ab.slim:latest");
	is_tag("sha256:8627", NULL, "slim-8627.slim:latest");
	is_tag("cafe", NULL, "cafe.slim:latest");
	is_tag("cafe:1", NULL, "cafe.slim:1");
}

static void test_given(void)
{
	is_tag("x", "app", "app:latest");
	is_tag("x", "app:2", "app:2");
	is_tag("x", "x/a.b_c__d--e/f", "x/a.b_c__d--e/f:latest");
	is_tag("x", "Reg.Example/app:_", "Reg.Example/app:_");
	is_tag("x", "localhost/app", "localhost/app:latest");
	is_tag("x", "[2001:db8::1]:5000/app:1", "[2001:db8::1]:5000/app:1");
	is_tag("x", "my-reg:5000/a/b/c", "my-reg:5000/a/b/c:latest");
	is_tag("NOT VALID", "app", "app:latest");
}

static const char *const wrongs[] = {
	"",
	":",
	"@",
	"App",
	"a/B",
	"a//b",
	"/a",
	"a/",
	"a:",
	"a:b:c",
	"a:b/",
	"-a",
	"a-",
	".a",
	"a.",
	"a..b",
	"a___b",
	"a._b",
	"a_-b",
	"a b",
	"a\n",
	"a:.b",
	"a:-b",
	"a:b c",
	"\xc3\xa9",
	"a:\xc3\xa9",
	"reg.:1/a",
	"-reg.com/a",
	"reg-.com/a",
	"reg.com:/a",
	"reg.com:x/a",
	":5000/a",
	"reg..com/a",
	"[::1/a",
	"[]:1/a",
	"[:g:]/a",
	"a@sha256:0",
	"a@b",
	"a@sha256:" HEX64,
	HEX64,
	HEX64 ":1",
	"a@",
	"reg.com/",
	"REG/a",
	"reg.com:5000/",
	"a:5000/B",
};

static void test_wrong(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		_cleanup_free_ char *got = NULL, *quoted = xasprintf("tag '%s' ", wrongs[i]);
		struct err err = ERR_INIT;

		ok(slim_tag("x", wrongs[i], &got, &err) < 0 && !got, "refused: '%s'", wrongs[i]);
		ok(err.class == ERR_USAGE && strstr(err.msg, quoted), "and names it");
	}
}

static void test_length(void)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	_cleanup_free_ char *got = NULL, *made = NULL;
	struct err err = ERR_INIT;

	while (name.len < 255)
		strbuf_addch(&name, 'a');
	ok(!slim_tag("x", name.buf, &got, &err), "255 bytes are a name");
	ok(slim_tag(name.buf, NULL, &made, &err) < 0 && strstr(err.msg, "longer than 255"),
	   "and too many with .slim after them");
	strbuf_addch(&name, 'a');
	ok(slim_tag("x", name.buf, &made, &err) < 0 && strstr(err.msg, "longer than 255"),
	   "256 are none");
	strbuf_reset(&name);
	strbuf_addstr(&name, "a:");
	while (name.len < 2 + 128)
		strbuf_addch(&name, 'T');
	free(got);
	got = NULL;
	ok(!slim_tag("x", name.buf, &got, &err), "a tag of 128 bytes");
	strbuf_addch(&name, 'T');
	ok(slim_tag("x", name.buf, &made, &err) < 0, "one of 129");
	ok(slim_tag("Big", NULL, &made, &err) < 0 && strstr(err.msg, "image 'Big'"),
	   "an image's name is checked too");
}

int main(void)
{
	test_default();
	test_given();
	test_wrong();
	test_length();
	return tap_done();
}
