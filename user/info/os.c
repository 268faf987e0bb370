/* SPDX-License-Identifier: BSD-2-Clause */
/* Which distribution it is made of: os-release(5), or what old and small ones have instead. */
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

static char *field_of(const char *text, const char *field)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		_cleanup_strvec_ struct strvec words = STRVEC_INIT;
		_cleanup_free_ char *value = NULL;
		struct err ignored = ERR_INIT;

		p += *p == '\n';
		if (strncmp(p, field, strlen(field)) != 0)
			continue;
		p += strlen(field);
		value = xstrndup(p, strcspn(p, "\r\n"));
		if (text_split_words(value, &words, &ignored) == 0 && words.n)
			return xstrdup(words.v[0]);
	}
	return NULL;
}

/* A file that has the version alone. */
static int try_version(const struct image *img, const char *path, const char *name,
		       struct info *info, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = info_read(img, info_resolve(img, path), 4096, &text, err);

	if (r > 0)
		info->os = xasprintf("%s %.*s", name, (int)strcspn(text, "\r\n"), text);
	return r;
}

int info_os(const struct image *img, struct info *info, struct err *err)
{
	static const char *const releases[] = { "/etc/os-release", "/usr/lib/os-release" };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(releases); i++) {
		_cleanup_free_ char *text = NULL;

		r = info_read(img, info_resolve(img, releases[i]), INFO_MAX_SMALL, &text, err);
		if (r > 0) {
			info->os = field_of(text, "PRETTY_NAME=");
			if (!info->os)
				info->os = field_of(text, "NAME=");
			r = info->os ? 1 : 0;
		}
	}
	if (!r)
		r = try_version(img, "/etc/debian_version", "Debian", info, err);
	if (!r)
		r = try_version(img, "/etc/alpine-release", "Alpine Linux", info, err);
	return r < 0 ? r : 0;
}
