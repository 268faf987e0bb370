/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --new-* and --remove-*: changes of what the configuration says about a container (OCI image-spec,
 * config.md). Only the values that are named change; a value that comes out the same stays as it
 * was written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slim/patch.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/text.h"
#include "slimtrace/slim.h"

enum { ENTRYPOINT, CMD, WORKDIR, USER, ENV, LABELS, EXPOSE, VOLUMES, FIELDS };

static const char *const keys[FIELDS] = {
	[ENTRYPOINT] = "Entrypoint",
	[CMD] = "Cmd",
	[WORKDIR] = "WorkingDir",
	[USER] = "User",
	[ENV] = "Env",
	[LABELS] = "Labels",
	[EXPOSE] = "ExposedPorts",
	[VOLUMES] = "Volumes",
};

void slim_edits_release(struct slim_edits *edits)
{
	strvec_release(&edits->env);
	strvec_release(&edits->labels);
	strvec_release(&edits->expose);
	strvec_release(&edits->volumes);
	strvec_release(&edits->remove_env);
	strvec_release(&edits->remove_labels);
	strvec_release(&edits->remove_expose);
	strvec_release(&edits->remove_volumes);
}

/* --- values as they are typed --- */

static int bad(struct err *err, const char *option, const char *value, const char *why)
{
	return err_class_set(err, ERR_USAGE, EINVAL, "--%s '%s': %s", option, value, why);
}

static int parse_words(const char *option, const char *text, struct strvec *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	int r;

	if (*text != '[') {
		r = text_split_words(text, ret, err);
	} else {
		_cleanup_(json_free) cJSON *obj = json_object();

		r = json_parse(text, strlen(text), "the array", &json, err);
		if (!r) {
			json_add(obj, "words", TAKE_PTR(json));
			r = json_strvec(obj, "words", ret, err);
		}
	}
	if (r < 0)
		err->class = ERR_USAGE;
	return r < 0 ? err_wrap(err, "--%s '%s'", option, text) : 0;
}

static int check_named(const char *option, const struct strvec *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strchr(list->v[i], '=') || list->v[i][0] == '=')
			return bad(err, option, list->v[i], "it should be NAME=VALUE");
	return 0;
}

static bool port_ok(const char *text)
{
	static const char *const protocols[] = { "", "/tcp", "/udp", "/sctp" };
	size_t digits = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	if (!digits || digits > 5 || !port || port > 65535)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strcmp(text + digits, protocols[i]))
			return true;
	return false;
}

static int check_ports(const char *option, const struct strvec *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (!port_ok(list->v[i]))
			return bad(err, option, list->v[i],
				   "it should be a port, with /tcp, /udp or /sctp after it");
	return 0;
}

int slim_edits_check(const struct slim_edits *e, struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	int r = e->entrypoint ? parse_words("new-entrypoint", e->entrypoint, &words, err) : 0;

	if (!r && e->cmd)
		r = parse_words("new-cmd", e->cmd, &words, err);
	if (!r && e->workdir && *e->workdir && *e->workdir != '/')
		r = bad(err, "new-workdir", e->workdir, "it should be absolute");
	if (!r)
		r = check_named("new-env", &e->env, err);
	if (!r)
		r = check_named("new-label", &e->labels, err);
	if (!r)
		r = check_ports("new-expose", &e->expose, err);
	if (!r)
		r = check_ports("remove-expose", &e->remove_expose, err);
	for (size_t i = 0; !r && i < e->volumes.n; i++)
		if (*e->volumes.v[i] != '/')
			r = bad(err, "new-volume", e->volumes.v[i], "it should be absolute");
	return r;
}

/* --- values as the configuration has them --- */

static void set_value(struct patch *p, const cJSON *value)
{
	json_print(value, false, &p->value);
	strbuf_setlen(&p->value, p->value.len - 1);
	p->leave = false;
}

static int set_words(struct patch *p, const char *option, const char *text, struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	_cleanup_(json_free) cJSON *value = NULL;
	int r;

	if (!text)
		return 0;
	r = parse_words(option, text, &words, err);
	if (r < 0)
		return r;
	value = words.n ? json_array() : cJSON_CreateNull();
	for (size_t i = 0; i < words.n; i++)
		json_append(value, cJSON_CreateString(words.v[i]));
	set_value(p, value);
	return 0;
}

static void set_str(struct patch *p, const char *text)
{
	_cleanup_(json_free) cJSON *value = text ? cJSON_CreateString(text) : NULL;

	if (text)
		set_value(p, value);
}

static size_t name_len(const char *text)
{
	return strcspn(text, "=");
}

/* The index of variable @name in the array, or -1. */
static int find_env(const cJSON *array, const char *name, size_t len)
{
	const cJSON *item;
	int i = 0;

	cJSON_ArrayForEach (item, array) {
		if (cJSON_IsString(item) && name_len(item->valuestring) == len &&
		    !memcmp(item->valuestring, name, len))
			return i;
		i++;
	}
	return -1;
}

static void edit_env(struct patch *p, const cJSON *old, const struct slim_edits *e,
		     struct strvec *ret_absent)
{
	_cleanup_(json_free) cJSON *env =
		cJSON_IsArray(old) ? cJSON_Duplicate(old, true) : json_array();

