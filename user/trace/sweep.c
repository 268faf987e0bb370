/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/sweep.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"

#define BATCH 4096

struct batch {
	char *keys, *values;
	size_t key_size, value_size;
	uint32_t n;
};

/* Keeps the keys that @fn wants removed, at the beginning. */
static uint32_t choose(struct batch *b, bool (*fn)(const void *key, const void *value, void *ctx),
		       void *ctx)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const char *key = b->keys + i * b->key_size;

		if (!fn(key, b->values + i * b->value_size, ctx))
			continue;
		memmove(b->keys + n * b->key_size, key, b->key_size);
		n++;
	}
	return n;
}

static uint32_t remove_keys(int fd, const struct batch *b, uint32_t n)
{
	uint32_t removed = 0;

	for (uint32_t i = 0; i < n; i++)
		removed += !bpf_map_delete_elem(fd, b->keys + i * b->key_size);
	return removed;
}

/*
 * A batch is whole buckets, and says where to go on: what is removed or added meanwhile confuses it
 * not.
 */
size_t sweep(const struct bpf_map *map, bool (*fn)(const void *key, const void *value, void *ctx),
	     void *ctx)
{
	struct batch b = { .key_size = bpf_map__key_size(map),
			   .value_size = bpf_map__value_size(map) };
	uint32_t at = 0, next = 0;
	int fd = bpf_map__fd(map), r = 0;
	size_t removed = 0;
	bool first = true;

	b.keys = xcalloc(BATCH, b.key_size);
	b.values = xcalloc(BATCH, b.value_size);
	while (!r) {
		b.n = BATCH;
		r = bpf_map_lookup_batch(fd, first ? NULL : &at, &next, b.keys, b.values, &b.n,
					 NULL);
		if (r && errno != ENOENT) {
			log_debug("sweeping a table: %s", strerror(errno));
			break;
		}
		removed += remove_keys(fd, &b, choose(&b, fn, ctx));
		at = next;
		first = false;
	}
	free(b.keys);
	free(b.values);
	return removed;
}
