/* SPDX-License-Identifier: BSD-2-Clause */
/* What the user wants, as it is written on a command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/keep.h"

#define MAX_ID 0xfffffffeu /* -1 is "leave it" to chown(2) */

/* The number at *@p up to a '#' or the end: -1 when there is none. */
static bool take_number(const char **p, unsigned int base, int64_t max, int64_t *ret)
{
	size_t len = strspn(*p, base == 8 ? "01234567" : "0123456789");
	int64_t n = 0;

	if (len > 10 || ((*p)[len] && (*p)[len] != '#'))
		return false;
	for (size_t i = 0; i < len; i++)
		n = n * base + ((*p)[i] - '0');
	*ret = len ? n : -1;
	*p += len + ((*p)[len] == '#');
	return n <= max;
}

/* "MODE[#UID[#GID]]". What does not look like it belongs to the path: names may have colons. */
static bool parse_perm(const char *text, struct keep_perm *ret)
{
	return *text && take_number(&text, 8, 07777, &ret->mode) &&
	       take_number(&text, 10, MAX_ID, &ret->uid) &&
	       take_number(&text, 10, MAX_ID, &ret->gid) && !*text;
}

int keep_opts_add_path(struct keep_opts *opts, const char *text, struct err *err)
{
	struct keep_path path = { .exclude = *text == '!' };
	const char *start = text + path.exclude, *colon = strrchr(start, ':');
	_cleanup_free_ char *given = NULL;

	if (colon && !strchr(colon, '/'))
		path.has_perm = parse_perm(colon + 1, &path.perm);
	given = path.has_perm ? xstrndup(start, (size_t)(colon - start)) : xstrdup(start);
	if (*given != '/') {
		err_class_set(err, ERR_USAGE, EINVAL, "include path '%s' is not absolute", text);
		return err_hint(err, "give it as it is in the image, from '/'");
	}
	if (path.exclude && path.has_perm)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "include path '%s' excludes, so it can have no mode or owner",
				     text);
	path.pattern = path_normalize(given);
	ALLOC_GROW(opts->paths, opts->n_paths + 1, opts->cap_paths);
	opts->paths[opts->n_paths++] = path;
	return 0;
}

void keep_opts_release(struct keep_opts *opts)
{
	for (size_t i = 0; i < opts->n_paths; i++)
		free(opts->paths[i].pattern);
	free(opts->paths);
	strvec_release(&opts->bins);
	strvec_release(&opts->exes);
	strvec_release(&opts->excludes);
	*opts = (struct keep_opts){ 0 };
}

int keep_rule_bit(const char *name, uint32_t *ret, struct err *err)
{
	for (unsigned int i = 0; i < KEEP_REASONS; i++) {
		if (i == KEEP_PARENT || i == KEEP_SHARED || strcmp(keep_reason_name(i), name) != 0)
			continue;
		*ret = 1u << i;
		return 0;
	}
	err_class_set(err, ERR_USAGE, EINVAL, "there is no rule '%s' that can be switched off",
		      name);
	return err_hint(err, "their names are the reasons in creport.json; docs/keep.md tells "
			     "what each does");
}
