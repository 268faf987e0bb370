/* SPDX-License-Identifier: BSD-2-Clause */
/* Which extended attributes belong to an image. */
#include <string.h>

#include "image/tree.h"
#include "slimtrace/base/alloc.h"

#define OVERLAY "trusted.overlay."

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

bool xattr_is_of_image(const char *name)
{
	static const char *const whole[] = { "security.capability", "security.ima",
					     "system.posix_acl_access",
					     "system.posix_acl_default" };

	if (begins(name, OVERLAY))
		return begins(name, OVERLAY "overlay.");
	if (begins(name, "user.") || begins(name, "trusted."))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (!strcmp(name, whole[i]))
			return true;
	return false;
}
