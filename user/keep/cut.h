/* SPDX-License-Identifier: BSD-2-Clause */
/* Making of what keep_cut() tells. */
#ifndef SLIMTRACE_KEEP_CUT_H
#define SLIMTRACE_KEEP_CUT_H

#include "keep/set.h"

/* No file is cut. */
void keep_cuts_reset(struct keep *k);
/* Nothing of @e's content stays, but for what is added: ranges in ascending order. */
void keep_cut_begin(struct keep *k, const struct image_entry *e);
void keep_cut_add(struct keep *k, const struct image_entry *e, uint64_t start, uint64_t end);

#endif
