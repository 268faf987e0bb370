/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where loaders look for libraries: glibc's ld.so.conf (ldconfig(8)), musl's ld-musl-ARCH.path,
 * and the directories built into them. The order is theirs.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "keep/exec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"

#define CONF_MAX (256 << 10) /* bytes of one configuration file */
#define CONF_FILES_MAX 256   /* files of ld.so.conf, with those it includes */

/* Configuration files still to be read: paths in the image. */
struct conf {
	struct keep *k;
	struct strvec files;
};

static void add_dir(struct keep *k, const char *dir, size_t len)
{
	_cleanup_free_ char *path = xstrndup(dir, len);

	if (*path == '/' && !strvec_has(&k->lib_dirs, path))
		strvec_push(&k->lib_dirs, path);
}

/* The file's text; NULL when it is not there or too large to be what it should be. */
static int read_text(struct keep *k, const char *path, char **ret, struct err *err)
{
	const struct image_entry *e = keep_resolve(k, path, true);
	size_t len;

	*ret = NULL;
	if (!e || e->type != ENTRY_FILE || e->size > CONF_MAX)
		return 0;
	return image_file_read(k->img, e, CONF_MAX, ret, &len, err);
}

/* "include PATTERN": sorted, as glob(3) gives it; wildcards in the last component only. */
static void include(struct conf *conf, const char *pattern)
{
	_cleanup_free_ char *path = path_join("/etc", pattern);
	const char *name = path_basename(path);
	_cleanup_free_ char *dir = xstrndup(path, (size_t)(name - path));
	const struct image_entry *e = keep_resolve(conf->k, dir, true);

	for (size_t i = 0; e && i < e->n_children; i++) {
		const char *child = e->children[i]->name;

		if (conf->files.n < CONF_FILES_MAX && !fnmatch(name, child, FNM_PERIOD))
			strvec_pushf(&conf->files, "%s%s", dir, child);
	}
}

/* The next word of *p up to one of @ends, and its length; NULL at the end. *p moves over it. */
static const char *next_word(const char **p, const char *ends, size_t *ret_len)
{
	const char *word = *p + strspn(*p, ends);

	*ret_len = strcspn(word, ends);
	*p = word + *ret_len;
	return *ret_len ? word : NULL;
}

static bool word_is(const char *word, size_t len, const char *s)
{
	return word && len == strlen(s) && !strncmp(word, s, len);
}

/* One line: "include ...", "hwcap ...", or directories, maybe with "=TYPE" as libc5 had it. */
static void read_line(struct conf *conf, const char *line)
{
	static const char blanks[] = " \t\r\v\f";
	size_t len;
	const char *rest = line, *word = next_word(&rest, blanks, &len);

	if (word_is(word, len, "hwcap"))
		return;
	if (word_is(word, len, "include")) {
		while ((word = next_word(&rest, blanks, &len))) {
			_cleanup_free_ char *pattern = xstrndup(word, len);

			include(conf, pattern);
		}
		return;
	}
	while ((word = next_word(&line, " \t\r\v\f:,", &len))) {
		const char *type = memchr(word, '=', len);

		add_dir(conf->k, word, type ? (size_t)(type - word) : len);
	}
}

static int read_conf(struct conf *conf, const char *path, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	const char *rest, *line;
	size_t len;
	int r = read_text(conf->k, path, &text, err);

	if (r < 0 || !text)
		return r;
	for (rest = text; (line = next_word(&rest, "\n", &len));) {
		_cleanup_free_ char *copy = xstrndup(line, len);

		copy[strcspn(copy, "#")] = '\0';
		read_line(conf, copy);
	}
	return 0;
}

static int add_glibc(struct keep *k, struct err *err)
{
	struct conf conf = { .k = k };
	int r = 0;

	strvec_push(&conf.files, "/etc/ld.so.conf");
	for (size_t i = 0; r >= 0 && i < conf.files.n; i++) {
		_cleanup_free_ char *path = xstrdup(conf.files.v[i]);

		r = read_conf(&conf, path, err);
	}
	strvec_release(&conf.files);
	return r;
}

/* Directories, separated by newlines or colons. The file stays: the loader reads it. */
static int add_musl_file(struct keep *k, struct image_entry *e, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/etc/%s", e->name), *text = NULL;
	const char *dir, *rest;
	size_t len;
	int r = read_text(k, path, &text, err);

	if (r < 0 || !text)
		return r;
	keep_path(k, path, true, KEEP_NEEDED, NO_ACCESS);
	for (rest = text; (dir = next_word(&rest, "\n:", &len));)
		add_dir(k, dir, len);
	return 0;
}

static int add_musl(struct keep *k, struct err *err)
{
	const struct image_entry *etc = keep_resolve(k, "/etc", true);
	int r = 0;

	for (size_t i = 0; r >= 0 && etc && i < etc->n_children; i++)
		if (!fnmatch("ld-musl-*.path", etc->children[i]->name, 0))
			r = add_musl_file(k, etc->children[i], err);
	return r;
}

/* Debian builds the directories of its architectures into the loader: lib/x86_64-linux-gnu. */
static void add_multiarch(struct keep *k, const char *lib)
{
	const struct image_entry *e = keep_resolve(k, lib, true);

	for (size_t i = 0; e && i < e->n_children; i++) {
		_cleanup_free_ char *dir = xasprintf("%s/%s", lib, e->children[i]->name);

		if (!fnmatch("*-linux-*", e->children[i]->name, 0))
			add_dir(k, dir, strlen(dir));
	}
}

int keep_lib_dirs(struct keep *k, struct err *err)
{
	static const char *const built_in[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib",
						"/usr/local/lib" };
	int r;

	if (k->lib_dirs_ready)
		return 0;
	r = add_musl(k, err);
	if (r >= 0)
		r = add_glibc(k, err);
	if (r < 0)
		return r;
	add_multiarch(k, "/lib");
	add_multiarch(k, "/usr/lib");
	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++)
		add_dir(k, built_in[i], strlen(built_in[i]));
	k->lib_dirs_ready = true;
	return 0;
}
