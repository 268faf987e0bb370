/* SPDX-License-Identifier: BSD-2-Clause */
/* Which ACLs are written so that nothing is inherited that was not in the original. */
#include <string.h>

#include "../lib/tap.h"
#include "slim/acl.h"
#include "slimtrace/base/alloc.h"

static char empty[] = { 2, 0, 0, 0 };
static char default_name[] = "system.posix_acl_default";
static char access_name[] = "system.posix_acl_access";
static struct entry_xattr acl_default = { default_name, empty, sizeof(empty) };
static struct entry_xattr acl_access = { access_name, empty, sizeof(empty) };

static struct image_entry dir = { .type = ENTRY_DIR, .parent = &dir, .nlink = 1, .layer = 1 };

/* How many there are to write, how many of them ACLs without entries. */
static void is_written(const struct image_entry *e, size_t want, size_t want_empty,
		       const char *name)
{
	_cleanup_free_ struct entry_xattr *own = NULL;
	size_t n = acl_xattrs(e, &own), n_empty = 0;

	for (size_t i = 0; own && i < n; i++)
		n_empty += own[i].len == sizeof(empty) && !memcmp(own[i].value, empty, 4) &&
			   own[i].value != empty;
	is_int(n, want, "%s: attributes", name);
	is_int(n_empty, want_empty, "%s: of them ACLs without entries", name);
}

int main(void)
{
	struct image_entry e = { .type = ENTRY_FILE, .parent = &dir, .nlink = 1, .layer = 0 };

	is_written(&e, 0, 0, "a directory without default ACL");
	dir.xattrs = &acl_default;
	dir.n_xattrs = 1;
	is_written(&dir, 1, 0, "the root itself");
	is_written(&e, 1, 1, "a file from another layer");
	e.layer = 1;
	is_written(&e, 0, 0, "a file from the same layer");
	e.nlink = 2;
	is_written(&e, 1, 1, "a file that was made elsewhere, maybe");
	e.xattrs = &acl_access;
	e.n_xattrs = 1;
	is_written(&e, 1, 0, "a file that has one");
	e.type = ENTRY_DIR;
	e.layer = 0;
	is_written(&e, 2, 1, "a directory that has one but no default");
	e.type = ENTRY_SYMLINK;
	is_written(&e, 1, 0, "a symlink has none");
	return tap_done();
}
