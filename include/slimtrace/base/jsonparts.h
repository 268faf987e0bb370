/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Documents that are too large for a tree: as one they take many times their text. An object is
 * taken apart into its members, a long array among them is read one element at a time. Where a
 * value ends is found here; what it is, and whether it is one, is for json_parse() to say.
 */
#ifndef SLIMTRACE_BASE_JSONPARTS_H
#define SLIMTRACE_BASE_JSONPARTS_H

#include <stddef.h>

#include "slimtrace/base/json.h"

/* A value's text: a part of the document's. */
struct json_part {
	const char *text; /* NULL: there is none */
	size_t len;
};

/*
 * Finds the members @keys of the object that @text is: parts[i] is the first that is called
 * keys[i], as it stands, unread. All others are parsed: @ret_rest, the caller's. Keys are compared
 * by their bytes, escapes in them are not undone.
 */
int json_take_apart(const char *text, size_t len, const char *what, const char *const *keys,
		    size_t n, struct json_part *parts, cJSON **ret_rest, struct err *err);

/*
 * Parses each element of the array in @part, calls @fn with it and frees it; an error of @fn, or an
 * element that is no JSON, ends it and is told with the place: "@what[3]: ...".
 */
int json_each_element(const struct json_part *part, const char *what,
		      int (*fn)(const cJSON *element, size_t place, void *ctx, struct err *err),
		      void *ctx, struct err *err);

#endif
