/* SPDX-License-Identifier: BSD-2-Clause */
/* The new configuration: the old one's bytes with the layers and their history exchanged. */
#include <errno.h>
#include <string.h>

#include "slim/patch.h"
#include "slimtrace/base/json.h"
#include "slimtrace/slim.h"

/* @json as text at the end of @ret, without a newline. */
static void print(const cJSON *json, struct strbuf *ret)
{
	json_print(json, false, ret);
	strbuf_setlen(ret, ret->len - 1);
}

static void make_rootfs(const struct slim_layer *layers, size_t n, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *rootfs = json_object();
	cJSON *array;

	json_add_str(rootfs, "type", "layers");
	array = json_add(rootfs, "diff_ids", json_array());
	for (size_t i = 0; i < n; i++)
		json_append(array, cJSON_CreateString(layers[i].diff_id.str));
	print(rootfs, ret);
}

/* One entry a layer: what made the original's is in them, but not what was when. */
static void make_history(const cJSON *config, size_t n, const char *created_by, struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *history = json_array();
	const char *created = json_str(config, "created", NULL);

	for (size_t i = 0; i < n; i++) {
		cJSON *entry = json_append(history, json_object());

		if (created)
			json_add_str(entry, "created", created);
		json_add_str(entry, "created_by", created_by);
		json_add_str(entry, "comment", "slimtrace");
	}
	print(history, ret);
}

/* Whether the history has an entry for each layer of the original, and is made of objects. */
static bool fits(const cJSON *history, size_t n_diff_ids)
{
	const cJSON *entry;
	size_t layers = 0;

	if (!cJSON_IsArray(history))
		return false;
	cJSON_ArrayForEach (entry, history) {
		if (!cJSON_IsObject(entry))
			return false;
		layers += !json_bool(entry, "empty_layer", false);
	}
	return layers == n_diff_ids;
}

/* The original's; an entry whose layer is not the last one of a slim layer has none any more. */
static void keep_history(cJSON *history, const struct slim_layer *layers, size_t n,
			 struct strbuf *ret)
{
	uint32_t original = 0;
	size_t next = 0;
	cJSON *entry;

	cJSON_ArrayForEach (entry, history) {
		if (json_bool(entry, "empty_layer", false))
			continue;
		if (next < n && layers[next].original == original++) {
			next++;
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(entry, "empty_layer");
		json_add_bool(entry, "empty_layer", true);
	}
	print(history, ret);
}

static void make_values(const cJSON *config, const struct slim_layer *layers, size_t n,
			bool squashed, const char *created_by, struct patch patches[2])
{
	cJSON *history = json_get(config, "history");
	int diff_ids = cJSON_GetArraySize(json_path(config, "rootfs.diff_ids"));

	make_rootfs(layers, n, &patches[0].value);
	if (!squashed && fits(history, (size_t)diff_ids))
		keep_history(history, layers, n, &patches[1].value);
	else
		make_history(config, n, created_by, &patches[1].value);
}

int slim_config_patch(const char *config, size_t len, const struct slim_layer *layers, size_t n,
		      bool squashed, const char *created_by, struct strbuf *ret, struct err *err)
{
	struct patch patches[] = { { .key = "rootfs", .value = STRBUF_INIT },
				   { .key = "history", .value = STRBUF_INIT, .if_there = true } };
	_cleanup_(json_free) cJSON *json = NULL;
	int r = json_parse(config, len, "the document", &json, err);

	if (!r)
		r = patch_find(config, len, patches, 2, err);
	if (!r && !patches[0].at.value_len)
		r = err_class_set(err, ERR_IMAGE, EBADMSG, "there is no 'rootfs'");
	if (r < 0) {
		err->class = ERR_IMAGE;
		return err_wrap(err, "the image's configuration");
	}
	make_values(json, layers, n, squashed, created_by, patches);
	patch_apply(config, len, patches, 2, ret);
	strbuf_release(&patches[0].value);
	strbuf_release(&patches[1].value);
	return 0;
}
