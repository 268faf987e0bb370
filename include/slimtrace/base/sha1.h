/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-1 (FIPS 180-4) by OpenSSL's libcrypto: for a document that has it, never to trust something.
 */
#ifndef SLIMTRACE_BASE_SHA1_H
#define SLIMTRACE_BASE_SHA1_H

#include <stddef.h>

#include "slimtrace/base/cleanup.h"

#define SHA1_HEX 40

struct sha1;
struct sha1 *sha1_new(void);
void sha1_free(struct sha1 *ctx);
DEFINE_CLEANUP(struct sha1 *, sha1_free);
void sha1_update(struct sha1 *ctx, const void *data, size_t len);
/* Ends the computation, in hexadecimal; the context can only be freed afterwards. */
void sha1_final(struct sha1 *ctx, char ret[SHA1_HEX + 1]);

#endif
