/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A layer's tar applied to the tree, as the OCI image-spec's layer.md and Docker's archive package
 * do it: ".wh.NAME" removes NAME of the layers below, ".wh..wh..opq" all of them in its directory,
 * other ".wh..wh." names are aufs's own and mean nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/archive.h"
#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/path.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define AUFS ".wh..wh."
#define ACL "system.posix_acl_"
#define CAPABILITY "security.capability"

/* What is at @name in @dir, through symlinks when they lead to a directory. */
static struct image_entry *find_dir(struct image *img, struct image_entry *dir, const char *name,
				    size_t len)
{
	struct image_entry *e = image_child(dir, name, len), *end;

	if (e && e->type == ENTRY_SYMLINK &&
	    image_walk(img, NULL, dir, e->name, true, NULL, NULL, &end) == 0)
		e = end;
	return e && e->type == ENTRY_DIR ? e : NULL;
}

/*
 * The directory at @path (normalized, @len bytes of it), made as engines would where the layer does
 * not have it. They go through symlinks that they meet on the way.
 */
static int make_dirs(struct image *img, const char *path, size_t len, uint32_t layer,
		     struct image_entry **ret, struct err *err)
{
	struct image_entry *dir = img->root;
	const char *end = path + len;

	for (path++; path < end; path++) {
		size_t n = strcspn(path, "/");
		struct image_entry *e = find_dir(img, dir, path, n);

		if (!e) {
			int r = tree_put(img, dir, path, n, ENTRY_DIR, layer, &e, err);

			if (r < 0)
				return r;
			e->mode = 0755;
		}
		dir = e;
		path += n;
	}
	*ret = dir;
	return 0;
}

static bool type_of(struct archive_entry *entry, enum entry_type *ret)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		*ret = ENTRY_FILE;
		return true;
	case AE_IFDIR:
		*ret = ENTRY_DIR;
		return true;
	case AE_IFLNK:
		*ret = ENTRY_SYMLINK;
		return true;
	case AE_IFCHR:
		*ret = ENTRY_CHAR;
		return true;
	case AE_IFBLK:
		*ret = ENTRY_BLOCK;
		return true;
	case AE_IFIFO:
		*ret = ENTRY_FIFO;
		return true;
	default:
		return false;
	}
}

static bool has_xattr(const struct image_entry *e, const char *name)
{
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (!strcmp(e->xattrs[i].name, name))
			return true;
	return false;
}

/*
 * What says that there is no such attribute: in pax a record without a value, for the kernel an ACL
 * without entries, which is a header of four bytes alone.
 */
static bool is_none(const char *name, size_t len)
{
	return !len || (len == 4 && !strncmp(name, ACL, strlen(ACL)));
}

static int take_xattrs(struct image *img, struct image_entry *e, struct archive_entry *entry,
		       struct err *err)
{
	const char *name;
	const void *value;
	size_t len;
	int r = 0;

	/* libarchive gives the last record first, and of two of one name it counts. */
	archive_entry_xattr_reset(entry);
	while (!r && archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK)
		if (!is_none(name, len) && xattr_is_of_image(name) && !has_xattr(e, name))
			r = tree_add_xattr(img, e, name, value, len, err);
	return r;
}

/* Bytes of the stretches that a sparse file has. */
static uint64_t data_bytes(struct archive_entry *entry)
{
	uint64_t size = (uint64_t)archive_entry_size(entry), sum = 0;
	la_int64_t offset, len;

	if (!archive_entry_sparse_reset(entry))
		return size;
	while (archive_entry_sparse_next(entry, &offset, &len) == ARCHIVE_OK)
		sum += (uint64_t)len;
	return sum < size ? sum : size;
}

static int take_owner(struct image_entry *e, struct archive_entry *entry, struct err *err)
{
	la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return err_class_set(err, ERR_IMAGE, ERANGE, "'%s' has the owner %lld:%lld",
				     e->name, (long long)uid, (long long)gid);
	e->uid = (uint32_t)uid;
	e->gid = (uint32_t)gid;
	return 0;
}

static int take_target(struct image *img, struct image_entry *e, struct archive_entry *entry,
		       struct err *err)
{
	const char *target = tar_symlink(entry);

