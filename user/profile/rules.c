/* SPDX-License-Identifier: BSD-2-Clause */
#include "profile/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "profile/paths.h"
#include "profile/resolve.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/sysname.h"

/* More new names in one directory than this, and any name there may be made. */
#define MAX_SIBLINGS 8

enum perm {
	READ = 1 << 0,
	WRITE = 1 << 1,
	MAP = 1 << 2,
	LOCK = 1 << 3,
	LINK = 1 << 4,
	EXEC = 1 << 5,	 /* staying in this profile */
	EITHER = 1 << 6, /* a file or a directory: nobody told */
};

struct rule {
	uint32_t perms;
	size_t made; /* from here on its names are not in the image: the container made them */
};

struct files {
	const struct image *img;
	struct strmap *paths;	 /* path -> struct rule */
	struct strmap *siblings; /* directory -> how many names were made in it */
	struct strmap *patterns; /* pattern -> perms */
	struct strmap *refused;	 /* path -> itself: what it tried to write, and may not anyway */
	bool links, locks;
};

/* The kernel's own file systems: what is new there, nobody made. */
static bool is_kernels(const char *path)
{
	return path_is_under(path, "/proc") || path_is_under(path, "/sys");
}

/* Where the part of @path begins that is not in the image; SIZE_MAX: all of it is. */
static size_t made_from(const struct files *f, const char *path)
{
	size_t len = strlen(path), at;

	if (!f->img || is_kernels(path))
		return SIZE_MAX;
	for (at = 1; at < len; at += strcspn(path + at, "/") + 1) {
		_cleanup_free_ char *prefix = xstrndup(path, at + strcspn(path + at, "/"));

		if (!image_lookup(f->img, prefix))
			return at;
	}
	return SIZE_MAX;
}

static void add(struct files *f, const char *path, uint32_t perms)
{
	struct rule *rule;

	if (!perms)
		return;
	rule = strmap_get(f->paths, path);
	if (!rule) {
		rule = xcalloc(1, sizeof(*rule));
		rule->made = made_from(f, path);
		strmap_put(f->paths, path, rule);
	}
	rule->perms |= perms;
}

static bool is_directory(const struct files *f, const char *path)
{
	const struct image_entry *e = f->img ? image_lookup(f->img, path) : NULL;

	return e && e->type == ENTRY_DIR;
}

/* What the kernel reached. A directory that was read has a slash at its end. */
static void add_file(struct files *f, const struct record_access *a)
{
	_cleanup_free_ char *path = NULL;
	uint32_t perms = 0;

	if (a->kinds & RECORD_LIST) {
		path = xasprintf("%s%s", a->path, a->path[1] ? "/" : "");
		add(f, path, READ);
		return;
	}
	if (a->kinds & (RECORD_EXEC | RECORD_READ | RECORD_MAP))
		perms |= READ;
	if (a->kinds & (RECORD_EXEC | RECORD_MAP))
		perms |= MAP;
	if (a->kinds & RECORD_EXEC)
		perms |= EXEC;
	if (a->kinds & (RECORD_WRITE | RECORD_CREATE | RECORD_CHANGE))
		perms |= WRITE;
	if (is_directory(f, a->path))
		path = xasprintf("%s%s", a->path, a->path[1] ? "/" : "");
	else if (perms == READ && made_from(f, a->path) != SIZE_MAX)
		perms |= EITHER;
	add(f, path ? path : a->path, perms);
}

/*
 * Errors of the thing that was opened: a device that is not there, a terminal that the process does
 * not have. AppArmor was asked before, and its refusal is another error.
 */
static bool is_of_opened(int error)
{
	return error == ENXIO || error == ENODEV || error == EBUSY || error == EIO ||
	       error == ENOTTY;
}

/* Making, removing and changing names is asked of AppArmor before owner and mode are looked at. */
static bool is_refused(const struct record_access *a)
{
	return (a->kinds & (RECORD_CREATE | RECORD_DELETE | RECORD_CHANGE)) &&
	       (a->error == EACCES || a->error == EPERM || a->error == EROFS);
}

