/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/lists.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

#define SHORT 1024u /* up to here items are moved */

static char *item_at(const struct list *l, size_t i)
{
	return (char *)l->items + i * l->kind->size;
}

/* Where @item is among those in order, or belongs. */
static size_t place_of(const struct list *l, const void *item)
{
	size_t low = 0, high = l->sorted;

	if (high && l->kind->compare(item_at(l, high - 1), item) < 0)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->kind->compare(item_at(l, mid), item) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void *list_find(const struct list *l, const void *item)
{
	size_t at = place_of(l, item);

	return at < l->sorted && !l->kind->compare(item_at(l, at), item) ? item_at(l, at) : NULL;
}

void list_settle(struct list *l)
{
	size_t n = 0;

	if (l->sorted == l->n)
		return;
	qsort(l->items, l->n, l->kind->size, l->kind->compare);
	for (size_t i = 0; i < l->n; i++) {
		if (n && !l->kind->compare(item_at(l, n - 1), item_at(l, i))) {
			if (l->kind->fold)
				l->kind->fold(item_at(l, n - 1), item_at(l, i));
		} else {
			memmove(item_at(l, n++), item_at(l, i), l->kind->size);
		}
	}
	l->n = n;
	l->sorted = (uint32_t)n;
}

void list_add(struct list *l, const void *item)
{
	size_t at = l->n, size = l->kind->size;

	/* The capacity is at least the next power of two of the count. */
	if (!(l->n & (l->n - 1)))
		l->items = xreallocarray(l->items, l->n ? 2 * l->n : 1, size);
	if (l->sorted == l->n) {
		at = place_of(l, item);
		if (at < l->n && l->n >= SHORT)
			at = l->n; /* in no order for now */
		else
			l->sorted++;
	}
	memmove(item_at(l, at) + size, item_at(l, at), (l->n - at) * size);
	memcpy(item_at(l, at), item, size);
	l->n++;
	if (l->n - l->sorted > l->sorted / 2 + SHORT)
		list_settle(l);
}
