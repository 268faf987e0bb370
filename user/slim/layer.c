/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/layer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "slim/acl.h"
#include "slim/parts.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/strmap.h"

struct layer {
	const struct slim_set *set;
	const struct slim_opts *opts;
	struct tar *tar;
	struct strmap *names; /* struct link_key -> name of its first entry, malloc'ed */
	uint64_t *bytes;
};

/* A path of the layer: the same entry in each source that has it. */
struct group {
	const struct plan_item *v;
	size_t n;
};

struct link_key {
	uint32_t source, inode;
};

static uint32_t type_bits(enum entry_type type)
{
	switch (type) {
	case ENTRY_FILE:
		return S_IFREG;
	case ENTRY_DIR:
		return S_IFDIR;
	case ENTRY_SYMLINK:
		return S_IFLNK;
	case ENTRY_CHAR:
		return S_IFCHR;
	case ENTRY_BLOCK:
		return S_IFBLK;
	case ENTRY_FIFO:
		return S_IFIFO;
	case ENTRY_SOCKET:
		break;
	}
	return S_IFSOCK;
}

/*
 * The next block of @f: 1, 0 at the end, or an error. Blocks must ascend and lie in the file, which
 * may be another by now than the one that the tree was made from.
 */
static int next_block(struct image_file *f, const struct image_entry *e, uint64_t pos,
		      const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *err)
{
	int r = cancel_check(err);

	if (!r)
		r = image_file_block(f, ret_data, ret_len, ret_offset, err);
	if (r > 0 &&
	    (*ret_offset < pos || *ret_offset > e->size || *ret_len > e->size - *ret_offset)) {
		err_class_set(err, ERR_IMAGE, EBADMSG, "it has changed, or is not as it says");
		return -EBADMSG;
	}
	return r;
}

static int write_zeros(struct layer *l, uint64_t len, struct err *err)
{
	const uint64_t step = 256 << 20;
	int r = 0;

	/* A hole can be very long: it must not keep a user who wants to end waiting. */
	for (; !r && len; len -= len < step ? len : step) {
		r = cancel_check(err);
		if (!r)
			r = tar_zeros(l->tar, len < step ? len : step, err);
	}
	return r;
}

/*
 * Holes are written as zeros, as engines write them. Tar could say that they are holes, but of such
 * a layer an engine that keeps tar-split (Docker, Podman) cannot make the same bytes again: it is
 * loaded and it runs, then saving or pushing it fails (seen with Docker 20.10). And Docker makes
 * zeros of the holes when it unpacks them.
 */
static int write_content(struct layer *l, const struct image *img, const struct image_entry *e,
			 struct err *err)
{
	_cleanup_(image_file_close) struct image_file *f = NULL;
	uint64_t pos = 0, offset = 0;
	const void *data = NULL;
	size_t len = 0;
	int r = image_file_open(img, e, &f, err);

	if (r < 0)
		return r;
	while ((r = next_block(f, e, pos, &data, &len, &offset, err)) > 0) {
		r = write_zeros(l, offset - pos, err);
		if (!r)
			r = tar_data(l->tar, data, len, err);
		if (r < 0)
			return r;
		pos = offset + len;
		*l->bytes += len;
		if (l->opts->progress)
			l->opts->progress(*l->bytes, l->opts->ctx);
	}
	return r < 0 ? r : write_zeros(l, e->size - pos, err);
}

/* What stays of a file that is cut: a small text, see keep_cut(). */
static int write_parts(struct layer *l, const struct plan_item *item, const struct parts *parts,
		       struct err *err)
{
	const struct image_entry *e = item->entry;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = image_file_read(l->set->v[item->source].img, e, (size_t)e->size, &text, &len, err);

	for (size_t i = 0; !r && i < parts->n; i++) {
		const struct keep_range *p = &parts->v[i];

		if (p->end > len)
			return err_class_set(err, ERR_IMAGE, EBADMSG,
					     "it has changed, or is not as it says");
		r = tar_data(l->tar, text + p->start, (size_t)(p->end - p->start), err);
		*l->bytes += p->end - p->start;
	}
	return r;
}

static int write_file(struct layer *l, const struct group *group, struct tar_entry *te,
		      struct err *err)
{
	_cleanup_(parts_release) struct parts parts = { 0 };
	const struct plan_item *item = &group->v[0];
	bool cut = parts_find(l->set, group->v, group->n, &parts);
	int r;

	te->size = cut ? parts.bytes : item->entry->size;
	r = tar_header(l->tar, te, err);
	if (r < 0)
		return r;
	return cut ? write_parts(l, item, &parts, err)
		   : write_content(l, l->set->v[item->source].img, item->entry, err);
}

static bool is_linked(const struct plan_item *item)
{
	return item->kind == PLAN_ENTRY && item->entry->nlink > 1;
}

static struct link_key link_key(const struct plan_item *item)
{
	return (struct link_key){ item->source, item->entry ? item->entry->inode : 0 };
}

/*
 * The name under which one of the group's inodes is in the layer already, or NULL; it is noted for
 * all of them. A link's header repeats all of the inode, for engines set owner, extended
 * attributes and mode anew for each name, and setting the owner clears setuid bits and file
 * capabilities.
 */
