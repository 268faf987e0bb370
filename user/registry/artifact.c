/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry/artifact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/ref.h"
#include "slimtrace/base/strmap.h"

#define MAX_JSON (2u << 20)
#define MAX_ANNOTATIONS 64
#define TAG_DIGITS 40

void registry_artifact_release(struct registry_artifact *a)
{
	strvec_release(&a->annotations);
}

void registry_artifacts_release(struct registry_artifacts *all)
{
	for (size_t i = 0; i < all->n; i++)
		registry_artifact_release(&all->v[i]);
	free(all->v);
	*all = (struct registry_artifacts){ 0 };
}

const char *registry_annotation(const struct registry_artifact *a, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < a->annotations.n; i++)
		if (!strncmp(a->annotations.v[i], key, len) && a->annotations.v[i][len] == '=')
			return a->annotations.v[i] + len + 1;
	return NULL;
}

/* --- made --- */

static cJSON *descriptor(const char *type, const char *digest, uint64_t size)
{
	cJSON *d = json_object();

	json_add_str(d, "mediaType", type);
	json_add_str(d, "digest", digest);
	json_add_int(d, "size", (int64_t)size);
	return d;
}

static cJSON *annotations_of(const struct registry_artifact *a)
{
	cJSON *all = json_object();

	for (size_t i = 0; i < a->annotations.n; i++) {
		const char *text = a->annotations.v[i], *value = strchr(text, '=') + 1;
		_cleanup_free_ char *key = xstrndup(text, (size_t)(value - text) - 1);

		json_add_str(all, key, value);
	}
	return all;
}

void artifact_make(const struct registry *r, const struct registry_artifact *a, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = json_object();
	struct digest empty = sha256_of(EMPTY_BLOB, strlen(EMPTY_BLOB));
	const char *record = registry_annotation(a, RECORD_DIGEST_KEY);
	_cleanup_free_ char *title =
		xasprintf("record-%.12s.json.gz", record ? strchr(record, ':') + 1 : "");
	cJSON *layer, *config;

	json_add_int(doc, "schemaVersion", 2);
	json_add_str(doc, "mediaType", MANIFEST_TYPE);
	json_add_str(doc, "artifactType", REGISTRY_ARTIFACT_TYPE);
	config = json_add(doc, "config", descriptor(EMPTY_TYPE, empty.str, strlen(EMPTY_BLOB)));
	json_add_str(config, "data", "e30=");
	layer = json_append(json_add(doc, "layers", json_array()),
			    descriptor(REGISTRY_GZIP_TYPE, a->layer.str, a->size));
	/* The name of the file that oras makes of it. */
	json_add_str(json_add(layer, "annotations", json_object()),
		     "org.opencontainers.image.title", title);
	json_add(doc, "subject", descriptor(r->manifest_type, r->manifest.str, r->manifest_size));
	json_add(doc, "annotations", annotations_of(a));
	json_print(doc, false, ret);
}

char *artifact_index_tag(const struct digest *manifest)
{
	return xasprintf("sha256-%s", digest_hex(manifest));
}

char *artifact_tag(const struct digest *manifest, const struct digest *record)
{
	return xasprintf("sha256-%s.record-%.*s", digest_hex(manifest), TAG_DIGITS,
			 digest_hex(record));
}

/* --- read --- */

static int wrong(const char *what, struct err *err)
{
	return err_class_set(err, ERR_FAILURE, EBADMSG, "%s", what);
}

static int take_layer(const cJSON *layers, struct registry_artifact *ret, struct err *err)
{
	const cJSON *layer = cJSON_GetArrayItem(layers, 0);
	const char *type = json_str(layer, "mediaType", ""),
		   *digest = json_str(layer, "digest", "");

	if (cJSON_GetArraySize(layers) != 1)
		return wrong("it has not one layer", err);
	ret->gzip = !strcmp(type, REGISTRY_GZIP_TYPE);
	if (!ret->gzip && strcmp(type, REGISTRY_ARTIFACT_TYPE) != 0)
		return wrong("its layer is of another kind", err);
	if (!digest_valid(digest))
		return wrong("its layer has no digest", err);
	memcpy(ret->layer.str, digest, sizeof(ret->layer.str));
	ret->size = json_u64(layer, "size", UINT64_MAX);
	if (ret->size > RECORD_MAX_BYTES)
		return wrong("its layer has no size, or too large a one", err);
	return 0;
}

int artifact_parse(const struct registry *r, const struct strbuf *text,
		   struct registry_artifact *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	const cJSON *one;
	int result = json_parse_max(text->buf, text->len, "its manifest", MAX_JSON, &doc, err);

	if (result < 0)
		return result;
	if (strcmp(json_str(doc, "artifactType", ""), REGISTRY_ARTIFACT_TYPE) != 0 ||
	    strcmp(json_str(doc, "subject.digest", ""), r->manifest.str) != 0)
		return 0;
	cJSON_ArrayForEach (one, json_get(doc, "annotations"))
		if (one->string && cJSON_IsString(one) && ret->annotations.n < MAX_ANNOTATIONS)
			strvec_pushf(&ret->annotations, "%s=%s", one->string, one->valuestring);
	strvec_sort(&ret->annotations);
	ret->digest = sha256_of(text->buf, text->len);
	result = take_layer(json_get(doc, "layers"), ret, err);
	if (result < 0)
		strvec_release(&ret->annotations);
	return result < 0 ? result : 1;
}

