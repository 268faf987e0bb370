/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules, one function each, called by keep.c in the order of its table. */
#ifndef SLIMTRACE_KEEP_RULES_H
#define SLIMTRACE_KEEP_RULES_H

#include "keep/set.h"

/* All return 0, or -errno when a file of the image cannot be read. */
typedef int keep_rule_fn(struct keep *k, struct err *err);

/* rules.c: by the configuration, and for the runtime. */
keep_rule_fn keep_workdir;
keep_rule_fn keep_volumes;
keep_rule_fn keep_mount_points;
keep_rule_fn keep_runtime_dirs;
keep_rule_fn keep_top_links;
/* used.c: what the record shows. */
keep_rule_fn keep_used;
/* program.c: the configured commands. */
keep_rule_fn keep_entrypoint;
keep_rule_fn keep_healthcheck;
/* users.c */
keep_rule_fn keep_user_db;
/* include.c: --include-path; ERR_USAGE for one that is not there. */
keep_rule_fn keep_includes;

/* rules.c: notes the volumes and what the runtime always mounts, before anything is decided. */
void keep_note_config(struct keep *k);

#endif
