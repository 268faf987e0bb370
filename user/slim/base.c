/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the base image ends, by the history. Builders note an instruction without a layer as
 * "/bin/sh -c #(nop)  CMD [...]" (the classic one) or "CMD [...]" (BuildKit, Buildah). An image
 * that is meant to be run or built on mostly ends with one, so that where layers follow, something
 * was built on it.
 */
#include <string.h>

#include "slimtrace/base/json.h"
#include "slimtrace/slim.h"

static bool is_command(const char *created_by)
{
	static const char nop[] = "#(nop)";
	const char *p = strstr(created_by, nop);

	p = p ? p + strlen(nop) : created_by;
	p += strspn(p, " ");
	return !strncmp(p, "CMD ", 4) || !strncmp(p, "ENTRYPOINT ", 11);
}

size_t slim_base_layers(const struct image *img)
{
	const struct image_config *config = image_config(img);
	size_t n = image_layer_count(img), layers = 0, base = n ? 1 : 0;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *entry;

	if (json_parse(config->bytes, config->len, "the configuration", &json, &ignored) < 0)
		return base;
	cJSON_ArrayForEach (entry, json_get(json, "history")) {
		if (!json_bool(entry, "empty_layer", false))
			layers++;
		else if (layers && layers < n && is_command(json_str(entry, "created_by", "")))
			base = layers;
	}
	return base;
}
