/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map from byte strings to pointers. Keys are copied and may hold any byte; values are the
 * caller's. uthash is used inside and seen nowhere else.
 */
#ifndef SLIMTRACE_BASE_STRMAP_H
#define SLIMTRACE_BASE_STRMAP_H

#include <stddef.h>

#include "slimtrace/base/cleanup.h"

struct strmap;

struct strmap *strmap_new(void);
/* Frees the map and, when @free_value is not NULL, each value with it. NULL-safe. */
void strmap_free_with(struct strmap *map, void (*free_value)(void *));
void strmap_free(struct strmap *map);
DEFINE_CLEANUP(struct strmap *, strmap_free);

void *strmap_get(const struct strmap *map, const char *key);
void *strmap_get_len(const struct strmap *map, const void *key, size_t len);
/* Sets and returns the older value, NULL when there was none. */
void *strmap_put(struct strmap *map, const char *key, void *value);
void *strmap_put_len(struct strmap *map, const void *key, size_t len, void *value);
void *strmap_remove(struct strmap *map, const char *key);
size_t strmap_count(const struct strmap *map);
/* In order of insertion. @fn returning non-zero ends the walk with that value. */
int strmap_each(const struct strmap *map,
		int (*fn)(const char *key, size_t len, void *value, void *ctx), void *ctx);

#endif
