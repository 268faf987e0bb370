/* SPDX-License-Identifier: BSD-2-Clause */
/* What a container needs to be run with: see profile.h. */
#ifndef PROFILE_NEEDS_H
#define PROFILE_NEEDS_H

#include "slimtrace/profile.h"

/*
 * writes.c: the directories that were written to, fewest first: into tmpfs those that are empty in
 * the image ("/run:mode=755,uid=0,gid=0,exec"), into volumes those that are not. False when "/" is
 * among them.
 */
bool needs_writes(const struct record *const *records, size_t n, const struct image *img,
		  struct strvec *ret_tmpfs, struct strvec *ret_volumes);

/* A word for a shell, quoted where it has to be. */
void run_add_word(struct strbuf *sb, const char *word);

/*
 * infer.c: the capabilities that @rec needed, as a bit set. Where the kernel did not tell they are
 * inferred from the calls, and *known is set to false.
 */
uint64_t needs_capabilities(const struct record *rec, bool *known);

#endif
