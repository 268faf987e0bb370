/* SPDX-License-Identifier: BSD-2-Clause */
/* The standard streams: that they are there, and that what was printed arrived. */
#ifndef CLI_STANDARD_H
#define CLI_STANDARD_H

#include "slimtrace/base/json.h"

/*
 * To be called before anything is opened: a stream that whoever started us closed becomes
 * /dev/null, else the next file to be opened would take its number, and what is printed.
 */
void standard_open(void);
/* A command's one document. */
void standard_print_json(const cJSON *doc);
/*
 * Writes out what is left. Returns @exit_code, or EXIT_FAILED in place of EXIT_OK when not all of
 * the output could be written, which is told. A reader that goes away has seen enough.
 */
int standard_close(int exit_code);

#endif
