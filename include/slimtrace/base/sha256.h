/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, and digests in the OCI form "sha256:<hex>". */
#ifndef SLIMTRACE_BASE_SHA256_H
#define SLIMTRACE_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/cleanup.h"

#define DIGEST_LEN 71 /* strlen("sha256:") + 64 */

struct digest {
	char str[DIGEST_LEN + 1];
};

struct sha256;
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *ctx);
DEFINE_CLEANUP(struct sha256 *, sha256_free);
void sha256_update(struct sha256 *ctx, const void *data, size_t len);
/* Ends the computation; the context can only be freed afterwards. */
struct digest sha256_final(struct sha256 *ctx);
struct digest sha256_of(const void *data, size_t len);

/* "sha256:" and 64 lower-case hexadecimal digits, nothing else. */
bool digest_valid(const char *s);
/* The 64 digits of a valid digest: borrowed. */
const char *digest_hex(const struct digest *d);

#endif
