/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of an image archive, and where in the file each one lies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/archive.h"
#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"

void member_free(void *member)
{
	struct member *m = member;

	if (m) {
		free(m->link);
		free(m->file);
	}
	free(m);
}

int member_read(int fd, const struct member *m, size_t max, struct strbuf *ret, struct err *err)
{
	_cleanup_free_ char *buf = NULL;
	_cleanup_close_ int own = -1;
	struct range range;
	int r = member_range(fd, m, &range, &own, err);

	if (r < 0)
		return r;
	if (range.len > max)
		return err_class_set(err, ERR_IMAGE, EFBIG, "it has %llu bytes",
				     (unsigned long long)range.len);
	buf = xmalloc((size_t)range.len);
	r = range_read_full(&range, buf, (size_t)range.len, 0, err);
	if (!r)
		strbuf_add(ret, buf, (size_t)range.len);
	return r;
}

/* Old archives have symlinks, and tar makes hard links, where two layers are the same. */
static char *link_of(const char *path, struct archive_entry *entry)
{
	const char *hard = tar_hardlink(entry), *soft = tar_symlink(entry);
	_cleanup_free_ char *joined = NULL;

	if (hard)
		return path_normalize(hard);
	if (!soft)
		return NULL;
	joined = *soft == '/' ? xstrdup(soft) : xasprintf("%s/../%s", path, soft);
	return path_normalize(joined);
}

static int fill_member(const struct range *range, struct archive *a, struct archive_entry *entry,
		       struct member *m, struct err *err)
{
	uint64_t header = (uint64_t)archive_read_header_position(a);
	la_int64_t len = archive_entry_size(entry);
	bool plain;
	int r = tar_content_start(range, header, &m->start, &plain, err);

	if (r < 0)
		return r;
	if (!plain)
		return err_class_set(err, ERR_IMAGE, ENOTSUP, "it is stored as a sparse file");
	if (len < 0 || m->start > range->len || (uint64_t)len > range->len - m->start)
		return err_class_set(err, ERR_IMAGE, EIO, "it is cut");
	m->len = (uint64_t)len;
	return 0;
}

static int add_member(const struct range *range, struct archive *a, struct archive_entry *entry,
		      struct strmap *members, struct err *err)
{
	const char *name = tar_name(entry);
	_cleanup_free_ char *path = name ? path_normalize(name) : NULL, *link = NULL;
	struct member *m;
	int r = 0;

	if (!path)
		return 0;
	link = link_of(path, entry);
	if (!link && archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	if (strmap_count(members) >= IMAGE_MAX_MEMBERS)
		return err_class_set(err, ERR_IMAGE, E2BIG, "it has more than %u members",
				     IMAGE_MAX_MEMBERS);
	m = xcalloc(1, sizeof(*m));
	if (link)
		m->link = TAKE_PTR(link);
	else
		r = fill_member(range, a, entry, m, err);
	if (r < 0) {
		member_free(m);
		return err_wrap(err, "'%s'", path);
	}
	member_free(strmap_put(members, path, m));
	return 0;
}

int members_list(int fd, struct strmap *ret, struct err *err)
{
	_cleanup_range_ struct range range = { .fd = fd };
	_cleanup_archive_ struct archive *a = NULL;
	struct archive_entry *entry;
	off_t end = lseek(fd, 0, SEEK_END);
	int r;

	if (end < 0)
		return err_set(err, errno, "it cannot be read at random");
	if ((uint64_t)end >> SOURCE_OFFSET_BITS)
		return err_class_set(err, ERR_IMAGE, EFBIG, "it has %llu bytes",
				     (unsigned long long)end);
	range.len = (uint64_t)end;
	r = range_open_tar(&range, &a, err);
	while (!r && (r = tar_next(a, &entry, err)) == 1)
		r = add_member(&range, a, entry, ret, err);
	return r;
}
