/* SPDX-License-Identifier: BSD-2-Clause */
/* Health checks: Go's %q of their struct in a history, and the instruction. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"

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

/* "1h2m3.5s" up to the quote after it; where that ends, or NULL. */
static const char *parse_duration(const char *p, int64_t *ret)
{
	*ret = 0;
	if (*p++ != '"')
		return NULL;
	while (*p != '"') {
		char *end;
		size_t len;
		int64_t ns;
		double n;

		if (!isdigit((unsigned char)*p))
			return NULL;
		n = strtod(p, &end);
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
	return p + 1;
}

/* A number that was printed as a character: '\x03', '\n', '\'', '2'. */
static bool parse_rune(const char *p, int64_t *ret)
{
	static const char letters[] = "abfnrtv\\'", meaning[] = "\a\b\f\n\r\t\v\\'";
	const char *letter;

	if (*p++ != '\'')
		return false;
	if (*p != '\\') { /* ASCII alone: nobody retries more often */
		*ret = (unsigned char)*p;
		return *p && p[1] == '\'';
	}
	p++;
	letter = *p ? strchr(letters, *p) : NULL;
	if (letter)
		*ret = (unsigned char)meaning[letter - letters];
	else if (*p == 'x' || *p == 'u')
		*ret = strtol(p + 1, NULL, 16);
	else
		return false;
	return *ret >= 0;
}

bool df_health_parse(const char *text, struct df_health *ret)
{
	int64_t times[4] = { 0 };
	size_t n = 0;
	const char *p = !strncmp(text, "&{", 2) ? df_parse_list(text + 2, &ret->test) : NULL;

	while (p && n < ARRAY_SIZE(times) && *(p += strspn(p, " ")) == '"') {
		p = parse_duration(p, &times[n]);
		n++;
	}
	if (!p || n < 2 || !ret->test.n || !parse_rune(p + strspn(p, " "), &ret->retries))
		return false;
	ret->interval = times[0];
	ret->timeout = times[1];
	ret->start_period = times[2];
	ret->start_interval = times[3];
	return true;
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
	} else if (words.n == 1 && df_is_plain(words.v[0])) {
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
