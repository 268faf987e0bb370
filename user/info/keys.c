/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates, private keys and credentials: by the names that tools give them, and by their first
 * lines (RFC 7468, OpenSSH's, OpenPGP's and PuTTY's forms) or DER. Content is looked at, never
 * kept.
 */
#include <string.h>
#include <strings.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && !strcasecmp(name + len - end_len, end);
}

static bool is_store(const char *name)
{
	static const char *const ends[] = { ".p12", ".pfx", ".jks", ".keystore" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

static bool is_pem_name(const struct image_entry *e)
{
	static const char *const ends[] = { ".pem", ".key", ".crt",   ".cer",	  ".cert",
					    ".der", ".p8",  ".pk8",   ".ppk",	  ".asc",
					    "_rsa", "_dsa", "_ecdsa", "_ed25519", "_key" };
	static const char *const dirs[] = { "certs", "private", ".ssh", "ssl", "pki", "tls" };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_with(e->name, ends[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!strcmp(e->parent->name, dirs[i]))
			return true;
	return false;
}

/* Where tools keep passwords and tokens; with a directory, only in that. */
static const struct {
	const char *dir, *name, *has; /* what its content must have; NULL: anything */
} credentials[] = {
	{ NULL, ".netrc", "password" },
	{ NULL, ".npmrc", "_auth" },
	{ NULL, ".pypirc", "password" },
	{ NULL, ".git-credentials", "://" },
	{ NULL, ".pgpass", ":" },
	{ NULL, ".my.cnf", "password" },
	{ NULL, ".htpasswd", ":" },
	{ NULL, ".dockercfg", "auth" },
	{ ".docker", "config.json", "auth" },
	{ ".aws", "credentials", "secret" },
	{ ".kube", "config", "token" },
	{ ".kube", "config", "client-key" },
	{ "gem", "credentials", ":" },
	{ ".cargo", "credentials.toml", "token" },
};

static bool is_credentials_name(const struct image_entry *e, size_t i)
{
	return !strcmp(e->name, credentials[i].name) &&
	       (!credentials[i].dir || !strcmp(e->parent->name, credentials[i].dir));
}

bool keys_wanted(const struct image_entry *e, const struct info_opts *opts)
{
	if (e->type != ENTRY_FILE || !e->size || e->size > INFO_MAX_SMALL)
		return false;
	if (opts->all_certs || opts->all_keys || is_store(e->name) || is_pem_name(e))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(credentials); i++)
		if (is_credentials_name(e, i))
			return true;
	return false;
}

/* "-----BEGIN [...]PRIVATE KEY-----" at the beginning of a line. */
static bool has_private_key(const char *head, size_t len)
{
	static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY";
	const char *p = head, *stop = head + len;

	while ((p = memmem(p, (size_t)(stop - p), begin, strlen(begin)))) {
		const char *line = memchr(p, '\n', (size_t)(stop - p));
		size_t n = (size_t)((line ? line : stop) - p);

		if ((p == head || p[-1] == '\n') && n < 80 && memmem(p, n, end, strlen(end)))
			return true;
		p += strlen(begin);
	}
	return false;
}

static bool has(const char *head, size_t len, const char *text)
{
	return memmem(head, len, text, strlen(text));
}

/* A file of both has both. */
static unsigned int text_kinds(const char *head, size_t len)
{
	static const char putty[] = "PuTTY-User-Key-File-";
	unsigned int kinds = 0;

	if (has_private_key(head, len) ||
	    (len > strlen(putty) && !memcmp(head, putty, strlen(putty))))
		kinds |= KEY_PRIVATE;
	if (has(head, len, "-----BEGIN CERTIFICATE-----") ||
	    has(head, len, "-----BEGIN TRUSTED CERTIFICATE-----"))
		kinds |= KEY_CERTIFICATE;
	return kinds;
}

unsigned int keys_kinds(const struct image_entry *e, const char *head, size_t len,
			const char **ret_note)
{
	unsigned int kinds;

	*ret_note = NULL;
	if (is_store(e->name)) {
		*ret_note = "key store";
		return KEY_PRIVATE;
	}
	kinds = text_kinds(head, len);
	if (!kinds)
		kinds = der_kind(head, len, ret_note);
	for (size_t i = 0; !kinds && i < ARRAY_SIZE(credentials); i++)
		if (is_credentials_name(e, i) && has(head, len, credentials[i].has))
			kinds = KEY_CREDENTIALS;
	return kinds;
}
