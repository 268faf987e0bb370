/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/caller.h"
#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strvec.h"

#define MAX_FILE (1u << 20)

void context_release(struct docker_context *context)
{
	free(context->name);
	free(context->host);
	free(context->tls_dir);
}

/* The first configuration that there is decides, also for no context. */
static int current_name(const struct strvec *dirs, char **ret, struct err *err)
{
	for (size_t i = 0; i < dirs->n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/config.json", dirs->v[i]);
		_cleanup_(json_free) cJSON *config = NULL;
		int r = json_read_file(path, MAX_FILE, &config, err);

		if (r < 0)
			return err_wrap(err, "configuration of docker's client");
		if (!r)
			continue;
		*ret = xstrdup(json_str(config, "currentContext", ""));
		return 0;
	}
	return 0;
}

static bool has_certificates(const char *dir)
{
	static const char *const names[] = { "ca.pem", "cert.pem", "key.pem" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, names[i]);

		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static int take(const char *dir, const struct digest *id, const cJSON *meta,
		struct docker_context *ret, struct err *err)
{
	_cleanup_free_ char *tls = xasprintf("%s/contexts/tls/%s/docker", dir, digest_hex(id));
	const char *host = json_str(meta, "Endpoints.docker.Host", "");

	if (strcmp(json_str(meta, "Name", ""), ret->name) != 0)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "docker context '%s': its file in '%s' is of another one",
				     ret->name, dir);
	if (!*host)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "docker context '%s' tells no docker engine", ret->name);
	ret->host = xstrdup(host);
	ret->skip_verify = json_bool(meta, "Endpoints.docker.SkipTLSVerify", false);
	if (has_certificates(tls))
		ret->tls_dir = TAKE_PTR(tls);
	log_debug("engine: docker context '%s' of %s", ret->name, dir);
	return 1;
}

static int load(const struct strvec *dirs, struct docker_context *ret, struct err *err)
{
	struct digest id = sha256_of(ret->name, strlen(ret->name));

	for (size_t i = 0; i < dirs->n; i++) {
		_cleanup_free_ char *path =
			xasprintf("%s/contexts/meta/%s/meta.json", dirs->v[i], digest_hex(&id));
		_cleanup_(json_free) cJSON *meta = NULL;
		int r = json_read_file(path, MAX_FILE, &meta, err);

		if (r < 0)
			return err_wrap(err, "docker context '%s'", ret->name);
		if (r)
			return take(dirs->v[i], &id, meta, ret, err);
	}
	err_class_set(err, ERR_USAGE, ENOENT, "there is no docker context '%s' in '%s'%s%s%s",
		      ret->name, dirs->v[0], dirs->n > 1 ? " or '" : "",
		      dirs->n > 1 ? dirs->v[1] : "", dirs->n > 1 ? "'" : "");
	return err_hint(err, "'docker context ls' lists them; --context default takes none");
}

int context_find(const char *said, struct docker_context *ret, struct err *err)
{
	_cleanup_strvec_ struct strvec dirs = STRVEC_INIT;
	int r = 0;

	caller_docker_dirs(&dirs);
	if (!said || !*said)
		said = caller_env("DOCKER_CONTEXT");
	if (said)
		ret->name = xstrdup(said);
	else
		r = current_name(&dirs, &ret->name, err);
	if (r < 0 || !ret->name || !*ret->name || !strcmp(ret->name, "default"))
		return r;
	return load(&dirs, ret, err);
}
