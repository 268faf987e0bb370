/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in each layer of a slim image. A slot is a run of original layers that become one slim
 * layer (enum slim_layers). Images of a set have their first slots in common when these are made of
 * the same original layers; what a shared slot holds depends on all the images that have it, in no
 * order, so that each of them gets the same bytes.
 */
#ifndef SLIMTRACE_SLIM_PLAN_H
#define SLIMTRACE_SLIM_PLAN_H

#include "slimtrace/slim.h"

enum plan_kind {
	PLAN_ENTRY,    /* as the source has it */
	PLAN_PLAIN,    /* a directory on the way, which a higher layer describes */
	PLAN_WHITEOUT, /* hides what a shared layer has for another image */
};

struct plan_item {
	char *path; /* "usr/bin", or "." */
	enum plan_kind kind;
	uint32_t source;		 /* index in the set */
	const struct image_entry *entry; /* PLAN_ENTRY */
};

/* Items by path, a directory before what is in it. One path may come from several sources. */
struct plan_layer {
	struct plan_item *items;
	size_t n, cap;
	uint32_t original; /* index of the last original layer in it */
};

struct plan {
	struct plan_layer *layers; /* bottom first, at least one */
	size_t n;
};

void plan_make(const struct slim_set *set, size_t which, struct plan *ret);
void plan_release(struct plan *plan);

/* How many slots from the bottom two images have in common. */
size_t plan_common(const struct slim_set *set, size_t a, size_t b);
/* The slot of original layer @layer. */
size_t plan_slot(const struct slim_set *set, size_t which, uint32_t layer);
/* The entry at @path of an image, or when there is none the deepest directory or file above. */
struct image_entry *plan_deepest(const struct image *img, const char *path, size_t *ret_len);

#endif
