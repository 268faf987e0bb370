/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of package databases share. */
#ifndef SLIMTRACE_KEEP_PACKAGES_H
#define SLIMTRACE_KEEP_PACKAGES_H

#include "keep/set.h"

/* A file of the database, read whole, and where the next line is. */
struct db_text {
	struct image_entry *e;
	char *text;
	size_t len, pos;
};
/* A line without its end. */
struct db_line {
	const char *text;
	size_t len;
	uint64_t start, end; /* in the file; the end is after the newline */
};

/* 1 with the text; 0 when @path is no file of sensible size. */
int db_read(const struct keep *k, const char *path, struct db_text *ret, struct err *err);
void db_text_release(struct db_text *t);
static inline void db_text_release_p(struct db_text *t)
{
	db_text_release(t);
}
bool db_next_line(struct db_text *t, struct db_line *ret);
bool db_line_is_empty(const struct db_line *line);
/* What follows @field at the line's beginning: malloc'ed, NULL when it is another line. */
char *db_field(const struct db_line *line, const char *field);

/* Looks paths up; the last directory is remembered, for lists have its names one after another. */
struct db_finder {
	const struct keep *k;
	char *dir;
	struct image_entry *at; /* NULL: there is no such directory */
};
/* The entry at a path, with or without the slash before it; NULL when there is none. */
struct image_entry *db_find(struct db_finder *f, const char *path, size_t len);
void db_finder_release(struct db_finder *f);
static inline void db_finder_release_p(struct db_finder *f)
{
	db_finder_release(f);
}
/* Something that a package brought stays: not counting directories, which packages share. */
bool db_is_used(const struct keep *k, const struct image_entry *e);

/*
 * @e stays for the database, with nothing of its content so far; or with all of it, when something
 * else wants it too.
 */
void db_keep_cut(struct keep *k, struct image_entry *e);

int keep_dpkg(struct keep *k, struct err *err);
int keep_dpkg_status_d(struct keep *k, struct err *err);
int keep_apk(struct keep *k, struct err *err);

#endif
