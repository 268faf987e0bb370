/* SPDX-License-Identifier: BSD-2-Clause */
/* A growing, NULL-terminated array of strings that it owns. `v` may be NULL while empty. */
#ifndef SLIMTRACE_BASE_STRVEC_H
#define SLIMTRACE_BASE_STRVEC_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/cleanup.h"

struct strvec {
	char **v;
	size_t n;
	size_t cap;
};

#define STRVEC_INIT ((struct strvec){ 0 })

void strvec_push(struct strvec *sv, const char *s);
void strvec_push_len(struct strvec *sv, const char *s, size_t len);
void strvec_pushf(struct strvec *sv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds @s itself: ownership passes to the vector. */
void strvec_push_take(struct strvec *sv, char *s);
void strvec_extend(struct strvec *sv, const struct strvec *other);
bool strvec_has(const struct strvec *sv, const char *s);
void strvec_sort(struct strvec *sv); /* by bytes */
void strvec_release(struct strvec *sv);
static inline void strvec_release_p(struct strvec *sv)
{
	strvec_release(sv);
}
#define _cleanup_strvec_ __attribute__((cleanup(strvec_release_p)))

#endif
