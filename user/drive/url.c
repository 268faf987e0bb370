/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/alloc.h"

#define MAX_REF (16u << 10)

void url_add_resource(struct strbuf *url, const char *resource)
{
	for (const char *p = resource; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f)
			strbuf_addf(url, "%%%02X", c);
		else
			strbuf_addch(url, (char)c);
	}
}

char *url_make(bool tls, const char *addr, uint16_t port, const char *resource)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT;
	bool v6 = strchr(addr, ':');

	strbuf_addf(&url, "%s://%s%s%s:%u", tls ? "https" : "http", v6 ? "[" : "", addr,
		    v6 ? "]" : "", port);
	url_add_resource(&url, resource);
	return strbuf_detach(&url, NULL);
}

static CURLU *new_url(const char *text)
{
	CURLU *url = curl_url();

	if (!url)
		abort();
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_URLENCODE | CURLU_ALLOW_SPACE)) {
		curl_url_cleanup(url);
		return NULL;
	}
	return url;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part, const char *also)
{
	char *x = NULL, *y = NULL;
	bool same = !curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) &&
		    !curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) &&
		    (!strcasecmp(x, y) || (also && !strcasecmp(y, also)));

	curl_free(x);
	curl_free(y);
	return same;
}

static bool same_origin(CURLU *base, CURLU *url, const char *also)
{
	return same_part(base, url, CURLUPART_SCHEME, NULL) &&
	       same_part(base, url, CURLUPART_HOST, also) &&
	       same_part(base, url, CURLUPART_PORT, NULL);
}

bool url_same_origin(const char *base, const char *url)
{
	CURLU *a = new_url(base), *b = new_url(url);
	bool same = a && b && same_origin(a, b, NULL);

	curl_url_cleanup(a);
	curl_url_cleanup(b);
	return same;
}

static char *resource_of(CURLU *url)
{
	char *path = NULL, *query = NULL, *resource = NULL;

	if (curl_url_get(url, CURLUPART_PATH, &path, 0) || *path != '/')
		goto out;
	if (curl_url_get(url, CURLUPART_QUERY, &query, 0))
		query = NULL;
	resource = xasprintf("%s%s%s", path, query ? "?" : "", query ? query : "");
out:
	curl_free(path);
	curl_free(query);
	return resource;
}

char *url_resolve(const char *base, const char *ref)
{
	size_t len = strcspn(ref, "#");
	_cleanup_free_ char *bare = NULL;
	CURLU *from, *to;
	char *resource = NULL;

	if (!len || len > MAX_REF) /* a place in the same page, or nonsense */
		return NULL;
	bare = xstrndup(ref, len);
	from = new_url(base);
	to = new_url(base);
	/* Without a scheme it is relative to what is there; unknown schemes are refused. */
	if (from && to &&
	    !curl_url_set(to, CURLUPART_URL, bare, CURLU_URLENCODE | CURLU_ALLOW_SPACE) &&
	    same_origin(from, to, "localhost"))
		resource = resource_of(to);
	curl_url_cleanup(from);
	curl_url_cleanup(to);
	return resource;
}
