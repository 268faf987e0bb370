/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/watch.h"

static uint64_t unit_seconds(char unit)
{
	switch (unit) {
	case '\0':
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	default:
		return 0;
	}
}

/* One number with its unit; NULL when it is none, or the sum gets too large. */
static const char *add_part(const char *text, uint64_t *sum)
{
	unsigned long long n;
	uint64_t part;
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || !unit_seconds(*end) || __builtin_mul_overflow(n, unit_seconds(*end), &part) ||
	    __builtin_add_overflow(*sum, part, sum))
		return NULL;
	return *end ? end + 1 : end;
}

int watch_parse_duration(const char *text, const char *what, uint64_t *ret, struct err *err)
{
	const char *at = text;
	uint64_t sum = 0;

	do
		at = add_part(at, &sum);
	while (at && *at);
	if (!at || !sum)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "%s: '%s' is no duration, such as 90, 90s, 10m, 1h30m or 2d",
				     what, text);
	*ret = sum;
	return 0;
}
