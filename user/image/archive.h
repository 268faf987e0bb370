/* SPDX-License-Identifier: BSD-2-Clause */
/* An image archive as a set of members, of which some are the image's parts. */
#ifndef IMAGE_ARCHIVE_H
#define IMAGE_ARCHIVE_H

#include "image/tarread.h"
#include "image/tree.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"

/* A member of the outer archive: its content lies there as it is. Or a file of a layout. */
struct member {
	uint64_t start, len;
	char *link; /* the member that it is another name of; NULL for a file */
	char *file; /* in the layout's directory; NULL: it is in the archive */
};
/* All members by normalized path, to be freed with strmap_free_with(…, member_free). */
int members_list(int fd, struct strmap *ret, struct err *err);
void member_free(void *member);
/*
 * Where @m lies: in @fd, the archive, or in a file of @fd, the layout's directory, which is opened
 * then: *ret_own is its descriptor, else -1.
 */
int member_range(int fd, const struct member *m, struct range *ret, int *ret_own, struct err *err);
/* The files of an OCI layout that there can be use of. */
int layout_list(int dirfd, struct strmap *ret, struct err *err);
/* The whole of a small member, appended to @ret. */
int member_read(int fd, const struct member *m, size_t max, struct strbuf *ret, struct err *err);

/* manifest.c: which members are the image. Layers bottom first. */
struct manifest {
	const struct member *config;
	struct digest config_digest; /* as the manifest tells it; empty when it does not */
	const struct member **layers;
	size_t n_layers;
	char *name; /* what the image is called; NULL: not told */
};
int manifest_find(int fd, const struct strmap *members, const struct image_choice *choice,
		  struct manifest *ret, struct err *err);
/* The same by index.json, whatever else there is. */
int manifest_find_oci(int fd, const struct strmap *members, const struct image_choice *choice,
		      struct manifest *ret, struct err *err);
void manifest_release(struct manifest *m);

/* unpack.c: true when @range begins like something compressed. */
bool layer_is_compressed(const struct range *range);
/*
 * Appends what @range unpacks to to @out, which becomes the range's file. Returns its digest.
 */
int layer_unpack(struct range *range, int out, struct digest *ret, struct err *err);
/* The digest of what is there. */
int layer_digest(const struct range *range, struct digest *ret, struct err *err);

/* archive.c: the content of @e, which is in the tar @layer. */
int layer_content_open(const struct range *layer, const struct image_entry *e,
		       struct image_file *file, struct err *err);

/* layertar.c: applies the tar of layer @layer, which is img->ranges[layer], to the tree. */
int layer_apply_tar(struct image *img, uint32_t layer, struct err *err);
/*
 * The same of files that were put into a tar from elsewhere, the @note-th range of img->added: its
 * names are below @dir, whiteouts have no meaning, and what @only does not have is passed over.
 */
int layer_apply_files(struct image *img, uint32_t layer, uint32_t note, const char *dir,
		      const struct strmap *only, struct err *err);

/* An entry's note of where its first header is: the layer, and the offset in its tar. */
#define SOURCE_OFFSET_BITS 48
static inline uint64_t source_note(uint32_t layer, uint64_t offset)
{
	return (uint64_t)layer << SOURCE_OFFSET_BITS | offset;
}
static inline uint32_t source_layer(uint64_t note)
{
	return (uint32_t)(note >> SOURCE_OFFSET_BITS);
}
static inline uint64_t source_offset(uint64_t note)
{
	return note & ((1ull << SOURCE_OFFSET_BITS) - 1);
}

#endif
