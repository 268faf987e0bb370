/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Health checks: the instruction, and what builders put into a history: Go's %q of their struct,
 * BuildKit since its frontend 1.24 the %+v of it, Buildah the line as it was written.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define NS_S INT64_C(1000000000)
#define MAX_NUMBER 100000000 /* of a unit: three years in seconds */

void df_health_release(struct df_health *h)
{
	strvec_release(&h->test);
}

static int64_t unit_ns(const char *p, size_t *ret_len)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ns", 1 },   { "us", 1000 },	   { "µs", 1000 },	 { "ms", 1000000 },
		{ "s", NS_S }, { "m", 60 * NS_S }, { "h", 3600 * NS_S },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		*ret_len = strlen(units[i].name);
		if (!strncmp(p, units[i].name, *ret_len))
			return units[i].ns;
	}
	return 0;
}

/* "1h2m3.5s"; where it ends, or NULL. */
static const char *parse_duration(const char *p, int64_t *ret)
{
	const char *begin = p;

	*ret = 0;
	while (isdigit((unsigned char)*p)) {
		char *end;
		size_t len;
		int64_t ns;
		double n = strtod(p, &end);

		if (n > MAX_NUMBER)
			return NULL;
		ns = unit_ns(end, &len);
		if (!ns || (ns > 60 * NS_S && n > 100000))
			return NULL;
		*ret += (int64_t)(n * (double)ns + 0.5);
		if (*ret > INT64_MAX / 8)
			return NULL;
		p = end + len;
	}
	return p > begin ? p : NULL;
}

static const char *parse_quoted_duration(const char *p, int64_t *ret)
{
	p = *p == '"' ? parse_duration(p + 1, ret) : NULL;
	return p && *p == '"' ? p + 1 : NULL;
}

static uint32_t first_character(const char *s, size_t len)
{
	uint32_t c = (unsigned char)s[0] & (len > 1 ? 0x7fu >> len : 0x7fu);

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

/*
 * A number that was printed as a character: '\x03', '\n', '\'', '2', 'È'. False: it is none, or
 * was too large for one and printed as U+FFFD.
 */
static bool parse_rune(const char *p, int64_t *ret)
{
	_cleanup_strbuf_ struct strbuf c = STRBUF_INIT;
	const char *end;

	if (!strncmp(p, "'\\x", 3)) {
		*ret = strtol(p + 3, NULL, 16);
		return *ret >= 0;
	}
	end = *p == '\'' ? df_parse_char(p + 1, &c) : NULL;
	if (!end || *end != '\'' || !c.len || utf8_sequence(c.buf, c.len) != c.len)
		return false;
	*ret = first_character(c.buf, c.len);
	return *ret != 0xfffd;
}

/* Go's %q of it: `&{["CMD" "x"] "30s" "0s" "0s" '\x03'}` */
static bool parse_quoted(const char *text, struct df_health *ret)
{
	int64_t times[4] = { 0 };
	size_t n = 0;
	const char *p = !strncmp(text, "&{", 2) ? df_parse_list(text + 2, &ret->test) : NULL;

	while (p && n < ARRAY_SIZE(times) && *(p += strspn(p, " ")) == '"') {
		p = parse_quoted_duration(p, &times[n]);
		n++;
	}
	if (!p || n < 2 || !parse_rune(p + strspn(p, " "), &ret->retries))
		return false;
	ret->interval = times[0];
	ret->timeout = times[1];
	ret->start_period = times[2];
	ret->start_interval = times[3];
	return true;
}

/* Words that were printed with blanks between: which ones, @real may tell. */
static void split_test(const char *text, size_t len, const struct strvec *real, struct strvec *ret)
{
	static const char shell[] = "CMD-SHELL ";
	_cleanup_strvec_ struct strvec none = STRVEC_INIT;
	_cleanup_free_ char *inner = xstrndup(text, len);

	if (df_is_joined(text, len, real)) {
		strvec_extend(ret, real);
	} else if (!strncmp(inner, shell, strlen(shell))) {
		strvec_push_len(ret, shell, strlen(shell) - 1);
		strvec_push(ret, inner + strlen(shell));
	} else {
		df_split(inner, &none, ret);
	}
}

/* Go's %+v: `{Test:[CMD x] Interval:30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:3}` */
static bool parse_fields(const char *text, const struct strvec *real, struct df_health *ret)
{
	static const char begin[] = "{Test:[", after[] = "] Interval:", retries[] = " Retries:";
	const struct {
		const char *name;
		int64_t *to;
	} times[] = {
		{ " Interval:", &ret->interval },
		{ " Timeout:", &ret->timeout },
		{ " StartPeriod:", &ret->start_period },
		{ " StartInterval:", &ret->start_interval },
	};
	const char *p = NULL, *test = text + strlen(begin);
	char *end;

	if (strncmp(text, begin, strlen(begin)) != 0)
		return false;
	for (const char *q = test; (q = strstr(q, after)); q++)
		p = q + 1;
	if (!p)
		return false;
	split_test(test, (size_t)(p - 1 - test), real, &ret->test);
	for (size_t i = 0; p && i < ARRAY_SIZE(times); i++)
		if (!strncmp(p, times[i].name, strlen(times[i].name)))
			p = parse_duration(p + strlen(times[i].name), times[i].to);
	if (!p || strncmp(p, retries, strlen(retries)) != 0)
		return false;
	ret->retries = strtol(p + strlen(retries), &end, 10);
	return *end == '}';
}

/* "--name=value" and blanks: past them, or NULL. */
static const char *parse_flag(const char *p, struct df_health *ret)
{
	const struct {
		const char *name;
		int64_t *to;
	} times[] = {
		{ "--interval=", &ret->interval },
		{ "--timeout=", &ret->timeout },
		{ "--start-period=", &ret->start_period },
		{ "--start-interval=", &ret->start_interval },
	};
	static const char retries[] = "--retries=";
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (!strncmp(p, times[i].name, strlen(times[i].name)))
			return parse_duration(p + strlen(times[i].name), times[i].to);
	if (strncmp(p, retries, strlen(retries)) != 0)
		return NULL;
	ret->retries = strtol(p + strlen(retries), &end, 10);
	return end;
}

/* As it stands in a Dockerfile: "--interval=30s CMD x" */
static bool parse_source(const char *p, struct df_health *ret)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	const char *end;

	while (p && !strncmp(p, "--", 2)) {
		p = parse_flag(p, ret);
		if (p && *p != ' ')
			return false;
		p = p ? p + strspn(p, " ") : NULL;
	}
	if (p && !strcasecmp(p, "NONE")) {
		strvec_push(&ret->test, "NONE");
		return true;
	}
	if (!p || strncasecmp(p, "CMD ", 4) != 0)
		return false;
	p += 4 + strspn(p + 4, " ");
	end = df_parse_list(p, &words);
	strvec_push(&ret->test, end && !*end ? "CMD" : "CMD-SHELL");
	if (end && !*end)
		strvec_extend(&ret->test, &words);
	else
		strvec_push(&ret->test, p);
	return true;
}

