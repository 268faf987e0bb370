/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory's default ACL is inherited by what an engine makes in it while it unpacks a layer,
 * and a layer's tar can say of an entry which ACL it has, but not that it has none. An ACL without
 * entries does: setting it removes what was inherited (Linux: posix_acl_from_xattr(), count 0).
 */
#ifndef SLIMTRACE_SLIM_ACL_H
#define SLIMTRACE_SLIM_ACL_H

#include "slimtrace/image.h"

/*
 * The attributes to write for @e, whose directory is in the same tar: its own, and ACLs without
 * entries where it would inherit some that it did not in the original: where its directory got the
 * default ACL in another layer, or the file was made elsewhere and linked. *ret_own is malloc'ed,
 * or NULL when they are just its own; values and names are borrowed.
 */
size_t acl_xattrs(const struct image_entry *e, struct entry_xattr **ret_own);

#endif
