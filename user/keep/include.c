/* SPDX-License-Identifier: BSD-2-Clause */
/* What the user knows better: paths that stay, and paths that never do. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "keep/exec.h"
#include "keep/glob.h"
#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"

/* --- notes --- */

static int note(struct image_entry *e, void *ctx, struct err *err)
{
	uint8_t *const *notes = ctx;

	(void)err;
	if (e->parent != e)
		(*notes)[e->id] |= NOTE_EXCLUDED;
	return 0;
}

static int note_unwanted(struct image_entry *e, void *ctx, struct err *err)
{
	uint8_t *const *notes = ctx;

	(void)err;
	(*notes)[e->id] |= NOTE_UNWANTED;
	return 0;
}

static int note_excluded_match(const char *path, struct image_entry *e, void *ctx, struct err *err)
{
	(void)path;
	return keep_tree(e, note, ctx, err);
}

static int note_unwanted_match(const char *path, struct image_entry *e, void *ctx, struct err *err)
{
	(void)path;
	return keep_tree(e, note_unwanted, ctx, err);
}

static int not_there(const char *what, const char *name, struct err *err)
{
	err_class_set(err, ERR_USAGE, ENOENT, "%s '%s' is not in the image", what, name);
	return err_hint(err, "files made by the running container are not; check the spelling, or "
			     "leave the option out");
}

int keep_note_paths(struct keep *k, struct err *err)
{
	const struct keep_opts *o = k->opts;
	int r = 1;

	for (size_t i = 0; r > 0 && i < o->excludes.n; i++) {
		r = keep_glob(k, o->excludes.v[i], note_excluded_match, &k->notes, err);
		if (!r)
			return not_there("exclude pattern", o->excludes.v[i], err);
	}
	for (size_t i = 0; r > 0 && i < o->n_paths; i++) {
		if (!o->paths[i].exclude)
			continue;
		r = keep_glob(k, o->paths[i].pattern, note_unwanted_match, &k->notes, err);
		if (!r)
			return not_there("include path '!', path", o->paths[i].pattern, err);
	}
	return r < 0 ? r : 0;
}

/* --- paths --- */

/* Programs and shared libraries: nothing showed what they load. */
static bool may_load(const struct image_entry *e)
{
	return e->type == ENTRY_FILE &&
	       (e->mode & 0111 || !fnmatch("*.so", e->name, 0) || !fnmatch("*.so.*", e->name, 0));
}

/* Links below are kept as they are. */
static int include_one(struct image_entry *e, void *ctx, struct err *err)
{
	struct keep *k = ctx;

	if (k->notes[e->id] & (NOTE_UNWANTED | NOTE_EXCLUDED))
		return 1;
	keep_add(k, e, KEEP_INCLUDE, NO_ACCESS);
	return may_load(e) ? keep_needed(k, e, err) : 0;
}

static void set_perm(struct keep *k, const struct image_entry *e, const struct keep_perm *perm)
{
	if (!k->perms)
		k->perms = strmap_new();
	free(strmap_put_len(k->perms, &e->inode, sizeof(e->inode), xmemdup(perm, sizeof(*perm))));
}

struct including {
	struct keep *k;
	const struct keep_path *path;
};

static int include_match(const char *path, struct image_entry *e, void *ctx, struct err *err)
{
	const struct including *in = ctx;
	struct keep *k = in->k;
	int r;

	if (k->notes[e->id] & NOTE_UNWANTED)
		return 0;
	keep_path(k, path, false, KEEP_INCLUDE, NO_ACCESS);
	r = keep_tree(e, include_one, k, err);
	if (e->type == ENTRY_SYMLINK)
		e = keep_path(k, path, true, KEEP_INCLUDE, NO_ACCESS);
	if (in->path->has_perm && e)
		set_perm(k, e, &in->path->perm);
	return r < 0 || !e ? r : keep_tree(e, include_one, k, err);
}

/* A pattern that ends with "**" means all of a directory. */
static char *without_any(const char *pattern)
{
	size_t len = strlen(pattern);

	if (len > 3 && !strcmp(pattern + len - 3, "/**"))
		return xstrndup(pattern, len - 3);
	return xstrdup(strcmp(pattern, "/**") ? pattern : "/");
}

static int include_paths(struct keep *k, struct err *err)
{
	int r = 1;

	for (size_t i = 0; r > 0 && i < k->opts->n_paths; i++) {
		struct including in = { k, &k->opts->paths[i] };
		_cleanup_free_ char *pattern = without_any(in.path->pattern);

		if (in.path->exclude)
			continue;
		r = keep_glob(k, pattern, include_match, &in, err);
		if (!r)
			return not_there("include path", in.path->pattern, err);
	}
	return r < 0 ? r : 0;
}

/* --- programs --- */

