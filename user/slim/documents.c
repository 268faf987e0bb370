/* SPDX-License-Identifier: BSD-2-Clause */
#include "slim/documents.h"

#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"

#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

char *blob_path(const struct digest *digest)
{
	return xasprintf("blobs/sha256/%s", digest_hex(digest));
}

static cJSON *descriptor(const char *type, const struct blob *blob)
{
	cJSON *obj = json_object();

	json_add_str(obj, "mediaType", type);
	json_add_str(obj, "digest", blob->digest.str);
	json_add_int(obj, "size", (int64_t)blob->size);
	return obj;
}

static cJSON *document(const char *type)
{
	cJSON *obj = json_object();

	json_add_int(obj, "schemaVersion", 2);
	json_add_str(obj, "mediaType", type);
	return obj;
}

void document_manifest(const struct blob *config, const struct blob *layers, size_t n,
		       struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = document(TYPE_MANIFEST);
	cJSON *array;

	json_add(doc, "config", descriptor(TYPE_CONFIG, config));
	array = json_add(doc, "layers", json_array());
	for (size_t i = 0; i < n; i++)
		json_append(array, descriptor(TYPE_LAYER, &layers[i]));
	json_print(doc, false, ret);
}

/* What containerd calls an image: with the domain, and "library/" where docker.io has no path. */
static char *full_name(const char *tag)
{
	const char *slash = strchr(tag, '/');
	size_t first = slash ? (size_t)(slash - tag) : 0;

	if (!slash)
		return xasprintf("docker.io/library/%s", tag);
	if (!memchr(tag, '.', first) && !memchr(tag, ':', first) &&
	    !(first == 9 && !memcmp(tag, "localhost", 9)))
		return xasprintf("docker.io/%s", tag);
	return xstrdup(tag);
}

static cJSON *annotations(const char *tag)
{
	_cleanup_free_ char *name = full_name(tag);
	cJSON *obj = json_object();

	json_add_str(obj, "io.containerd.image.name", name);
	json_add_str(obj, "org.opencontainers.image.ref.name", strrchr(tag, ':') + 1);
	return obj;
}

void document_index(const struct blob *manifest, const struct strvec *tags, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = document(TYPE_INDEX);
	cJSON *manifests = json_add(doc, "manifests", json_array());

	for (size_t i = 0; i < tags->n; i++)
		json_add(json_append(manifests, descriptor(TYPE_MANIFEST, manifest)), "annotations",
			 annotations(tags->v[i]));
	if (!tags->n)
		json_append(manifests, descriptor(TYPE_MANIFEST, manifest));
	json_print(doc, false, ret);
}

void document_docker(const struct blob *config, const struct blob *layers, size_t n,
		     const struct strvec *tags, struct strbuf *ret)
{
	_cleanup_free_ char *config_path = blob_path(&config->digest);
	_cleanup_(json_free) cJSON *doc = json_array();
	cJSON *image = json_append(doc, json_object()), *array;

	json_add_str(image, "Config", config_path);
	json_add_strvec(image, "RepoTags", tags);
	array = json_add(image, "Layers", json_array());
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = blob_path(&layers[i].digest);

		json_append(array, cJSON_CreateString(path));
	}
	json_print(doc, false, ret);
}
