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
#include "slimtrace/base/descriptor.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/path.h"

#define MAX_NESTING 4 /* of indexes */
#define MAX_LINKS 8

void manifest_release(struct manifest *m)
{
	free(m->layers);
	free(m->name);
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

static void take_name(struct manifest *m, const cJSON *name)
{
	if (cJSON_IsString(name) && !m->name)
		m->name = xstrdup(name->valuestring);
}

/* A name without a tag is that of "latest". */
static bool is_named(const char *has, const char *want)
{
	size_t len = strlen(want);

	return !strcmp(has, want) || (!strncmp(has, want, len) && !strcmp(has + len, ":latest"));
}

static bool has_tag(const cJSON *image, const char *name)
{
	const cJSON *tag;

	cJSON_ArrayForEach (tag, json_get(image, "RepoTags"))
		if (cJSON_IsString(tag) && is_named(tag->valuestring, name))
			return true;
	return false;
}

static int no_such_name(const char *name, const struct strbuf *names, struct err *err)
{
	err_class_set(err, ERR_IMAGE, ENOENT, "no image in it is called '%s'", name);
	return names->len ? err_hint(err, "it has %.200s", names->buf) : -ENOENT;
}

static void add_name(struct strbuf *names, const cJSON *name)
{
	if (cJSON_IsString(name))
		strbuf_addf(names, "%s%s", names->len ? ", " : "", name->valuestring);
}

/* Of several the one with the name, of one itself. */
static int choose_docker(const cJSON *json, const char *name, const cJSON **ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
	const cJSON *image, *tag;
	int n = cJSON_IsArray(json) ? cJSON_GetArraySize(json) : 0;

	cJSON_ArrayForEach (image, json) {
		if (name && has_tag(image, name)) {
			*ret = image;
			return 0;
		}
		cJSON_ArrayForEach (tag, json_get(image, "RepoTags"))
			add_name(&names, tag);
	}
	if (name && n)
		return no_such_name(name, &names, err);
	if (n != 1) {
		err_class_set(err, ERR_IMAGE, n > 1 ? E2BIG : EINVAL,
			      "%d images are in it, not one", n);
		return names.len ? err_hint(err, "name one, as in docker-archive:FILE:NAME: %.200s",
					    names.buf)
				 : -err->code;
	}
	*ret = json->child;
	return 0;
}

static int from_docker(int fd, const struct strmap *members, const struct image_choice *choice,
		       struct manifest *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	const cJSON *image = NULL, *layer;
	const char *config;
	int r = read_json(fd, find(members, "manifest.json"), "manifest.json", NULL, &json, err);

	if (!r)
		r = choose_docker(json, choice->name, &image, err);
	if (r < 0)
		return r;
	config = json_str(image, "Config", "");
	ret->config = find(members, config);
	if (!ret->config)
		return err_class_set(err, ERR_IMAGE, ENOENT, "the configuration '%s' is not in it",
				     config);
	digest_from_name(config, &ret->config_digest);
	take_name(ret, cJSON_GetArrayItem(json_get(image, "RepoTags"), 0));
	cJSON_ArrayForEach (layer, json_path(image, "Layers")) {
		const char *name = cJSON_IsString(layer) ? layer->valuestring : "";

		r = add_layer(ret, find(members, name), name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Two that are not for different variants of a processor, and not the same under two names. */
static bool is_other(const cJSON *a, const cJSON *b)
{
	return strcmp(json_str(a, "digest", ""), json_str(b, "digest", "")) != 0 &&
	       !strcmp(json_str(a, "platform.variant", ""), json_str(b, "platform.variant", ""));
}

static const cJSON *name_of(const cJSON *d, const char *key)
{
	return json_get(json_get(d, "annotations"), key);
}

static bool has_name(const cJSON *d, const char *name)
{
	const cJSON *tag = name_of(d, "org.opencontainers.image.ref.name");
	const cJSON *full = name_of(d, "io.containerd.image.name");

	return (cJSON_IsString(tag) && is_named(tag->valuestring, name)) ||
	       (cJSON_IsString(full) && is_named(full->valuestring, name));
}

/*
 * The descriptor for linux and the wanted processor; one without a platform when there is none. An
 * index may name more than what was saved with it. *@ret: NULL when nothing fits, and then what
 * there is goes to @others.
 */
static int choose(const struct strmap *members, const cJSON *index,
		  const struct image_choice *choice, const cJSON **ret, struct strbuf *others,
		  struct err *err)
{
	const cJSON *d, *right = NULL, *any = NULL;

	cJSON_ArrayForEach (d, json_get(index, "manifests")) {
		bool told = json_str(d, "platform.architecture", NULL);
		const cJSON **as = told && choice->arch ? &right : &any;

		if (descriptor_is_attached(d) || !find_blob(members, json_str(d, "digest", NULL)) ||
		    (choice->name && !has_name(d, choice->name)))
			continue;
		if (as == &right && !descriptor_is_for(d, choice->arch)) {
			descriptor_add_platform(others, d);
			continue;
		}
		if (*as && (!told || choice->arch) && is_other(*as, d)) {
			err_class_set(err, ERR_IMAGE, E2BIG, "several images are in it, not one");
			return err_hint(err, "name one, as in oci:DIR:TAG or oci-archive:FILE:TAG");
		}
		if (!*as)
			*as = d;
	}
	*ret = right ? right : any;
	return 0;
}

/* "latest" alone is a tag of a name that is not told. */
static void take_annotated_name(struct manifest *m, const cJSON *d)
{
	const cJSON *ref = name_of(d, "org.opencontainers.image.ref.name");

	take_name(m, name_of(d, "io.containerd.image.name"));
	if (cJSON_IsString(ref) && strpbrk(ref->valuestring, "/:"))
		take_name(m, ref);
}

/* Names are in the outermost index only. */
static int names_in(const cJSON *index, const char *name, struct err *err)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
	const cJSON *d;

	cJSON_ArrayForEach (d, json_get(index, "manifests")) {
		if (has_name(d, name))
			return 0;
		add_name(&names, name_of(d, "org.opencontainers.image.ref.name"));
	}
	return no_such_name(name, &names, err);
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

static int no_image(const struct image_choice *choice, const struct strbuf *others, struct err *err)
{
	err_class_set(err, ERR_IMAGE, ENOENT, "it has no image for linux/%s",
		      choice->arch ? choice->arch : "any");
	return others->len ? err_hint(err, "it has %s; --platform chooses", others->buf) : -ENOENT;
}

int manifest_find_oci(int fd, const struct strmap *members, const struct image_choice *choice,
		      struct manifest *ret, struct err *err)
{
	const struct member *m = find(members, "index.json");
	_cleanup_strbuf_ struct strbuf others = STRBUF_INIT;
	struct image_choice at = *choice;
	struct digest digest = { "" };

	if (!m) {
		err_class_set(err, ERR_IMAGE, ENOENT, "index.json is not in it");
		return find(members, "manifest.json")
			       ? err_hint(err, "it is an archive of docker's: docker-archive:FILE")
			       : -ENOENT;
	}
	for (unsigned int i = 0; m && i < MAX_NESTING; i++) {
		_cleanup_(json_free) cJSON *json = NULL;
		const cJSON *next = NULL;
		int r = read_json(fd, m, i ? "a manifest" : "index.json", i ? digest.str : NULL,
				  &json, err);

		if (r < 0)
			return r;
		if (json_get(json, "layers"))
			return from_manifest(members, json, ret, err);
		r = at.name ? names_in(json, at.name, err) : 0;
		if (!r)
			r = choose(members, json, &at, &next, &others, err);
		if (r < 0)
			return r;
		at.name = NULL;
		take_annotated_name(ret, next);
		m = find_blob(members, json_str(next, "digest", NULL));
		if (m)
			memcpy(digest.str, json_str(next, "digest", ""), DIGEST_LEN + 1);
	}
	return no_image(choice, &others, err);
}

int manifest_find(int fd, const struct strmap *members, const struct image_choice *choice,
		  struct manifest *ret, struct err *err)
{
	if (find(members, "manifest.json"))
		return from_docker(fd, members, choice, ret, err);
	if (find(members, "index.json"))
		return manifest_find_oci(fd, members, choice, ret, err);
	err_class_set(err, ERR_IMAGE, ENOENT, "neither manifest.json nor index.json is in it");
	return err_hint(err, "it has to be what 'docker save' writes, or a tar of an OCI layout; a "
			     "container's files, as of 'docker export', are no image");
}
