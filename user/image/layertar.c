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
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define AUFS ".wh..wh."

/* In the C locale libarchive cannot give a UTF-8 name but as such, and any other only as bytes. */
static char *name_of(const char *utf8, const char *bytes)
{
	const char *name = utf8 ? utf8 : bytes;

	return name ? path_normalize(name) : NULL;
}

/* The directory at @path (normalized), made as the engine would when the layer does not have it. */
static int make_dirs(struct image *img, const char *path, size_t len, uint32_t layer,
		     struct image_entry **ret, struct err *err)
{
	struct image_entry *dir = img->root;
	const char *end = path + len;

	while (path < end) {
		size_t n;
		struct image_entry *e;

		path += strspn(path, "/");
		if (path >= end)
			break;
		n = strcspn(path, "/");
		e = image_child(dir, path, n);
		if (!e || e->type != ENTRY_DIR) {
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

static void take_xattrs(struct image_entry *e, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK)
		if (strncmp(name, "trusted.overlay.", 16) != 0)
			tree_set_xattr(e, name, value, len);
}

static void fill(struct image_entry *e, struct archive_entry *entry, uint64_t position)
{
	const char *target = archive_entry_symlink_utf8(entry);

	e->mode = archive_entry_perm(entry) & 07777;
	e->uid = (uint32_t)archive_entry_uid(entry);
	e->gid = (uint32_t)archive_entry_gid(entry);
	e->mtime = archive_entry_mtime(entry);
	e->mtime_nsec = (uint32_t)archive_entry_mtime_nsec(entry);
	e->source = position;
	if (e->type == ENTRY_FILE)
		e->size = e->disk = (uint64_t)archive_entry_size(entry);
	if (e->type == ENTRY_CHAR || e->type == ENTRY_BLOCK) {
		e->rdev_major = (uint32_t)archive_entry_rdevmajor(entry);
		e->rdev_minor = (uint32_t)archive_entry_rdevminor(entry);
	}
	if (e->type == ENTRY_SYMLINK) {
		if (!target)
			target = archive_entry_symlink(entry);
		e->target = xstrdup(target ? target : "");
	}
	take_xattrs(e, entry);
}

/* Another name of what is at @target: same inode, same attributes, same content. */
static int link_entry(struct image *img, struct image_entry *dir, const char *name, uint32_t layer,
		      const char *target, struct err *err)
{
	struct image_entry *old = image_lookup(img, target), *e;
	int r;

	if (!old || old->type == ENTRY_DIR)
		return err_class_set(err, ERR_IMAGE, ENOENT,
				     "hard link '%s' to '%s', which is not there", name, target);
	r = tree_put(img, dir, name, strlen(name), old->type, layer, &e, err);
	if (r < 0 || e == old)
		return r;
	e->mode = old->mode;
	e->uid = old->uid;
	e->gid = old->gid;
	e->mtime = old->mtime;
	e->mtime_nsec = old->mtime_nsec;
	e->size = old->size;
	e->disk = old->disk;
	e->rdev_major = old->rdev_major;
	e->rdev_minor = old->rdev_minor;
	e->inode = old->inode;
	e->source = old->source;
	e->layer = old->layer; /* where the content is */
	e->target = old->target ? xstrdup(old->target) : NULL;
	for (size_t i = 0; i < old->n_xattrs; i++)
		tree_set_xattr(e, old->xattrs[i].name, old->xattrs[i].value, old->xattrs[i].len);
	return 0;
}

/* Returns true when the name meant something else than an entry. */
static bool take_whiteout(struct image_entry *dir, const char *name, uint32_t layer)
{
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) != 0)
		return false;
	if (!strcmp(name, OPAQUE))
		tree_make_opaque(dir, layer);
	else if (strncmp(name, AUFS, strlen(AUFS)) != 0)
		tree_remove(dir, name + strlen(WHITEOUT), strlen(name) - strlen(WHITEOUT), layer);
	return true;
}

static int take_entry(struct image *img, uint32_t layer, struct archive *a,
		      struct archive_entry *entry, struct err *err)
{
	_cleanup_free_ char *path =
		name_of(archive_entry_pathname_utf8(entry), archive_entry_pathname(entry));
	_cleanup_free_ char *link =
		name_of(archive_entry_hardlink_utf8(entry), archive_entry_hardlink(entry));
	struct image_entry *dir, *e;
	enum entry_type type;
	const char *name;
	int r;

	if (!path)
		return err_class_set(err, ERR_IMAGE, EINVAL, "an entry has no name");
	if (!strcmp(path, "/")) {
		fill((tree_clear_xattrs(img->root), img->root), entry, 0);
		return 0;
	}
	name = path_basename(path);
	r = make_dirs(img, path, (size_t)(name - path), layer, &dir, err);
	if (r < 0 || take_whiteout(dir, name, layer))
		return r;
	if (link)
		return link_entry(img, dir, name, layer, link, err);
	if (!type_of(entry, &type))
		return 0;
	r = tree_put(img, dir, name, strlen(name), type, layer, &e, err);
	if (!r)
		fill(e, entry, (uint64_t)archive_read_header_position(a));
	return r;
}

int layer_apply_tar(struct image *img, uint32_t layer, struct range *range, struct err *err)
{
	struct archive_entry *entry;
	struct archive *a;
	int r = range_open_tar(range, &a, err), code;

	while (!r && (code = archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
		if (code < ARCHIVE_WARN)
			r = err_class_set(err, ERR_IMAGE, EBADMSG, "the tar is damaged: %s",
					  archive_error_string(a));
		else
			r = take_entry(img, layer, a, entry, err);
	}
	archive_read_free(a);
	return r;
}