/* 1 when there is such a file. */
static int include_program(struct keep *k, const char *path, struct err *err)
{
	struct image_entry *e = keep_path(k, path, true, KEEP_INCLUDE, NO_ACCESS);
	int r = e && e->type == ENTRY_FILE ? keep_needed(k, e, err) : 0;

	return r < 0 ? r : e != NULL;
}

static int include_bins(struct keep *k, struct err *err)
{
	int r = 1;

	for (size_t i = 0; r > 0 && i < k->opts->bins.n; i++) {
		r = include_program(k, k->opts->bins.v[i], err);
		if (!r)
			return not_there("binary", k->opts->bins.v[i], err);
	}
	return r < 0 ? r : 0;
}

static int include_exe(struct keep *k, const char *name, struct err *err)
{
	_cleanup_free_ char *path = keep_find_program(k, name);

	return path ? include_program(k, path, err) : 0;
}

static int include_exes(struct keep *k, struct err *err)
{
	int r = 1;

	for (size_t i = 0; r > 0 && i < k->opts->exes.n; i++) {
		r = include_exe(k, k->opts->exes.v[i], err);
		if (!r)
			return not_there("executable", k->opts->exes.v[i], err);
	}
	return r < 0 ? r : 0;
}

/* A shell to look around with, and what of the usual tools the image has. */
static int include_shell(struct keep *k, struct err *err)
{
	int found = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < places_shells.n; i++) {
		r = include_exe(k, places_shells.v[i], err);
		found |= r > 0;
	}
	if (r >= 0 && !found)
		return err_class_set(err, ERR_USAGE, ENOENT,
				     "--include-shell: the image has no shell");
	for (size_t i = 0; r >= 0 && i < places_tools.n; i++)
		r = include_exe(k, places_tools.v[i], err);
	return r < 0 ? r : 0;
}

/* --- places --- */

static int include_places(struct keep *k, const struct places *places, int *found, struct err *err)
{
	int r = keep_all_matches(k, "", places->v, places->n, KEEP_INCLUDE, err);

	*found |= r > 0;
	return r < 0 ? r : 0;
}

static int include_zones(struct keep *k, struct err *err)
{
	int found = 0, r = include_places(k, &places_zones, &found, err);

	if (r < 0 || found)
		return r;
	return err_class_set(err, ERR_USAGE, ENOENT,
			     "--include-zoneinfo: the image has no time zones");
}

static int include_certs(struct keep *k, struct err *err)
{
	const struct keep_opts *o = k->opts;
	const struct {
		bool wanted;
		const struct places *places;
	} kinds[] = { { o->certs || o->cert_bundles, &places_cert_bundles },
		      { o->certs || o->cert_dirs, &places_cert_dirs },
		      { o->cert_keys, &places_cert_keys },
		      { o->cert_key_dirs, &places_cert_key_dirs } };
	bool wanted = false;
	int found = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(kinds); i++) {
		wanted |= kinds[i].wanted;
		if (kinds[i].wanted)
			r = include_places(k, kinds[i].places, &found, err);
	}
	if (r < 0 || found || !wanted)
		return r;
	return err_class_set(err, ERR_USAGE, ENOENT,
			     "--include-cert-*: the image has nothing at the places of these");
}

static int include_workdir(struct keep *k, struct err *err)
{
	if (k->workdir == image_root(k->img))
		return err_class_set(err, ERR_USAGE, ENOENT,
				     "--include-workdir: the image has no working directory but /");
	return keep_tree(k->workdir, include_one, k, err);
}

static int include_layers(struct keep *k, struct err *err)
{
	size_t n = image_layer_count(k->img), last = k->opts->last_layers;
	int r = 0;

	if (last > n)
		return err_class_set(err, ERR_USAGE, ERANGE,
				     "--include-last-image-layers %zu: the image has %zu layers",
				     last, n);
	for (size_t i = 0; r >= 0 && i < k->n; i++) {
		struct image_entry *e = image_entry(k->img, (uint32_t)i);

		if (e->layer + last >= n)
			r = include_one(e, k, err);
	}
	return r < 0 ? r : 0;
}

int keep_includes(struct keep *k, struct err *err)
{
	const struct keep_opts *o = k->opts;
	int r = include_paths(k, err);

	if (!r)
		r = include_bins(k, err);
	if (!r)
		r = include_exes(k, err);
	if (!r && o->shell)
		r = include_shell(k, err);
	if (!r)
		r = include_certs(k, err);
	if (!r && o->zoneinfo)
		r = include_zones(k, err);
	if (!r && o->workdir)
		r = include_workdir(k, err);
	return r || !o->last_layers ? r : include_layers(k, err);
}

int keep_added(struct keep *k, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < k->n; i++)
		if (image_is_added(k->img, image_entry(k->img, (uint32_t)i)))
			keep_add(k, image_entry(k->img, (uint32_t)i), KEEP_NEW, NO_ACCESS);
	return 0;
}
