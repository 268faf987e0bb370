/* SPDX-License-Identifier: BSD-2-Clause */
/* From an image's name to where its registry is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry/client.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/ref.h"

#define HUB "docker.io"
#define HUB_HOST "registry-1.docker.io"
#define CERTS_DIR "/etc/docker/certs.d"

static void name_parts(const struct ref *ref, struct registry *ret)
{
	const char *rest = ref->domain_len ? ref->name + ref->domain_len + 1 : ref->name;
	int len = (int)(ref->name_len - (size_t)(rest - ref->name));

	ret->host = ref->domain_len ? xstrndup(ref->name, ref->domain_len) : xstrdup(HUB);
	if (!strcmp(ret->host, "index." HUB)) {
		free(ret->host);
		ret->host = xstrdup(HUB);
	}
	ret->name = xasprintf(
		"%s%.*s",
		!strcmp(ret->host, HUB) && !memchr(rest, '/', (size_t)len) ? "library/" : "", len,
		rest);
	ret->reference = ref->digest	? xstrndup(ref->digest, ref->digest_len)
			 : ref->tag_len ? xstrndup(ref->tag, ref->tag_len)
					: xstrdup("latest");
	ret->image = xasprintf("%s/%s%c%s", ret->host, ret->name, ref->digest ? '@' : ':',
			       ret->reference);
}

static char *readable(const char *host, const char *name)
{
	char *path = xasprintf(CERTS_DIR "/%s/%s", host, name);

	if (!access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

/* Those that docker's daemon takes for this registry. */
static int find_certs(const char *host, const char *ca, struct web_certs *ret, struct err *err)
{
	if (ca && access(ca, R_OK) < 0)
		return err_class_set(err, ERR_USAGE, errno, "--registry-ca: cannot read '%s': %s",
				     ca, strerror(errno));
	ret->ca = ca ? xstrdup(ca) : readable(host, "ca.crt");
	ret->cert = readable(host, "client.cert");
	ret->key = readable(host, "client.key");
	if (!ret->cert == !ret->key)
		return 0;
	return err_class_set(err, ERR_USAGE, ENOENT,
			     CERTS_DIR "/%s has a client.%s that can be read, but no client.%s",
			     host, ret->cert ? "cert" : "key", ret->cert ? "key" : "cert");
}

int where_find(const char *image, const struct registry_opts *opts, struct registry *ret,
	       struct err *err)
{
	struct web_certs certs = { 0 };
	struct ref ref;
	bool plain;
	int r = ref_parse("image", image, &ref, err);

	if (r < 0)
		return r;
	name_parts(&ref, ret);
	if (ref.digest && !digest_valid(ret->reference))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "image '%s': only digests with sha256 are known", image);
	r = find_certs(ret->host, opts->ca, &certs, err);
	if (r < 0) {
		web_certs_release(&certs);
		return r;
	}
	plain = opts->plain_http < 0 ? web_is_loopback(ret->host) && !certs.ca
				     : opts->plain_http > 0;
	ret->base = xasprintf("%s://%s", plain ? "http" : "https",
			      !strcmp(ret->host, HUB) ? HUB_HOST : ret->host);
	ret->push = opts->push;
	certs.origin = xstrdup(ret->base);
	ret->web = web_new(&certs, plain);
	return 0;
}
