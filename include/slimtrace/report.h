/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run came to: for the terminal (a summary that fits 80x24) and for files (creport.json).
 * Pure: everything is in the arguments.
 */
#ifndef SLIMTRACE_REPORT_H
#define SLIMTRACE_REPORT_H

#include <stdint.h>

#include "slimtrace/base/json.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/drive.h"
#include "slimtrace/image.h"
#include "slimtrace/info.h"
#include "slimtrace/keep.h"
#include "slimtrace/profile.h"
#include "slimtrace/record.h"

/* Seconds that each phase of a run took. */
struct report_times {
	double prepare, observe, decide, pack, load, total;
};

/* What drove the app besides HTTP probes. */
struct report_commands {
	size_t n, failed; /* failed: not started; on the host also an exit status other than 0 */
	size_t nonzero;	  /* exit statuses other than 0, and those that were not started */
};
enum report_health { HEALTH_NONE, HEALTH_OK, HEALTH_FAILED }; /* of the image's health check */

struct report_layer {
	struct digest diff_id;
	uint64_t bytes; /* of the fat image: of its content, 0 when not known; slim: of the tar */
};

/* Moments of the run, CLOCK_BOOTTIME in nanoseconds; 0: it did not come to that. */
struct report_marks {
	uint64_t ready_ns;   /* the app listened where it was waited for */
	uint64_t serving_ns; /* the first call was answered */
	uint64_t end_ns;     /* of the observation: record.duration_ns counts to here */
};

/* A file among the artifacts that the page has in it too. */
struct report_document {
	char *name, *text;
};

/*
 * Which accesses of the record used which entry of the image. Of an entry: access[start[id]] up to
 * access[start[id + 1]], in order of time. All zero: none are known.
 */
struct report_uses {
	uint32_t *start, *access;
	size_t n; /* entries */
};

#define REPORT_TOP 3
struct report_top {
	char *path;	/* of a directory; NULL: there are no more */
	uint64_t bytes; /* of what is dropped there and below */
	bool beside;	/* not below: the files beside its directories alone */
};

/* A directory of web content below which some was neither asked for nor stays. */
struct report_unasked {
	char *path;
	uint64_t files, bytes;
};

struct report {
	char *image; /* as the user named it */
	char *image_id;
	char *slim_image; /* first tag; NULL when none was made */
	char *slim_id;
	char *artifacts;		/* directory; NULL when none were kept */
	uint64_t fat_bytes, slim_bytes; /* file content in the merged trees */
	uint64_t fat_files, slim_files; /* regular files */
	struct keep_totals totals;
	struct report_top top[REPORT_TOP]; /* where most is dropped */
	struct report_unasked *unasked;	   /* most bytes first */
	size_t n_unasked;
	uint64_t accesses, programs, syscalls; /* distinct */
	struct record_loss loss;
	struct probe_report probes;
	struct report_commands execs, host_execs;
	enum report_health health;
	int exit_status;	    /* of the container's first process; -1: we stopped it */
	struct profile_calls calls; /* that the seccomp profile allows; none: there is no profile */
	char *seccomp, *apparmor;   /* their files, in artifacts */
	struct report_layer *fat_layers, *layers; /* bottom first */
	size_t n_fat_layers, n_layers;
	struct strvec warnings;
	struct report_times times;
	struct report_marks marks;
	struct report_document *documents;
	size_t n_documents;
	struct info_owners owners; /* which package a file is of */
	struct info_distro distro; /* that the image is made of */
	struct report_uses uses;   /* report_uses_find() */
	struct strmap *holders;	   /* report_holders_find(); inode -> entry; NULL: not known */
	cJSON *checks;		   /* array: what conditions came to; NULL: there were none */
	size_t failed_checks;
};
void report_release(struct report *report);
/* What an engine says that the fat image is large: its layers, with what in them cannot be seen. */
uint64_t report_layer_bytes(const struct report *report);
/* Copies both. */
void report_add_document(struct report *report, const char *name, const char *text);

/* The closing summary, for stdout: plain text, no escapes. */
void report_summary(const struct report *report, struct strbuf *ret);

/* What several slim images take together on a disk that stores a layer once. */
void report_set_summary(const struct report *reports, size_t n, struct strbuf *ret);

/*
 * The same for programs (--output-format json): one JSON document, with the keys that creport.json
 * has below "slimtrace", and how it ended. @err: NULL when all went well. @report: NULL when it was
 * not even tried.
 */
void report_result(const struct report *report, const struct err *err, int exit_status,
		   struct strbuf *ret);

/* Where a long text goes, piece by piece. Returns 0, or -errno, which ends it. */
struct report_sink {
	int (*write)(const void *data, size_t len, void *ctx, struct err *err);
	void *ctx;
};

/* Fills report->uses; the documents below tell what is in it. */
void report_uses_find(struct report *report, const struct image *img, const struct keep *keep,
		      const struct record *rec);

/* Fills report->holders: of a file with several names the one that has its bytes in all sums. */
void report_holders_find(struct report *report, const struct image *img, const struct keep *keep);

/*
 * creport.json: docker-slim's container report with its keys where they exist (as mint 1.41
 * reads them), and ours below "slimtrace". @img, @keep and @rec as of this run. Returns 0, or
 * what @sink did.
 */
int report_creport(const struct report *report, const struct image *img, const struct keep *keep,
		   const struct record *rec, const struct report_sink *sink, struct err *err);

/*
 * report.html: the same for people, one file that needs nothing else. Returns 0, or what @sink did.
 */
int report_html(const struct report *report, const struct image *img, const struct keep *keep,
		const struct record *rec, const struct report_sink *sink, struct err *err);

/*
 * A line of files.jsonl: a JSON object for an entry of the image, which says whether it stays, if
 * so with all its reasons, and who used it, when and how; of what stays and was not used itself,
 * which access it stays because of. Appended to @ret.
 */
void report_entry(const struct report *report, const struct image_entry *e, const struct keep *keep,
		  const struct record *rec, struct strbuf *ret);
/* The same for people; @line is such an object, @diff_id of its layer (NULL: not known). */
void report_why(const cJSON *line, const char *diff_id, struct strbuf *ret);

/* Finds where most is dropped. */
void report_top_dropped(struct report *report, const struct image *img, const struct keep *keep);
/* Fills report->unasked, when the run served anything; what the user excluded does not count. */
void report_unasked_find(struct report *report, const struct image *img, const struct keep *keep,
			 const struct record *rec);

/* An image that another one was built from. */
struct dockerfile_parent {
	const char *name;    /* as FROM takes it */
	size_t n_history;    /* entries at the history's beginning that are its own */
	const cJSON *config; /* its own, as an engine tells it */
};
/*
 * Dockerfile.fat: the Dockerfile that the image with this configuration could have been made from.
 * Built again without its RUN, COPY and ADD it gives the same configuration. @parent: NULL when it
 * is not known. Appended to @ret; fails only on what is no JSON.
 */
int report_dockerfile(const char *config, size_t len, const struct dockerfile_parent *parent,
		      struct strbuf *ret, struct err *err);
/*
 * How many entries, at least one and not all, the history of @config has in common with the whole
 * of
 * @created_by (oldest first); 0 when that one does not begin it.
 */
size_t report_history_prefix(const struct image_config *config, const struct strvec *created_by);

#endif