	return tree_set_target(img, e, target ? target : "", target ? strlen(target) : 0, err);
}

/* Beyond what engines can tell a file system, 64 bits of nanoseconds, they take the epoch. */
static void take_time(struct image_entry *e, struct archive_entry *entry)
{
	const int64_t max = INT64_MAX / 1000000000;
	int64_t sec = archive_entry_mtime(entry);
	uint32_t nsec = (uint32_t)archive_entry_mtime_nsec(entry);

	if (sec >= max || sec <= -max) {
		sec = nsec = 0;
	} else if (sec < 0 && nsec) { /* of "-1.5" libarchive makes -1 and half a second */
		sec--;
		nsec = 1000000000u - nsec;
	}
	e->mtime = sec;
	e->mtime_nsec = nsec;
}

static void take_mode_and_time(struct image_entry *e, struct archive_entry *entry)
{
	e->mode = archive_entry_perm(entry) & 07777;
	take_time(e, entry);
}

/* All that the header says of @e, whose type is set. */
static int fill(struct image *img, struct image_entry *e, struct archive_entry *entry,
		struct err *err)
{
	int r = take_owner(e, entry, err);

	take_mode_and_time(e, entry);
	if (e->type == ENTRY_SYMLINK)
		e->mode = 0777; /* a file system knows no other */
	if (!r && e->type == ENTRY_FILE && archive_entry_size(entry) > IMAGE_MAX_FILE)
		r = err_class_set(err, ERR_IMAGE, EFBIG, "'%s' says that it has %lld bytes",
				  e->name, (long long)archive_entry_size(entry));
	if (e->type == ENTRY_FILE) {
		e->size = (uint64_t)archive_entry_size(entry);
		e->disk = data_bytes(entry);
		img->layers[e->layer].size += e->size;
	}
	if (e->type == ENTRY_CHAR || e->type == ENTRY_BLOCK) {
		e->rdev_major = (uint32_t)archive_entry_rdevmajor(entry);
		e->rdev_minor = (uint32_t)archive_entry_rdevminor(entry);
	}
	if (!r && e->type == ENTRY_SYMLINK)
		r = take_target(img, e, entry, err);
	return r < 0 ? r : take_xattrs(img, e, entry, err);
}

/*
 * What a link's header says of the file, of which @old is another name. Engines set all of it anew,
 * on a symlink only the owner. Extended attributes that it does not tell stay, but a capability is
 * lost, for the kernel takes it away when an owner is set.
 */
static int fill_link(struct image *img, struct image_entry *e, const struct image_entry *old,
		     struct archive_entry *entry, struct err *err)
{
	int r = take_owner(e, entry, err);

	if (e->type != ENTRY_SYMLINK)
		take_mode_and_time(e, entry);
	if (!r)
		r = take_xattrs(img, e, entry, err);
	for (size_t i = 0; !r && i < old->n_xattrs; i++) {
		const struct entry_xattr *x = &old->xattrs[i];

		if (strcmp(x->name, CAPABILITY) != 0 && !has_xattr(e, x->name))
			r = tree_add_xattr(img, e, x->name, x->value, x->len, err);
	}
	return r;
}

/* A tar that is being applied. */
struct applying {
	struct image *img;
	struct range *range;	   /* where it is */
	uint32_t layer;		   /* of its entries */
	uint32_t note;		   /* of the tar: see source_note() */
	const char *dir;	   /* that its names are below; NULL: they are a layer's */
	const struct strmap *only; /* with dir: the paths to take */
};

static char *path_of(const struct applying *ap, const char *name)
{
	_cleanup_free_ char *path = ap->dir ? xasprintf("%s/%s", ap->dir, name) : NULL;

	return path_normalize(path ? path : name);
}

/*
 * Another name of what is at @target, maybe in a layer below. The engine that mounts the layers
 * below copies it up, and both names are one file again.
 */
static int take_link(const struct applying *ap, struct image_entry *dir, const char *name,
		     struct archive_entry *entry, struct err *err)
{
	_cleanup_free_ char *target = path_of(ap, tar_hardlink(entry));
	struct image *img = ap->img;
	struct image_entry *old, *e;
	int r;

