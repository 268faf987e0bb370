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

/*
 * Why an entry stays: each reason is a rule, which can be switched off (but for "parent"
 * and "shared"). Names
 * for options and reports: keep_reason_name(). docs/keep.md has the rules.
 */
enum keep_reason {
	KEEP_USED,	  /* the record: opened, executed, looked at, listed, ... */
	KEEP_BY_EXEC,	  /* the same, by commands put into the container, not by the app */
	KEEP_LINK,	  /* a symlink on the way to something used */
	KEEP_PARENT,	  /* a directory above something kept, or on the way of a look-up */
	KEEP_INTERPRETER, /* PT_INTERP or "#!" of an executed file: the kernel opens it itself */
	KEEP_NEEDED,	  /* a shared library of a program that stays although it did not run */
	KEEP_HWCAPS,	  /* the same library as one that was used, built for other processors */
	KEEP_CREATED_IN,  /* the app made something in this directory */
	KEEP_INCLUDE,	  /* the user asked for it */
	KEEP_NEW,	  /* the container made or changed it, and it was asked for */
	KEEP_USER_DB,	  /* passwd and group, and the home directory of the image's user */
	KEEP_WORKDIR,	  /* the image's working directory */
	KEEP_VOLUME,	  /* a volume's directory, and what was used of the content below it */
	KEEP_MOUNT_POINT, /* what the runtime mounts over */
	KEEP_RUNTIME_DIR, /* a directory that every program may count on: /tmp and the like */
	KEEP_ENTRYPOINT,  /* the configured entrypoint, command, shell or health check program */
	KEEP_SHARED,	  /* another image of the set keeps it in a layer that both have */
	KEEP_USRMERGE,	  /* /bin -> usr/bin and the like */
	KEEP_NSS,	  /* libc's modules and files for names, since names were looked up */
	KEEP_GCONV,	  /* character sets of libc, since one was used, and of languages */
	KEEP_LOCALE,	  /* the rest of a locale that was used */
	KEEP_ZONEINFO,	  /* the time zones, since they were used by name */
	KEEP_TERMINFO,	  /* usual terminals, since programs that draw on one ran */
	KEEP_FONTS,	  /* the fonts beside one that was used, and those of a cache of them */
	KEEP_ERROR_PAGES, /* pages named by an HTTP status, in a directory that is used */
	KEEP_CERTS,	  /* certificates of authorities, since some were looked for */
	KEEP_PYTHON,	  /* sources of byte code, metadata and templates of what is used */
	KEEP_RUBY,	  /* specification and build marker of used gems */
	KEEP_NODE,	  /* package.json above used modules */
	KEEP_JVM, /* modules, native libraries, security and configuration files of a used JVM */
	KEEP_PACKAGES, /* what the package database says about packages with kept files */
	KEEP_DISTRO,   /* os-release and the like */
	KEEP_REASONS,
};
const char *keep_reason_name(enum keep_reason reason);
/* One sentence for the reader of a report. */
const char *keep_reason_text(enum keep_reason reason);
/* The bit of a rule that may be switched off; ERR_USAGE naming @name when there is none. */
int keep_rule_bit(const char *name, uint32_t *ret, struct err *err);

/* Other mode and owner than the original's; -1: as it is. */
struct keep_perm {
	int64_t mode, uid, gid;
};

/* What the user wants: a path in the image, or a pattern. */
struct keep_path {
	char *pattern; /* absolute; "*", "?", "[...]" within a name, "**" for any directories */
	bool exclude;  /* "!" before it: other paths do not include this */
	bool has_perm;
	struct keep_perm perm;
};

struct keep_opts {
	struct keep_path *paths; /* keep_opts_add_path() */
	size_t n_paths, cap_paths;
	struct strvec bins; /* absolute paths of programs and shared libraries */
	struct strvec exes; /* names of programs, found by PATH */
	struct strvec
		excludes; /* patterns, as in struct keep_path: never stays, whatever says so */
	bool shell, zoneinfo, workdir;
	/* All at well-known places; the last two are of private keys. */
	bool certs, cert_bundles, cert_dirs, cert_keys, cert_key_dirs;
	unsigned int last_layers; /* all that is of the last so many layers */
	/* What only commands put into the container used (RECORD_EXECED) does not count as used. */
	bool exclude_execs;
	uint32_t off; /* rules that are switched off: 1 << enum keep_reason, ORed */
};
/* "[!]PATH[:MODE[#UID[#GID]]]", the mode in octal; ERR_USAGE naming @text. */
int keep_opts_add_path(struct keep_opts *opts, const char *text, struct err *err);
void keep_opts_release(struct keep_opts *opts);

struct keep;

/*
 * A path, pattern or program that the image does not have is ERR_USAGE naming it. @img is borrowed
 * until keep_free(), @rec and @opts only during the call.
 */
int keep_decide(const struct image *img, const struct record *rec, const struct keep_opts *opts,
		struct keep **ret, struct err *err);
void keep_free(struct keep *k);
DEFINE_CLEANUP(struct keep *, keep_free);

/* @e stays too, with the directories above it (KEEP_SHARED). */
void keep_share(struct keep *k, struct image_entry *e);
/*
 * Decides again what depends on all that stays: the package database. keep_decide() has done it;
 * needed when entries were added since.
 */
int keep_settle(struct keep *k, struct err *err);

bool keep_has(const struct keep *k, const struct image_entry *e);
/* Bit set of 1 << enum keep_reason; 0 for a dropped entry. */
uint32_t keep_reasons(const struct keep *k, const struct image_entry *e);
/* Index of the access (record.accesses) that first made it stay, or SIZE_MAX. */
size_t keep_access(const struct keep *k, const struct image_entry *e);

/* Matched @e by an exclude pattern. */
bool keep_is_excluded(const struct keep *k, const struct image_entry *e);

/*
 * Some files of the package database tell of all packages and files, whatever is kept. They stay
 * with what is true of the slim image: ranges of the original's bytes, ascending, none touching the
 * next. NULL: all of the content stays. Only for ENTRY_FILE with one name.
 */
struct keep_range {
	uint64_t start, end;
};
const struct keep_range *keep_cut(const struct keep *k, const struct image_entry *e, size_t *ret_n);
/* Bytes of content that stay of a kept entry. */
uint64_t keep_size(const struct keep *k, const struct image_entry *e);
/* Mode and owner asked for with the path, the same for all names of a file; NULL: as they are. */
const struct keep_perm *keep_perm(const struct keep *k, const struct image_entry *e);

/* What a rule costs. Sole: it alone says so, not counting "parent" and "link". */
struct keep_cost {
	uint64_t entries, bytes;
	uint64_t sole_entries, sole_bytes;
};
/* The rules that were switched off: 1 << enum keep_reason, ORed. */
uint32_t keep_rules_off(const struct keep *k);
void keep_costs(const struct keep *k, struct keep_cost ret[KEEP_REASONS]);

/* Entries are counted with the root, files are regular ones. */
struct keep_totals {
	uint64_t entries, files, bytes; /* kept; bytes: each hard link group once */
	uint64_t entries_all, files_all, bytes_all;
};
void keep_totals(const struct keep *k, struct keep_totals *ret);

#endif
