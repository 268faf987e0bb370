/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables that look like secrets, in the environment and in the history: their names alone. */
#include <ctype.h>
#include <string.h>

#include "info/info.h"
#include "slimtrace/base/alloc.h"

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What names a secret, but not where one is to be found. */
static bool is_secret_name(const char *name, size_t len)
{
	static const char *const words[] = { "password",   "passwd",	"secret",     "token",
					     "api_key",	   "apikey",	"access_key", "private_key",
					     "passphrase", "credential" };
	static const char *const not [] = { "_file", "_path", "_dir", "_url", "_id" };
	_cleanup_free_ char *lower = xstrndup(name, len);

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; i < ARRAY_SIZE(not ); i++)
		if (len > strlen(not [i]) && !strcmp(lower + len - strlen(not [i]), not [i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(lower, words[i]))
			return true;
	return false;
}

static void add(struct info *info, const char *where, const char *name, size_t len)
{
	_cleanup_free_ char *text = xasprintf("%s %.*s", where, (int)len, name);

	if (!strvec_has(&info->secrets, text))
		strvec_push(&info->secrets, text);
}

/* Each NAME=VALUE; a value that is a variable is somebody else's. */
static void search(struct info *info, const char *where, const char *text)
{
	const char *p = text;

	while ((p = strchr(p, '='))) {
		const char *start = p++;

		while (start > text && is_name_char(start[-1]))
			start--;
		if (start < p - 1 && is_secret_name(start, (size_t)(p - 1 - start)) && *p &&
		    !strchr(" \"'$;&|)\n=", *p))
			add(info, where, start, (size_t)(p - 1 - start));
	}
}

void info_secrets(const struct image *img, struct info *info)
{
	const struct image_config *c = image_config(img);
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *item;

	for (size_t i = 0; i < c->env.n; i++) {
		const char *value = strchr(c->env.v[i], '=');

		if (value && value[1] && is_secret_name(c->env.v[i], (size_t)(value - c->env.v[i])))
			add(info, "ENV", c->env.v[i], (size_t)(value - c->env.v[i]));
	}
	if (json_parse(c->bytes, c->len, "it", &json, &ignored) < 0)
		return;
	cJSON_ArrayForEach (item, json_get(json, "history"))
		search(info, "history", json_str(item, "created_by", ""));
}
