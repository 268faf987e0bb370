/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this module share. */
#ifndef INFO_INFO_H
#define INFO_INFO_H

#include "slimtrace/info.h"

/* Content is read of files that are no larger. */
#define INFO_MAX_TEXT (64u << 20) /* package databases */
#define INFO_MAX_SMALL (1u << 20) /* others */

int info_layers(const struct image *img, struct info *info, struct err *err);
int info_duplicates(const struct image *img, struct info *info, struct err *err);
int info_files(const struct image *img, const struct info_opts *opts, struct info *info,
	       struct err *err);
int info_packages(const struct image *img, struct info *info, struct err *err);
int info_language_packages(const struct image *img, struct info *info, struct err *err);
/* Adds the one that @e tells of, if it is such a file or directory. */
int info_language_package(const struct image *img, struct info *info, const struct image_entry *e,
			  struct err *err);
void info_secrets(const struct image *img, struct info *info);
/* Whether a variable of that name holds a secret, by what people call them. */
bool info_is_secret_name(const char *name, size_t len);
int info_os(const struct image *img, struct info *info, struct err *err);

/* keys.c: what a file is, by its name and its first bytes. */
enum key_kind { KEY_CERTIFICATE = 1, KEY_PRIVATE = 2, KEY_CREDENTIALS = 4 };
/* Whether its content has to be looked at. */
bool keys_wanted(const struct image_entry *e, const struct info_opts *opts);
/* The kinds that it is of, ORed; @ret_note: more about it, or NULL. */
unsigned int keys_kinds(const struct image_entry *e, const char *head, size_t len,
			const char **ret_note);
/* der.c: the same of DER, by content alone; 0: neither. Leaves @ret_note when there is no more. */
unsigned int der_kind(const char *head, size_t len, const char **ret_note);

/* caps.c: security.capability in words; malloc'ed. */
char *caps_text(const void *value, size_t len);

void info_find_add(struct info *info, enum info_find kind, struct image_entry *e, bool hidden,
		   const char *note);
void info_package_add(struct info *info, const char *manager, const char *name, size_t name_len,
		      const char *version, size_t version_len);
/* The entry at @path, links followed; NULL when there is none. */
struct image_entry *info_resolve(const struct image *img, const char *path);
/* 1 with a file's text, malloc'ed; 0 when @e is NULL, no file or larger than @max. */
int info_read(const struct image *img, const struct image_entry *e, size_t max, char **ret,
	      struct err *err);

#endif
