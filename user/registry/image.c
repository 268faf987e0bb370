/* SPDX-License-Identifier: BSD-2-Clause */
/* The image: its manifest for the platform, its configuration; and whether a record is of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/client.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/descriptor.h"
#include "slimtrace/base/json.h"

#define MAX_INDEXES 4 /* one in another */
#define MAX_JSON (1u << 20)
#define ACCEPT MANIFEST_TYPE ", " INDEX_TYPE ", " DOCKER_MANIFEST_TYPE ", " DOCKER_INDEX_TYPE

static int take_config(struct registry *r, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/%s", r->config.str);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *config = NULL;
	int result;

	result = client_get(r, path, NULL, &r->config, MAX_CONFIG_BLOB, &text, err);
	if (!result)
		result = json_parse_max(text.buf, text.len, "the image's configuration", MAX_JSON,
					&config, err);
	if (!result)
		result = json_strvec(config, "rootfs.diff_ids", &r->diff_ids, err);
	if (result < 0) {
		err->class = err->class == ERR_FAILURE ? ERR_IMAGE : err->class;
		return err_wrap(err, "%s", r->image);
	}
	if (!r->diff_ids.n)
		return err_class_set(err, ERR_IMAGE, EBADMSG,
				     "%s is no container image: it has no layers", r->image);
	return 0;
}

/* --- one of many --- */

static int no_platform(const cJSON *index, const char *arch, struct err *err)
{
	_cleanup_strbuf_ struct strbuf others = STRBUF_INIT;
	const cJSON *d;

	cJSON_ArrayForEach (d, json_get(index, "manifests"))
		if (!descriptor_is_attached(d))
			descriptor_add_platform(&others, d);
	err_class_set(err, ERR_IMAGE, ENOENT, "it has no image for linux/%s", arch);
	return others.len ? err_hint(err, "it has %.200s; --platform chooses", others.buf)
			  : -ENOENT;
}

static int choose(const cJSON *index, const char *arch, struct digest *ret, struct err *err)
{
	const cJSON *d;

	cJSON_ArrayForEach (d, json_get(index, "manifests")) {
		const char *digest = json_str(d, "digest", "");
		bool nested = !json_get(d, "platform") &&
			      !strcmp(json_str(d, "mediaType", ""), INDEX_TYPE);

		if (descriptor_is_attached(d) || !digest_valid(digest) ||
		    (!nested && !descriptor_is_for(d, arch)))
			continue;
		memcpy(ret->str, digest, sizeof(ret->str));
		return 0;
	}
	return no_platform(index, arch, err);
}

int image_parse(const struct strbuf *text, const char *arch, struct image_said *ret,
		struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	const char *config;
	int result = json_parse_max(text->buf, text->len, "its manifest", MAX_JSON, &json, err);

	if (result < 0)
		return result;
	ret->is_index = cJSON_IsArray(json_get(json, "manifests"));
	if (ret->is_index)
		return choose(json, arch, &ret->digest, err);
	if (json_u64(json, "schemaVersion", 0) != 2 || !json_get(json, "config"))
		return err_class_set(err, ERR_IMAGE, EBADMSG,
				     "its manifest is of a kind that is not known");
	config = json_str(json, "config.digest", "");
	if (!digest_valid(config))
		return err_class_set(err, ERR_IMAGE, EBADMSG,
				     "its manifest names no configuration");
	memcpy(ret->digest.str, config, sizeof(ret->digest.str));
	ret->is_docker = !strcmp(json_str(json, "mediaType", ""), DOCKER_MANIFEST_TYPE);
	return 0;
}

static int take_manifest(struct registry *r, const struct image_said *said,
			 const struct digest *digest, size_t size, struct err *err)
{
	r->manifest = *digest;
	r->manifest_size = size;
	r->manifest_type = xstrdup(said->is_docker ? DOCKER_MANIFEST_TYPE : MANIFEST_TYPE);
	r->config = said->digest;
	return take_config(r, err);
}

static int no_image(const struct registry *r, struct err *err)
{
	err_class_set(err, ERR_IMAGE, ENOENT, "%s is not in its registry", r->image);
	return err_hint(err, "'docker push %s' first; records are kept beside their image",
			r->image);
}

int image_find(struct registry *r, const char *arch, struct err *err)
{
	_cleanup_free_ char *reference = xstrdup(r->reference);

	for (unsigned int i = 0; i <= MAX_INDEXES; i++) {
		_cleanup_free_ char *path = xasprintf("manifests/%s", reference);
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		struct digest asked = { "" }, is;
		struct image_said said = { 0 };
		bool by_digest = digest_valid(reference);
		int result;

		if (by_digest)
			memcpy(asked.str, reference, sizeof(asked.str));
		result = client_get(r, path, ACCEPT, by_digest ? &asked : NULL, MAX_MANIFEST, &text,
				    err);
		if (result == -ENOENT && err->class == ERR_IMAGE)
			return no_image(r, err);
		if (!result)
			result = image_parse(&text, arch, &said, err);
		if (result < 0) {
			err->class = err->class == ERR_FAILURE ? ERR_IMAGE : err->class;
			return err_wrap(err, "%s", r->image);
		}
		is = sha256_of(text.buf, text.len);
		if (!i)
			r->index = is;
		if (!said.is_index)
			return take_manifest(r, &said, &is, text.len, err);
		free(reference);
		reference = xstrdup(said.digest.str);
	}
	return err_class_set(err, ERR_IMAGE, ELOOP, "%s: too many indexes in each other", r->image);
}

/* --- is a record of it? --- */

/*
 * Engines with containerd's image store call an image by its manifest's digest or its index's,
 * others by its configuration's. A record that was merged from several images has no ID.
 */
static bool same_id(const struct registry *r, const char *id)
{
	return !id || !strcmp(id, r->config.str) || !strcmp(id, r->manifest.str) ||
	       !strcmp(id, r->index.str);
}

int registry_match(const struct registry *r, const struct record *rec, struct err *err)
{
	size_t same = 0, n = rec->diff_ids.n;

	while (same < n && same < r->diff_ids.n &&
	       !strcmp(rec->diff_ids.v[same], r->diff_ids.v[same]))
		same++;
	if (same_id(r, rec->image_id) && (rec->image_id || n) &&
	    (!n || (same == n && n == r->diff_ids.n)))
		return 0;
	if (!same_id(r, rec->image_id))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "it is of image %.19s, %s is %.19s; %zu of the %zu layers "
				     "there are the same",
				     rec->image_id, r->image, r->config.str, same, r->diff_ids.n);
	return err_class_set(err, ERR_USAGE, EINVAL,
			     "it is of several images, or of none that is told; %zu of the %zu "
			     "layers of %s are the same",
			     same, r->diff_ids.n, r->image);
}
