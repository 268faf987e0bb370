/* SPDX-License-Identifier: BSD-2-Clause */
/* What push and pull have in common. */
#ifndef CLI_OPTS_REGISTRY_H
#define CLI_OPTS_REGISTRY_H

#include "cli/options.h"
#include "slimtrace/base/json.h"
#include "slimtrace/registry.h"

struct registry_args {
	struct registry_opts opts;
	const char *platform;
};
#define REGISTRY_ARGS_INIT ((struct registry_args){ .opts = { .plain_http = -1 } })

extern const struct option_set registry_options; /* its target is a struct registry_args */

int registry_connect(const struct registry_args *args, const char *image, bool push,
		     struct registry **ret, struct err *err);
/* {"state": "done", "image", "digest", "records": []}, for more to be added. */
cJSON *registry_document(const struct registry *r);
/* One of its records, added to "records". */
cJSON *registry_add_artifact(cJSON *doc, const struct registry_artifact *a);

#endif
