/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/spec.h"

#include <errno.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

int spec_wrong(struct err *err, const char *option, const char *value, const char *why)
{
	return err_class_set(err, ERR_USAGE, EINVAL, "%s '%s': %s", option, value, why);
}

void spec_set(cJSON *obj, const char *key, cJSON *item)
{
	cJSON_DeleteItemFromObjectCaseSensitive(obj, key);
	json_add(obj, key, item);
}

cJSON *spec_array(cJSON *obj, const char *key)
{
	cJSON *array = json_get(obj, key);

	if (cJSON_IsArray(array))
		return array;
	array = json_array();
	spec_set(obj, key, array);
	return array;
}

cJSON *spec_object(cJSON *obj, const char *key)
{
	cJSON *member = json_get(obj, key);

	if (cJSON_IsObject(member))
		return member;
	member = json_object();
	spec_set(obj, key, member);
	return member;
}

void spec_append(cJSON *obj, const char *key, const struct strvec *items)
{
	for (size_t i = 0; i < items->n; i++)
		json_append(spec_array(obj, key), cJSON_CreateString(items->v[i]));
}

/* One field at *p, which is left at the comma after it or at the end. */
static int take_field(const char **p, struct strbuf *field, struct err *err)
{
	if (**p != '"') {
		size_t len = strcspn(*p, ",");

		strbuf_add(field, *p, len);
		*p += len;
		return 0;
	}
	for ((*p)++; **p != '"' || (*p)[1] == '"'; (*p)++) {
		if (!**p)
			return err_class_set(err, ERR_USAGE, EINVAL, "a quote is not closed");
		*p += **p == '"';
		strbuf_addch(field, **p);
	}
	(*p)++;
	return **p && **p != ',' ? err_class_set(err, ERR_USAGE, EINVAL,
						 "a comma has to follow a closing quote")
				 : 0;
}

int spec_split_csv(const char *text, struct strvec *ret, struct err *err)
{
	for (;;) {
		_cleanup_strbuf_ struct strbuf field = STRBUF_INIT;
		int r = take_field(&text, &field, err);

		if (r < 0)
			return r;
		strvec_push(ret, field.buf);
		if (!*text)
			return 0;
		text++;
	}
}

int spec_words(const char *option, const char *text, struct strvec *ret, struct err *err)
{
	int r;

	if (text[strspn(text, " \t\n")] == '[') {
		_cleanup_(json_free) cJSON *doc = json_object();
		cJSON *array;

		r = json_parse(text, strlen(text), option, &array, err);
		if (!r)
			r = json_strvec((json_add(doc, "words", array), doc), "words", ret, err);
	} else {
		r = text_split_words(text, ret, err);
	}
	if (r < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "%s '%s'", option, text);
	}
	return 0;
}

/* docker's client sends one empty word for an empty --entrypoint: it takes the image's away. */
static int add_command(cJSON *body, const struct build_opts *o, struct err *err)
{
	_cleanup_strvec_ struct strvec entrypoint = STRVEC_INIT, cmd = STRVEC_INIT;
	int r = o->entrypoint ? spec_words("--entrypoint", o->entrypoint, &entrypoint, err) : 0;

	if (!r && o->cmd)
		r = spec_words("--cmd", o->cmd, &cmd, err);
	if (r < 0)
		return r;
	if (o->entrypoint && !entrypoint.n)
		strvec_push(&entrypoint, "");
	if (o->entrypoint)
		json_add_strvec(body, "Entrypoint", &entrypoint);
	if (o->cmd)
		json_add_strvec(body, "Cmd", &cmd);
	return 0;
}

static void add_str(cJSON *body, const char *key, const char *value)
{
	if (value)
		json_add_str(body, key, value);
}

/* Names and aliases count in the network that they are meant for; the default one has HostConfig's.
 */
static void add_network(cJSON *body, cJSON *host, const struct build_opts *o)
{
	static const char *const builtin[] = { "default", "bridge", "host", "none" };
	const char *net = o->network;
	cJSON *endpoints;

	spec_append(host, "Links", &o->links);
	if (!net)
		return;
	spec_set(host, "NetworkMode", cJSON_CreateString(net));
	for (size_t i = 0; i < ARRAY_SIZE(builtin); i++)
		if (!strcmp(net, builtin[i]))
			return;
	if (!o->links.n || !strncmp(net, "container:", strlen("container:")))
		return;
	endpoints = spec_object(spec_object(body, "NetworkingConfig"), "EndpointsConfig");
	spec_append(spec_object(endpoints, net), "Links", &o->links);
}

static void add_streams(cJSON *body, const struct build_opts *o)
{
	json_add_bool(body, "AttachStdout", true);
	json_add_bool(body, "AttachStderr", true);
	if (o->tty)
		json_add_bool(body, "Tty", true);
	if (!o->stdin_path)
		return;
	json_add_bool(body, "AttachStdin", true);
	json_add_bool(body, "OpenStdin", true);
	json_add_bool(body, "StdinOnce", true);
}

int spec_make(const struct build_opts *o, const char *image_id, cJSON **ret, struct err *err)
{
	_cleanup_(json_free) cJSON *body = json_object();
	cJSON *host = json_add(body, "HostConfig", json_object());
	int r;

	json_add_str(body, "Image", image_id);
	add_streams(body, o);
	add_str(body, "User", o->user);
	add_str(body, "WorkingDir", o->workdir);
	add_str(body, "Hostname", o->hostname);
	r = add_command(body, o, err);
	if (!r)
		r = spec_env(body, &o->env_files, &o->env, err);
	if (!r)
		r = spec_host(o, host, err);
	if (!r)
		r = spec_mounts(body, host, &o->mounts, err);
	if (!r)
		r = spec_ports(body, host, &o->publish, &o->expose, err);
	if (r < 0)
		return r;
	add_network(body, host, o);
	*ret = TAKE_PTR(body);
	return 0;
}
