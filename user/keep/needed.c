/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The libraries of programs that stay without having run: as the loaders of glibc (ld.so(8)) and
 * musl (ldso/dynlink.c) would find them, but on the image's tree. Where they would differ, or
 * depend on the machine (glibc-hwcaps), more stays rather than less.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "keep/exec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/text.h"

#define ITEMS_MAX 65536 /* files one program may need */
#define HWCAPS_DIR "glibc-hwcaps"

/* What a file is built for: ELF class, byte order and machine; 0: it is no ELF file. */
typedef uint32_t elf_kind;

struct item {
	struct image_entry *e;
	char *path; /* as it was found: $ORIGIN is its directory */
};

/* One closure: a list that grows while it is worked off. */
struct closure {
	struct keep *k;
	struct item *items;
	size_t n, cap;
	struct strvec inherited; /* the program's own library path: DT_RPATH reaches further */
	enum keep_reason reason; /* of libraries */
};

static void closure_release_p(struct closure *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->items[i].path);
	free(c->items);
	strvec_release(&c->inherited);
}

static void push(struct closure *c, struct image_entry *e, const char *path)
{
	uint8_t *notes = &c->k->notes[e->id];

	if (e->type != ENTRY_FILE || *notes & (NOTE_NEEDED | NOTE_RAN) || c->n >= ITEMS_MAX)
		return;
	*notes |= NOTE_NEEDED;
	ALLOC_GROW(c->items, c->n + 1, c->cap);
	c->items[c->n++] = (struct item){ e, xstrdup(path) };
}

/* e_ident[EI_CLASS], [EI_DATA] and e_machine: enough to tell foreign libraries apart. */
static int elf_kind_of(const struct keep *k, const struct image_entry *e, elf_kind *ret,
		       struct err *err)
{
	unsigned char head[20];
	ssize_t len = image_file_head(k->img, e, head, sizeof(head), err);

	if (len < 0)
		return (int)len;
	*ret = 0;
	if (len == sizeof(head) && !memcmp(head, "\177ELF", 4))
		*ret = (elf_kind)head[4] << 24 | (elf_kind)head[5] << 16 | (elf_kind)head[18] << 8 |
		       head[19];
	return 0;
}

/* Keeps and queues the library at @path when it is there and of @kind: 1, else 0, or -errno. */
static int take_library(struct closure *c, const char *path, elf_kind kind, struct err *err)
{
	struct image_entry *e = keep_resolve(c->k, path, true);
	elf_kind found;
	int r;

	if (!e || e->type != ENTRY_FILE)
		return 0;
	r = elf_kind_of(c->k, e, &found, err);
	if (r < 0)
		return r;
	if (found != kind)
		return 0;
	keep_path(c->k, path, true, c->reason, NO_ACCESS);
	push(c, e, path);
	return 1;
}

/* The variants for better processors, of which the loader takes the best that it can use. */
static int take_hwcaps(struct closure *c, const char *dir, const char *name, elf_kind kind,
		       struct err *err)
{
	_cleanup_free_ char *path = path_join(dir, HWCAPS_DIR);
	const struct image_entry *e = keep_resolve(c->k, path, true);
	int found = 0;

	for (size_t i = 0; e && i < e->n_children; i++) {
		_cleanup_free_ char *lib = xasprintf("%s/%s/%s", path, e->children[i]->name, name);
		int r = take_library(c, lib, kind, err);

		if (r < 0)
			return r;
		found |= r;
	}
	return found;
}

static int take_from(struct closure *c, const char *dir, const char *name, elf_kind kind,
		     struct err *err)
{
	_cleanup_free_ char *path = path_join(*dir ? dir : "/", name);
	int best = take_hwcaps(c, *dir ? dir : "/", name, kind, err);
	int plain = best < 0 ? best : take_library(c, path, kind, err);

	return plain < 0 ? plain : best | plain;
}

static int take_from_dirs(struct closure *c, const struct strvec *dirs, const char *name,
			  elf_kind kind, struct err *err)
{
	for (size_t i = 0; i < dirs->n; i++) {
		int r = take_from(c, dirs->v[i], name, kind, err);

		if (r)
			return r;
	}
	return 0;
}

struct search {
	const struct strvec *own; /* the requester's library path, expanded */
	elf_kind kind;
};

static int take_needed(struct closure *c, const struct search *s, const char *name, struct err *err)
{
	_cleanup_strvec_ struct strvec env = STRVEC_INIT;
	const struct strvec *groups[] = { &env, s->own, &c->inherited, &c->k->lib_dirs };
	const char *paths = keep_env(c->k, "LD_LIBRARY_PATH");
	int r = 0;

	if (strchr(name, '/'))
		return take_library(c, name, s->kind, err);
	for (; paths && *paths; paths += strcspn(paths, ":;")) {
		paths += strspn(paths, ":;");
		strvec_push_len(&env, paths, strcspn(paths, ":;"));
	}
	for (size_t i = 0; !r && i < ARRAY_SIZE(groups); i++)
		r = take_from_dirs(c, groups[i], name, s->kind, err);
	return r;
}