	for (size_t i = 0; i < e->remove_env.n; i++) {
		const char *name = e->remove_env.v[i];
		int at = find_env(env, name, strlen(name));

		if (at < 0)
			strvec_pushf(ret_absent, "%s (--remove-env)", name);
		for (; at >= 0; at = find_env(env, name, strlen(name)))
			cJSON_DeleteItemFromArray(env, at);
	}
	for (size_t i = 0; i < e->env.n; i++) {
		const char *text = e->env.v[i];
		int at = find_env(env, text, name_len(text));

		if (at >= 0)
			cJSON_ReplaceItemInArray(env, at, cJSON_CreateString(text));
		else
			json_append(env, cJSON_CreateString(text));
	}
	if (e->env.n || e->remove_env.n)
		set_value(p, env);
}

/* As the configuration names it: ports with their protocol, labels up to the '='. */
static char *member_name(int field, const char *text)
{
	if (field == LABELS)
		return xstrndup(text, name_len(text));
	if (field == EXPOSE && !strchr(text, '/'))
		return xasprintf("%s/tcp", text);
	return xstrdup(text);
}

static cJSON *member_value(int field, const char *text)
{
	return field == LABELS ? cJSON_CreateString(text + name_len(text) + 1) : json_object();
}

static void edit_members(struct patch *p, int field, const cJSON *old, const struct strvec *add,
			 const struct strvec *remove, const char *option, struct strvec *ret_absent)
{
	_cleanup_(json_free) cJSON *obj =
		cJSON_IsObject(old) ? cJSON_Duplicate(old, true) : json_object();

	for (size_t i = 0; i < remove->n; i++) {
		_cleanup_free_ char *name =
			field == LABELS ? xstrdup(remove->v[i]) : member_name(field, remove->v[i]);

		if (!cJSON_GetObjectItemCaseSensitive(obj, name))
			strvec_pushf(ret_absent, "%s (--%s)", remove->v[i], option);
		cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
	}
	for (size_t i = 0; i < add->n; i++) {
		_cleanup_free_ char *name = member_name(field, add->v[i]);
		cJSON *value = member_value(field, add->v[i]);

		if (cJSON_GetObjectItemCaseSensitive(obj, name))
			cJSON_ReplaceItemInObjectCaseSensitive(obj, name, value);
		else
			json_add(obj, name, value);
	}
	if (add->n || remove->n)
		set_value(p, obj);
}

static int make_patches(const cJSON *config, const struct slim_edits *e, struct patch *p,
			struct strvec *ret_absent, struct err *err)
{
	int r = set_words(&p[ENTRYPOINT], "new-entrypoint", e->entrypoint, err);

	if (!r)
		r = set_words(&p[CMD], "new-cmd", e->cmd, err);
	if (r < 0)
		return r;
	set_str(&p[WORKDIR], e->workdir);
	set_str(&p[USER], e->user);
	edit_env(&p[ENV], json_get(config, keys[ENV]), e, ret_absent);
	edit_members(&p[LABELS], LABELS, json_get(config, keys[LABELS]), &e->labels,
		     &e->remove_labels, "remove-label", ret_absent);
	edit_members(&p[EXPOSE], EXPOSE, json_get(config, keys[EXPOSE]), &e->expose,
		     &e->remove_expose, "remove-expose", ret_absent);
	edit_members(&p[VOLUMES], VOLUMES, json_get(config, keys[VOLUMES]), &e->volumes,
		     &e->remove_volumes, "remove-volume", ret_absent);
	return 0;
}

/* @text is the value of "config": with the edits done, appended to @ret. */
static int edit_object(const char *text, size_t len, const cJSON *config,
		       const struct slim_edits *edits, struct strbuf *ret,
		       struct strvec *ret_absent, struct err *err)
{
	struct patch patches[FIELDS];
	int r;

	for (size_t i = 0; i < FIELDS; i++)
		patches[i] = (struct patch){ .key = keys[i], .value = STRBUF_INIT, .leave = true };
	r = patch_find(text, len, patches, FIELDS, err);
	if (!r)
		r = make_patches(config, edits, patches, ret_absent, err);
	if (!r)
		patch_apply(text, len, patches, FIELDS, ret);
	for (size_t i = 0; i < FIELDS; i++)
		strbuf_release(&patches[i].value);
	return r;
}

int slim_config_edit(const char *config, size_t len, const struct slim_edits *edits,
		     struct strbuf *ret, struct strvec *ret_absent, struct err *err)
{
	struct patch whole = { .key = "config", .value = STRBUF_INIT };
	_cleanup_(json_free) cJSON *json = NULL;
	const cJSON *object;
	int r = json_parse(config, len, "the document", &json, err);

	if (!r)
		r = patch_find(config, len, &whole, 1, err);
	if (r < 0) {
		err->class = ERR_IMAGE;
		return err_wrap(err, "the image's configuration");
	}
	object = json_get(json, "config");
	if (cJSON_IsObject(object))
		r = edit_object(config + whole.at.value, whole.at.value_len, object, edits,
				&whole.value, ret_absent, err);
	else
		r = edit_object("{}", 2, NULL, edits, &whole.value, ret_absent, err);
	/* Where there was no object and nothing is added, there still is none. */
	if (!r && !cJSON_IsObject(object) && !strcmp(whole.value.buf, "{}"))
		strbuf_add(ret, config, len);
	else if (!r)
		patch_apply(config, len, &whole, 1, ret);
	strbuf_release(&whole.value);
	return r;
}
