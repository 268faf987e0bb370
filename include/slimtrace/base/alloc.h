/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocation that cannot fail: out of memory ends the program with a message. Sizes that come
 * from untrusted input are bounded by the caller before they get here.
 */
#ifndef SLIMTRACE_BASE_ALLOC_H
#define SLIMTRACE_BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
/* At most @len bytes of @s, terminated. */
char *xstrndup(const char *s, size_t len) __attribute__((malloc, returns_nonnull));
/* @len bytes of @p and a NUL after them, whatever they hold. */
void *xmemdup(const void *p, size_t len) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* Room for at least @need elements in @array, whose capacity @cap is updated. */
#define ALLOC_GROW(array, need, cap)                                                               \
	do {                                                                                       \
		if ((size_t)(need) > (cap)) {                                                      \
			size_t grow_ = (cap)*3 / 2 + 16;                                           \
			(cap) = grow_ > (size_t)(need) ? grow_ : (size_t)(need);                   \
			(array) = xreallocarray((array), (cap), sizeof(*(array)));                 \
		}                                                                                  \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
