/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/acl.h"

#include <string.h>

#include "slimtrace/base/alloc.h"

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

static bool has(const struct image_entry *e, const char *name)
{
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (!strcmp(e->xattrs[i].name, name))
			return true;
	return false;
}

/* The value is a header alone, POSIX_ACL_XATTR_VERSION as a little endian number. */
static void add_empty(struct entry_xattr *xattrs, size_t *n, const char *name)
{
	static char header[] = { 2, 0, 0, 0 };

	xattrs[(*n)++] = (struct entry_xattr){ .name = (char *)(uintptr_t)name,
					       .value = header,
					       .len = sizeof(header) };
}

/* Made in its directory by the same layer. A file of several names was made as one of them. */
static bool inherits_as_before(const struct image_entry *e)
{
	return e->layer == e->parent->layer && e->nlink < 2;
}

size_t acl_xattrs(const struct image_entry *e, struct entry_xattr **ret_own)
{
	struct entry_xattr *own;
	size_t n = e->n_xattrs;

	*ret_own = NULL;
	if (e->type == ENTRY_SYMLINK || inherits_as_before(e) || !has(e->parent, ACL_DEFAULT))
		return n;
	own = xcalloc(n + 2, sizeof(*own));
	if (n)
		memcpy(own, e->xattrs, n * sizeof(*own));
	if (!has(e, ACL_ACCESS))
		add_empty(own, &n, ACL_ACCESS);
	if (e->type == ENTRY_DIR && !has(e, ACL_DEFAULT))
		add_empty(own, &n, ACL_DEFAULT);
	*ret_own = own;
	return n;
}
