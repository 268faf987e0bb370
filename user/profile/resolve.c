/* SPDX-License-Identifier: BSD-2-Clause */
#include "profile/resolve.h"

#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/strbuf.h"

/* The deepest directory on the way to @path's last component that is in the image. */
static struct image_entry *deepest(const struct image *img, const char *path, size_t *ret_len)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	for (;;) {
		_cleanup_free_ char *dir = xstrndup(path, len + 1);
		struct image_entry *e;

		if (!image_walk(img, NULL, NULL, dir, true, NULL, NULL, &e)) {
			*ret_len = len;
			return e;
		}
		while (len && path[len - 1] != '/')
			len--;
		if (!len)
			return NULL;
		len--;
	}
}

char *resolve_name(const struct image *img, const char *path, bool follow)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct image_entry *e;
	size_t len;

	if (img && follow && !image_walk(img, NULL, NULL, path, true, NULL, NULL, &e)) {
		image_entry_path(e, &sb);
		return xstrdup(sb.buf);
	}
	e = img ? deepest(img, path, &len) : NULL;
	if (!e)
		return path_normalize(path);
	image_entry_path(e, &sb);
	strbuf_addstr(&sb, path + len);
	return path_normalize(sb.buf);
}
