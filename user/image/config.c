/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's configuration (OCI image-spec, config.md, and Docker's additions to it). Only what
 * others need is read; the bytes stay as they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/limits.h"
#include "image/tree.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"

static char *dup_str(const cJSON *json, const char *path)
{
	return xstrdup(json_str(json, path, ""));
}

static void add_keys(const cJSON *obj, struct strvec *ret)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, obj)
		if (item->string)
			strvec_push(ret, item->string);
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

static int read_fields(struct image_config *c, const cJSON *json, struct err *err)
{
	int r;

	c->user = dup_str(json, "config.User");
	c->workdir = dup_str(json, "config.WorkingDir");
	c->stop_signal = dup_str(json, "config.StopSignal");
	c->arch = dup_str(json, "architecture");
	c->os = dup_str(json, "os");
	c->stop_timeout = (int)json_i64(json, "config.StopTimeout", -1);
	add_keys(json_path(json, "config.Volumes"), &c->volumes);
	add_keys(json_path(json, "config.ExposedPorts"), &c->ports);
	r = read_words(json, "config.Entrypoint", &c->entrypoint, err);
	if (!r)
		r = read_words(json, "config.Cmd", &c->cmd, err);
	if (!r)
		r = read_words(json, "config.Env", &c->env, err);
	if (!r)
		r = read_words(json, "config.Shell", &c->shell, err);
	if (!r)
		r = read_words(json, "config.Healthcheck.Test", &c->healthcheck, err);
	return r;
}

/* Each history entry that is not "empty_layer" belongs to the next layer. */
static void read_history(struct image *img, const cJSON *json)
{
	const cJSON *item;
	size_t layer = 0;

	cJSON_ArrayForEach (item, json_path(json, "history")) {
		if (json_bool(item, "empty_layer", false))
			continue;
		if (layer >= img->n_layers)
			return;
		img->layers[layer++].created_by = dup_str(item, "created_by");
	}
}

static int read_layers(struct image *img, const cJSON *json, struct err *err)
{
	_cleanup_strvec_ struct strvec ids = STRVEC_INIT;
	int r = json_strvec(json, "rootfs.diff_ids", &ids, err);

	if (r < 0)
		return r;
	if (ids.n > IMAGE_MAX_LAYERS)
		return err_class_set(err, ERR_IMAGE, E2BIG, "the image has %zu layers", ids.n);
	img->layers = xcalloc(ids.n, sizeof(*img->layers));
	img->n_layers = ids.n;
	for (size_t i = 0; i < ids.n; i++) {
		if (!digest_valid(ids.v[i]))
			return err_class_set(err, ERR_IMAGE, EINVAL, "'%s' is no diff ID",
					     ids.v[i]);
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

	img->id = sha256_of(config, len);
	if (id && strcmp(img->id.str, id) != 0)
		return err_class_set(err, ERR_IMAGE, EBADMSG,
				     "the image's configuration has the digest %s, not %s",
				     img->id.str, id);
	if (len > IMAGE_MAX_CONFIG)
		return err_class_set(err, ERR_IMAGE, EFBIG,
				     "the image's configuration has %zu bytes", len);
	img->config.bytes = xmemdup(config, len);
	img->config.len = len;
	r = json_parse(config, len, "the image's configuration", &json, err);
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
