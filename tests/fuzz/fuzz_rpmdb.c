/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as RPM's database: SQLite's, or RPM's own, and the headers in it. */
#include <stdlib.h>
#include <string.h>

#include "info/rpmdb.h"
#include "slimtrace/base/alloc.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void count_path(const char *path, void *ctx)
{
	*(size_t *)ctx += strlen(path);
}

static int take(const unsigned char *header, size_t len, void *ctx)
{
	_cleanup_strbuf_ struct strbuf version = STRBUF_INIT;
	struct rpm_header h;
	const char *name;
	size_t n = 0;

	if (!rpm_header_read(header, len, &h))
		return 0;
	name = rpm_name(&h);
	rpm_version(&h, &version);
	rpm_each_path(&h, count_path, &n);
	*(size_t *)ctx += n + version.len + (name ? strlen(name) : 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	unsigned char *copy = xmemdup(data, size); /* of just its size, for the sanitizer */
	size_t seen = 0;
	int ret;

	sqlite_each_blob(copy, size, "Packages", take, &seen, &ret);
	ndb_each_blob(copy, size, take, &seen, &ret);
	take(copy, size, &seen);
	free(copy);
	return 0;
}
