/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of a URL (RFC 3986), percent-encoded. */
#ifndef SLIMTRACE_BASE_URL_H
#define SLIMTRACE_BASE_URL_H

#include "slimtrace/base/strbuf.h"

/* One segment of a path, or a query's value: all but unreserved characters are encoded. */
void url_add(struct strbuf *url, const char *s);
/* An image reference in a path: "/", ":" and "@" stay as they are. */
void url_add_ref(struct strbuf *url, const char *ref);

#endif
