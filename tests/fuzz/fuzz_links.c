/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a page, as a style sheet, and as what stands in a link. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drive/links.h"
#include "drive/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is followed is a resource of this app, as a request line can hold it. */
static void on_link(const char *ref, void *ctx)
{
	size_t *found = ctx;
	char *resource;

	must(*ref && ++*found <= LINKS_MAX);
	resource = url_resolve("http://127.0.0.1:8080/dir/page", ref);
	if (resource) {
		must(resource[0] == '/' && strlen(resource) < 100000);
		for (const char *p = resource; *p; p++)
			must((unsigned char)*p > ' ' && *p != '#' && *p != 0x7f);
	}
	free(resource);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char *base = NULL, *copy = strndup(text, size);
	size_t found = 0;

	links_of_html(text, size, on_link, &found, &base);
	found = 0;
	links_of_css(text, size, on_link, &found);
	found = 0;
	if (*copy)
		on_link(copy, &found);
	free(base);
	free(copy);
	return 0;
}
