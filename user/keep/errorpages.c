/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of errors, which servers and frameworks name by the status: 404.html, 50x.html,
 * 500.html.erb. A run in which all went well reads none of them.
 */
#include <fnmatch.h>

#include "keep/places.h"
#include "keep/rules.h"

static bool is_page(const struct image_entry *e)
{
	for (size_t i = 0; i < places_error_pages.n; i++)
		if (!fnmatch(places_error_pages.v[i], e->name, 0))
			return e->type == ENTRY_FILE;
	return false;
}

/* Where nothing was used or looked for, no page is either. */
int keep_error_pages(struct keep *k, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < k->n; i++) {
		struct image_entry *e = image_entry(k->img, (uint32_t)i);

		if (is_page(e) && k->reasons[e->parent->id])
			keep_add(k, e, KEEP_ERROR_PAGES, NO_ACCESS);
	}
	return 0;
}
