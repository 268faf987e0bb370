/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/strmap.h"

#include <string.h>
#include <uthash.h>

#include "slimtrace/base/alloc.h"

struct item {
	UT_hash_handle hh;
	void *value;
	size_t len;
	char key[];
};

struct strmap {
	struct item *items;
};

struct strmap *strmap_new(void)
{
	return xcalloc(1, sizeof(struct strmap));
}

void strmap_free_with(struct strmap *map, void (*free_value)(void *))
{
	struct item *it, *tmp;

	if (!map)
		return;
	HASH_ITER (hh, map->items, it, tmp) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): uthash holds the next item in tmp */
		HASH_DEL(map->items, it);
		if (free_value)
			free_value(it->value);
		free(it);
	}
	free(map);
}

void strmap_free(struct strmap *map)
{
	strmap_free_with(map, NULL);
}

static struct item *find(const struct strmap *map, const void *key, size_t len)
{
	struct item *it = NULL;

	HASH_FIND(hh, map->items, key, len, it);
	return it;
}

void *strmap_get_len(const struct strmap *map, const void *key, size_t len)
{
	struct item *it = find(map, key, len);

	return it ? it->value : NULL;
}

void *strmap_get(const struct strmap *map, const char *key)
{
	return strmap_get_len(map, key, strlen(key));
}

void *strmap_put_len(struct strmap *map, const void *key, size_t len, void *value)
{
	struct item *it = find(map, key, len);
	void *old = NULL;

	if (it) {
		old = it->value;
	} else {
		it = xmalloc(sizeof(*it) + len + 1);
		memset(it, 0, sizeof(*it));
		it->len = len;
		if (len)
			memcpy(it->key, key, len);
		it->key[len] = '\0';
		HASH_ADD_KEYPTR(hh, map->items, it->key, len, it);
	}
	it->value = value;
	return old;
}

void *strmap_put(struct strmap *map, const char *key, void *value)
{
	return strmap_put_len(map, key, strlen(key), value);
}

void *strmap_remove(struct strmap *map, const char *key)
{
	struct item *it = find(map, key, strlen(key));
	void *old;

	if (!it)
		return NULL;
	old = it->value;
	HASH_DEL(map->items, it);
	free(it);
	return old;
}

size_t strmap_count(const struct strmap *map)
{
	return HASH_COUNT(map->items);
}

int strmap_each(const struct strmap *map,
		int (*fn)(const char *key, size_t len, void *value, void *ctx), void *ctx)
{
	struct item *it, *tmp;

	HASH_ITER (hh, map->items, it, tmp) {
		int r = fn(it->key, it->len, it->value, ctx);

		if (r)
			return r;
	}
	return 0;
}
