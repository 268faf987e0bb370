/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

#define BLOCK (256 * 1024) /* what is written and hashed at a time */
#define ZEROS ((size_t)256 * 1024)

struct tar {
	struct archive *archive;
	struct archive_entry *entry; /* the one in the making, reused */
	struct sha256 *hash;	     /* or NULL */
	uint64_t size;
	int fd;
};

static int failed(struct tar *t, struct err *err, const char *what)
{
	int code = archive_errno(t->archive);
	const char *why = archive_error_string(t->archive);

	code = code > 0 ? code : EIO;
	err_class_set(err, ERR_FAILURE, code, "cannot write %s to the archive: %s", what,
		      why ? why : strerror(code));
	return -code;
}

static la_ssize_t write_block(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct tar *t = ctx;
	int r = io_write_full(t->fd, data, len);

	if (r < 0) {
		archive_set_error(a, -r, "%s", strerror(-r));
		return -1;
	}
	if (t->hash)
		sha256_update(t->hash, data, len);
	t->size += len;
	return (la_ssize_t)len;
}

/*
 * Full pax, for "restricted" drops fractions of seconds. No byte follows the end of the archive.
 * Our process never calls setlocale(), so every name that is not ASCII is marked BINARY and kept
 * as it is, whatever the user's locale.
 */
static int setup(struct tar *t)
{
	struct archive *a = t->archive;

	if (archive_write_set_format_pax(a) != ARCHIVE_OK ||
	    archive_write_set_format_option(a, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK ||
	    archive_write_add_filter_none(a) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, BLOCK) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK)
		return -1;
	return archive_write_open(a, t, NULL, write_block, NULL) == ARCHIVE_OK ? 0 : -1;
}

int tar_new(int fd, bool hash, struct tar **ret, struct err *err)
{
	_cleanup_(tar_free) struct tar *t = xcalloc(1, sizeof(*t));

	t->fd = fd;
	t->hash = hash ? sha256_new() : NULL;
	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	if (!t->archive || !t->entry)
		return err_set(err, ENOMEM, "cannot write an archive");
	if (setup(t) < 0)
		return failed(t, err, "anything");
	*ret = TAKE_PTR(t);
	return 0;
}

void tar_free(struct tar *t)
{
	if (!t)
		return;
	archive_entry_free(t->entry);
	archive_write_free(t->archive);
	sha256_free(t->hash);
	free(t);
}

/* A pax key ends at '='; libarchive writes the others here in a way of its own (%XX). */
bool tar_xattr_ok(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (*name <= 32 || *name >= 127 || *name == '=' || *name == '%')
			return false;
	return true;
}

/*
 * Pax says "-1.5" of one and a half seconds before 1970, where time_t has -2 and half a second;
 * libarchive puts the two numbers beside each other as they are. It has no way to say "-0.5".
 */
static void set_time(struct archive_entry *ae, const struct tar_entry *e)
{
	if (e->mtime >= 0 || !e->mtime_nsec)
		archive_entry_set_mtime(ae, e->mtime, (long)e->mtime_nsec);
	else if (e->mtime < -1)
		archive_entry_set_mtime(ae, e->mtime + 1, 1000000000L - (long)e->mtime_nsec);
	else
		archive_entry_set_mtime(ae, e->mtime, 0);
}

static void set_content(struct archive_entry *ae, const struct tar_entry *e)
{
	if (e->hardlink) {
		archive_entry_set_hardlink(ae, e->hardlink);
	} else if (S_ISLNK(e->mode)) {
		archive_entry_set_symlink(ae, e->symlink);
	} else if (S_ISREG(e->mode)) {
		archive_entry_set_size(ae, (la_int64_t)e->size);
	} else if (S_ISCHR(e->mode) || S_ISBLK(e->mode)) {
		archive_entry_set_rdevmajor(ae, e->rdev_major);
		archive_entry_set_rdevminor(ae, e->rdev_minor);
	}
}

