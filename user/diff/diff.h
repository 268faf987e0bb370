/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this module share. */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include "slimtrace/base/strmap.h"
#include "slimtrace/diff.h"

struct facts {
	enum diff_document document;
	struct strmap *of[FACT_KINDS]; /* name -> value */
	const struct image *img;       /* DIFF_IMAGE */
};

/* Takes @value over. Of one name the last one counts. */
void facts_add(struct facts *facts, enum fact_kind kind, const char *name, size_t len, char *value);

/* diff.c: JSON on one line without its newline, appended. */
void diff_add_json(const cJSON *json, struct strbuf *ret);

/* image.c: 1 when files that look alike have the same content, 0 when not. */
int diff_same_content(const struct facts *before, const struct facts *after, const char *path,
		      struct err *err);

#endif
