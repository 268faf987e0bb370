/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who made what a run leaves outside the process. A process is named so that another one can tell
 * later, without asking it, whether it is still there: its pid alone would be taken again by
 * somebody else. "BOOT-PIDNS-PID-START": eight digits of the boot's ID, the inode number of its pid
 * namespace (pid_namespaces(7)), its pid in there, and when it started, in clock ticks since the
 * boot (proc(5), stat, field 22).
 *
 * The name stands in a label of containers, and in the names of directories.
 */
#ifndef SESSION_OWNER_H
#define SESSION_OWNER_H

#include <stdbool.h>

#include "slimtrace/base/json.h"

#define OWNER_LABELS "io.slimtrace." /* all of ours begin so */
#define OWNER_LABEL OWNER_LABELS "owner"
#define OWNER_LABEL_KEEP OWNER_LABELS "keep" /* --keep-container: stays when its owner ends */

/* Ours. Borrowed, the same for the process's whole life. */
const char *owner_name(void);
/* Adds our labels to an object of labels. */
void owner_label(cJSON *labels, bool keep);
/*
 * Whether what @name (not terminated, @len bytes) names is known to have ended. False for what
 * cannot be told from here: a name that is none, or a process of another pid namespace of this
 * boot.
 */
bool owner_is_dead(const char *name, size_t len);

#endif
