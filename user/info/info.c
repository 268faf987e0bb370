/* SPDX-License-Identifier: BSD-2-Clause */
#include "info/info.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"

const char *info_find_name(enum info_find kind)
{
	static const char *const names[INFO_FINDS] = {
		[INFO_SHELL] = "shells",
		[INFO_INTERPRETER] = "interpreters",
		[INFO_SETUID] = "setuid",
		[INFO_SETGID] = "setgid",
		[INFO_CAPABILITY] = "capabilities",
		[INFO_WORLD_WRITABLE] = "world_writable",
		[INFO_CERTIFICATE] = "certificates",
		[INFO_PRIVATE_KEY] = "private_keys",
		[INFO_CREDENTIALS] = "credentials",
	};

	return names[kind];
}

void info_find_add(struct info *info, enum info_find kind, struct image_entry *e, bool hidden,
		   const char *note)
{
	struct info_findings *f = &info->finds[kind];

	ALLOC_GROW(f->v, f->n + 1, f->cap);
	f->v[f->n++] = (struct info_finding){ e, hidden, note ? xstrdup(note) : NULL };
}

void info_package_add(struct info *info, const char *manager, const char *name, size_t name_len,
		      const char *version, size_t version_len)
{
	ALLOC_GROW(info->packages, info->n_packages + 1, info->cap_packages);
	info->packages[info->n_packages++] =
		(struct info_package){ manager, xstrndup(name, name_len),
				       xstrndup(version, version_len) };
}

struct image_entry *info_resolve(const struct image *img, const char *path)
{
	struct image_entry *e;

	return image_walk(img, NULL, NULL, path, true, NULL, NULL, &e) == 0 ? e : NULL;
}

int info_read(const struct image *img, const struct image_entry *e, size_t max, char **ret,
	      struct err *err)
{
	size_t len;
	int r;

	if (!e || e->type != ENTRY_FILE || e->size > max)
		return 0;
	r = image_file_read(img, e, max, ret, &len, err);
	return r < 0 ? r : 1;
}

static int compare_packages(const struct info_package *a, const struct info_package *b)
{
	int r = strcmp(a->manager, b->manager);

	if (!r)
		r = strcmp(a->name, b->name);
	return r ? r : strcmp(a->version, b->version);
}

static int by_name(const void *a, const void *b)
{
	return compare_packages(a, b);
}

/* The same package in several places, and in several versions, counts once a version. */
static void sort_packages(struct info *info)
{
	size_t n = 0;

	if (info->n_packages)
		qsort(info->packages, info->n_packages, sizeof(*info->packages), by_name);
	for (size_t i = 0; i < info->n_packages; i++) {
		if (n && !compare_packages(&info->packages[n - 1], &info->packages[i])) {
			free(info->packages[i].name);
			free(info->packages[i].version);
			continue;
		}
		info->packages[n++] = info->packages[i];
	}
	info->n_packages = n;
}

int info_gather(const struct image *img, const struct info_opts *opts, struct info *ret,
		struct err *err)
{
	int r;

	ret->img = img;
	ret->no_duplicates = opts->no_duplicates;
	r = info_layers(img, ret, err);
	if (!r && !opts->no_duplicates)
		r = info_duplicates(img, ret, err);
	if (!r)
		r = info_files(img, opts, ret, err);
	if (!r)
		r = info_os(img, ret, err);
	if (!r)
		r = info_packages(img, ret, err);
	if (!r)
		r = info_language_packages(img, ret, err);
	sort_packages(ret);
	info_secrets(img, ret);
	return r;
}

void info_release(struct info *info)
{
	for (size_t i = 0; i < info->n_layers; i++)
		free(info->layers[i].changes);
	free(info->layers);
	for (size_t i = 0; i < info->n_duplicates; i++)
		free(info->duplicates[i].entries);
	free(info->duplicates);
	for (size_t i = 0; i < INFO_FINDS; i++) {
		for (size_t j = 0; j < info->finds[i].n; j++)
			free(info->finds[i].v[j].note);
		free(info->finds[i].v);
	}
	for (size_t i = 0; i < info->n_packages; i++) {
		free(info->packages[i].name);
		free(info->packages[i].version);
	}
	free(info->packages);
	strvec_release(&info->unread);
	strvec_release(&info->secrets);
	free(info->os);
	free(info->name);
	*info = (struct info){ 0 };
}

uint64_t info_wasted(const struct info *info)
{
	return info->overwritten.bytes + info->deleted.bytes + info->duplicated.bytes;
}

double info_efficiency(const struct info *info)
{
	uint64_t wasted = info_wasted(info);

	if (!info->size)
		return 100;
	if (wasted > info->size)
		wasted = info->size;
	return 100.0 * (double)(info->size - wasted) / (double)info->size;
}
