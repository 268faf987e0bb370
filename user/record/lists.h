/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists in order, each item once, that grow by doubling. Mostly the next item is a new last one.
 * One that is not is put in its place while the list is short; in a long one it goes behind what is
 * in order, until there is enough of it to be sorted in: nothing is moved for each item.
 */
#ifndef SLIMTRACE_RECORD_LISTS_H
#define SLIMTRACE_RECORD_LISTS_H

#include <stddef.h>
#include <stdint.h>

struct list_kind {
	size_t size; /* of an item */
	int (*compare)(const void *a, const void *b);
	void (*fold)(void *into,
		     const void *from); /* of equal ones; NULL: there is nothing to it */
};

struct list {
	const struct list_kind *kind;
	void *items; /* the list's, by realloc() */
	size_t n;
	uint32_t sorted; /* of them; the rest has no order and may have items twice */
};

/* The item that is equal to @item among those in order, or NULL. */
void *list_find(const struct list *l, const void *item);
/* Adds a copy of @item, which list_find() does not find. */
void list_add(struct list *l, const void *item);
/* Puts all in order. */
void list_settle(struct list *l);

#endif
