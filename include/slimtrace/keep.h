/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stays. The one place that decides which entries of an image the slim image has, from what
 * was observed (the record) and from rules for what a container needs although no syscall shows
 * it. Every kept entry has its reasons; a dropped one has none. No I/O but reading files of the
 * image through image.h; no knowledge of any engine or app.
 */
#ifndef SLIMTRACE_KEEP_H
#define SLIMTRACE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/image.h"
#include "slimtrace/record.h"

/* Why an entry stays. Names for reports: keep_reason_name(). docs/keep.md has the rules. */
enum keep_reason {
	KEEP_USED,	  /* the record: opened, executed, looked at, listed, ... */
	KEEP_BY_EXEC,	  /* the same, by commands put into the container, not by the app */
	KEEP_LINK,	  /* a symlink on the way to something used */
	KEEP_PARENT,	  /* a directory above something kept, or on the way of a look-up */
	KEEP_INTERPRETER, /* PT_INTERP or "#!" of an executed file: the kernel opens it itself */
	KEEP_NEEDED,	  /* a shared library of a program that stays although it did not run */
	KEEP_CREATED_IN,  /* the app made something in this directory */
	KEEP_INCLUDE,	  /* --include-path */
	KEEP_USER_DB,	  /* passwd and group, and the home directory of the image's user */
	KEEP_WORKDIR,	  /* the image's working directory */
	KEEP_VOLUME,	  /* a volume's directory, and what was used of the content below it */
	KEEP_MOUNT_POINT, /* what the runtime mounts over */
	KEEP_RUNTIME_DIR, /* a directory that every program may count on: /tmp and the like */
	KEEP_ENTRYPOINT,  /* the configured entrypoint, command, shell or health check program */
	KEEP_SHARED,	  /* another image of the set keeps it in a layer that both have */
	KEEP_REASONS,
};
const char *keep_reason_name(enum keep_reason reason);
/* One sentence for the reader of a report. */
const char *keep_reason_text(enum keep_reason reason);

struct keep_opts {
	const struct strvec *include_paths; /* absolute; a directory means all below it */
	/* What only commands put into the container used (RECORD_EXECED) does not count as used. */
	bool exclude_execs;
};

struct keep;

/*
 * An include path that is not absolute or not in the image is ERR_USAGE naming it. @img is borrowed
 * until keep_free(), @rec and @opts only during the call.
 */
int keep_decide(const struct image *img, const struct record *rec, const struct keep_opts *opts,
		struct keep **ret, struct err *err);
void keep_free(struct keep *k);
DEFINE_CLEANUP(struct keep *, keep_free);

/* @e stays too, with the directories above it (KEEP_SHARED). */
void keep_share(struct keep *k, struct image_entry *e);

bool keep_has(const struct keep *k, const struct image_entry *e);
/* Bit set of 1 << enum keep_reason; 0 for a dropped entry. */
uint32_t keep_reasons(const struct keep *k, const struct image_entry *e);
/* Index of the access (record.accesses) that first made it stay, or SIZE_MAX. */
size_t keep_access(const struct keep *k, const struct image_entry *e);

/* Entries are counted with the root, files are regular ones. */
struct keep_totals {
	uint64_t entries, files, bytes; /* kept; bytes: each hard link group once */
	uint64_t entries_all, files_all, bytes_all;
};
void keep_totals(const struct keep *k, struct keep_totals *ret);

#endif
