/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/layer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/strmap.h"

struct layer {
	const struct image *img;
	const struct keep *keep;
	const struct slim_opts *opts;
	struct tar *tar;
	struct strmap *names; /* inode -> name of its first entry, malloc'ed */
	struct strbuf name;   /* of the entry being written */
	uint64_t bytes;
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
static int write_content(struct layer *l, const struct image_entry *e, struct err *err)
{
	_cleanup_(image_file_close) struct image_file *f = NULL;
	uint64_t pos = 0, offset = 0;
	const void *data = NULL;
	size_t len = 0;
	int r = image_file_open(l->img, e, &f, err);

	if (r < 0)
		return r;
	while ((r = next_block(f, e, pos, &data, &len, &offset, err)) > 0) {
		r = write_zeros(l, offset - pos, err);
		if (!r)
			r = tar_data(l->tar, data, len, err);
		if (r < 0)
			return r;
		pos = offset + len;
		l->bytes += len;
		if (l->opts->progress)
			l->opts->progress(l->bytes, l->opts->ctx);
	}
	return r < 0 ? r : write_zeros(l, e->size - pos, err);
}

static int write_file(struct layer *l, const struct image_entry *e, struct tar_entry *te,
		      struct err *err)
{
	int r;

	te->size = e->size;
	r = tar_header(l->tar, te, err);
	return r < 0 ? r : write_content(l, e, err);
}

/*
 * The name under which @e's inode is in the layer already, or NULL, and then it is noted. A
 * link's header repeats all of the inode, for engines set owner, extended attributes and mode anew
 * for each name, and setting the owner clears setuid bits and file capabilities.
 */
static const char *linked_to(struct layer *l, const struct image_entry *e)
{
	const char *first;

	if (e->type == ENTRY_DIR || e->nlink < 2)
		return NULL;
	first = strmap_get_len(l->names, &e->inode, sizeof(e->inode));
	if (!first)
		strmap_put_len(l->names, &e->inode, sizeof(e->inode), xstrdup(l->name.buf));
	return first;
}

/* What a layer's tar cannot say about @e, or NULL. */
static const char *unsayable(const struct layer *l, const struct image_entry *e)
{
	if (e->parent != image_root(l->img) && !keep_has(l->keep, e->parent))
		return "its directory is not kept";
	if (!strncmp(e->name, ".wh.", 4))
		return "in a layer, a name with '.wh.' before it means a deletion";
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (!tar_xattr_ok(e->xattrs[i].name))
			return "the name of an extended attribute has a byte that tar has no room "
			       "for";
	return NULL;
}

static void set_name(struct layer *l, const struct image_entry *e)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

	image_entry_path(e, &path);
	strbuf_reset(&l->name);
	strbuf_addstr(&l->name, path.buf + 1);
	if (e == image_root(l->img))
		strbuf_addch(&l->name, '.');
	if (e->type == ENTRY_DIR)
		strbuf_addch(&l->name, '/');
}

static int write_entry(struct layer *l, const struct image_entry *e, struct err *err)
{
	struct tar_entry te = { .mode = type_bits(e->type) | (e->mode & 07777),
				.uid = e->uid,
				.gid = e->gid,
				.mtime = e->mtime,
				.mtime_nsec = e->mtime_nsec,
				.symlink = e->target,
				.rdev_major = e->rdev_major,
				.rdev_minor = e->rdev_minor,
				.xattrs = e->xattrs,
				.n_xattrs = e->n_xattrs };
	const char *why = unsayable(l, e);
	int r;

	set_name(l, e);
	if (why)
		return err_class_set(err, ERR_IMAGE, EINVAL, "cannot put '/%s' into a layer: %s",
				     l->name.buf, why);
	te.hardlink = linked_to(l, e);
	te.name = l->name.buf;
	if (e->type == ENTRY_FILE && !te.hardlink)
		r = write_file(l, e, &te, err);
	else
		r = tar_header(l->tar, &te, err);
	return r < 0 ? err_wrap(err, "'/%s'", l->name.buf) : 0;
}

/* Every engine makes a root directory of root's with mode 0755. */
static bool root_is_plain(const struct image_entry *root)
{
	return root->mode == 0755 && !root->uid && !root->gid && !root->n_xattrs;
}

static bool is_wanted(const struct layer *l, const struct image_entry *e)
{
	return e->type != ENTRY_SOCKET && keep_has(l->keep, e);
}

/* A directory on the way down, and the next of its children. */
struct level {
	const struct image_entry *dir;
	size_t next;
};

static int write_tree(struct layer *l, struct err *err)
{
	struct level *levels = NULL;
	size_t depth = 0, cap = 0;
	int r = 0;

	ALLOC_GROW(levels, 1, cap);
	levels[depth++] = (struct level){ .dir = image_root(l->img) };
	while (!r && depth) {
		struct level *top = &levels[depth - 1];
		const struct image_entry *e;

		if (top->next == top->dir->n_children) {
			depth--;
			continue;
		}
		e = top->dir->children[top->next++];
		if (is_wanted(l, e))
			r = cancel_check(err) < 0 ? -EINTR : write_entry(l, e, err);
		ALLOC_GROW(levels, depth + 1, cap);
		if (e->n_children)
			levels[depth++] = (struct level){ .dir = e };
	}
	free(levels);
	return r;
}

int layer_write(const struct image *img, const struct keep *keep, const struct slim_opts *opts,
		struct tar *tar, struct err *err)
{
	struct layer l = { .img = img,
			   .keep = keep,
			   .opts = opts,
			   .tar = tar,
			   .names = strmap_new(),
			   .name = STRBUF_INIT };
	int r = 0;

	if (!root_is_plain(image_root(img)))
		r = write_entry(&l, image_root(img), err);
	if (!r)
		r = write_tree(&l, err);
	strmap_free_with(l.names, free);
	strbuf_release(&l.name);
	return r;
}
