/* SPDX-License-Identifier: BSD-2-Clause */
/* What single files are: by their mode, their name, their attributes and their first bytes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"

#define HEAD (64u << 10)

struct finder {
	const struct image *img;
	const struct info_opts *opts;
	struct info *info;
	struct err *err;
	char *head;
};

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* A name, and a version of digits and dots after it. */
static bool is_versioned(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(name, names[i], len) &&
		    !name[len + strspn(name + len, "0123456789.-")])
			return true;
	}
	return false;
}

static bool is_in_bin(const struct image_entry *e)
{
	const char *dir = e->parent->name;

	return !strcmp(dir, "bin") || !strcmp(dir, "sbin");
}

static const char *const shells[] = { "sh",	 "bash",   "dash", "ash", "zsh",  "ksh",
				      "ksh93",	 "mksh",   "fish", "csh", "tcsh", "rbash",
				      "busybox", "toybox", "rc",   "yash" };
static const char *const interpreters[] = { "python",  "pypy",	 "node",     "nodejs", "ruby",
					    "perl",    "php",	 "java",     "lua",    "luajit",
					    "Rscript", "dotnet", "deno",     "bun",    "tclsh",
					    "guile",   "erl",	 "beam.smp", "gawk",   "mawk",
					    "julia",   "mono" };

static bool is_program(const struct image_entry *e)
{
	return is_in_bin(e) && e->type == ENTRY_FILE && e->mode & 0111;
}

static bool is_interpreter(const struct image_entry *e)
{
	return is_versioned(e->name, interpreters, ARRAY_SIZE(interpreters));
}

/* A link to one that is elsewhere, or has another name: of /usr/share/dotnet/dotnet, mono-sgen. */
static bool is_only_link(const struct image *img, const struct image_entry *e)
{
	struct image_entry *to;

	if (image_walk(img, NULL, e->parent, e->target, true, NULL, NULL, &to) < 0)
		return false;
	return to->type == ENTRY_FILE && to->mode & 0111 && !(is_in_bin(to) && is_interpreter(to));
}

static void find_program(struct finder *f, struct image_entry *e)
{
	bool link = e->type == ENTRY_SYMLINK && is_in_bin(e);

	if (!link && !is_program(e))
		return;
	if (is_one_of(e->name, shells, ARRAY_SIZE(shells)))
		info_find_add(f->info, INFO_SHELL, e, false, link ? e->target : NULL);
	if (is_interpreter(e) && (!link || is_only_link(f->img, e)))
		info_find_add(f->info, INFO_INTERPRETER, e, false, link ? e->target : NULL);
}

static void find_permissions(struct finder *f, struct image_entry *e)
{
	if (e->type == ENTRY_FILE && e->mode & 04000)
		info_find_add(f->info, INFO_SETUID, e, false, NULL);
	if (e->type == ENTRY_FILE && e->mode & 02000)
		info_find_add(f->info, INFO_SETGID, e, false, NULL);
	/* In a directory with the sticky bit nobody can take away what is another's. */
	if ((e->type == ENTRY_FILE || (e->type == ENTRY_DIR && !(e->mode & 01000))) &&
	    e->mode & 0002)
		info_find_add(f->info, INFO_WORLD_WRITABLE, e, false, NULL);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		_cleanup_free_ char *text = NULL;

		if (strcmp(e->xattrs[i].name, "security.capability") != 0)
			continue;
		text = caps_text(e->xattrs[i].value, e->xattrs[i].len);
		info_find_add(f->info, INFO_CAPABILITY, e, false, text);
	}
}

static int find_keys(struct finder *f, struct image_entry *e, bool hidden)
{
	unsigned int kinds;
	const char *note;
	ssize_t n;

	if (!keys_wanted(e, f->opts))
		return 0;
	n = image_file_head(f->img, e, f->head, HEAD, f->err);
	if (n < 0)
		return (int)n;
	kinds = keys_kinds(e, f->head, (size_t)n, &note);
	/* A certificate is no secret: one that is gone harms nobody. */
	if (kinds & KEY_CERTIFICATE && !hidden)
		info_find_add(f->info, INFO_CERTIFICATE, e, false, note);
	if (kinds & KEY_PRIVATE)
		info_find_add(f->info, INFO_PRIVATE_KEY, e, hidden, note);
	if (kinds & KEY_CREDENTIALS)
		info_find_add(f->info, INFO_CREDENTIALS, e, hidden, note);
	return cancel_check(f->err);
}

static int find_hidden(struct image_entry *e, void *ctx)
{
	return e->gone > e->layer ? find_keys(ctx, e, true) : 0;
}

static int by_path(const void *a_arg, const void *b_arg)
{
	const struct info_finding *a = a_arg, *b = b_arg;
	_cleanup_strbuf_ struct strbuf pa = STRBUF_INIT, pb = STRBUF_INIT;
	int r;

	image_entry_path(a->e, &pa);
	image_entry_path(b->e, &pb);
	r = strcmp(pa.buf, pb.buf);
	return r ? r : (a->e->layer > b->e->layer) - (a->e->layer < b->e->layer);
}

int info_files(const struct image *img, const struct info_opts *opts, struct info *info,
	       struct err *err)
{
	_cleanup_free_ char *head = xmalloc(HEAD);
	struct finder f = { img, opts, info, err, head };
	int r = 0;

	for (size_t i = 0; !r && i < image_entry_count(img); i++) {
		struct image_entry *e = image_entry(img, (uint32_t)i);

		find_program(&f, e);
		find_permissions(&f, e);
		r = find_keys(&f, e, false);
	}
	if (!r)
		r = image_each_hidden(img, find_hidden, &f);
	for (size_t i = 0; i < INFO_FINDS; i++)
		if (info->finds[i].n)
			qsort(info->finds[i].v, info->finds[i].n, sizeof(struct info_finding),
			      by_path);
	return r;
}