static const char *linked_to(struct layer *l, const struct group *group)
{
	const char *first = NULL;

	for (size_t i = 0; i < group->n && !first; i++) {
		const struct link_key key = link_key(&group->v[i]);

		if (is_linked(&group->v[i]))
			first = strmap_get_len(l->names, &key, sizeof(key));
	}
	for (size_t i = 0; i < group->n; i++) {
		const struct link_key key = link_key(&group->v[i]);

		if (is_linked(&group->v[i]) && !strmap_get_len(l->names, &key, sizeof(key)))
			strmap_put_len(l->names, &key, sizeof(key),
				       xstrdup(first ? first : group->v[0].path));
	}
	return first;
}

/* What a layer's tar cannot say about the entry, or NULL. */
static const char *unsayable(const struct slim_source *src, const struct image_entry *e)
{
	if (e->parent != image_root(src->img) && !keep_has(src->keep, e->parent))
		return "its directory is not kept";
	if (!strncmp(e->name, ".wh.", 4))
		return "in a layer, a name with '.wh.' before it means a deletion";
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (!tar_xattr_ok(e->xattrs[i].name))
			return "the name of an extended attribute has a byte that tar has no room "
			       "for";
	return NULL;
}

static void change(struct tar_entry *te, int64_t mode, int64_t uid, int64_t gid)
{
	te->mode = mode < 0 ? te->mode : (uint32_t)mode;
	te->uid = uid < 0 ? te->uid : (uint32_t)uid;
	te->gid = gid < 0 ? te->gid : (uint32_t)gid;
}

static void set_owner(const struct layer *l, const struct plan_item *item, struct tar_entry *te)
{
	const struct image_entry *e = item->entry;
	const struct slim_source *source = &l->set->v[item->source];
	const struct keep_perm *kept = keep_perm(source->keep, e);
	const struct slim_perm *p =
		source->perms ? strmap_get_len(source->perms, &e->inode, sizeof(e->inode)) : NULL;

	te->mode = e->mode & 07777;
	te->uid = e->uid;
	te->gid = e->gid;
	if (l->opts->plain_perms)
		change(te, e->type == ENTRY_DIR || te->mode & 0111 ? 0755 : 0644, 0, 0);
	if (kept)
		change(te, kept->mode, kept->uid, kept->gid);
	if (p)
		change(te, p->mode, p->uid, p->gid);
	te->mode |= type_bits(e->type);
}

static int write_entry(struct layer *l, const struct group *group, const char *name,
		       struct err *err)
{
	const struct plan_item *item = &group->v[0];
	const struct image_entry *e = item->entry;
	struct tar_entry te = { .name = name,
				.mtime = e->mtime,
				.mtime_nsec = e->mtime_nsec,
				.symlink = e->target,
				.rdev_major = e->rdev_major,
				.rdev_minor = e->rdev_minor };
	_cleanup_free_ struct entry_xattr *xattrs = NULL;
	const char *why = unsayable(&l->set->v[item->source], e);
	int r;

	if (why)
		return err_class_set(err, ERR_IMAGE, EINVAL, "cannot put '/%s' into a layer: %s",
				     name, why);
	set_owner(l, item, &te);
	te.n_xattrs = acl_xattrs(e, &xattrs);
	te.xattrs = xattrs ? xattrs : e->xattrs;
	te.hardlink = e->type == ENTRY_DIR ? NULL : linked_to(l, group);
	if (e->type == ENTRY_FILE && !te.hardlink)
		r = write_file(l, group, &te, err);
	else
		r = tar_header(l->tar, &te, err);
	return r < 0 ? err_wrap(err, "'/%s'", name) : 0;
}

static int write_group(struct layer *l, const struct group *group, struct err *err)
{
	const struct plan_item *item = &group->v[0];
	_cleanup_free_ char *dir = xasprintf("%s/", item->path);
	struct tar_entry te = { .name = dir, .mode = S_IFDIR | 0755 };

	switch (item->kind) {
	case PLAN_ENTRY:
		return write_entry(l, group, item->entry->type == ENTRY_DIR ? dir : item->path,
				   err);
	case PLAN_WHITEOUT:
		te.name = item->path;
		te.mode = S_IFREG;
		break;
	case PLAN_PLAIN:
		break;
	}
	return tar_header(l->tar, &te, err);
}

int layer_write(const struct slim_set *set, const struct plan_layer *layer,
		const struct slim_opts *opts, struct tar *tar, uint64_t *bytes, struct err *err)
{
	struct layer l = {
		.set = set, .opts = opts, .tar = tar, .names = strmap_new(), .bytes = bytes
	};
	struct group group;
	int r = 0;

	for (size_t i = 0; !r && i < layer->n; i += group.n) {
		group = (struct group){ .v = &layer->items[i], .n = 1 };
		while (i + group.n < layer->n &&
		       !strcmp(layer->items[i + group.n].path, layer->items[i].path))
			group.n++;
		r = cancel_check(err);
		if (!r)
			r = write_group(&l, &group, err);
	}
	strmap_free_with(l.names, free);
	return r;
}
