/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading with libarchive from a stretch of a file: tar entries, or what a filter unpacks. */
#ifndef IMAGE_TARREAD_H
#define IMAGE_TARREAD_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/err.h"

/* Bytes [start, start + len) of a file, which stays the caller's. */
struct range {
	int fd;
	uint64_t start, len;
	uint64_t pos; /* of the reader, from start */
	char *buf;
};
void range_release(struct range *range);
static inline void range_release_p(struct range *range)
{
	range_release(range);
}
#define _cleanup_range_ __attribute__((cleanup(range_release_p)))

/* Reads like pread(2), all of @len or an error. */
int range_read_full(const struct range *range, void *buf, size_t len, uint64_t offset,
		    struct err *err);

/* Readers over @range, which has to live as long as they do. To be freed as archives. */
int range_open_tar(struct range *range, struct archive **ret, struct err *err);
int range_open_compressed(struct range *range, struct archive **ret, struct err *err);
static inline void archive_free_p(struct archive **a)
{
	archive_read_free(*a);
}
#define _cleanup_archive_ __attribute__((cleanup(archive_free_p)))

/* The next entry of a tar: 1, 0 at the end, or -errno. Borrowed until the next call. */
int tar_next(struct archive *a, struct archive_entry **ret, struct err *err);
/* Names as they are in the tar, bytes of whatever encoding; NULL when there is none. */
const char *tar_name(struct archive_entry *entry);
const char *tar_hardlink(struct archive_entry *entry);
const char *tar_symlink(struct archive_entry *entry);

/*
 * Where the content begins of the entry whose first header, pax and GNU extensions included, is at
 * @header. *ret_plain tells whether it lies there as it is; a sparse one does not.
 */
int tar_content_start(const struct range *range, uint64_t header, uint64_t *ret, bool *ret_plain,
		      struct err *err);

/* Permission bits as that entry's own header has them; libarchive may tell those of an ACL. */
int tar_header_mode(const struct range *range, uint64_t header, uint32_t *ret, struct err *err);

/* The content of one entry, block by block. */
struct tar_stream;
int tar_stream_open(const struct range *range, uint64_t header, struct tar_stream **ret,
		    struct err *err);
/* As image_file_block(). */
int tar_stream_next(struct tar_stream *s, const void **ret_data, size_t *ret_len,
		    uint64_t *ret_offset, struct err *err);
void tar_stream_free(struct tar_stream *s);

#endif
