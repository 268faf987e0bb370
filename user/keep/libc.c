/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library opens parts of itself when it needs them: by the machine it runs on, by a
 * configuration file, by a name that a program gives it. The run showed some of these parts; the
 * next run will ask for others of the same kind.
 */
#include <fnmatch.h>
#include <string.h>

#include "keep/exec.h"
#include "keep/places.h"
#include "keep/rules.h"
#include "keep/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

#define CONF_MAX (256 << 10)

static char *path_of(const struct image_entry *e)
{
	struct strbuf sb = STRBUF_INIT;

	image_entry_path(e, &sb);
	return strbuf_detach(&sb, NULL);
}

/* --- glibc-hwcaps --- */

/* The library @name in @dir and in all of its directories for better processors. */
static int keep_variants(struct keep *k, const struct image_entry *dir, const char *name,
			 struct err *err)
{
	static const char *const variants[] = { "", "/glibc-hwcaps/*" };
	_cleanup_free_ char *at = path_of(dir);

	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		_cleanup_free_ char *pattern = xasprintf("%s%s/%s", at, variants[i], name);
		int r = keep_matches(k, pattern, KEEP_HWCAPS, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_named(const struct image_entry *e, const char *name)
{
	return !strcmp(e->name, name);
}

static int keep_hwcaps_of(struct keep *k, const struct image_entry *e, struct err *err)
{
	const struct image_entry *dir = e->parent;

	if (is_named(dir->parent, "glibc-hwcaps"))
		return keep_variants(k, dir->parent->parent, e->name, err);
	if (image_child(dir, "glibc-hwcaps", strlen("glibc-hwcaps")))
		return keep_variants(k, dir, e->name, err);
	return 0;
}

/* The loader takes the best variant that the processor can use: the next may be another. */
int keep_hwcaps(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		int r;

		if (!(k->notes[i] & NOTE_RAN) || !k->reasons[i])
			continue;
		r = keep_hwcaps_of(k, e, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- names of users and hosts --- */

/* The libc that ran: the modules must be for the same machine. */
static const struct image_entry *find_libc(const struct keep *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->notes[i] & NOTE_RAN &&
		    is_named(image_entry(k->img, (uint32_t)i), "libc.so.6"))
			return image_entry(k->img, (uint32_t)i);
	return NULL;
}

static int keep_module(struct keep *k, const struct image_entry *libc, const char *service,
		       size_t len, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("libnss_%.*s.so.2", (int)len, service);
	int r = strchr(name, '/') ? 0 : keep_library(k, name, libc, KEEP_NSS, err);

	return r < 0 ? r : 0;
}

/* "hosts: files mdns4_minimal [NOTFOUND=return] dns": nsswitch.conf(5). */
static int keep_services(struct keep *k, const struct image_entry *libc, const char *line,
			 struct err *err)
{
	int r = 0;

	line += strcspn(line, ":");
	line += *line == ':';
	while (!r && *(line += strspn(line, " \t\r"))) {
		size_t len = strcspn(line, *line == '[' ? "]" : " \t\r[");

		if (*line != '[')
			r = keep_module(k, libc, line, len, err);
		else
			len += line[len] == ']';
		line += len;
	}
	return r;
}

/* Without the file glibc takes these (nss/nss_database.c). */
static const char no_nsswitch[] = "all: files dns compat";

static int read_nsswitch(struct keep *k, char **ret, struct err *err)
{
	const struct image_entry *e = keep_resolve(k, "/etc/nsswitch.conf", true);
	size_t len;

	if (!e || e->type != ENTRY_FILE || e->size > CONF_MAX) {
		*ret = xstrdup(no_nsswitch);
		return 0;
	}
	return image_file_read(k->img, e, CONF_MAX, ret, &len, err);
}

static int keep_modules(struct keep *k, const struct image_entry *libc, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	int r = read_nsswitch(k, &text, err);

	rest = text;
	while (!r && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, "#")] = '\0';
		r = keep_services(k, libc, line, err);
	}
	return r;
}

int keep_names(struct keep *k, struct err *err)
{
	const struct image_entry *libc = find_libc(k);
	int r;

	if (k->off & 1u << KEEP_NSS || !libc || !keep_asked_any(k, places_names.v, places_names.n))
		return 0;
	r = keep_all_matches(k, "", places_names_kept.v, places_names_kept.n, KEEP_NSS, err);
	return r < 0 ? r : keep_modules(k, libc, err);
}

/* --- character sets --- */

/* A converter, or the index of them: every program whose locale is not "C" reads that. */
static bool is_used_gconv(const struct keep *k, const struct image_entry *e)
{
	return is_named(e->parent, "gconv") && keep_is_content(k, e) &&
	       (k->notes[e->id] & NOTE_RAN || !fnmatch("gconv-modules*", e->name, 0));
}

/* Once one was looked for: its directory's index, and the common ones. */
int keep_gconv(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		_cleanup_free_ char *dir = NULL;
		int r;

		if (!is_used_gconv(k, e))
			continue;
		dir = path_of(e->parent);
		for (size_t j = 0; j < places_charsets.n; j++) {
			_cleanup_free_ char *pattern =
				xasprintf("%s/%s", dir, places_charsets.v[j]);

			r = keep_matches(k, pattern, KEEP_GCONV, err);
			if (r < 0)
				return r;
		}
		return 0;
	}
	return 0;
}

/* --- locales --- */

/* A file of a locale was used: its other categories, and the aliases of names. */
int keep_locales(struct keep *k, struct err *err)
{
	const struct image_entry *all = keep_resolve(k, "/usr/lib/locale", true);
	int r = 0;

	for (size_t i = 0; all && r >= 0 && i < all->n_children; i++) {
		const struct image_entry *locale = all->children[i];
		_cleanup_free_ char *pattern = NULL, *at = NULL;

		if (locale->type != ENTRY_DIR || !k->reasons[locale->id])
			continue;
		at = path_of(locale);
		pattern = xasprintf("%s/**", at);
		r = keep_matches(k, pattern, KEEP_LOCALE, err);
		if (r >= 0)
			r = keep_matches(k, "/usr/share/locale/locale.alias", KEEP_LOCALE, err);
	}
	return r < 0 ? r : 0;
}

/* --- time zones --- */

/* Asked for by a name that the image's TZ does not give: the next one may be any other. */
static bool is_zone_chosen(const struct keep *k, const struct record_access *a, const char *dir)
{
	const char *tz = keep_env(k, "TZ"), *name = a->path + strlen(dir) + 1;

	if (a->error || a->source != RECORD_LOOKUP || *name == '\0')
		return false;
	tz = tz && *tz == ':' ? tz + 1 : tz;
	return !tz || strcmp(tz, name) != 0;
}

static bool asked_zones(const struct keep *k, const char *dir)
{
	size_t len = strlen(dir);

	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		const struct record_access *a = &k->rec->accesses[i];

		if (!strncmp(a->path, dir, len) && a->path[len] == '/' &&
		    !keep_is_passed_over(k, i) && is_zone_chosen(k, a, dir))
			return true;
	}
	return false;
}

int keep_zones(struct keep *k, struct err *err)
{
	int r;

	if (!asked_zones(k, "/usr/share/zoneinfo") && !asked_zones(k, "/usr/lib/zoneinfo"))
		return 0;
	r = keep_all_matches(k, "", places_zones.v, places_zones.n, KEEP_ZONEINFO, err);
	return r < 0 ? r : 0;
}
