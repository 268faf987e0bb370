/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an image's configuration: refused, or patched into one that can be patched. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/json.h"
#include "slimtrace/slim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest id = { "sha256:"
			     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;
	const cJSON *ids;

	if (slim_config_patch((const char *)data, size, &id, 1, "fuzz", &first, &err) < 0) {
		must(!first.len && err.msg[0]);
		return 0;
	}
	must(!json_parse(first.buf, first.len, "what was patched", &json, &err));
	ids = json_path(json, "rootfs.diff_ids");
	must(cJSON_GetArraySize(ids) == 1 && !strcmp(ids->child->valuestring, id.str));
	must(!slim_config_patch(first.buf, first.len, &id, 1, "fuzz", &second, &err));
	must(first.len == second.len && !memcmp(first.buf, second.buf, first.len));
	return 0;
}
