/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision: the rules in their order, and what can be asked about the result. */
#include "slimtrace/keep.h"

#include <stdlib.h>

#include "keep/cut.h"
#include "keep/rules.h"
#include "keep/set.h"
#include "slimtrace/base/alloc.h"

static const struct {
	const char *name, *text;
} reasons[KEEP_REASONS] = {
	[KEEP_USED] = { "used", "the application used it while it was watched" },
	[KEEP_BY_EXEC] = { "used-by-exec", "a command put into the container used it" },
	[KEEP_LINK] = { "link", "a symbolic link on the way to something that is used" },
	[KEEP_PARENT] = { "parent", "a directory on the way to something" },
	[KEEP_INTERPRETER] = { "interpreter",
			       "the kernel opens it to run a program (loader or \"#!\" line)" },
	[KEEP_NEEDED] = { "needed", "a program that is kept without having run loads it" },
	[KEEP_HWCAPS] = { "hwcaps", "a used library, as it is built for other processors" },
	[KEEP_CREATED_IN] = { "created-in", "the application made files in this directory" },
	[KEEP_INCLUDE] = { "include", "asked for on the command line" },
	[KEEP_NEW] = { "new", "asked for with --include-new: as the container left it" },
	[KEEP_USER_DB] = { "user-db", "the runtime and the programs look up users in it" },
	[KEEP_WORKDIR] = { "workdir", "the image's working directory" },
	[KEEP_VOLUME] = { "volume", "a volume of the image, or used content of one" },
	[KEEP_MOUNT_POINT] = { "mount-point", "something is mounted here at run time" },
	[KEEP_RUNTIME_DIR] = { "runtime-dir", "a directory that programs count on" },
	[KEEP_ENTRYPOINT] = { "entrypoint", "the image's configuration names it as a command" },
	[KEEP_SHARED] = { "shared", "another image of the set needs it in a layer of both" },
	[KEEP_USRMERGE] = { "usrmerge", "programs and scripts know kept directories by this name" },
	[KEEP_NSS] = { "nss", "libc looks up names of users or hosts with it" },
	[KEEP_GCONV] = { "gconv", "libc or a language converts character sets with it" },
	[KEEP_LOCALE] = { "locale", "it belongs to a locale that is used" },
	[KEEP_ZONEINFO] = { "zoneinfo", "time zones are used by name" },
	[KEEP_TERMINFO] = { "terminfo", "programs look up the terminal that they run on" },
	[KEEP_FONTS] = { "fonts", "fonts of its directory are used" },
	[KEEP_ERROR_PAGES] = { "error-pages", "a page for an error, in a directory that is used" },
	[KEEP_CERTS] = { "certs", "certificates of authorities are looked for" },
	[KEEP_PYTHON] = { "python",
			  "source of used byte code, metadata or pages of a used package" },
	[KEEP_RUBY] = { "ruby", "specification or build marker of a used gem" },
	[KEEP_NODE] = { "node", "package.json of used modules" },
	[KEEP_JVM] = { "jvm", "a part of the Java runtime that is used" },
	[KEEP_PACKAGES] = { "packages", "tells scanners of the packages that are inside" },
	[KEEP_DISTRO] = { "distro", "tells which distribution this is" },
};

_Static_assert(KEEP_REASONS <= 32, "a bit for each in uint32_t");

const char *keep_reason_name(enum keep_reason reason)
{
	return reason < KEEP_REASONS ? reasons[reason].name : NULL;
}

const char *keep_reason_text(enum keep_reason reason)
{
	return reason < KEEP_REASONS ? reasons[reason].text : NULL;
}

/*
 * What was used comes first: later rules ask what ran. Then what stays by itself, then what belongs
 * to something that stays. Links at the top come last, for they depend on all that stays.
 */
static keep_rule_fn *const rules[] = {
	keep_used,	   keep_workdir,    keep_volumes,     keep_user_db,	keep_mount_points,
	keep_runtime_dirs, keep_entrypoint, keep_healthcheck, keep_includes,	keep_added,
	keep_hwcaps,	   keep_names,	    keep_gconv,	      keep_charsets,	keep_locales,
	keep_zones,	   keep_terminals,  keep_fonts,	      keep_cert_stores, keep_python,
	keep_ruby,	   keep_node,	    keep_jvm,	      keep_distro,	keep_error_pages,
	keep_not_empty,	   keep_top_links,
};

static struct keep *keep_new(const struct image *img)
{
	struct keep *k = xcalloc(1, sizeof(*k));

	k->img = img;
	k->n = image_entry_count(img);
	k->reasons = xcalloc(k->n, sizeof(*k->reasons));
	k->notes = xcalloc(k->n, sizeof(*k->notes));
	k->access = xreallocarray(NULL, k->n, sizeof(*k->access));
	for (size_t i = 0; i < k->n; i++)
		k->access[i] = NO_ACCESS;
	return k;
}

void keep_free(struct keep *k)
{
	if (!k)
		return;
	strvec_release(&k->lib_dirs);
	free(k->reasons);
	free(k->notes);
	free(k->access);
	keep_cuts_reset(k);
	strmap_free_with(k->perms, free);
	free(k);
}

int keep_decide(const struct image *img, const struct record *rec, const struct keep_opts *opts,
		struct keep **ret, struct err *err)
{
	_cleanup_(keep_free) struct keep *k = keep_new(img);
	int r;

	k->rec = rec;
	k->opts = opts;
	k->off = opts->off;
	r = keep_note_paths(k, err);
	if (r < 0)
		return r;
	keep_note_config(k);
	keep_add(k, image_root(img), KEEP_PARENT, NO_ACCESS);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		r = rules[i](k, err);
		if (r < 0)
			return r;
	}
	r = keep_settle(k, err);
	if (r < 0)
		return r;
	k->rec = NULL;
	k->opts = NULL;
	*ret = TAKE_PTR(k);
	return 0;
}

void keep_share(struct keep *k, struct image_entry *e)
{
	keep_add(k, e, KEEP_SHARED, NO_ACCESS);
}

bool keep_has(const struct keep *k, const struct image_entry *e)
{
	return keep_reasons(k, e) != 0;
}

uint32_t keep_reasons(const struct keep *k, const struct image_entry *e)
{
	return e->id < k->n ? k->reasons[e->id] : 0;
}

size_t keep_access(const struct keep *k, const struct image_entry *e)
{
	return e->id < k->n ? k->access[e->id] : NO_ACCESS;
}

bool keep_is_excluded(const struct keep *k, const struct image_entry *e)
{
	return e->id < k->n && k->notes[e->id] & NOTE_EXCLUDED;
}

const struct keep_perm *keep_perm(const struct keep *k, const struct image_entry *e)
{
	return k->perms ? strmap_get_len(k->perms, &e->inode, sizeof(e->inode)) : NULL;
}

uint32_t keep_rules_off(const struct keep *k)
{
	return k->off;
}
