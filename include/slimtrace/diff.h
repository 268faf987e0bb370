/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is new, gone and changed between two records, profiles or images. Each of them is made into
 * facts, names with a value, of a few kinds; facts are compared. Pure but for reading files of
 * images.
 */
#ifndef SLIMTRACE_DIFF_H
#define SLIMTRACE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/gate.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/image.h"
#include "slimtrace/record.h"

enum diff_document { DIFF_RECORD, DIFF_SECCOMP, DIFF_APPARMOR, DIFF_IMAGE };
/* "record", ... */
const char *diff_document_name(enum diff_document document);

enum fact_kind {
	FACT_FILES,	   /* record: used, and how; image: all, with what they are */
	FACT_PROGRAMS,	   /* that were executed */
	FACT_SYSCALLS,	   /* that the app made; that a profile allows */
	FACT_CAPABILITIES, /* that were asked for, and whether they were granted */
	FACT_NETWORK,	   /* sockets */
	FACT_RULES,	   /* of an AppArmor profile; refusals of a seccomp profile */
	FACT_CONFIGURATION,
	FACT_KINDS,
};
const char *fact_kind_name(enum fact_kind kind);

struct facts;
struct facts *facts_new(enum diff_document document);
void facts_free(struct facts *facts);
DEFINE_CLEANUP(struct facts *, facts_free);
enum diff_document facts_document(const struct facts *facts);

void facts_of_record(struct facts *facts, const struct record *rec);
/* Of what a seccomp profile is (Docker's form or OCI's) in JSON; ERR_USAGE when it is none. */
int facts_of_seccomp(struct facts *facts, const cJSON *profile, struct err *err);
void facts_of_apparmor(struct facts *facts, const char *text, size_t len);
/* @img is borrowed as long as facts are: content is compared where size and layer do not tell. */
void facts_of_image(struct facts *facts, const struct image *img);

enum diff_change { DIFF_NEW, DIFF_GONE, DIFF_CHANGED, DIFF_CHANGES };
struct diff_line {
	enum fact_kind kind;
	enum diff_change change;
	char *name;
	size_t name_len;
	const char *before, *after; /* values, borrowed from the facts; NULL: it was not, is not */
};
struct diff {
	struct diff_line *v; /* by kind, then name */
	size_t n, cap;
	size_t counts[FACT_KINDS][DIFF_CHANGES];
};
/* Of two documents of one kind. Lines are borrowed from both. Fails when a file cannot be read. */
int diff_make(const struct facts *before, const struct facts *after, struct diff *ret,
	      struct err *err);
void diff_release(struct diff *diff);

/* For people, at most @max lines of each kind; 0: all of them. */
void diff_text(const struct diff *diff, size_t max, struct strbuf *ret);
/* The same for programs, all of it, into an object. */
void diff_json(const struct diff *diff, cJSON *ret);

/* What conditions can be about; the last one is "any". */
const struct gate_metric *diff_metrics(size_t *ret_n);
/* "new-syscalls>0", "gone-files>=10", "changed-configuration>0", "any>0" */
int diff_gate_parse(const char *text, struct gates *ret, struct err *err);
/* *@ret: "new-syscalls is 2: mkdir, rmdir" */
bool diff_gate_holds(const struct diff *diff, const struct gate *gate, struct strbuf *ret);

#endif
