/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/set.h"

#include <string.h>

/* One entry, without its parents. */
static void add_one(struct keep *k, const struct image_entry *e, enum keep_reason reason,
		    size_t access)
{
	k->reasons[e->id] |= 1u << reason;
	if (access < k->access[e->id])
		k->access[e->id] = access;
}

void keep_add(struct keep *k, struct image_entry *e, enum keep_reason reason, size_t access)
{
	if (e->type == ENTRY_SOCKET) {
		e = e->parent;
		reason = KEEP_CREATED_IN;
	}
	if (k->off & 1u << reason || k->notes[e->id] & NOTE_EXCLUDED)
		return;
	add_one(k, e, reason, access);
	/* A directory that is a parent already has all its own parents. */
	while (e->parent != e && !(k->reasons[e->parent->id] & 1u << KEEP_PARENT)) {
		e = e->parent;
		add_one(k, e, KEEP_PARENT, access);
	}
}

struct path_ctx {
	struct keep *k;
	size_t access;
};

static void add_step(struct image_entry *e, void *ctx)
{
	const struct path_ctx *p = ctx;

	keep_add(p->k, e, e->type == ENTRY_SYMLINK ? KEEP_LINK : KEEP_PARENT, p->access);
}

struct image_entry *keep_resolve(const struct keep *k, const char *path, bool follow)
{
	struct image_entry *e;

	if (image_walk(k->img, NULL, k->workdir, path, follow, NULL, NULL, &e) < 0)
		return NULL;
	return e;
}

struct image_entry *keep_path(struct keep *k, const char *path, bool follow,
			      enum keep_reason reason, size_t access)
{
	struct path_ctx ctx = { .k = k, .access = access };
	struct image_entry *e = keep_resolve(k, path, follow);

	if (!e)
		return NULL;
	if (k->off & 1u << reason || k->notes[e->id] & NOTE_EXCLUDED)
		return e;
	(void)image_walk(k->img, NULL, k->workdir, path, follow, add_step, &ctx, &e);
	keep_add(k, e, reason, access);
	return e;
}

struct image_entry *keep_noted(const struct keep *k, struct image_entry *e, enum keep_note note)
{
	for (;; e = e->parent) {
		if (k->notes[e->id] & note)
			return e;
		if (e->parent == e)
			return NULL;
	}
}

bool keep_is_content(const struct keep *k, const struct image_entry *e)
{
	return k->reasons[e->id] & ~(1u << KEEP_PARENT | 1u << KEEP_LINK);
}

bool keep_asked_any(const struct keep *k, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		for (size_t j = 0; j < n; j++)
			if (!strcmp(k->rec->accesses[i].path, paths[j]) &&
			    !keep_is_passed_over(k, i))
				return true;
	}
	return false;
}
