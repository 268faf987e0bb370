/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/strvec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

void strvec_push_take(struct strvec *sv, char *s)
{
	ALLOC_GROW(sv->v, sv->n + 2, sv->cap);
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
}

void strvec_push(struct strvec *sv, const char *s)
{
	strvec_push_take(sv, xstrdup(s));
}

void strvec_push_len(struct strvec *sv, const char *s, size_t len)
{
	strvec_push_take(sv, xmemdup(s, len));
}

void strvec_pushf(struct strvec *sv, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	strvec_push_take(sv, s);
}

void strvec_extend(struct strvec *sv, const struct strvec *other)
{
	for (size_t i = 0; i < other->n; i++)
		strvec_push(sv, other->v[i]);
}

bool strvec_has(const struct strvec *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *sv)
{
	if (sv->n > 1)
		qsort(sv->v, sv->n, sizeof(*sv->v), compare);
}

void strvec_release(struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	free(sv->v);
	*sv = STRVEC_INIT;
}
