/* SPDX-License-Identifier: BSD-2-Clause */
/* URLs of the app that is probed. libcurl parses them. */
#ifndef DRIVE_URL_H
#define DRIVE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/strbuf.h"

/* Appends @resource with what must not stand in a URL percent-encoded; what is encoded stays. */
void url_add_resource(struct strbuf *url, const char *resource);
/* "https://[::1]:8443/path", malloc'ed. */
char *url_make(bool tls, const char *addr, uint16_t port, const char *resource);
/* Whether @url leads to the same scheme, address and port as @base. */
bool url_same_origin(const char *base, const char *url);
/*
 * The resource ("/path?query") that @ref in a page at @base leads to, malloc'ed; NULL when it is
 * not a URL, a place in the same page, leads elsewhere, or is longer than 16 KiB. "localhost" is
 * the same address as @base's.
 */
char *url_resolve(const char *base, const char *ref);

#endif
