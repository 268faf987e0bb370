/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's configuration (OCI image-spec, config.md, and Docker's additions to it). Only what
 * others need is read; the bytes stay as they are.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "image/limits.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"

/* The string at @path, "" when there is none; another type is an error. */
static int read_str(const cJSON *json, const char *path, char **ret, struct err *err)
{
	const cJSON *item = json_path(json, path);

	if (item && !cJSON_IsString(item))
		return err_set(err, EINVAL, "'%s' is not a string", path);
	*ret = xstrdup(item ? item->valuestring : "");
	return 0;
}

/* A command: an array of strings, or in old images one string. */
static int read_words(const cJSON *json, const char *path, struct strvec *ret, struct err *err)
{
	const cJSON *item = json_path(json, path);

	if (cJSON_IsString(item)) {
		strvec_push(ret, item->valuestring);
		return 0;
	}
	return json_strvec(json, path, ret, err);
}

/* A set, which is an object with keys and no values. */
static int read_keys(const cJSON *json, const char *path, struct strvec *ret, struct err *err)
{
	const cJSON *set = json_path(json, path), *item;

	if (set && !cJSON_IsObject(set))
		return err_set(err, EINVAL, "'%s' is not an object", path);
	cJSON_ArrayForEach (item, set)
		strvec_push(ret, item->string);
	return 0;
}

static int read_timeout(const cJSON *json, int *ret, struct err *err)
{
	int64_t n = json_i64(json, "config.StopTimeout", -1);

	if (n < INT_MIN || n > INT_MAX)
		return err_set(err, ERANGE, "'config.StopTimeout' is %lld", (long long)n);
	*ret = (int)n;
	return 0;
}

static int read_strings(struct image_config *c, const cJSON *json, struct err *err)
{
	const struct {
		const char *path;
		char **ret;
	} fields[] = {
		{ "config.User", &c->user },
		{ "config.WorkingDir", &c->workdir },
		{ "config.StopSignal", &c->stop_signal },
		{ "architecture", &c->arch },
		{ "os", &c->os },
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(fields); i++)
		r = read_str(json, fields[i].path, fields[i].ret, err);
	return r;
}

static int read_lists(struct image_config *c, const cJSON *json, struct err *err)
{
	const struct {
		const char *path;
		struct strvec *ret;
	} fields[] = {
		{ "config.Entrypoint", &c->entrypoint },
		{ "config.Cmd", &c->cmd },
		{ "config.Env", &c->env },
		{ "config.Shell", &c->shell },
		{ "config.Healthcheck.Test", &c->healthcheck },
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(fields); i++)
		r = read_words(json, fields[i].path, fields[i].ret, err);
	return r;
}

static int read_fields(struct image_config *c, const cJSON *json, struct err *err)
{
	const cJSON *config = json_get(json, "config");
	int r;

	if (config && !cJSON_IsObject(config))
		return err_set(err, EINVAL, "'config' is not an object");
	r = read_strings(c, json, err);
	if (!r)
		r = read_lists(c, json, err);
	if (!r)
		r = read_keys(json, "config.Volumes", &c->volumes, err);
	if (!r)
		r = read_keys(json, "config.ExposedPorts", &c->ports, err);
	return r < 0 ? r : read_timeout(json, &c->stop_timeout, err);
}

/* An import, a squash, and what Nix makes have a comment and no command. */
static char *read_command(const cJSON *item)
{
	const char *command = json_str(item, "created_by", "");

	if (!*command)
		command = json_str(item, "comment", "");
	return *command ? xstrdup(command) : NULL;
}

/*
 * Each history entry that is not "empty_layer" belongs to the next layer. It is told to people, and
 * nothing depends on it: what is odd in it is left out.
 */
static void read_history(struct image *img, const cJSON *json)
{
	const cJSON *item;
	size_t layer = 0;

	cJSON_ArrayForEach (item, json_path(json, "history")) {
		if (json_bool(item, "empty_layer", false))
			continue;
		if (layer >= img->n_layers)
			return;
		img->layers[layer++].created_by = read_command(item);
	}
}

static int read_layers(struct image *img, const cJSON *json, struct err *err)
{
	_cleanup_strvec_ struct strvec ids = STRVEC_INIT;
	int r = json_strvec(json, "rootfs.diff_ids", &ids, err);

	if (r < 0)
		return r;
	if (ids.n > IMAGE_MAX_LAYERS)
		return err_set(err, E2BIG, "it has %zu layers", ids.n);
	img->layers = xcalloc(ids.n, sizeof(*img->layers));
	img->n_layers = ids.n;
	for (size_t i = 0; i < ids.n; i++) {
		if (!digest_valid(ids.v[i]))
			return err_set(err, EINVAL, "'%s' is no diff ID", ids.v[i]);
		memcpy(img->layers[i].diff_id.str, ids.v[i], DIGEST_LEN + 1);
	}
	read_history(img, json);
	return 0;
}

int image_set_config(struct image *img, const char *id, const void *config, size_t len,
		     struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	int r;

	if (len > IMAGE_MAX_CONFIG)
		return err_class_set(err, ERR_IMAGE, EFBIG,
				     "the image's configuration has %zu bytes", len);
	img->id = sha256_of(config, len);
	if (id && strcmp(img->id.str, id) != 0)
		return err_class_set(err, ERR_IMAGE, EBADMSG,
				     "the image's configuration has the digest %s, not %s",
				     img->id.str, id);
	img->config.bytes = xmemdup(config, len);
	img->config.len = len;
	r = json_parse_max(config, len, "it", IMAGE_MAX_VALUES, &json, err);
	if (!r && !cJSON_IsObject(json))
		r = err_set(err, EINVAL, "it is no object");
	if (!r)
		r = read_fields(&img->config, json, err);
	if (!r)
		r = read_layers(img, json, err);
	if (r < 0) {
		err->class = ERR_IMAGE;
		return err_wrap(err, "the image's configuration cannot be used");
	}
	return 0;
}
