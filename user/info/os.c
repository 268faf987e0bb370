/* SPDX-License-Identifier: BSD-2-Clause */
/* Which distribution it is made of: os-release(5), or what old and small ones have instead. */
#include <stdlib.h>
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
		       struct info_distro *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = info_read(img, info_resolve(img, path), 4096, &text, err);

	if (r <= 0)
		return r;
	ret->name = xstrdup(name);
	ret->version = xstrndup(text, strcspn(text, "\r\n"));
	ret->pretty = xasprintf("%s %s", ret->name, ret->version);
	return 1;
}

static int try_release(const struct image *img, const char *path, struct info_distro *ret,
		       struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = info_read(img, info_resolve(img, path), INFO_MAX_SMALL, &text, err);

	if (r <= 0)
		return r;
	ret->name = field_of(text, "NAME=");
	ret->version = field_of(text, "VERSION_ID=");
	ret->pretty = field_of(text, "PRETTY_NAME=");
	if (!ret->pretty && ret->name)
		ret->pretty = xasprintf("%s%s%s", ret->name, ret->version ? " " : "",
					ret->version ? ret->version : "");
	return ret->pretty ? 1 : 0;
}

int info_distro_read(const struct image *img, struct info_distro *ret, struct err *err)
{
	static const char *const releases[] = { "/etc/os-release", "/usr/lib/os-release" };
	struct info_distro found = { 0 };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(releases); i++) {
		info_distro_release(&found);
		r = try_release(img, releases[i], &found, err);
	}
	if (!r)
		r = try_version(img, "/etc/debian_version", "Debian", &found, err);
	if (!r)
		r = try_version(img, "/etc/alpine-release", "Alpine Linux", &found, err);
	if (r < 0)
		info_distro_release(&found);
	else
		*ret = found;
	return r < 0 ? r : 0;
}

void info_distro_release(struct info_distro *distro)
{
	free(distro->name);
	free(distro->version);
	free(distro->pretty);
	*distro = (struct info_distro){ 0 };
}

int info_os(const struct image *img, struct info *info, struct err *err)
{
	struct info_distro distro = { 0 };
	int r = info_distro_read(img, &distro, err);

	info->os = TAKE_PTR(distro.pretty);
	info_distro_release(&distro);
	return r;
}