bool df_health_parse(const char *text, const struct strvec *real, struct df_health *ret)
{
	return (parse_quoted(text, ret) || parse_fields(text, real, ret) ||
		parse_source(text, ret)) &&
	       ret->test.n;
}

static void add_time(struct strbuf *sb, const char *name, int64_t ns)
{
	if (ns <= 0)
		return;
	strbuf_addf(sb, " --%s=", name);
	if (!(ns % NS_S))
		strbuf_addf(sb, "%" PRId64 "s", ns / NS_S);
	else if (!(ns % 1000000))
		strbuf_addf(sb, "%" PRId64 "ms", ns / 1000000);
	else
		strbuf_addf(sb, "%" PRId64 "ns", ns);
}

static void add_test(struct strbuf *sb, const struct strvec *test)
{
	struct strvec words = { .v = test->v + 1, .n = test->n - 1 };
	_cleanup_strvec_ struct strvec sh = STRVEC_INIT;

	strbuf_addstr(sb, " CMD ");
	if (strcmp(test->v[0], "CMD-SHELL") != 0) {
		df_add_exec(sb, &words);
	} else if (words.n == 1 && df_is_shell_form(words.v[0])) {
		strbuf_addstr(sb, words.v[0]);
	} else {
		strvec_push(&sh, "/bin/sh");
		strvec_push(&sh, "-c");
		strvec_extend(&sh, &words);
		df_add_exec(sb, &sh);
	}
}

char *df_health_text(const struct df_health *h)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, "HEALTHCHECK");
	if (!h->test.n)
		return NULL;
	if (!strcmp(h->test.v[0], "NONE"))
		return xstrdup("HEALTHCHECK NONE");
	if (strcmp(h->test.v[0], "CMD") != 0 && strcmp(h->test.v[0], "CMD-SHELL") != 0)
		return NULL;
	add_time(&sb, "interval", h->interval);
	add_time(&sb, "timeout", h->timeout);
	add_time(&sb, "start-period", h->start_period);
	add_time(&sb, "start-interval", h->start_interval);
	if (h->retries > 0)
		strbuf_addf(&sb, " --retries=%" PRId64, h->retries);
	add_test(&sb, &h->test);
	return strbuf_detach(&sb, NULL);
}
