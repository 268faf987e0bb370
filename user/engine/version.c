/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"

/* Digits, at most four of them. NULL when there are none. */
static const char *parse_number(const char *s, unsigned int *ret)
{
	unsigned int n = 0;
	int digits = 0;

	for (; isdigit((unsigned char)*s) && digits < 4; s++, digits++)
		n = n * 10 + (unsigned int)(*s - '0');
	*ret = n;
	return digits ? s : NULL;
}

static const char *parse_prefix(const char *s, struct api_version *ret)
{
	struct api_version v;

	s = parse_number(s, &v.major);
	if (!s || *s++ != '.')
		return NULL;
	s = parse_number(s, &v.minor);
	if (s)
		*ret = v;
	return s;
}

bool api_version_parse(const char *s, struct api_version *ret)
{
	struct api_version v;
	const char *end = parse_prefix(s, &v);

	if (!end || *end)
		return false;
	*ret = v;
	return true;
}

bool api_version_less(struct api_version a, struct api_version b)
{
	return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

bool api_version_limit(const char *message, struct api_version *ret)
{
	static const char *const marks[] = { "inimum supported API version is ",
					     "aximum supported API version is " };

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const char *at = strstr(message, marks[i]);

		if (at && parse_prefix(at + strlen(marks[i]), ret))
			return true;
	}
	return false;
}
