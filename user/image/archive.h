/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image archive as a set of members that can be read at random, and a layer's tar as a stream
 * of entries. The only files that know libarchive here are archive.c and layertar.c.
 */
#ifndef IMAGE_ARCHIVE_H
#define IMAGE_ARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "image/tree.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"

/* Bytes [start, start + len) of a file. */
struct range {
	int fd;
	uint64_t start, len, pos;
	char *buf;
};

/* A tar reader over @range, which it uses until archive_read_free(). */
int range_open_tar(struct range *range, struct archive **ret, struct err *err);
void range_release(struct range *range);

/* A member of the outer archive. */
struct member {
	uint64_t start, len;
	char *link; /* symlink target, NULL for a file */
};
void member_free(void *member);

/* manifest.c: configuration and layers of the image, by member. Layers bottom first. */
struct manifest {
	const struct member *config;
	const struct member **layers;
	size_t n_layers;
};
int manifest_find(int fd, const struct strmap *members, const char *arch, struct manifest *ret,
		  struct err *err);
void manifest_release(struct manifest *m);
/* The whole of a small member, appended to @ret. */
int member_read(int fd, const struct member *m, size_t max, struct strbuf *ret, struct err *err);

/* layertar.c: applies one layer's tar to the tree. */
int layer_apply_tar(struct image *img, uint32_t layer, struct range *range, struct err *err);

#endif
