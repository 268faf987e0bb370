/* SPDX-License-Identifier: BSD-2-Clause */
/* A layer's blob: compressed or not, and whether it is the layer that the configuration names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/archive.h"
#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/io.h"

#define BLOCK (256u << 10)

bool layer_is_compressed(const struct range *range)
{
	static const struct {
		const char *bytes;
		size_t len;
	} magics[] = {
		{ "\x1f\x8b", 2 },		   /* gzip, RFC 1952 */
		{ "\x28\xb5\x2f\xfd", 4 },	   /* zstd, RFC 8878 */
		{ "BZh", 3 },			   /* bzip2 */
		{ "\xfd\x37\x7a\x58\x5a\x00", 6 }, /* xz */
	};
	struct err ignored = ERR_INIT;
	char head[6];

	if (range_read_full(range, head, sizeof(head), 0, &ignored) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (!memcmp(head, magics[i].bytes, magics[i].len))
			return true;
	return false;
}

static int unpack_copy(struct archive *a, int out, struct sha256 *sha, uint64_t max,
		       uint64_t *ret_len, struct err *err)
{
	const void *data;
	la_int64_t offset;
	size_t len;
	int code, r = 0;

	*ret_len = 0;
	while (!r && (code = archive_read_data_block(a, &data, &len, &offset)) != ARCHIVE_EOF) {
		if (code != ARCHIVE_OK)
			return err_class_set(err, ERR_IMAGE, EBADMSG, "it is damaged: %s",
					     archive_error_string(a));
		*ret_len += len;
		if (*ret_len > max)
			return err_class_set(err, ERR_IMAGE, EFBIG, "it is too large unpacked");
		sha256_update(sha, data, len);
		r = io_write_full(out, data, len);
		if (r < 0)
			return err_set(err, -r, "cannot write what is unpacked");
		r = cancel_check(err);
	}
	return r;
}

int layer_unpack(struct range *range, int out, struct digest *ret, struct err *err)
{
	_cleanup_(sha256_free) struct sha256 *sha = sha256_new();
	_cleanup_range_ struct range packed = *range;
	_cleanup_archive_ struct archive *a = NULL;
	off_t start = lseek(out, 0, SEEK_END);
	struct archive_entry *entry;
	uint64_t len = 0;
	int r;

	if (start < 0)
		return err_set(err, errno, "cannot write what is unpacked");
	r = range_open_compressed(&packed, &a, err);
	if (r < 0)
		return r;
	if (archive_read_next_header(a, &entry) == ARCHIVE_OK)
		r = unpack_copy(a, out, sha, IMAGE_MAX_UNPACKED - (uint64_t)start, &len, err);
	else
		r = err_class_set(err, ERR_IMAGE, EBADMSG, "it is damaged: %s",
				  archive_error_string(a));
	if (r < 0)
		return r;
	*range = (struct range){ .fd = out, .start = (uint64_t)start, .len = len };
	*ret = sha256_final(sha);
	return 0;
}

int layer_digest(const struct range *range, struct digest *ret, struct err *err)
{
	_cleanup_(sha256_free) struct sha256 *sha = sha256_new();
	_cleanup_free_ char *buf = xmalloc(BLOCK);
	int r = 0;

	for (uint64_t pos = 0; !r && pos < range->len;) {
		uint64_t left = range->len - pos;
		size_t len = left < BLOCK ? (size_t)left : BLOCK;

		r = range_read_full(range, buf, len, pos, err);
		if (!r)
			sha256_update(sha, buf, len);
		if (!r)
			r = cancel_check(err);
		pos += len;
	}
	if (!r)
		*ret = sha256_final(sha);
	return r;
}
