/* SPDX-License-Identifier: BSD-2-Clause */
/* AppArmor's file rules. */
#ifndef PROFILE_RULES_H
#define PROFILE_RULES_H

#include <stddef.h>

#include "slimtrace/base/strvec.h"
#include "slimtrace/image.h"
#include "slimtrace/record.h"

/* Lines such as "/etc/passwd r,", sorted. @img may be NULL. */
void rules_of_files(const struct record *const *records, size_t n, const struct image *img,
		    struct strvec *ret);

#endif
