/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RPM's own database, Packages.db (rpm, lib/backend/ndb/rpmpkg.c): pages of slots, each of which
 * says where a package's header is. All numbers are little-endian.
 */
#include <endian.h>
#include <string.h>

#include "info/rpmdb.h"

#define MAGIC 0x506d7052u /* "RpmP" */
#define SLOT 0x746f6c53u  /* "Slot" */
#define BLOB 0x53626c42u  /* "BlbS" */
#define PAGE 4096u
#define UNIT 16u /* of slots, blob heads and offsets */
#define HEAD 32u

static uint32_t le32(const unsigned char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return le32toh(n);
}

/* The header that a slot tells of; false: it is not there. */
static bool find_blob(const unsigned char *data, size_t len, const unsigned char *slot,
		      const unsigned char **ret, size_t *ret_len)
{
	uint64_t at = (uint64_t)le32(slot + 8) * UNIT;
	const unsigned char *head = data + at;

	if (at + UNIT > len || le32(head) != BLOB || le32(head + 4) != le32(slot + 4))
		return false;
	*ret = head + UNIT;
	*ret_len = le32(head + 12);
	return *ret_len <= len - at - UNIT;
}

bool ndb_each_blob(const unsigned char *data, size_t len, rpmdb_fn *fn, void *ctx, int *ret)
{
	uint64_t end, left = len; /* no two slots have the same header */

	*ret = 0;
	if (len < HEAD || le32(data) != MAGIC)
		return false;
	end = (uint64_t)le32(data + 12) * PAGE;
	for (uint64_t at = HEAD; at < end && !*ret; at += UNIT) {
		const unsigned char *slot = data + at, *blob;
		size_t blob_len;

		if (at + UNIT > len || le32(slot) != SLOT)
			return false;
		if (!le32(slot + 8)) /* free */
			continue;
		if (!find_blob(data, len, slot, &blob, &blob_len) || blob_len > left)
			return false;
		left -= blob_len;
		*ret = fn(blob, blob_len, ctx);
	}
	return true;
}
