/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/url.h"

#include <string.h>

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789-._~";

static void add(struct strbuf *url, const char *s, const char *also)
{
	for (; *s; s++) {
		if (strchr(unreserved, *s) || strchr(also, *s))
			strbuf_addch(url, *s);
		else
			strbuf_addf(url, "%%%02X", (unsigned char)*s);
	}
}

void url_add(struct strbuf *url, const char *s)
{
	add(url, s, "");
}

void url_add_ref(struct strbuf *url, const char *ref)
{
	add(url, ref, "/:@");
}
