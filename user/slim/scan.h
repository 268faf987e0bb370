/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the members of a JSON object are in its text: for replacing a value and leaving every
 * other byte as it is. Nothing is built. What is inside a value is only followed as far as is
 * needed to find its end (strings, nesting): whether it is JSON is for json_parse() to say.
 */
#ifndef SLIMTRACE_SLIM_SCAN_H
#define SLIMTRACE_SLIM_SCAN_H

#include <stddef.h>

#include "slimtrace/base/err.h"

struct scan_member {
	size_t key, key_len;	 /* with its quotes */
	size_t value, value_len; /* without white space around it */
};

typedef int scan_fn(const struct scan_member *member, void *ctx, struct err *err);

/*
 * Calls @fn for each member of the object that @text is, in order; a negative return of it ends
 * the scan. ERR_IMAGE names the byte where the text is no such object.
 */
int scan_object(const char *text, size_t len, scan_fn *fn, void *ctx, struct err *err);

#endif
