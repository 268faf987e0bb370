/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RPM's databases, as far as a list of packages needs them. All is read from memory, and bounded by
 * it: what is broken ends the reading.
 */
#ifndef INFO_RPMDB_H
#define INFO_RPMDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/image.h"

/* Each package's header, as it is in the database. A negative value ends it. */
typedef int rpmdb_fn(const unsigned char *header, size_t len, void *ctx);
/*
 * False: @data is no such database, or is broken before its end (what came before was told).
 * *ret: what @fn ended it with, else 0.
 */
bool sqlite_each_blob(const unsigned char *data, size_t len, const char *table, rpmdb_fn *fn,
		      void *ctx, int *ret);
bool ndb_each_blob(const unsigned char *data, size_t len, rpmdb_fn *fn, void *ctx, int *ret);

/*
 * Each header of the image's databases. Returns 0 or what ended it; @unread (may be NULL) gets the
 * paths of those that could not be read.
 */
int rpmdb_each(const struct image *img, rpmdb_fn *fn, void *ctx, struct strvec *unread,
	       struct err *err);

/* --- a header --- */
enum rpm_tag {
	RPM_NAME = 1000,
	RPM_VERSION = 1001,
	RPM_RELEASE = 1002,
	RPM_EPOCH = 1003,
	RPM_DIR_INDEXES = 1116,
	RPM_BASE_NAMES = 1117,
	RPM_DIR_NAMES = 1118,
};
struct rpm_header {
	const unsigned char *index, *data;
	size_t n, len; /* entries of the index, bytes of the data */
};
bool rpm_header_read(const unsigned char *header, size_t len, struct rpm_header *ret);
const char *rpm_name(const struct rpm_header *h); /* NULL: it has none */
/* "1:2.3-4" */
void rpm_version(const struct rpm_header *h, struct strbuf *ret);
/* Each path that the package has. */
void rpm_each_path(const struct rpm_header *h, void (*fn)(const char *path, void *ctx), void *ctx);

#endif
