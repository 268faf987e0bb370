/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include "../lib/tap.h"
#include "cli/options.h"
#include "slimtrace/base/alloc.h"

struct target {
	bool flag, off;
	int tri;
	const char *text;
	struct strvec list;
	unsigned int number;
	uint64_t bytes;
	char called[16];
};

static int on_call(void *target, const char *value, struct err *err)
{
	struct target *t = target;

	if (!strcmp(value, "bad"))
		return err_class_set(err, ERR_USAGE, 0, "bad value");
	snprintf(t->called, sizeof(t->called), "%s", value);
	return 0;
}

#define AT(field) offsetof(struct target, field)
static const struct option_row rows[] = {
	{ NULL, OPTION_BOOL, 0, NULL, "Heading", NULL },
	{ "flag", OPTION_BOOL, AT(flag), NULL, "a flag", NULL },
	{ "flag-off", OPTION_NOT, AT(off), NULL, "its opposite", NULL },
	{ "tri", OPTION_TRI, AT(tri), NULL, "three states", NULL },
	{ "text", OPTION_STRING, AT(text), "TEXT",
	  "some text that is long enough to be wrapped to the next line", NULL },
	{ "list", OPTION_LIST, AT(list), "ITEM", "items", NULL },
	{ "number", OPTION_UINT, AT(number), "N", "a number", NULL },
	{ "bytes", OPTION_BYTES, AT(bytes), "BYTES", "a size", NULL },
	{ "call", OPTION_CALL, 0, "X", "a call", on_call },
	{ "t", OPTION_STRING, AT(text), "TEXT", NULL, NULL },
};

static struct target target;
static struct strvec args;
static struct err err;

/* Parses @line, split at spaces; the words live until the next call. */
static int parse(const char *line, bool stop, int *next)
{
	static char buf[256];
	static char *argv[32];
	const struct option_set set = { rows, ARRAY_SIZE(rows), &target };
	int argc = 1;

	strvec_release(&target.list);
	strvec_release(&args);
	target = (struct target){ .tri = -1, .off = true };
	err = ERR_INIT;
	snprintf(buf, sizeof(buf), "%s", line);
	argv[0] = buf;
	for (char *p = buf, *word; (word = strsep(&p, " "));)
		if (*word)
			argv[argc++] = word;
	return options_parse(argc, argv, &set, 1, stop, &args, next, &err);
}

static void test_forms(void)
{
	is_int(parse("--text a --text=b=c --flag img --number 7 x", false, NULL), 0, "both forms");
	is_str(target.text, "b=c", "the last one wins, only the first '=' splits");
	ok(target.flag && target.number == 7, "flag and number");
	ok(args.n == 2 && !strcmp(args.v[0], "img") && !strcmp(args.v[1], "x"),
	   "arguments anywhere");
	is_int(parse("--flag=false --tri=false --flag-off", false, NULL), 0,
	       "booleans with a value");
	ok(!target.flag && target.tri == 0 && !target.off, "their values");
	is_int(parse("--tri --list a --list=b", false, NULL), 0, "lists");
	ok(target.tri == 1 && target.list.n == 2 && !strcmp(target.list.v[1], "b"), "all items");
	is_int(parse("--text= -- --flag", false, NULL), 0, "empty value, and the end of options");
	ok(!*target.text && !target.flag && args.n == 1, "an option after -- is an argument");
	is_int(parse("--text -x", false, NULL), 0, "a value may begin with a dash");
	is_str(target.text, "-x", "and is taken");
	is_int(parse("-t a -t=b", false, NULL), 0, "a short name");
	is_str(target.text, "b", "and its value");
	is_int(parse("-", false, NULL), 0, "a lone dash is an argument");
	is_int(args.n, 1, "one argument");
}

static void test_values(void)
{
	int next = 0;

	is_int(parse("--bytes 64k", false, NULL), 0, "size");
	is_int(target.bytes, 65536, "with its suffix");
	is_int(parse("--bytes 3G", false, NULL), 0, "upper case");
	ok(target.bytes == 3ull << 30, "gigabytes");
	is_int(parse("--call hello", false, NULL), 0, "call");
	is_str(target.called, "hello", "is made");
	is_int(parse("--flag build --text", true, &next), 0, "stops at the first argument");
	is_int(next, 2, "and says where");
}

static void refused(const char *line, const char *want)
{
	ok(parse(line, false, NULL) < 0, "refused: %s", line);
	is_str(err.msg, want, "message of: %s", line);
	is_int(err.class, ERR_USAGE, "usage error: %s", line);
}

static void test_refused(void)
{
	refused("--flga", "unknown option '--flga'");
	is_str(err.hint, "did you mean '--flag'?", "suggests the nearest");
	refused("-f", "unknown option '-f'");
	refused("-t", "option '-t' needs a value: TEXT");
	refused("--t x", "unknown option '--t'");
	refused("-text x", "unknown option '-text'");
	refused("--text", "option '--text' needs a value: TEXT");
	refused("--flag=maybe", "--flag: 'maybe' is not true or false");
	refused("--number x", "--number: 'x' is not a whole number");
	refused("--number -1", "--number: '-1' is not a whole number");
	refused("--bytes 99999999999g", "--bytes: '99999999999' is not between 0 and 17179869183");
	refused("--bytes m", "--bytes: '' is not a whole number");
	refused("--call bad", "bad value");
	refused("--fla", "unknown option '--fla'");
}

static void test_help(void)
{
	const struct option_set set = { rows, ARRAY_SIZE(rows), NULL };
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	size_t width = 0, widest = 0;

	options_help(&set, &sb);
	ok(strstr(sb.buf, "\nHeading:\n  --flag ") != NULL, "heading and first row");
	ok(!strstr(sb.buf, "--t "), "no short names");
	ok(strstr(sb.buf, "  --text TEXT ") != NULL, "the value's name");
	for (const char *p = sb.buf; *p; p++) {
		width = *p == '\n' ? 0 : width + 1;
		widest = width > widest ? width : widest;
	}
	ok(widest <= 80, "wrapped to 80 columns: %zu", widest);
}

int main(void)
{
	test_forms();
	test_values();
	test_refused();
	test_help();
	strvec_release(&target.list);
	strvec_release(&args);
	return tap_done();
}
