/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tar stream into a file, its SHA-256 computed on the way if asked for. Pax where ustar does not
 * do: long or non-ASCII names, large numbers, fractions of seconds, extended attributes
 * (SCHILY.xattr.*, as the engines read and write them). Nothing of this host gets into it.
 */
#ifndef SLIMTRACE_SLIM_TAR_H
#define SLIMTRACE_SLIM_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/image.h"

struct tar;

#define TAR_BLOCK 512

struct tar_entry {
	const char *name; /* no leading slash; a directory gets its trailing one */
	uint32_t mode;	  /* with the type: S_IFREG, ... */
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	uint64_t size;	      /* of a regular file */
	const char *symlink;  /* its target, or NULL */
	const char *hardlink; /* name of an earlier entry, or NULL */
	uint32_t rdev_major, rdev_minor;
	const struct entry_xattr *xattrs;
	size_t n_xattrs;
};

/* @fd is borrowed, and written at its position. @hash: tar_finish() is to tell the digest. */
int tar_new(int fd, bool hash, struct tar **ret, struct err *err);
void tar_free(struct tar *t);
DEFINE_CLEANUP(struct tar *, tar_free);

/* Whether pax can say this name of an extended attribute. */
bool tar_xattr_ok(const char *name);

int tar_header(struct tar *t, const struct tar_entry *e, struct err *err);
/* The file's bytes after its header: @size in total. */
int tar_data(struct tar *t, const void *data, size_t len, struct err *err);
int tar_zeros(struct tar *t, uint64_t len, struct err *err);
/* A whole regular file, root's, 0644, of time 0. */
int tar_file(struct tar *t, const char *name, const void *data, size_t len, struct err *err);
/* Ends the stream. @ret: its digest, NULL when none was asked for. */
int tar_finish(struct tar *t, struct digest *ret, uint64_t *ret_size, struct err *err);
/* Writes all that is there, without the end of the archive: another tar follows. */
int tar_finish_open(struct tar *t, struct err *err);
/*
 * The header of a regular file as tar_file() has it, into the block of @fd at @offset. @name fits
 * ustar; a @size that does not is written as GNU tar does.
 */
int tar_pwrite_header(int fd, off_t offset, const char *name, uint64_t size, struct err *err);

#endif