	if (image_walk(img, NULL, NULL, target, false, NULL, NULL, &old) < 0 ||
	    old->type == ENTRY_DIR)
		return err_class_set(err, ERR_IMAGE, ENOENT,
				     "hard link '%s' to '%s', which is no file", name, target);
	if (old == image_child(dir, name, strlen(name)))
		return 0;
	r = tree_link(img, dir, name, strlen(name), old, ap->layer, &e, err);
	return r < 0 ? r : fill_link(img, e, old, entry, err);
}

/* Returns true when the name meant something else than an entry. */
static bool take_whiteout(struct image_entry *dir, const char *name, uint32_t layer)
{
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) != 0)
		return false;
	if (!strcmp(name, OPAQUE))
		tree_make_opaque(dir, layer);
	else
		tree_whiteout(dir, name + strlen(WHITEOUT), strlen(name) - strlen(WHITEOUT), layer);
	return true;
}

/* aufs's own files, and what is in its own directories; the opaque mark looks like one. */
static bool is_aufs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/" AUFS)); p++)
		if (strcmp(p + 1, OPAQUE) != 0)
			return true;
	return false;
}

/*
 * A textual ACL (SCHILY.acl.access) changes the mode that libarchive tells. Engines do not know
 * such ACLs and take the header's.
 */
static int undo_acl_mode(const struct applying *ap, uint64_t header, struct archive_entry *entry,
			 struct err *err)
{
	uint32_t mode;
	int r;

	if (!archive_entry_acl_types(entry))
		return 0;
	r = tar_header_mode(ap->range, header, &mode, err);
	if (!r)
		archive_entry_set_perm(entry, mode);
	return r;
}

static int take_entry(const struct applying *ap, struct archive *a, struct archive_entry *entry,
		      struct err *err)
{
	uint64_t header = (uint64_t)archive_read_header_position(a);
	const char *raw = tar_name(entry), *name;
	_cleanup_free_ char *path = raw ? path_of(ap, raw) : NULL;
	struct image *img = ap->img;
	uint32_t layer = ap->layer;
	struct image_entry *dir = NULL, *e;
	enum entry_type type;
	int r;

	if (!path)
		return err_class_set(err, ERR_IMAGE, EINVAL, "an entry has no name");
	/* Engines make the root themselves, root's and 0755, and leave out what a layer says of it.
	 */
	if (!strcmp(path, "/") || is_aufs(path))
		return 0;
	name = path_basename(path);
	if (ap->dir && (!strmap_get(ap->only, path) || !strncmp(name, WHITEOUT, strlen(WHITEOUT))))
		return 0;
	r = undo_acl_mode(ap, header, entry, err);
	if (!r)
		r = make_dirs(img, path, (size_t)(name - path), layer, &dir, err);
	if (r < 0 || take_whiteout(dir, name, layer))
		return r;
	if (tar_hardlink(entry))
		return take_link(ap, dir, name, entry, err);
	if (!type_of(entry, &type))
		return 0;
	r = tree_put(img, dir, name, strlen(name), type, layer, &e, err);
	if (r < 0)
		return r;
	e->source = source_note(ap->note, header);
	return fill(img, e, entry, err);
}

static int apply(const struct applying *ap, struct err *err)
{
	_cleanup_archive_ struct archive *a = NULL;
	struct archive_entry *entry;
	int r = range_open_tar(ap->range, &a, err);

	while (!r && (r = tar_next(a, &entry, err)) == 1) {
		r = take_entry(ap, a, entry, err);
		if (!r)
			r = cancel_check(err);
	}
	return r;
}

int layer_apply_tar(struct image *img, uint32_t layer, struct err *err)
{
	_cleanup_range_ struct range range = img->ranges[layer];
	const struct applying ap = { .img = img, .range = &range, .layer = layer, .note = layer };

	return apply(&ap, err);
}

int layer_apply_files(struct image *img, uint32_t layer, uint32_t note, const char *dir,
		      const struct strmap *only, struct err *err)
{
	_cleanup_range_ struct range range = img->added[note];
	const struct applying ap = {
		.img = img, .range = &range, .layer = layer, .note = note, .dir = dir, .only = only
	};

	return apply(&ap, err);
}
