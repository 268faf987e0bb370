/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A layer that several images have holds what any of them keeps of it, so each of them has that,
 * unless it has something else there, or had it deleted. What an image has it must keep: with it
 * come the directories above, and those may come from layers that it shares with yet another.
 */
#include "slim/plan.h"
#include "slimtrace/slim.h"

/* What @from keeps in the layers that it shares with @to, in @to. True when that was news. */
static bool share(struct slim_set *set, size_t from, size_t to)
{
	const struct slim_source *src = &set->v[from], *dst = &set->v[to];
	size_t common = plan_common(set, from, to), len;
	bool news = false;

	for (size_t i = 1; common && i < image_entry_count(src->img); i++) {
		const struct image_entry *e = image_entry(src->img, (uint32_t)i);
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
		struct image_entry *there;

		if (!keep_has(src->keep, e) || plan_slot(set, from, e->layer) >= common)
			continue;
		image_entry_path(e, &path);
		there = plan_deepest(dst->img, path.buf, &len);
		if (keep_has(dst->keep, there) || there->type == ENTRY_SOCKET)
			continue;
		keep_share(dst->keep, there);
		news = true;
	}
	return news;
}

void slim_share(struct slim_set *set)
{
	bool news = set->n > 1 && set->layers != SLIM_SQUASH;

	while (news) {
		news = false;
		for (size_t from = 0; from < set->n; from++)
			for (size_t to = 0; to < set->n; to++)
				if (from != to && share(set, from, to))
					news = true;
	}
}
