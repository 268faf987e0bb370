/* SPDX-License-Identifier: BSD-2-Clause */
/* Any two lines as an image's name and the tag that was asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/slim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What was accepted is a name and a tag, and is accepted again as it is. */
static void check(const char *image, const char *tag)
{
	_cleanup_free_ char *first = NULL, *second = NULL;
	struct err err = ERR_INIT;

	if (slim_tag(image, tag, &first, &err) < 0) {
		must(err.class == ERR_USAGE && err.msg[0]);
		return;
	}
	must(!strpbrk(first, " \t\r\n\"\\@") && strrchr(first, ':') > strrchr(first, '/'));
	must(!slim_tag("x", first, &second, &err) && !strcmp(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *image = xmemdup(data, size);
	char *tag = strchr(image, '\n');

	if (tag)
		*tag++ = '\0';
	check(image, NULL);
	if (tag)
		check(image, tag);
	return 0;
}