int tar_header(struct tar *t, const struct tar_entry *e, struct err *err)
{
	struct archive_entry *ae = archive_entry_clear(t->entry);

	if (e->size > INT64_MAX) {
		err_set(err, EFBIG, "cannot write '%s' to the archive", e->name);
		return -EFBIG;
	}
	archive_entry_set_pathname(ae, e->name);
	archive_entry_set_mode(ae, e->hardlink ? S_IFREG | (e->mode & 07777) : e->mode);
	archive_entry_set_uid(ae, e->uid);
	archive_entry_set_gid(ae, e->gid);
	set_time(ae, e);
	set_content(ae, e);
	for (size_t i = 0; i < e->n_xattrs; i++)
		archive_entry_xattr_add_entry(ae, e->xattrs[i].name, e->xattrs[i].value,
					      e->xattrs[i].len);
	/* The warning is that a name which is not ASCII was not translated: as it should be. */
	if (archive_write_header(t->archive, ae) < ARCHIVE_WARN)
		return failed(t, err, e->name);
	return 0;
}

int tar_data(struct tar *t, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len) {
		la_ssize_t n = archive_write_data(t->archive, p, len);

		if (n <= 0) /* 0: more than the header said */
			return failed(t, err, "a file");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int tar_zeros(struct tar *t, uint64_t len, struct err *err)
{
	static const char zeros[ZEROS];
	int r = 0;

	for (; !r && len; len -= len < ZEROS ? len : ZEROS)
		r = tar_data(t, zeros, len < ZEROS ? (size_t)len : ZEROS, err);
	return r;
}

int tar_file(struct tar *t, const char *name, const void *data, size_t len, struct err *err)
{
	struct tar_entry e = { .name = name, .mode = S_IFREG | 0644, .size = len };
	int r = tar_header(t, &e, err);

	return r < 0 ? r : tar_data(t, data, len, err);
}

int tar_finish(struct tar *t, struct digest *ret, uint64_t *ret_size, struct err *err)
{
	if (archive_write_close(t->archive) != ARCHIVE_OK)
		return failed(t, err, "the end");
	if (ret)
		*ret = sha256_final(t->hash);
	if (ret_size)
		*ret_size = t->size;
	return 0;
}

int tar_finish_open(struct tar *t, struct err *err)
{
	/* libarchive ends an archive with two blocks of zeros: the next one begins over them. */
	int r = tar_finish(t, NULL, NULL, err);

	if (!r && lseek(t->fd, -2 * TAR_BLOCK, SEEK_CUR) < 0)
		r = err_set(err, errno, "cannot write the archive");
	return r;
}

/* POSIX ustar (pax(1), "ustar Interchange Format"); large sizes big-endian, as GNU tar has them. */
static void make_header(const char *name, uint64_t size, unsigned char block[TAR_BLOCK + 1])
{
	char *text = (char *)block;
	unsigned int sum = 0;

	memset(block, 0, TAR_BLOCK + 1);
	snprintf(text, 100, "%s", name);
	snprintf(text + 100, 8, "%07o", 0644u);
	snprintf(text + 108, 8, "%07o", 0u);
	snprintf(text + 116, 8, "%07o", 0u);
	if (size < 1ull << 33) {
		snprintf(text + 124, 12, "%011llo", (unsigned long long)size);
	} else {
		block[124] = 0x80;
		for (unsigned int i = 0; i < 8; i++)
			block[135 - i] = (unsigned char)(size >> 8 * i);
	}
	snprintf(text + 136, 12, "%011o", 0u);
	memset(block + 148, ' ', 8);
	block[156] = '0';
	snprintf(text + 257, 9, "ustar%c00", 0);
	for (unsigned int i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf(text + 148, 8, "%06o", sum);
}

int tar_pwrite_header(int fd, off_t offset, const char *name, uint64_t size, struct err *err)
{
	unsigned char block[TAR_BLOCK + 1];
	ssize_t n;

	make_header(name, size, block);
	n = pwrite(fd, block, TAR_BLOCK, offset);
	if (n != TAR_BLOCK)
		return err_set(err, n < 0 ? errno : EIO, "cannot write '%s' to the archive", name);
	return 0;
}
