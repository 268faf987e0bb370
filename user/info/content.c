/* SPDX-License-Identifier: BSD-2-Clause */
/* Content compared by digest: a block at a time, whatever the file's size. */
#include <stdio.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/cancel.h"

#define ZEROS (64u << 10)
#define MAX_HOLE (16u << 20) /* beyond it a hole is told by its length: it may be an exabyte */

static void add_hole(struct sha256 *sha, uint64_t len)
{
	static const char zeros[ZEROS];
	char text[40];

	if (len > MAX_HOLE) {
		snprintf(text, sizeof(text), "hole of %llu bytes", (unsigned long long)len);
		sha256_update(sha, text, strlen(text));
		return;
	}
	for (; len; len -= len < ZEROS ? len : ZEROS)
		sha256_update(sha, zeros, len < ZEROS ? (size_t)len : ZEROS);
}

int info_content_digest(const struct image *img, const struct image_entry *e, struct digest *ret,
			struct err *err)
{
	_cleanup_(sha256_free) struct sha256 *sha = sha256_new();
	_cleanup_(image_file_close) struct image_file *f = NULL;
	uint64_t pos = 0, offset;
	const void *data;
	size_t len;
	int r = image_file_open(img, e, &f, err);

	while (!r && (r = image_file_block(f, &data, &len, &offset, err)) == 1) {
		add_hole(sha, offset - pos);
		sha256_update(sha, data, len);
		pos = offset + len;
		r = cancel_check(err);
	}
	if (r < 0)
		return r;
	add_hole(sha, e->size - pos);
	*ret = sha256_final(sha);
	return 0;
}
