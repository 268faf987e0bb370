/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/opts_registry.h"

#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/session.h"

#define REGISTRY_ARG(field) offsetof(struct registry_args, field)

static int set_platform(void *target, const char *value, struct err *err)
{
	((struct registry_args *)target)->platform = value;
	return session_platform_check(value, err);
}

static const struct option_row rows[] = {
	{ "platform", OPTION_CALL, 0, "linux/ARCH[/VARIANT]",
	  "which image of one for several (this machine's)", set_platform },
	{ "plain-http", OPTION_TRI, REGISTRY_ARG(opts.plain_http), NULL,
	  "no TLS (the default only for localhost and 127.0.0.0/8)", NULL },
	{ "registry-ca", OPTION_STRING, REGISTRY_ARG(opts.ca), "FILE",
	  "certificate authority of the registry, beside the system's "
	  "(/etc/docker/certs.d/HOST:PORT/ca.crt)",
	  NULL },
};
const struct option_set registry_options = { rows, sizeof(rows) / sizeof(*rows), NULL };

int registry_connect(const struct registry_args *args, const char *image, bool push,
		     struct registry **ret, struct err *err)
{
	struct registry_opts opts = args->opts;

	opts.arch = session_arch(args->platform);
	opts.push = push;
	progress_phase("registry");
	progress_update("%s", image);
	return registry_open(image, &opts, ret, err);
}

cJSON *registry_document(const struct registry *r)
{
	cJSON *doc = json_object();

	json_add_str(doc, "state", "done");
	json_add_str(doc, "image", registry_image(r));
	json_add_str(doc, "digest", registry_digest(r));
	json_add(doc, "records", json_array());
	return doc;
}

cJSON *registry_add_artifact(cJSON *doc, const struct registry_artifact *a)
{
	cJSON *one = json_append(json_get(doc, "records"), json_object()), *annotations;

	json_add_str(one, "digest", a->digest.str);
	json_add_int(one, "size", (int64_t)a->size);
	annotations = json_add(one, "annotations", json_object());
	for (size_t i = 0; i < a->annotations.n; i++) {
		const char *text = a->annotations.v[i], *value = strchr(text, '=') + 1;
		_cleanup_free_ char *key = xstrndup(text, (size_t)(value - text) - 1);

		json_add_bytes(annotations, key, value, strlen(value));
	}
	return one;
}
