/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Languages load what converts a character set when its name first comes, which is in what a
 * client sends. Told by the table of all names that each reads before.
 */
#include <string.h>

#include "keep/lang.h"
#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

static const struct language {
	const char *table; /* below the directory that the patterns are below */
	const struct places *modules;
} languages[] = {
	{ "/encodings/aliases.py", &places_charsets_python },
	{ "/enc/encdb.so", &places_charsets_ruby },
	{ "/auto/Encode/Encode.so", &places_charsets_perl },
};

static int keep_modules_of(struct keep *k, const struct language *lang, const char *table,
			   struct err *err)
{
	size_t len = strlen(table) - strlen(lang->table);
	_cleanup_free_ char *dir = xasprintf("%.*s/", (int)len, table);
	int r = keep_all_matches(k, dir, lang->modules->v, lang->modules->n, KEEP_GCONV, err);

	return r < 0 ? r : 0;
}

int keep_charsets(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
		int r = 0;

		if (e->type != ENTRY_FILE || !keep_is_content(k, e))
			continue;
		image_entry_path(e, &path);
		for (size_t j = 0; !r && j < ARRAY_SIZE(languages); j++)
			if (keep_ends_with(path.buf, languages[j].table))
				r = keep_modules_of(k, &languages[j], path.buf, err);
		if (r < 0)
			return r;
	}
	return 0;
}
