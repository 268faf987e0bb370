/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in an image, found out without running it: what each layer does, what is wasted, which
 * packages, shells and interpreters there are, and what somebody who looks after security wants to
 * know of. Reads files of the image through image.h and nothing else.
 *
 *	struct info info;
 *	r = info_gather(img, &opts, &info, &err);
 *	info_text(&info, &view, &text);
 *	info_release(&info);
 */
#ifndef SLIMTRACE_INFO_H
#define SLIMTRACE_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/gate.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/image.h"

enum info_change_kind { INFO_ADDED, INFO_CHANGED, INFO_DELETED };

/* What a layer does to a path; directories are not counted. Entries are borrowed from the image. */
struct info_change {
	struct image_entry *e; /* deleted: as it was */
	enum info_change_kind kind;
	bool same; /* changed, with the same content: in owner, mode, time or attributes */
};

struct info_layer {
	struct digest diff_id;
	const char *created_by; /* borrowed, may be NULL */
	uint64_t size;		/* bytes of file content */
	/* By enum info_change_kind; deleted: of what lies below. A file with several names counts
	 * its bytes once in a layer: added and changed are the layer's size,
	 * but for what it hides itself. */
	uint64_t n[3], bytes[3];
	uint64_t same, same_bytes;   /* of the changed ones */
	struct info_change *changes; /* largest first */
	size_t n_changes, cap_changes;
};

/* Files with the same content that are not hard links of each other, one of each. */
struct info_duplicate {
	uint64_t size; /* of one */
	struct image_entry **entries;
	size_t n;
};

enum info_find {
	INFO_SHELL,
	INFO_INTERPRETER,
	INFO_SETUID,
	INFO_SETGID,
	INFO_CAPABILITY,
	INFO_WORLD_WRITABLE,
	INFO_CERTIFICATE,
	INFO_PRIVATE_KEY,
	INFO_CREDENTIALS,
	INFO_FINDS,
};
struct info_finding {
	struct image_entry *e;
	bool hidden; /* an upper layer has removed or replaced it: it can still be read */
	char *note;  /* NULL: none */
};
struct info_findings {
	struct info_finding *v;
	size_t n, cap;
};

struct info_package {
	const char *manager; /* "dpkg", "apk", "rpm", "pip", "npm", "gem" */
	char *name, *version;
};

struct info_total {
	uint64_t files, bytes;
};

struct info {
	const struct image *img;
	char *name;		   /* as the user named it */
	uint64_t size;		   /* bytes of file content of all layers */
	struct info_layer *layers; /* bottom first */
	size_t n_layers;
	struct info_total overwritten, deleted, duplicated; /* what is wasted */
	bool no_duplicates;				    /* nobody looked for them */
	struct info_duplicate *duplicates;		    /* most wasteful first */
	size_t n_duplicates;
	struct info_findings finds[INFO_FINDS];
	struct info_package *packages; /* by manager, then name */
	size_t n_packages, cap_packages;
	struct strvec unread;  /* package databases that are there and were not read */
	struct strvec secrets; /* "ENV NAME": names alone */
	char *os;	       /* PRETTY_NAME; NULL: it does not tell */
};

struct info_opts {
	bool no_duplicates;	  /* nothing is hashed */
	bool all_certs, all_keys; /* looks into every small file */
};

int info_gather(const struct image *img, const struct info_opts *opts, struct info *ret,
		struct err *err);
void info_release(struct info *info);

const char *info_find_name(enum info_find kind);
/* Bytes that layers have more than once, or that nobody sees. */
uint64_t info_wasted(const struct info *info);
/* Of all bytes in the layers, those that are not wasted, in per cent; 100 for an empty image. */
double info_efficiency(const struct info *info);

/* SHA-256 of a file's content; a large hole counts by its length. */
int info_content_digest(const struct image *img, const struct image_entry *e, struct digest *ret,
			struct err *err);

/* What the image says that it is made of; all NULL when it does not. */
struct info_distro {
	char *name, *version, *pretty; /* each may be NULL */
};
int info_distro_read(const struct image *img, struct info_distro *ret, struct err *err);
void info_distro_release(struct info_distro *distro);

/* Which package each entry of the image is of, as package managers say. */
struct info_owners {
	struct info_package *packages; /* in no order; some may have no file */
	size_t n;
	uint32_t *of; /* by the entry's ID: index + 1; 0: nobody says that it is its own */
};
int info_owners_find(const struct image *img, struct info_owners *ret, struct err *err);
void info_owners_release(struct info_owners *owners);
/* NULL: none, or @owners is NULL. */
const struct info_package *info_owner(const struct info_owners *owners,
				      const struct image_entry *e);

/* How much is shown as text. */
struct info_view {
	unsigned int width;	  /* columns */
	unsigned int changes_max; /* a layer's, largest first */
	unsigned int list_max;	  /* of other lists */
	unsigned int kinds;	  /* 1 << enum info_change_kind, ORed */
	int layer;		  /* only this one; -1: all */
	bool duplicates;	  /* each set, not only the sum */
	bool packages;		  /* each one */
	bool no_special;	  /* no special permissions */
};
void info_text(const struct info *info, const struct info_view *view, struct strbuf *ret);
/* All of it, appended to an object; of lists of changes as much as @view says. */
void info_json(const struct info *info, const struct info_view *view, cJSON *ret);

/* gate_parse() of what can be asked of an image. */
int info_gate_parse(const char *text, struct gates *ret, struct err *err);
/* True when the condition holds; what the metric is goes to @ret ("wasted is 23.4 MB"). */
bool info_gate_holds(const struct info *info, const struct gate *gate, struct strbuf *ret);

#endif
