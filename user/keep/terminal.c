/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals. What a program draws with is described in a file for each kind of terminal. The run
 * had one kind, or none; who comes later with "docker exec -it" has another.
 */
#include <fnmatch.h>
#include <string.h>

#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"

/* The library that reads the descriptions, also where it is one with curses. */
static bool ran_library(const struct keep *k)
{
	for (size_t i = 0; i < k->n; i++) {
		const char *name = image_entry(k->img, (uint32_t)i)->name;

		if (k->notes[i] & NOTE_RAN &&
		    (!fnmatch("libtinfo*.so*", name, 0) || !fnmatch("libncurses*.so*", name, 0)))
			return true;
	}
	return false;
}

/* A program without shared libraries looks for itself. */
static bool asked(const struct keep *k, const char *dir)
{
	size_t len = strlen(dir);

	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		const char *path = k->rec->accesses[i].path;

		if (!strncmp(path, dir, len) && path[len] == '/' && !keep_is_passed_over(k, i))
			return true;
	}
	return false;
}

int keep_terminals(struct keep *k, struct err *err)
{
	bool wanted = ran_library(k);

	for (size_t i = 0; !wanted && i < places_terminfo.n; i++)
		wanted = asked(k, places_terminfo.v[i]);
	for (size_t i = 0; wanted && i < places_terminfo.n; i++) {
		_cleanup_free_ char *dir = xasprintf("%s/", places_terminfo.v[i]);
		int r = keep_all_matches(k, dir, places_terminals.v, places_terminals.n,
					 KEEP_TERMINFO, err);

		if (r < 0)
			return r;
	}
	return 0;
}
