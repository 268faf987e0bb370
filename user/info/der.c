/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a file in DER is, by its first elements: a certificate (RFC 5280), a private key (PKCS#1,
 * PKCS#8, encrypted or not, RFC 5915's of elliptic curves) or a key store (PKCS#12).
 */
#include <string.h>

#include "info/info.h"

enum tag { INTEGER = 0x02, OCTETS = 0x04, OID = 0x06, SEQUENCE = 0x30, VERSION = 0xa0 };

struct der {
	const unsigned char *p, *end;
};

/* Steps over the element's header; false: it is another one, or goes on behind the end. */
static bool enter(struct der *d, enum tag tag, struct der *ret)
{
	size_t left = (size_t)(d->end - d->p), n = 0, len;
	const unsigned char *p = d->p;

	if (left < 2 || *p++ != tag)
		return false;
	len = *p++;
	if (len & 0x80) {
		n = len & 0x7f;
		if (!n || n > 3 || n > left - 2)
			return false;
		for (len = 0; n; n--)
			len = len << 8 | *p++;
	}
	if (len > (size_t)(d->end - p))
		return false;
	*ret = (struct der){ p, p + len };
	d->p = p + len;
	return true;
}

static bool starts(const struct der *d, enum tag tag)
{
	return d->p < d->end && *d->p == tag;
}

/* PKCS#5's and PKCS#12's ways to encrypt */
static bool is_encryption(struct der algorithm)
{
	static const unsigned char rsadsi[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01 };
	struct der oid;
	size_t n = sizeof(rsadsi);

	return enter(&algorithm, OID, &oid) && (size_t)(oid.end - oid.p) > n &&
	       !memcmp(oid.p, rsadsi, n) && (oid.p[n] == 5 || oid.p[n] == 12);
}

unsigned int der_kind(const char *head, size_t len, const char **ret_note)
{
	struct der file = { (const unsigned char *)head, (const unsigned char *)head + len };
	struct der all, first;

	if (!enter(&file, SEQUENCE, &all) || file.p != file.end)
		return 0;
	if (enter(&all, SEQUENCE, &first)) {
		if (starts(&first, VERSION))
			return KEY_CERTIFICATE;
		return is_encryption(first) && starts(&all, OCTETS) ? KEY_PRIVATE : 0;
	}
	if (!enter(&all, INTEGER, &first) || first.end - first.p != 1)
		return 0;
	if (*first.p == 3 && starts(&all, SEQUENCE)) {
		*ret_note = "key store";
		return KEY_PRIVATE;
	}
	if (*first.p > 1)
		return 0;
	return starts(&all, SEQUENCE) || starts(&all, INTEGER) || starts(&all, OCTETS) ? KEY_PRIVATE
										       : 0;
}
