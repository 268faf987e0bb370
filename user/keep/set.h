/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set that is being decided, shared by the rules: for every entry of the image the reasons
 * why it stays, and notes that rules leave for each other.
 */
#ifndef SLIMTRACE_KEEP_SET_H
#define SLIMTRACE_KEEP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/strmap.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/keep.h"

/* Notes on an entry. */
enum keep_note {
	NOTE_VOLUME = 1 << 0,  /* the directory of a VOLUME */
	NOTE_MOUNTED = 1 << 1, /* something else lay over it at run time */
	NOTE_SEEN = 1 << 2,    /* it, or something below it, was seen on the image itself */
	NOTE_RAN = 1 << 3,     /* executed or mapped: what it loads is in the record */
	NOTE_EXEC = 1 << 4,    /* keep_exec() was here */
	NOTE_NEEDED = 1 << 5,  /* keep_needed() was here */
	NOTE_EXCLUDED =
		1 << 6, /* it or a directory above matches an exclude pattern: never stays */
	NOTE_UNWANTED = 1 << 7, /* the same of "!" patterns: is not included with others */
};

struct keep {
	const struct image *img;
	const struct record *rec;     /* while deciding */
	const struct keep_opts *opts; /* while deciding */
	struct image_entry *workdir;  /* the root when there is none */
	struct strvec lib_dirs;	      /* where a loader looks: filled by libpath.c on first use */
	bool lib_dirs_ready;
	size_t n;	      /* entries of the image */
	uint32_t *reasons;    /* [entry id]: 1 << enum keep_reason, ORed */
	size_t *access;	      /* [entry id]: index of the access, SIZE_MAX when none */
	uint8_t *notes;	      /* [entry id]: enum keep_note, ORed */
	uint32_t off;	      /* reasons that count for nothing */
	struct strmap *cuts;  /* entry id -> struct cut: see cut.c */
	struct strmap *perms; /* inode -> struct keep_perm */
};

/* For @access: what stays by a rule, not by an access. */
#define NO_ACCESS SIZE_MAX

/*
 * @e stays, with the directories above it. A socket never does, only its directory: what listens
 * on it makes it.
 */
void keep_add(struct keep *k, struct image_entry *e, enum keep_reason reason, size_t access);
/*
 * Resolves @path (relative: from the working directory). When it leads to something, the links on
 * the way stay, and the entry for @reason. Returns the entry or NULL.
 */
struct image_entry *keep_path(struct keep *k, const char *path, bool follow,
			      enum keep_reason reason, size_t access);
/* As keep_path() without keeping anything. */
struct image_entry *keep_resolve(const struct keep *k, const char *path, bool follow);
/* The nearest of @e and its parents that has @note; NULL when none has. */
struct image_entry *keep_noted(const struct keep *k, struct image_entry *e, enum keep_note note);

/* Does the set keep @e for more than being on the way to something? */
bool keep_is_content(const struct keep *k, const struct image_entry *e);
/* used.c: is access @access of programs that do not count (exclude_execs)? */
bool keep_is_passed_over(const struct keep *k, size_t access);
/*
 * Did the app ask for one of @paths itself, whatever the answer was? What only commands put into
 * the container asked for is passed over with exclude_execs.
 */
bool keep_asked_any(const struct keep *k, const char *const *paths, size_t n);

#endif
