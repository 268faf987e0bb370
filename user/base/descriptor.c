/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/descriptor.h"

#include <string.h>

bool descriptor_is_attached(const cJSON *d)
{
	return json_get(json_get(d, "annotations"), "vnd.docker.reference.type") ||
	       json_get(d, "artifactType") || !strcmp(json_str(d, "platform.os", ""), "unknown");
}

bool descriptor_is_for(const cJSON *d, const char *arch)
{
	const char *has = json_str(d, "platform.architecture", ""), *variant = strchr(arch, '/');
	size_t len = strcspn(arch, "/");

	return !strncmp(has, arch, len) && !has[len] &&
	       !strcmp(json_str(d, "platform.os", ""), "linux") &&
	       (!variant || !strcmp(json_str(d, "platform.variant", ""), variant + 1));
}

void descriptor_add_platform(struct strbuf *ret, const cJSON *d)
{
	const char *arch = json_str(d, "platform.architecture", NULL);
	const char *variant = json_str(d, "platform.variant", NULL);

	if (arch && ret->len < 200)
		strbuf_addf(ret, "%s%s/%s%s%s", ret->len ? ", " : "",
			    json_str(d, "platform.os", "?"), arch, variant ? "/" : "",
			    variant ? variant : "");
}
