/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Image references, as github.com/distribution/reference has them:
 *
 *	reference  := name [":" tag] ["@" digest]
 *	name       := [domain "/"] component *("/" component)		at most 255 bytes
 *	domain     := host [":" port], recognised by a ".", a ":", or being "localhost"
 *	component  := alnum+ *(("." | "_" | "__" | "-"+) alnum+)	lower case only
 *	tag        := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
 *	digest     := algorithm ":" 32 or more hexadecimal digits
 */
#ifndef SLIMTRACE_BASE_REF_H
#define SLIMTRACE_BASE_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/err.h"

/* The parts of a reference, in its text. domain, tag and digest may be absent: length 0. */
struct ref {
	const char *name, *tag, *digest;
	size_t domain_len; /* of the name, without the slash after it */
	size_t name_len, tag_len, digest_len;
};

/* ERR_USAGE: "@what '@text' is not valid: " and why. */
int ref_parse(const char *what, const char *text, struct ref *ret, struct err *err);
bool ref_tag_valid(const char *tag, size_t len);

#endif
