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
#include "slimtrace/base/path.h"

#define MAX_NESTING 4 /* of indexes */
#define MAX_LINKS 8

void manifest_release(struct manifest *m)
{
	free(m->layers);
	*m = (struct manifest){ 0 };
}

/* A file among the members by name. */
static const struct member *find(const struct strmap *members, const char *name)
{
	_cleanup_free_ char *path = path_normalize(name);
	const struct member *m = strmap_get(members, path);

	for (unsigned int i = 0; m && m->link && i < MAX_LINKS; i++)
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

/* A document of the archive, whose digest must be @digest (NULL: it is not known). */
static int read_json(int fd, const struct member *m, const char *what, const char *digest,
		     cJSON **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = member_read(fd, m, IMAGE_MAX_CONFIG, &text, err);

	if (r < 0)
		return err_wrap(err, "%s", what);
	if (digest && strcmp(sha256_of(text.buf, text.len).str, digest) != 0)
		return err_class_set(err, ERR_IMAGE, EBADMSG, "%s does not have the digest %s",
				     what, digest);
	r = json_parse_max(text.buf, text.len, what, IMAGE_MAX_VALUES, ret, err);
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

/* "<hex>.json" or "blobs/sha256/<hex>" tells the digest of what it names. */
static void digest_from_name(const char *name, struct digest *ret)
{
	_cleanup_free_ char *digest = xasprintf("sha256:%.64s", path_basename(name));

	if (digest_valid(digest))
		memcpy(ret->str, digest, DIGEST_LEN + 1);
}

static int from_docker(int fd, const struct strmap *members, struct manifest *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	const cJSON *first, *layer;
	const char *config;
	int r = read_json(fd, find(members, "manifest.json"), "manifest.json", NULL, &json, err);

	if (r < 0)
		return r;
	if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) != 1)
		return err_class_set(err, ERR_IMAGE, EINVAL, "%d images are in it, not one",
				     cJSON_GetArraySize(json));
	first = json->child;
	config = json_str(first, "Config", "");
	ret->config = find(members, config);
	if (!ret->config)
		return err_class_set(err, ERR_IMAGE, ENOENT, "the configuration '%s' is not in it",
				     config);
	digest_from_name(config, &ret->config_digest);
	cJSON_ArrayForEach (layer, json_path(first, "Layers")) {
		const char *name = cJSON_IsString(layer) ? layer->valuestring : "";

		r = add_layer(ret, find(members, name), name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Attestations, signatures and the like, which are stored as if they were images. */
static bool is_attached(const cJSON *d)
{
	return json_get(json_get(d, "annotations"), "vnd.docker.reference.type") ||
	       json_get(d, "artifactType") || !strcmp(json_str(d, "platform.os", ""), "unknown");
}

/*
 * The descriptor for linux and @arch; one without a platform when there is none. An index may name
 * more than what was saved with it.
 */
static const cJSON *choose(const struct strmap *members, const cJSON *index, const char *arch)
{
	const cJSON *d, *any = NULL;

	cJSON_ArrayForEach (d, json_get(index, "manifests")) {
		const char *has = json_str(d, "platform.architecture", NULL);

		if (is_attached(d) || !find_blob(members, json_str(d, "digest", NULL)))
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
	const char *config = json_str(json, "config.digest", "");
	const cJSON *layer;

	ret->config = find_blob(members, config);
	if (!ret->config)
		return err_class_set(err, ERR_IMAGE, ENOENT, "the configuration '%s' is not in it",
				     config);
	memcpy(ret->config_digest.str, config, DIGEST_LEN + 1);
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
	struct digest digest = { "" };

	for (unsigned int i = 0; m && i < MAX_NESTING; i++) {
		_cleanup_(json_free) cJSON *json = NULL;
		const char *next;
		int r = read_json(fd, m, i ? "a manifest" : "index.json", i ? digest.str : NULL,
				  &json, err);

		if (r < 0)
			return r;
		if (json_get(json, "layers"))
			return from_manifest(members, json, ret, err);
		next = json_str(choose(members, json, arch), "digest", NULL);
		m = find_blob(members, next);
		if (m)
			memcpy(digest.str, next, DIGEST_LEN + 1);
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
