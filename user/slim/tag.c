/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/ref.h"
#include "slimtrace/slim.h"

static int check_tag(const char *tag, char **ret, struct err *err)
{
	struct ref ref;
	int r = ref_parse("tag", tag, &ref, err);

	if (r < 0)
		return r;
	if (ref.digest)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "tag '%s' is not valid: a digest cannot be given to an image",
				     tag);
	*ret = ref.tag ? xstrdup(tag) : xasprintf("%s:latest", tag);
	return 0;
}

/* The digits of an image's ID: with "sha256:", or as many as engines show (12) or have (64). */
static const char *bare_id(const char *image)
{
	bool prefixed = !strncmp(image, "sha256:", 7);
	const char *hex = prefixed ? image + 7 : image;
	size_t len = strlen(hex);

	if (!len || len > 64 || strspn(hex, "0123456789abcdef") != len)
		return NULL;
	return prefixed || len == 12 || len == 64 ? hex : NULL;
}

int slim_tag(const char *image, const char *tag, char **ret, struct err *err)
{
	_cleanup_free_ char *made = NULL;
	const char *id = bare_id(image);
	struct ref ref;
	int r;

	if (tag)
		return check_tag(tag, ret, err);
	if (id) {
		*ret = xasprintf("slim-%.12s.slim:latest", id);
		return 0;
	}
	r = ref_parse("image", image, &ref, err);
	if (r < 0)
		return r;
	made = xasprintf("%.*s.slim:%.*s", (int)ref.name_len, ref.name,
			 ref.tag ? (int)ref.tag_len : 6, ref.tag ? ref.tag : "latest");
	r = ref_parse("image", made, &ref, err); /* it may be too long now */
	if (!r)
		*ret = TAKE_PTR(made);
	return r;
}
