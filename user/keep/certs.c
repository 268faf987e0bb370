/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates of authorities. Which ones a program opens depends on whom it talks to: where it
 * looked for them at all, all stay.
 */
#include <fnmatch.h>
#include <string.h>

#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"

/* A single certificate was looked for by its hash, or the directory listed: all of them. */
static bool asked_cert_dir(const struct keep *k)
{
	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		const struct record_access *a = &k->rec->accesses[i];

		for (size_t j = 0; j < places_cert_dirs.n; j++) {
			size_t len = strlen(places_cert_dirs.v[j]) - strlen("/**");

			if (strncmp(a->path, places_cert_dirs.v[j], len) != 0 ||
			    keep_is_passed_over(k, i))
				continue;
			if (!a->path[len] && a->kinds & RECORD_LIST)
				return true;
			/* "4a6481c9.0": the hash of a subject's name. */
			if (a->path[len] == '/' &&
			    !fnmatch("/[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
				     "[0-9a-f].[0-9r]*",
				     a->path + len, 0))
				return true;
		}
	}
	return false;
}

int keep_cert_stores(struct keep *k, struct err *err)
{
	bool dirs = asked_cert_dir(k);
	int r;

	if (!dirs && !keep_asked_any(k, places_cert_asked.v, places_cert_asked.n))
		return 0;
	r = keep_all_matches(k, "", places_cert_bundles.v, places_cert_bundles.n, KEEP_CERTS, err);
	if (r >= 0 && dirs)
		r = keep_all_matches(k, "", places_cert_dirs.v, places_cert_dirs.n, KEEP_CERTS,
				     err);
	return r < 0 ? r : 0;
}
