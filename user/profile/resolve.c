/* SPDX-License-Identifier: BSD-2-Clause */
#include "profile/resolve.h"

#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/strbuf.h"

char *resolve_name(const struct image *img, const char *path, bool follow)
{
	_cleanup_free_ char *plain = path_normalize(path);
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_free_ char *dir = NULL;
	struct image_entry *e;
	const char *base;

	if (!img)
		return TAKE_PTR(plain);
	if (follow && !image_walk(img, NULL, NULL, path, true, NULL, NULL, &e)) {
		image_entry_path(e, &sb);
		return xstrdup(sb.buf);
	}
	base = strrchr(path, '/') + 1;
	dir = xstrndup(path, (size_t)(base - path));
	if (image_walk(img, NULL, NULL, dir, true, NULL, NULL, &e) < 0 || !*base ||
	    !strcmp(base, ".") || !strcmp(base, ".."))
		return TAKE_PTR(plain);
	image_entry_path(e, &sb);
	return xasprintf("%s/%s", sb.len > 1 ? sb.buf : "", base);
}
