/* SPDX-License-Identifier: BSD-2-Clause */
/* The items of a planned layer as the entries of its tar. */
#ifndef SLIMTRACE_SLIM_LAYER_H
#define SLIMTRACE_SLIM_LAYER_H

#include "slim/plan.h"
#include "slim/tar.h"
#include "slimtrace/slim.h"

/* In the plan's order. A kept entry that a layer cannot hold is ERR_IMAGE. @bytes: packed so far.
 */
int layer_write(const struct slim_set *set, const struct plan_layer *layer,
		const struct slim_opts *opts, struct tar *tar, uint64_t *bytes, struct err *err);

#endif
