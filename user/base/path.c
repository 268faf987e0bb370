/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/path.h"

#include <string.h>

#include "slimtrace/base/alloc.h"

/* Drops the last component of the path built so far. */
static void pop(struct strbuf *sb)
{
	char *slash = strrchr(sb->buf, '/');

	if (slash)
		strbuf_setlen(sb, (size_t)(slash - sb->buf));
}

char *path_normalize(const char *path)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !strncmp(path, "..", 2)) {
			pop(&sb);
		} else if (len && !(len == 1 && *path == '.')) {
			strbuf_addch(&sb, '/');
			strbuf_add(&sb, path, len);
		}
		path += len;
		path += strspn(path, "/");
	}
	if (!sb.len)
		strbuf_addch(&sb, '/');
	return strbuf_detach(&sb, NULL);
}

char *path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	if (*name == '/')
		return xstrdup(name);
	while (len > 0 && dir[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, dir, name);
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_is_under(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!strcmp(prefix, "/"))
		return *path == '/';
	return !strncmp(path, prefix, len) && (path[len] == '/' || !path[len]);
}
