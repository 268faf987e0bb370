/* SPDX-License-Identifier: BSD-2-Clause */
/* Long results on a terminal go through the user's pager, as git's do. */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <stdbool.h>
#include <stddef.h>

/* Columns of the terminal on stdout, between 40 and 120; 80 elsewhere. */
unsigned int pager_width(void);
/*
 * Writes to stdout: through $SLIMTRACE_PAGER, else $PAGER, else less, when stdout is a terminal,
 * there is more than fits it, and @off is not set. "cat" or an empty one means none.
 */
void pager_write(const char *text, size_t len, bool off);

#endif
