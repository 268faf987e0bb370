/* SPDX-License-Identifier: BSD-2-Clause */
/* Where distributions put things: names and patterns (see glob.h), as data. */
#ifndef SLIMTRACE_KEEP_PLACES_H
#define SLIMTRACE_KEEP_PLACES_H

#include <stddef.h>

struct places {
	const char *const *v;
	size_t n;
};

extern const struct places places_shells, places_tools; /* names of programs */
extern const struct places places_zones;		/* time zones */
extern const struct places places_terminfo;		/* directories of it */
extern const struct places places_terminals;		/* in one of them */
extern const struct places places_fonts;		/* names of such files */
extern const struct places places_error_pages;		/* names of such files */
extern const struct places places_cert_bundles, places_cert_dirs;
extern const struct places places_cert_keys, places_cert_key_dirs;
extern const struct places places_cert_asked; /* asking for these: looking for certificates */
extern const struct places places_names;      /* asking for these: looking up names */
extern const struct places places_names_kept; /* what libc reads for it */
extern const struct places places_charsets;   /* in a gconv directory */
/* Below the directory that a language's loader knows its modules by. */
extern const struct places places_charsets_python, places_charsets_ruby, places_charsets_perl;
extern const struct places places_jvm; /* in a Java home */
extern const struct places places_distro;
extern const struct places places_dpkg; /* what dpkg-query wants besides the status */

#endif
