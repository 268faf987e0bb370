/* SPDX-License-Identifier: BSD-2-Clause */
/* Which programs were the image's health check. */
#include <string.h>

#include "slimtrace/record.h"

#define MAX_ADDED 10 /* words: five interpreters (the kernel's limit) with an argument each */

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * The kernel puts a script's interpreter before its words, and where the script was found in the
 * place of the first one.
 */
static bool is_check(const struct record_program *p, const struct strvec *words)
{
	size_t added = p->argv.n - words->n;

	if (p->entry != RECORD_EXECED || p->argv.n < words->n || added > MAX_ADDED)
		return false;
	for (size_t i = 1; i < words->n; i++)
		if (strcmp(p->argv.v[added + i], words->v[i]) != 0)
			return false;
	if (!added)
		return !strcmp(p->argv.v[0], words->v[0]);
	return !strcmp(last_component(p->argv.v[added]), last_component(words->v[0]));
}

void record_mark_health(struct record *rec, const struct strvec *words)
{
	for (size_t i = 0; i < rec->n_programs; i++) {
		struct record_program *p = &rec->programs[i];

		if (p->parent == i ? is_check(p, words)
				   : rec->programs[p->parent].entry == RECORD_HEALTH)
			p->entry = RECORD_HEALTH;
	}
}
