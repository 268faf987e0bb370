/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of a JSON object exchanged in its text; every other byte stays. */
#ifndef SLIMTRACE_SLIM_PATCH_H
#define SLIMTRACE_SLIM_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "slim/scan.h"
#include "slimtrace/base/strbuf.h"

struct patch {
	const char *key;
	struct strbuf value;   /* JSON text */
	bool leave;	       /* the value stays as it is: only look for it */
	bool if_there;	       /* a key that is not there is not added */
	struct scan_member at; /* found by patch_find(); value_len 0: it is not there */
};

/*
 * Finds each key in the object that @text is. A key that is there twice, or in another spelling
 * that Go's decoder takes for the same, is ERR_IMAGE.
 */
int patch_find(const char *text, size_t len, struct patch *patches, size_t n, struct err *err);
/* After patch_find(): @text with the new values, appended to @ret. */
void patch_apply(const char *text, size_t len, const struct patch *patches, size_t n,
		 struct strbuf *ret);

#endif
