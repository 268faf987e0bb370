/* SPDX-License-Identifier: BSD-2-Clause */
/* What files need to be executed. */
#ifndef SLIMTRACE_KEEP_EXEC_H
#define SLIMTRACE_KEEP_EXEC_H

#include "keep/set.h"

/*
 * @e was executed, or mapped: the interpreters that the kernel opens for it stay. What those load
 * is in the record.
 */
int keep_exec(struct keep *k, struct image_entry *e, size_t access, struct err *err);

/*
 * @e stays and may be executed or loaded, although it was not: its interpreters stay, and the
 * shared libraries of all of them, and of these. Ends at files that ran: theirs are recorded.
 */
int keep_needed(struct keep *k, struct image_entry *e, struct err *err);

/*
 * The library @name stays for @reason, where a loader would find it for a program built like @like,
 * and what it needs (KEEP_NEEDED). Returns 1 when there is one, else 0.
 */
int keep_library(struct keep *k, const char *name, const struct image_entry *like,
		 enum keep_reason reason, struct err *err);

/* Fills k->lib_dirs: where the image's loaders look for libraries, first to last. */
int keep_lib_dirs(struct keep *k, struct err *err);

/*
 * The executable file that @word runs: by the image's PATH when it has no slash, from the
 * working directory otherwise. malloc'ed path; NULL when there is none.
 */
char *keep_find_program(const struct keep *k, const char *word);

/* The value of a variable in the image's configuration: borrowed; NULL when it is not set. */
const char *keep_env(const struct keep *k, const char *name);

#endif