static void add_failed(struct files *f, const struct record_access *a)
{
	bool opened = is_of_opened(a->error) && a->kinds & (RECORD_READ | RECORD_WRITE);
	_cleanup_free_ char *path = NULL;

	if (!opened && !is_refused(a))
		return;
	path = resolve_name(f->img, a->path, a->follow);
	if (opened)
		add(f, path,
		    (a->kinds & RECORD_READ ? READ : 0) | (a->kinds & RECORD_WRITE ? WRITE : 0));
	else
		strmap_put(f->refused, path, f->refused);
}

/* What was asked for by name alone: nobody opened it. */
static void add_lookup(struct files *f, const struct record_access *a)
{
	_cleanup_free_ char *path = NULL;
	uint32_t perms = 0;

	if (a->error) {
		add_failed(f, a);
		return;
	}
	if (!(a->kinds &
	      (RECORD_EXEC | RECORD_CREATE | RECORD_DELETE | RECORD_CHANGE | RECORD_CONNECT)))
		return;
	path = resolve_name(f->img, a->path, a->follow);
	if (a->kinds & RECORD_EXEC)
		perms |= READ | MAP | EXEC;
	if (a->kinds & (RECORD_CREATE | RECORD_CHANGE))
		perms |= WRITE;
	if ((a->kinds & RECORD_CREATE) && f->links)
		perms |= LINK;
	if (a->kinds & (RECORD_DELETE | RECORD_CONNECT))
		perms |= READ | WRITE;
	if ((a->kinds & (RECORD_CREATE | RECORD_DELETE | RECORD_CHANGE)) &&
	    !strmap_get(f->paths, path))
		perms |= EITHER;
	add(f, path, perms);
}

/* The ELF interpreter is opened and mapped by the kernel itself. */
static void add_interpreter(struct files *f, const struct record_access *a)
{
	struct exec_needs needs = { 0 };
	struct image_entry *e = NULL;
	struct err err = ERR_INIT;
	_cleanup_free_ char *path = NULL;

	if (!f->img || !(a->kinds & RECORD_EXEC) || a->source != RECORD_FILE)
		return;
	e = image_lookup(f->img, a->path);
	if (e && !image_exec_needs(f->img, e, &needs, &err) && needs.is_elf && needs.interpreter)
		path = resolve_name(f->img, needs.interpreter, true);
	if (path)
		add(f, path, READ | MAP | EXEC);
	exec_needs_release(&needs);
}

/* Which calls were made: they say what names alone do not. */
static void note_calls(struct files *f, const struct record *rec)
{
	for (size_t i = 0; i < rec->n_syscalls; i++) {
		const struct record_syscall *s = &rec->syscalls[i];
		_cleanup_free_ char *name = NULL;

		if (s->phase != RECORD_APP)
			continue;
		name = sysname_of(s->abi, s->nr);
		if (name && (!strcmp(name, "link") || !strcmp(name, "linkat")))
			f->links = true;
		if (name && !strcmp(name, "flock"))
			f->locks = true;
	}
	for (size_t i = 0; i < rec->n_arguments; i++) {
		const struct record_arguments *a = &rec->arguments[i];
		_cleanup_free_ char *name = sysname_of(a->abi, a->nr);
		uint32_t cmd = a->value[1];

		if (!name || strncmp(name, "fcntl", 5) != 0)
			continue;
		/* 13 and 14: i386's F_SETLK64 and F_SETLKW64 */
		if (!a->used || cmd == F_SETLK || cmd == F_SETLKW || cmd == 13 || cmd == 14 ||
		    cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW)
			f->locks = true;
	}
}

static int count_sibling(const char *path, size_t len, void *value, void *ctx)
{
	const struct rule *rule = value;
	struct files *f = ctx;
	const char *base = memrchr(path, '/', len);
	size_t dir = base ? (size_t)(base - path) : 0;
	uintptr_t n = (uintptr_t)strmap_get_len(f->siblings, path, dir);

	if ((rule->perms & WRITE) && rule->made <= dir + 1)
		strmap_put_len(f->siblings, path, dir, (void *)(n + 1));
	return 0;
}

static void add_pattern(struct files *f, const char *pattern, uint32_t perms)
{
	uintptr_t older = (uintptr_t)strmap_get(f->patterns, pattern);

	strmap_put(f->patterns, pattern, (void *)(older | perms));
}

