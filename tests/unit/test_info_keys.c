/* SPDX-License-Identifier: BSD-2-Clause */
/* What info takes things for: keys by their bytes, secrets by their names, capabilities in words.
 */
#include <endian.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "info/info.h"
#include "slimtrace/base/alloc.h"

#define OID_PKCS5 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
#define OID_RSA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

struct sample {
	const char *what, *bytes;
	size_t len;
	unsigned int kinds;
};
#define DER(what, bytes, kinds)                                                                    \
	{                                                                                          \
		what, bytes, sizeof(bytes) - 1, kinds                                              \
	}

static const struct sample ders[] = {
	DER("a certificate", "\x30\x07\x30\x05\xa0\x03\x02\x01\x02", KEY_CERTIFICATE),
	DER("its length in two bytes", "\x30\x81\x08\x30\x81\x05\xa0\x03\x02\x01\x02",
	    KEY_CERTIFICATE),
	DER("a request for one", "\x30\x09\x30\x07\x02\x01\x00\x30\x02\x31\x00", 0),
	DER("PKCS#8", "\x30\x07\x02\x01\x00\x30\x02\x05\x00", KEY_PRIVATE),
	DER("PKCS#1", "\x30\x07\x02\x01\x00\x02\x02\x01\x01", KEY_PRIVATE),
	DER("of an elliptic curve", "\x30\x07\x02\x01\x01\x04\x02\x01\x01", KEY_PRIVATE),
	DER("encrypted PKCS#8", "\x30\x10\x30\x0b" OID_PKCS5 "\x04\x01\x00", KEY_PRIVATE),
	DER("a public key", "\x30\x10\x30\x0b" OID_RSA "\x03\x01\x00", 0),
	DER("an RSA public key", "\x30\x07\x02\x02\x7f\x01\x02\x01\x03", 0),
	DER("PKCS#12", "\x30\x05\x02\x01\x03\x30\x00", KEY_PRIVATE),
	DER("one that is cut", "\x30\x08\x30\x05\xa0\x03\x02\x01\x02", 0),
	DER("and what follows is not its own", "\x30\x06\x30\x05\xa0\x03\x02\x01\x02", 0),
	DER("a length of four bytes", "\x30\x84\x00\x00\x00\x00", 0),
	DER("a length that is cut", "\x30\x83\x00", 0),
	DER("nothing", "", 0),
	DER("text", "0123456789", 0),
};

/* A copy of its own size: what is read beyond it is seen by the sanitizers. */
static void test_der(const struct sample *s)
{
	_cleanup_free_ char *copy = xmemdup(s->bytes, s->len);
	const char *note = NULL;

	is_int(der_kind(copy, s->len, &note), s->kinds, "DER: %s", s->what);
}

static const struct {
	const char *name, *text, *kinds;
} texts[] = {
	{ "a.pem", "-----BEGIN CERTIFICATE-----\nx\n", "certificate" },
	{ "a.pem", "-----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----\nx\n",
	  "certificate private" },
	{ "a.pem", "-----BEGIN CERTIFICATE REQUEST-----\nx\n", "" },
	{ "a.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\r\nx\r\n", "private" },
	{ "id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "private" },
	{ "a.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n", "private" },
	{ "a.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\n", "private" },
	{ "a.key", "x = \"-----BEGIN PRIVATE KEY-----\"\n", "" },
	{ "a.p12", "x", "private" },
	{ ".netrc", "machine x password y\n", "credentials" },
	{ ".netrc", "machine x\n", "" },
};

static void test_texts(void)
{
	struct image_entry root = { .type = ENTRY_DIR };
	char empty[] = "";

	root.name = empty;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *name = xstrdup(texts[i].name);
		struct image_entry e = { .type = ENTRY_FILE, .parent = &root, .size = 1 };
		const struct info_opts opts = { 0 };
		_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
		unsigned int kinds;
		const char *note;

		e.name = name;
		kinds = keys_kinds(&e, texts[i].text, strlen(texts[i].text), &note);
		strbuf_addstr(&got, kinds & KEY_CERTIFICATE ? "certificate" : "");
		strbuf_addf(&got, "%s%s", got.len && kinds & KEY_PRIVATE ? " " : "",
			    kinds & KEY_PRIVATE ? "private" : "");
		strbuf_addstr(&got, kinds & KEY_CREDENTIALS ? "credentials" : "");
		is_str(got.buf, texts[i].kinds, "%s: %.*s", name,
		       (int)strcspn(texts[i].text, "\r\n"), texts[i].text);
		ok(keys_wanted(&e, &opts), "it is looked into");
	}
}

static void test_caps(uint32_t magic, uint64_t permitted, uint64_t inheritable, size_t words,
		      const char *want)
{
	const uint32_t value[] = { htole32(magic),
				   htole32((uint32_t)permitted),
				   htole32((uint32_t)inheritable),
				   htole32((uint32_t)(permitted >> 32)),
				   htole32((uint32_t)(inheritable >> 32)),
				   htole32(1000) };
	_cleanup_free_ char *text = caps_text(value, words * sizeof(*value));

	is_str(text, want, "capabilities: %s", want);
}

static void test_secret_names(void)
{
	static const char *const secret[] = { "PASSWORD",  "DB_PASSWORD",
					      "NPM_TOKEN", "tokens",
					      "authToken", "secretKey",
					      "SECRETKEY", "AWS_SECRET_ACCESS_KEY",
					      "APIKEY",	   "client_secret_2" },
				 *const plain[] = { "TOKENIZERS_PARALLELISM",
						    "PASSWORDLESS",
						    "GPG_KEY",
						    "PASSWORD_FILE",
						    "TOKEN_URL",
						    "tokenizer",
						    "SECRETARY",
						    "PATH",
						    "" };

	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		ok(info_is_secret_name(secret[i], strlen(secret[i])), "%s is a secret", secret[i]);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		ok(!info_is_secret_name(plain[i], strlen(plain[i])), "'%s' is none", plain[i]);
}

int main(void)
{
	const uint32_t v2 = VFS_CAP_REVISION_2, e = VFS_CAP_FLAGS_EFFECTIVE;
	const uint64_t raw = 1u << CAP_NET_RAW, bind = 1u << CAP_NET_BIND_SERVICE;

	for (size_t i = 0; i < ARRAY_SIZE(ders); i++)
		test_der(&ders[i]);
	test_texts();
	test_secret_names();
	test_caps(v2 | e, raw, 0, 5, "cap_net_raw=ep");
	test_caps(v2, raw, 0, 5, "cap_net_raw=p");
	test_caps(v2 | e, raw | bind, raw, 5, "cap_net_raw=eip cap_net_bind_service=ep");
	test_caps(v2, bind, raw, 5, "cap_net_bind_service=p cap_net_raw=i");
	test_caps(v2 | e, (UINT64_C(1) << 41) - 1, 0, 5, "=ep");
	test_caps(v2, 0, 0, 5, "=");
	test_caps(v2 | e, UINT64_C(1) << 40 | UINT64_C(1) << 63, 0, 5,
		  "cap_checkpoint_restore,63=ep");
	test_caps(VFS_CAP_REVISION_3 | e, raw, 0, 6, "cap_net_raw=ep [rootid=1000]");
	test_caps(VFS_CAP_REVISION_1 | e, raw, 0, 3, "cap_net_raw=ep");
	test_caps(v2, raw, 0, 2, "unreadable");
	return tap_done();
}
