/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: whole reads with a bound, whole writes, atomic replacement, directories. */
#ifndef SLIMTRACE_BASE_IO_H
#define SLIMTRACE_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"

/* Reads until @len bytes or the end of file. Returns the bytes read, or -errno. */
ssize_t io_read_full(int fd, void *buf, size_t len);
/* Writes all of it. Returns 0 or -errno. */
int io_write_full(int fd, const void *buf, size_t len);
/* Appends all that @fd has to @ret; -EFBIG when there are more than @max bytes. */
int io_read_fd(int fd, size_t max, struct strbuf *ret, struct err *err);
/* As io_read_fd() for the regular file at @dirfd, @path (AT_FDCWD allowed). */
int io_read_file(int dirfd, const char *path, size_t max, struct strbuf *ret, struct err *err);
/*
 * Writes @name under @dirfd: a temporary file in the same directory, fsync, rename. Readers see
 * the old content or the new, never a part. Permissions are exactly @mode.
 */
int io_write_atomic(int dirfd, const char *name, mode_t mode, const void *data, size_t len,
		    struct err *err);
/* The same for a path that a user gave. */
int io_write_path(const char *path, mode_t mode, const void *data, size_t len, struct err *err);
/* mkdir -p with @mode for directories that it makes. */
int io_mkdir_p(const char *path, mode_t mode, struct err *err);
/* Removes what is at @dirfd, @name with all below it; never follows a link; absent is fine. */
int io_remove_tree(int dirfd, const char *name, struct err *err);
/* A private directory (0700) "<TMPDIR or /var/tmp>/slimtrace-XXXXXX"; the path is malloc'ed. */
int io_mkdtemp(char **ret_path, struct err *err);
/* As above with another word than "slimtrace". */
int io_mkdtemp_as(const char *prefix, char **ret_path, struct err *err);
/*
 * An open file (read and write) in @dir that has no name; also where the file system cannot make
 * one so. Returns the descriptor.
 */
int io_open_unlinked(const char *dir, struct err *err);
/* Where these are made: TMPDIR when it is an absolute path, else /var/tmp, else /tmp. */
const char *io_tmpdir(void);
/* After one could not be written: when there was no room, says where it was and how to move it. */
void io_hint_tmpdir(struct err *err);

#endif