static int make_pattern(const char *path, size_t len, void *value, void *ctx)
{
	_cleanup_strbuf_ struct strbuf pattern = STRBUF_INIT;
	const struct rule *rule = value;
	struct files *f = ctx;
	const char *base = memrchr(path, '/', len);
	size_t dir = base ? (size_t)(base - path) : 0;
	uint32_t perms = rule->perms & ~(uint32_t)EITHER;

	if (f->locks && (perms & WRITE))
		perms |= LOCK;
	if (rule->made <= dir + 1 &&
	    (uintptr_t)strmap_get_len(f->siblings, path, dir) > MAX_SIBLINGS) {
		path_pattern(path, dir, rule->made, &pattern);
		strbuf_addstr(&pattern, "/*");
	} else {
		path_pattern(path, len, rule->made, &pattern);
	}
	if (rule->perms & EITHER)
		strbuf_addstr(&pattern, "{,/}");
	add_pattern(f, pattern.buf, perms);
	return 0;
}

static int make_line(const char *pattern, size_t len, void *value, void *ctx)
{
	static const struct {
		uint32_t perm;
		const char *letters;
	} letters[] = { { MAP, "m" },  { READ, "r" }, { WRITE, "w" },
			{ LINK, "l" }, { LOCK, "k" }, { EXEC, "ix" } };
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
	uint32_t perms = (uint32_t)(uintptr_t)value;
	bool quoted = memchr(pattern, ' ', len) != NULL;

	strbuf_addf(&line, quoted ? "\"%s\" " : "%s ", pattern);
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (perms & letters[i].perm)
			strbuf_addstr(&line, letters[i].letters);
	strbuf_addch(&line, ',');
	strvec_push(ctx, line.buf);
	return 0;
}

struct denying {
	struct files *files;
	struct strvec *lines;
};

/*
 * An explicit refusal makes no noise in the log. Not where names were made, or the same one was
 * used: there it may come to be allowed.
 */
static int deny(const char *path, size_t len, void *value, void *ctx)
{
	_cleanup_strbuf_ struct strbuf pattern = STRBUF_INIT;
	const struct denying *d = ctx;
	const char *base = memrchr(path, '/', len);
	size_t dir = base ? (size_t)(base - path) : 0;
	_cleanup_free_ char *line = NULL;

	(void)value;
	if (strmap_get(d->files->paths, path) || strmap_get_len(d->files->siblings, path, dir))
		return 0;
	path_pattern(path, len, dir + 1, &pattern);
	line = xasprintf(strchr(pattern.buf, ' ') ? "deny \"%s{,/}\" w," : "deny %s{,/} w,",
			 pattern.buf);
	if (!strvec_has(d->lines, line))
		strvec_push(d->lines, line);
	return 0;
}

/* Files before look-ups: what was opened tells what a name stands for. */
static void add_accesses(struct files *f, const struct record *rec, enum record_source source)
{
	for (size_t i = 0; i < rec->n_accesses; i++) {
		const struct record_access *a = &rec->accesses[i];

		if (a->source != source)
			continue;
		if (source == RECORD_LOOKUP) {
			add_lookup(f, a);
			continue;
		}
		add_file(f, a);
		add_interpreter(f, a);
	}
}

void rules_of_files(const struct record *const *records, size_t n, const struct image *img,
		    struct strvec *ret)
{
	struct files f = { .img = img,
			   .paths = strmap_new(),
			   .siblings = strmap_new(),
			   .patterns = strmap_new(),
			   .refused = strmap_new() };
	struct denying denying = { &f, ret };

	for (size_t i = 0; i < n; i++)
		note_calls(&f, records[i]);
	for (size_t i = 0; i < n; i++)
		add_accesses(&f, records[i], RECORD_FILE);
	for (size_t i = 0; i < n; i++)
		add_accesses(&f, records[i], RECORD_LOOKUP);
	strmap_each(f.paths, count_sibling, &f);
	strmap_each(f.paths, make_pattern, &f);
	strmap_each(f.patterns, make_line, ret);
	strmap_each(f.refused, deny, &denying);
	strvec_sort(ret);
	strmap_free(f.refused);
	strmap_free(f.patterns);
	strmap_free(f.siblings);
	strmap_free_with(f.paths, free);
}
