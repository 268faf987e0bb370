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
keep_rule_fn keep_not_empty; /* after all that add entries */
/* program.c: the configured commands. */
keep_rule_fn keep_entrypoint;
keep_rule_fn keep_healthcheck;
/* users.c */
keep_rule_fn keep_user_db;
/* include.c: what the user asked for; ERR_USAGE for what is not there. */
keep_rule_fn keep_includes;
keep_rule_fn keep_added;
/* libc.c: what belongs to parts of the C library's data that were used. */
keep_rule_fn keep_hwcaps;
keep_rule_fn keep_names;
keep_rule_fn keep_gconv;
keep_rule_fn keep_locales;
keep_rule_fn keep_zones;
/* charsets.c: what languages convert character sets with. */
keep_rule_fn keep_charsets;
/* terminal.c */
keep_rule_fn keep_terminals;
/* fonts.c */
keep_rule_fn keep_fonts;
/* errorpages.c */
keep_rule_fn keep_error_pages;
/* certs.c */
keep_rule_fn keep_cert_stores;
/* lang.c, python.c: what languages' own loaders and package managers count on. */
keep_rule_fn keep_python;
keep_rule_fn keep_ruby;
keep_rule_fn keep_node;
keep_rule_fn keep_jvm;
/* distro.c */
keep_rule_fn keep_distro;

/* include.c: notes what exclude patterns match, before anything is decided. */
int keep_note_paths(struct keep *k, struct err *err);

/* rules.c: notes the volumes and what the runtime always mounts, before anything is decided. */
void keep_note_config(struct keep *k);

#endif
