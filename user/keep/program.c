/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of the configuration: the image must still start as its configuration says, even
 * when the watched run was given another entrypoint or command, or ended before the health check.
 * Words are kept when they are programs by their place, or name a file. Options are not read:
 * what a program makes of its arguments is its own affair.
 */
#include <string.h>

#include "keep/exec.h"
#include "keep/rules.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/text.h"

/* What the runtime uses when the image sets none (moby, daemon/oci_linux.go). */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *keep_env(const struct keep *k, const char *name)
{
	const struct strvec *env = &image_config(k->img)->env;
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], name, len) && env->v[i][len] == '=')
			return env->v[i] + len + 1;
	return NULL;
}

static bool is_program(const struct keep *k, const char *path)
{
	const struct image_entry *e = keep_resolve(k, path, true);

	return e && e->type == ENTRY_FILE && e->mode & 0111;
}

char *keep_find_program(const struct keep *k, const char *word)
{
	const char *dirs = keep_env(k, "PATH");

	if (strchr(word, '/'))
		return is_program(k, word) ? xstrdup(word) : NULL;
	if (!*word)
		return NULL;
	for (dirs = dirs ? dirs : DEFAULT_PATH;; dirs++) {
		size_t len = strcspn(dirs, ":");
		_cleanup_free_ char *path =
			xasprintf("%.*s/%s", len ? (int)len : 1, len ? dirs : ".", word);

		if (is_program(k, path))
			return TAKE_PTR(path);
		dirs += len;
		if (!*dirs)
			return NULL;
	}
}

/* The entry at @path stays, and what it needs to run when it is a program. */
static int keep_named(struct keep *k, const char *path, struct err *err)
{
	struct image_entry *e = keep_path(k, path, true, KEEP_ENTRYPOINT, NO_ACCESS);

	return e && e->type == ENTRY_FILE ? keep_needed(k, e, err) : 0;
}

static int keep_program(struct keep *k, const char *word, struct err *err)
{
	_cleanup_free_ char *path = keep_find_program(k, word);

	return path ? keep_named(k, path, err) : 0;
}

/* A word that is the path of a file, absolute or from the working directory: a script, say. */
static int keep_word(struct keep *k, const char *word, struct err *err)
{
	const struct image_entry *e = *word ? keep_resolve(k, word, true) : NULL;

	if (!e || (*word != '/' && e->type != ENTRY_FILE))
		return 0;
	return keep_named(k, word, err);
}

static bool has(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

/* "NAME=value" before a command. */
static bool is_assignment(const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				  "0123456789");

	return len && word[len] == '=';
}

/*
 * The programs of a shell command: the first word of each simple command. No shell is written
 * here: what stands in quotes, variables and substitutions is not seen.
 */
static int keep_script(struct keep *k, const char *script, struct err *err)
{
	static const char *const ends[] = { "&&", "||", "|", ";", "&", "{", "(" };
	static const char *const opens[] = { "exec",  "if", "then", "else", "elif",   "while",
					     "until", "do", "!",    "time", "command" };
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err ignored = ERR_INIT;
	bool first = true;
	int r = 0;

	if (text_split_words(script, &words, &ignored) < 0)
		return 0;
	for (size_t i = 0; r >= 0 && i < words.n; i++) {
		char *word = words.v[i];
		size_t len = strlen(word);
		bool last = len && word[len - 1] == ';';

		if (has(ends, ARRAY_SIZE(ends), word)) {
			first = true;
			continue;
		}
		if (first && (has(opens, ARRAY_SIZE(opens), word) || is_assignment(word)))
			continue;
		if (last)
			word[len - 1] = '\0';
		if (first)
			r = keep_program(k, word, err);
		first = last;
	}
	return r;
}

/*
 * One whole command: its program, the script of "shell -c script", what stands after "--" (an
 * init such as tini runs it), and files named by other words.
 */
static int keep_command(struct keep *k, const struct strvec *words, struct err *err)
{
	int r = words->n ? keep_program(k, words->v[0], err) : 0;

	for (size_t i = 1; r >= 0 && i < words->n; i++) {
		const char *before = words->v[i - 1], *word = words->v[i];

		r = keep_word(k, word, err);
		if (r >= 0 && i == 2 && !strcmp(before, "-c"))
			r = keep_script(k, word, err);
		else if (r >= 0 && !strcmp(before, "--"))
			r = keep_program(k, word, err);
	}
	return r;
}

int keep_entrypoint(struct keep *k, struct err *err)
{
	const struct image_config *config = image_config(k->img);
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	int r;

	strvec_extend(&words, &config->entrypoint);
	strvec_extend(&words, &config->cmd);
	r = keep_command(k, &words, err);
	/* An entrypoint that is a wrapper gets the program as the command's first word. */
	if (r >= 0 && config->entrypoint.n && config->cmd.n)
		r = keep_program(k, config->cmd.v[0], err);
	return r;
}

int keep_healthcheck(struct keep *k, struct err *err)
{
	const struct image_config *config = image_config(k->img);
	const struct strvec *test = &config->healthcheck;
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	int r;

	if (test->n < 2)
		return 0;
	if (!strcmp(test->v[0], "CMD")) {
		for (size_t i = 1; i < test->n; i++)
			strvec_push(&words, test->v[i]);
		return keep_command(k, &words, err);
	}
	if (strcmp(test->v[0], "CMD-SHELL") != 0)
		return 0;
	r = keep_program(k, config->shell.n ? config->shell.v[0] : "/bin/sh", err);
	return r < 0 ? r : keep_script(k, test->v[1], err);
}