/* Appends @dir with one dynamic string token replaced, when @at begins with it: its length. */
static size_t expand_token(const char *at, const char *name, const char *value, struct strbuf *sb)
{
	size_t len = strlen(name);
	bool braces = at[1] == '{';

	if (strncmp(at + 1 + braces, name, len) != 0 || (braces && at[2 + len] != '}'))
		return 0;
	strbuf_addstr(sb, value);
	return 1 + len + 2 * (size_t)braces;
}

/* $ORIGIN, and $LIB as @lib; others depend on the machine and stay as they are: not found. */
static void expand(const char *dir, const char *origin, const char *lib, struct strvec *ret)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	while (*dir) {
		size_t len = 0;

		if (*dir == '$')
			len = expand_token(dir, "ORIGIN", origin, &sb);
		if (*dir == '$' && !len)
			len = expand_token(dir, "LIB", lib, &sb);
		if (!len)
			strbuf_addch(&sb, dir[len++]);
		dir += len;
	}
	strvec_push_len(ret, sb.buf, sb.len);
}

static void expand_all(const struct strvec *dirs, const char *path, struct strvec *ret)
{
	_cleanup_free_ char *origin = xstrndup(path, (size_t)(path_basename(path) - path));

	for (size_t i = 0; i < dirs->n; i++) {
		expand(dirs->v[i], origin, "lib", ret);
		if (strstr(dirs->v[i], "LIB"))
			expand(dirs->v[i], origin, "lib64", ret);
	}
}

/* The program in "[-S] [NAME=value] program ...", what env(1) gets from a "#!" line. */
static const char *env_program(const struct strvec *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->v[i];

		if (!strncmp(word, "-S", 2))
			word += 2;
		if (*word && *word != '-' && !strchr(word, '='))
			return word;
	}
	return NULL;
}

/* "#!/usr/bin/env program": what runs is the program. */
static void take_env_program(struct closure *c, const char *argument)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	_cleanup_free_ char *path = NULL;
	struct image_entry *e;
	struct err ignored = ERR_INIT;
	const char *program;

	if (text_split_words(argument, &words, &ignored) < 0 || !(program = env_program(&words)))
		return;
	path = keep_find_program(c->k, program);
	e = path ? keep_path(c->k, path, true, KEEP_INTERPRETER, NO_ACCESS) : NULL;
	if (e)
		push(c, e, path);
}

static void take_interpreter(struct closure *c, const struct exec_needs *needs)
{
	struct image_entry *e =
		keep_path(c->k, needs->interpreter, true, KEEP_INTERPRETER, NO_ACCESS);

	if (e)
		push(c, e, needs->interpreter);
	/* Without its index glibc's loader finds nothing in the directories of ld.so.conf. */
	if (needs->is_elf)
		keep_path(c->k, "/etc/ld.so.cache", true, KEEP_NEEDED, NO_ACCESS);
	else if (needs->argument && !strcmp(path_basename(needs->interpreter), "env"))
		take_env_program(c, needs->argument);
}

static int take_needs(struct closure *c, const struct item *item, const struct exec_needs *needs,
		      struct err *err)
{
	_cleanup_strvec_ struct strvec own = STRVEC_INIT;
	struct search s = { .own = &own };
	int r;

	if (needs->interpreter)
		take_interpreter(c, needs);
	if (!needs->is_elf)
		return 0;
	r = elf_kind_of(c->k, item->e, &s.kind, err);
	expand_all(&needs->runpath, item->path, &own);
	if (needs->interpreter)
		strvec_extend(&c->inherited, &own);
	for (size_t i = 0; r >= 0 && i < needs->needed.n; i++)
		r = take_needed(c, &s, needs->needed.v[i], err);
	return r < 0 ? r : 0;
}

/* Works the list off. */
static int close_all(struct closure *c, struct err *err)
{
	int r = 0;

	c->reason = KEEP_NEEDED;
	for (size_t i = 0; r >= 0 && i < c->n; i++) {
		/* Copied: the list may move. The path stays where it is. */
		struct item item = c->items[i];
		struct exec_needs needs = { 0 };

		r = image_exec_needs(c->k->img, item.e, &needs, err);
		if (r < 0)
			break;
		r = take_needs(c, &item, &needs, err);
		exec_needs_release(&needs);
	}
	return r < 0 ? r : 0;
}

int keep_needed(struct keep *k, struct image_entry *e, struct err *err)
{
	_cleanup_(closure_release) struct closure c = { .k = k };
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	int r = keep_lib_dirs(k, err);

	image_entry_path(e, &path);
	push(&c, e, path.buf);
	return r < 0 ? r : close_all(&c, err);
}

int keep_library(struct keep *k, const char *name, const struct image_entry *like,
		 enum keep_reason reason, struct err *err)
{
	_cleanup_(closure_release) struct closure c = { .k = k, .reason = reason };
	_cleanup_strvec_ struct strvec own = STRVEC_INIT;
	struct search s = { .own = &own };
	int r = keep_lib_dirs(k, err), found;

	if (r >= 0)
		r = elf_kind_of(k, like, &s.kind, err);
	if (r < 0)
		return r;
	found = take_needed(&c, &s, name, err);
	r = found < 0 ? found : close_all(&c, err);
	return r < 0 ? r : found;
}
