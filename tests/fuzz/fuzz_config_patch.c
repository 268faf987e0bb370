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

/* What is edited stays JSON, says what was asked for, and editing it again changes nothing. */
static void edit(const struct strbuf *config)
{
	struct slim_edits edits = { .cmd = "a \"b c\"", .user = "u" };
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	_cleanup_strvec_ struct strvec absent = STRVEC_INIT;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	strvec_push(&edits.env, "A=b");
	strvec_push(&edits.labels, "l=");
	strvec_push(&edits.expose, "80");
	strvec_push(&edits.remove_env, "PATH");
	strvec_push(&edits.remove_volumes, "/data");
	if (!slim_config_edit(config->buf, config->len, &edits, &first, &absent, &err)) {
		must(!json_parse(first.buf, first.len, "what was edited", &json, &err));
		must(!strcmp(json_str(json, "config.User", ""), "u"));
		must(cJSON_GetArraySize(json_path(json, "config.Cmd")) == 2);
		must(!slim_config_edit(first.buf, first.len, &edits, &second, &absent, &err));
		must(first.len == second.len && !memcmp(first.buf, second.buf, first.len));
	}
	slim_edits_release(&edits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slim_layer layer = {
		.diff_id = { "sha256:"
			     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
	};
	_cleanup_strbuf_ struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	bool squashed = size % 2;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;
	const cJSON *ids;

	if (slim_config_patch((const char *)data, size, &layer, 1, squashed, "fuzz", &first, &err) <
	    0) {
		must(!first.len && err.msg[0]);
		return 0;
	}
	must(!json_parse(first.buf, first.len, "what was patched", &json, &err));
	ids = json_path(json, "rootfs.diff_ids");
	must(cJSON_GetArraySize(ids) == 1 && !strcmp(ids->child->valuestring, layer.diff_id.str));
	must(!slim_config_patch(first.buf, first.len, &layer, 1, squashed, "fuzz", &second, &err));
	must(first.len == second.len && !memcmp(first.buf, second.buf, first.len));
	edit(&first);
	return 0;
}
