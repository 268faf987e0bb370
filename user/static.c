/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into the program that has no shared libraries (make STATIC=1) only: what it must not look
 * for on the machine that it comes to, which may be of any distribution, and where it has to look.
 */
#include <nss.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <unistd.h>

/*
 * A static glibc loads the modules that /etc/nsswitch.conf or openssl.cnf name, and with them the
 * machine's own libc of another version: that ends in a crash. What is built in does what is
 * needed.
 */
__attribute__((constructor)) static void load_no_modules(void)
{
	__nss_configure_lookup("hosts", "files dns");
	__nss_configure_lookup("passwd", "files");
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

/* Where distributions have the certificates of the authorities that they trust. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",		     /* Debian, Ubuntu, Alpine, Arch */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
	"/etc/pki/tls/certs/ca-bundle.crt",		     /* older ones */
	"/etc/ssl/ca-bundle.pem",			     /* SUSE */
	"/etc/ssl/cert.pem",
};

/* OpenSSL's own was set when it was built: for Debian. SSL_CERT_FILE comes before it, as ever. */
const char *__wrap_X509_get_default_cert_file(void);
const char *__wrap_X509_get_default_cert_file(void)
{
	for (size_t i = 0; i < sizeof(bundles) / sizeof(*bundles); i++)
		if (!access(bundles[i], R_OK))
			return bundles[i];
	return bundles[0];
}
