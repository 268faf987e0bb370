/* SPDX-License-Identifier: BSD-2-Clause */
/* --path-perms: other modes and owners for what is kept, as docker-slim writes them. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/slim.h"

#define MAX_ID 0xfffffffeu /* -1 is "leave it" to chown(2) */

static int bad(struct err *err, const char *text, const char *why)
{
	err_class_set(err, ERR_USAGE, EINVAL, "--path-perms '%s': %s", text, why);
	return err_hint(err, "PATH:MODE, PATH:MODE#UID or PATH:MODE#UID#GID, the mode in octal: "
			     "/data:0750#10#10");
}

/* The number at @*p in @base, up to a '#' or the end; -1 when there is none. */
static bool parse_number(const char **p, int base, uint64_t max, int64_t *ret)
{
	size_t len = strcspn(*p, "#"), digits = strspn(*p, base == 8 ? "01234567" : "0123456789");
	uint64_t n = 0;

	if (len != digits || len > 10)
		return false;
	for (size_t i = 0; i < len; i++)
		n = n * (uint64_t)base + (uint64_t)((*p)[i] - '0');
	*ret = len ? (int64_t)n : -1;
	*p += len + ((*p)[len] == '#');
	return n <= max;
}

int slim_perms_add(struct slim_perms *perms, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':'), *p = colon ? colon + 1 : NULL;
	_cleanup_free_ char *path = NULL;
	struct slim_perm perm;

	if (*text != '/')
		return bad(err, text, "the path is not absolute");
	if (!p || !*p)
		return bad(err, text, "there is no mode");
	if (!parse_number(&p, 8, 07777, &perm.mode))
		return bad(err, text, "the mode is not an octal number up to 7777");
	if (!parse_number(&p, 10, MAX_ID, &perm.uid) || !parse_number(&p, 10, MAX_ID, &perm.gid) ||
	    *p)
		return bad(err, text, "the owner is not a number");
	path = xstrndup(text, (size_t)(colon - text));
	perm.pattern = path_normalize(path);
	ALLOC_GROW(perms->v, perms->n + 1, perms->cap);
	perms->v[perms->n++] = perm;
	return 0;
}

void slim_perms_release(struct slim_perms *perms)
{
	for (size_t i = 0; i < perms->n; i++)
		free(perms->v[i].pattern);
	free(perms->v);
	*perms = (struct slim_perms){ 0 };
}

void slim_perms_find(struct slim_source *source, const struct slim_perms *perms, bool *ret_used)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

	source->perms = strmap_new();
	for (size_t i = 0; perms->n && i < image_entry_count(source->img); i++) {
		const struct image_entry *e = image_entry(source->img, (uint32_t)i);

		if (!keep_has(source->keep, e))
			continue;
		strbuf_reset(&path);
		image_entry_path(e, &path);
		for (size_t j = 0; j < perms->n; j++) {
			struct slim_perm *p = &perms->v[j];
			int flags = strstr(p->pattern, "**") ? 0 : FNM_PATHNAME;

			if (fnmatch(p->pattern, path.buf, flags) != 0)
				continue;
			ret_used[j] = true;
			strmap_put_len(source->perms, &e->inode, sizeof(e->inode), p);
		}
	}
}
