/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 1952, with zlib. */
#ifndef REGISTRY_GZIP_H
#define REGISTRY_GZIP_H

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"

/* The same bytes for the same data: no time and no name in them. */
void gzip_pack(const struct strbuf *data, struct strbuf *ret);
/* -EFBIG when it becomes more than @max bytes, -EBADMSG when it is not gzip's or not all of it. */
int gzip_unpack(const struct strbuf *data, size_t max, struct strbuf *ret, struct err *err);

#endif
