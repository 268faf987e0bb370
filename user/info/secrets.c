/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables that look like secrets, in the environment and in the history: their names alone. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "token" in NPM_TOKEN, tokens and tokenKey, not in TOKENIZERS or tokenless. */
static bool ends_word(const char *last, const char *end)
{
	const char *next = last + 1;

	if (next < end && tolower((unsigned char)*next) == 's')
		next++;
	return next >= end || !isalpha((unsigned char)*next) ||
	       (islower((unsigned char)next[-1]) && isupper((unsigned char)*next));
}

static bool has_word(const char *name, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++)
		if (!strncasecmp(name + i, word, n) && ends_word(name + i + n - 1, name + len))
			return true;
	return false;
}

/* But not where one is to be found. */
bool info_is_secret_name(const char *name, size_t len)
{
	static const char *const words[] = { "password",   "passwd",	  "secret",
					     "secretkey",  "token",	  "api_key",
					     "apikey",	   "access_key",  "accesskey",
					     "secret_key", "private_key", "privatekey",
					     "passphrase", "credential" };
	static const char *const not [] = { "_file", "_path", "_dir", "_url", "_id" };

	for (size_t i = 0; i < ARRAY_SIZE(not ); i++) {
		size_t n = strlen(not [i]);

		if (len > n && !strncasecmp(name + len - n, not [i], n))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (has_word(name, len, words[i]))
			return true;
	return false;
}

/* Each once. */
struct finder {
	struct info *info;
	struct strmap *seen;
};

static void add(struct finder *f, const char *where, const char *name, size_t len)
{
	_cleanup_free_ char *text = xasprintf("%s %.*s", where, (int)len, name);

	if (!strmap_put(f->seen, text, f))
		strvec_push(&f->info->secrets, text);
}

/* Each NAME=VALUE; a value that is a variable is somebody else's. */
static void search(struct finder *f, const char *where, const char *text)
{
	const char *p = text;

	while ((p = strchr(p, '='))) {
		const char *start = p++;

		while (start > text && is_name_char(start[-1]))
			start--;
		if (start < p - 1 && info_is_secret_name(start, (size_t)(p - 1 - start)) && *p &&
		    !strchr(" \"'$;&|)\n=", *p))
			add(f, where, start, (size_t)(p - 1 - start));
	}
}

void info_secrets(const struct image *img, struct info *info)
{
	const struct image_config *c = image_config(img);
	_cleanup_(strmap_free) struct strmap *seen = strmap_new();
	struct finder f = { info, seen };
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *item;

	for (size_t i = 0; i < c->env.n; i++) {
		const char *value = strchr(c->env.v[i], '=');

		if (value && value[1] &&
		    info_is_secret_name(c->env.v[i], (size_t)(value - c->env.v[i])))
			add(&f, "ENV", c->env.v[i], (size_t)(value - c->env.v[i]));
	}
	if (json_parse(c->bytes, c->len, "it", &json, &ignored) < 0)
		return;
	cJSON_ArrayForEach (item, json_get(json, "history"))
		search(&f, "history", json_str(item, "created_by", ""));
}
