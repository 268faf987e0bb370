/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/sha1.h"

#include <openssl/evp.h>

#include "slimtrace/base/alloc.h"

struct sha1 {
	EVP_MD_CTX *evp;
};

/* libcrypto's only failures here are out of memory and a build without SHA-1. */
static void must(int ok)
{
	if (!ok)
		abort();
}

struct sha1 *sha1_new(void)
{
	struct sha1 *ctx = xcalloc(1, sizeof(*ctx));

	ctx->evp = EVP_MD_CTX_new();
	must(ctx->evp && EVP_DigestInit_ex(ctx->evp, EVP_sha1(), NULL));
	return ctx;
}

void sha1_free(struct sha1 *ctx)
{
	if (!ctx)
		return;
	EVP_MD_CTX_free(ctx->evp);
	free(ctx);
}

void sha1_update(struct sha1 *ctx, const void *data, size_t len)
{
	must(EVP_DigestUpdate(ctx->evp, data, len));
}

void sha1_final(struct sha1 *ctx, char ret[SHA1_HEX + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[SHA1_HEX / 2];

	must(EVP_DigestFinal_ex(ctx->evp, sum, NULL));
	for (size_t i = 0; i < sizeof(sum); i++) {
		ret[2 * i] = hex[sum[i] >> 4];
		ret[2 * i + 1] = hex[sum[i] & 15];
	}
	ret[SHA1_HEX] = '\0';
}
