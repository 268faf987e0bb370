/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an archive says its image is made of: manifest.json as `docker save` writes it, or an OCI
 * layout's index.json (image-spec: image-index.md, manifest.md), which may be nested, hold several
 * platforms, and attestations that only look like images.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/archive.h"
#include "image/limits.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"

#define MAX_NESTING 4

void manifest_release(struct manifest *m)
{
	free(m->layers);
	*m = (struct manifest){ 0 };
}

/* A member by name; old archives have symlinks where two layers are the same. */
static const struct member *find(const struct strmap *members, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s%s", *name == '/' ? "" : "/", name);
	const struct member *m = strmap_get(members, path);

	for (unsigned int i = 0; m && m->link && i < 8; i++)
		m = strmap_get(members, m->link);
	return m && !m->link ? m : NULL;
}

static const struct member *find_blob(const struct strmap *members, const char *digest)
{
	_cleanup_free_ char *path = NULL;

	if (!digest || !digest_valid(digest))
		return NULL;
	path = xasprintf("/blobs/sha256/%s", digest + strlen("sha256:"));
	return find(members, path);
}

static int read_json(int fd, const struct member *m, const char *what, cJSON **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = member_read(fd, m, IMAGE_MAX_CONFIG, &text, err);

	if (!r)
		r = json_parse(text.buf, text.len, what, ret, err);
	if (r < 0)
		err->class = ERR_IMAGE;
	return r;
}

static int add_layer(struct manifest *m, const struct member *layer, const char *name,
		     struct err *err)
{
	if (!layer)
		return err_class_set(err, ERR_IMAGE, ENOENT, "layer '%s' is not in it", name);
	if (m->n_layers >= IMAGE_MAX_LAYERS)
		return err_class_set(err, ERR_IMAGE, E2BIG, "more than %d layers",
				     IMAGE_MAX_LAYERS);
	m->layers = xreallocarray(m->layers, m->n_layers + 1, sizeof(struct member *));
	m->layers[m->n_layers++] = layer;
	return 0;
}

static int from_docker(int fd, const struct strmap *members, struct manifest *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	const cJSON *first, *layer;
	int r = read_json(fd, find(members, "manifest.json"), "manifest.json", &json, err);

	if (r < 0)
		return r;
	first = json && cJSON_IsArray(json) ? json->child : NULL;
	ret->config = find(members, json_str(first, "Config", ""));
	if (!ret->config)
		return err_class_set(err, ERR_IMAGE, ENOENT, "the configuration '%s' is not in it",
				     json_str(first, "Config", ""));
	cJSON_ArrayForEach (layer, json_path(first, "Layers")) {
		const char *name = cJSON_IsString(layer) ? layer->valuestring : "";

		r = add_layer(ret, find(members, name), name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_attestation(const cJSON *d)
{
	const cJSON *notes = json_get(d, "annotations");

	return json_get(notes, "vnd.docker.reference.type") ||
	       !strcmp(json_str(d, "platform.os", ""), "unknown");
}

/* The descriptor for linux and @arch; one without a platform when there is none. */
static const cJSON *choose(const cJSON *index, const char *arch)
{
	const cJSON *d, *any = NULL;

	cJSON_ArrayForEach (d, json_get(index, "manifests")) {
		const char *has = json_str(d, "platform.architecture", NULL);

		if (is_attestation(d))
			continue;
		if (has && arch && !strcmp(has, arch) &&
		    !strcmp(json_str(d, "platform.os", ""), "linux"))
			return d;
		if (!any && (!has || !arch))
			any = d;
	}
	return any;
}

static int from_manifest(const struct strmap *members, const cJSON *json, struct manifest *ret,
			 struct err *err)
{
	const cJSON *layer;

	ret->config = find_blob(members, json_str(json, "config.digest", NULL));
	if (!ret->config)
		return err_class_set(err, ERR_IMAGE, ENOENT, "the configuration is not in it");
	cJSON_ArrayForEach (layer, json_get(json, "layers")) {
		const char *digest = json_str(layer, "digest", "");
		int r = add_layer(ret, find_blob(members, digest), digest, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int from_oci(int fd, const struct strmap *members, const char *arch, struct manifest *ret,
		    struct err *err)
{
	const struct member *m = find(members, "index.json");

	for (unsigned int i = 0; m && i < MAX_NESTING; i++) {
		_cleanup_(json_free) cJSON *json = NULL;
		int r = read_json(fd, m, "a manifest of the archive", &json, err);

		if (r < 0)
			return r;
		if (json_get(json, "layers"))
			return from_manifest(members, json, ret, err);
		m = find_blob(members, json_str(choose(json, arch), "digest", NULL));
	}
	return err_class_set(err, ERR_IMAGE, ENOENT, "it has no image for linux/%s",
			     arch ? arch : "any");
}

int manifest_find(int fd, const struct strmap *members, const char *arch, struct manifest *ret,
		  struct err *err)
{
	if (find(members, "manifest.json"))
		return from_docker(fd, members, ret, err);
	if (find(members, "index.json"))
		return from_oci(fd, members, arch, ret, err);
	return err_class_set(err, ERR_IMAGE, ENOENT,
			     "neither manifest.json nor index.json is in it");
}
