/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/sha256.h"

#include <openssl/evp.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

struct sha256 {
	EVP_MD_CTX *evp;
};

/* libcrypto's only failures here are out of memory and a build without SHA-256. */
static void must(int ok)
{
	if (!ok)
		abort();
}

struct sha256 *sha256_new(void)
{
	struct sha256 *ctx = xcalloc(1, sizeof(*ctx));

	ctx->evp = EVP_MD_CTX_new();
	must(ctx->evp && EVP_DigestInit_ex(ctx->evp, EVP_sha256(), NULL));
	return ctx;
}

void sha256_free(struct sha256 *ctx)
{
	if (!ctx)
		return;
	EVP_MD_CTX_free(ctx->evp);
	free(ctx);
}

void sha256_update(struct sha256 *ctx, const void *data, size_t len)
{
	must(EVP_DigestUpdate(ctx->evp, data, len));
}

struct digest sha256_final(struct sha256 *ctx)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[32];
	struct digest d = { .str = "sha256:" };
	char *p = d.str + strlen(d.str);

	must(EVP_DigestFinal_ex(ctx->evp, sum, NULL));
	for (size_t i = 0; i < sizeof(sum); i++) {
		*p++ = hex[sum[i] >> 4];
		*p++ = hex[sum[i] & 15];
	}
	*p = '\0';
	return d;
}

struct digest sha256_of(const void *data, size_t len)
{
	_cleanup_(sha256_free) struct sha256 *ctx = sha256_new();

	sha256_update(ctx, data, len);
	return sha256_final(ctx);
}

bool digest_valid(const char *s)
{
	return strlen(s) == DIGEST_LEN && !strncmp(s, "sha256:", 7) &&
	       strspn(s + 7, "0123456789abcdef") == 64;
}

const char *digest_hex(const struct digest *d)
{
	return d->str + 7;
}