static int parse_index(const struct strbuf *text, cJSON **ret, struct err *err)
{
	int result = json_parse_max(text->buf, text->len, "the index of what belongs to the image",
				    MAX_JSON, ret, err);

	if (result < 0)
		return result;
	if (cJSON_IsArray(json_get(*ret, "manifests")))
		return 0;
	json_free(*ret);
	*ret = NULL;
	return wrong("the index of what belongs to the image has no list", err);
}

int artifact_index_parse(const struct strbuf *text, struct strvec *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *index = NULL;
	const cJSON *d;
	int result = parse_index(text, &index, err);

	if (result < 0)
		return result;
	cJSON_ArrayForEach (d, json_get(index, "manifests")) {
		const char *digest = json_str(d, "digest", "");

		if (strcmp(json_str(d, "artifactType", ""), REGISTRY_ARTIFACT_TYPE) != 0)
			continue;
		if (!digest_valid(digest))
			return wrong("the index of what belongs to the image has no digest for "
				     "one",
				     err);
		if (ret->n < REGISTRY_MAX_RECORDS)
			strvec_push(ret, digest);
	}
	return 0;
}

/* The digests in a list of descriptors. */
static struct strmap *digests_of(cJSON *list)
{
	struct strmap *map = strmap_new();
	cJSON *d;

	cJSON_ArrayForEach (d, list)
		strmap_put(map, json_str(d, "digest", ""), d);
	return map;
}

/* What @from has and @to has not. Returns how many there were. */
static unsigned int add_missing(const cJSON *from, cJSON *to)
{
	_cleanup_(strmap_free) struct strmap *there = digests_of(to);
	unsigned int n = 0;
	const cJSON *d;

	cJSON_ArrayForEach (d, from) {
		const char *digest = json_str(d, "digest", "");

		if (strmap_get(there, digest))
			continue;
		strmap_put(there, digest, json_append(to, cJSON_Duplicate(d, true)));
		n++;
	}
	return n;
}

int artifact_index_add(const struct strbuf *text, const struct registry_artifact *a, size_t size,
		       cJSON *also, struct strbuf *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *index = NULL;
	_cleanup_(json_free) cJSON *own = json_array();
	cJSON *list, *d;
	int result = text->len ? parse_index(text, &index, err) : 0;

	if (result < 0)
		return result;
	if (!index) {
		index = json_object();
		json_add_int(index, "schemaVersion", 2);
		json_add_str(index, "mediaType", INDEX_TYPE);
		json_add(index, "manifests", json_array());
	}
	list = json_get(index, "manifests");
	d = json_append(own, descriptor(MANIFEST_TYPE, a->digest.str, size));
	json_add_str(d, "artifactType", REGISTRY_ARTIFACT_TYPE);
	json_add(d, "annotations", annotations_of(a));
	add_missing(own, also);
	add_missing(list, also);
	if (!add_missing(also, list))
		return 0;
	json_print(index, false, ret);
	return 1;
}

int artifact_tags_parse(const struct strbuf *text, const struct digest *manifest,
			struct strvec *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	_cleanup_free_ char *prefix = xasprintf("sha256-%s.record-", digest_hex(manifest));
	size_t len = strlen(prefix);
	const cJSON *tag;
	int n = 0, result = json_parse(text->buf, text->len, "the list of tags", &doc, err);

	if (result < 0)
		return result;
	cJSON_ArrayForEach (tag, json_get(doc, "tags")) {
		const char *s = cJSON_IsString(tag) ? tag->valuestring : "";

		n++;
		if (!strncmp(s, prefix, len) && ref_tag_valid(s, strlen(s)) &&
		    strspn(s + len, "0123456789abcdef") == TAG_DIGITS && !s[len + TAG_DIGITS] &&
		    ret->n < REGISTRY_MAX_RECORDS)
			strvec_push(ret, s);
	}
	return n;
}

/* RFC 8288: <URL>; rel="next", and maybe others. */
char *artifact_next_link(const char *header)
{
	const char *p = header;

	while ((p = strchr(p, '<'))) {
		const char *end = strchr(p, '>'), *next;

		if (!end)
			return NULL;
		next = strchr(end, '<');
		for (const char *rel = end; (rel = strcasestr(rel, "rel="));) {
			rel += strlen("rel=");
			rel += *rel == '"';
			if ((!next || rel < next) && !strncasecmp(rel, "next", 4))
				return xstrndup(p + 1, (size_t)(end - p) - 1);
		}
		p = end;
	}
	return NULL;
}
