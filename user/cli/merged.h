/* SPDX-License-Identifier: BSD-2-Clause */
/* A record that was made of several: written, and told of. */
#ifndef CLI_MERGED_H
#define CLI_MERGED_H

#include "slimtrace/base/json.h"
#include "slimtrace/record.h"

/* To @path, or to stdout when it is NULL. */
int merged_write(const struct record *rec, const char *path, struct err *err);
/* How much of it all runs had: added to @doc, or for people on stderr when it is NULL. */
void merged_tell(const struct record *rec, cJSON *doc);

#endif
