/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"

/* Which distribution this is made of: for scanners, and for programs that ask. */
int keep_distro(struct keep *k, struct err *err)
{
	int r = keep_all_matches(k, "", places_distro.v, places_distro.n, KEEP_DISTRO, err);

	return r < 0 ? r : 0;
}
