/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/base64.h"
#include "slimtrace/base/caller.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/log.h"

#define MAX_CONFIG (4u << 20)
/* What Docker Hub is called there, for historical reasons. */
#define HUB_KEY "https://index.docker.io/v1/"

static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void credentials_release(struct credentials *c)
{
	free(c->user);
	c->user = NULL;
	forget(&c->password);
	forget(&c->identity);
	forget(&c->token);
}

bool credentials_any(const struct credentials *c)
{
	return c->user || c->identity || c->token;
}

char *credentials_basic(const struct credentials *c)
{
	_cleanup_free_ char *plain = xasprintf("%s:%s", c->user, c->password);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	strbuf_addstr(&text, "Basic ");
	base64_add(&text, plain, strlen(plain));
	return strbuf_detach(&text, NULL);
}

static const char *key_of(const char *host)
{
	return !strcmp(host, "docker.io") ? HUB_KEY : host;
}

/* "/v1", "/v2/" and their like: not a namespace that begins so. */
static bool is_version(const char *path)
{
	return (!strncmp(path, "/v1", 3) || !strncmp(path, "/v2", 3)) &&
	       (!path[3] || path[3] == '/');
}

/* Older clients wrote URLs: "https://HOST/v1/", or without what is before the host. */
static bool is_of(const char *key, const char *host)
{
	const char *scheme = strstr(key, "://"), *name = scheme ? scheme + 3 : key;
	size_t len = strcspn(name, "/");

	if (len != strlen(host) || strncmp(name, host, len) != 0)
		return false;
	return scheme || !name[len] || is_version(name + len);
}

/* Podman's keys may have a namespace or a repository behind the host: the longest one counts. */
static const cJSON *auth_of_name(const cJSON *auths, const char *host, const char *name)
{
	_cleanup_free_ char *key = xasprintf("%s/%s", host, name);
	const cJSON *auth = json_get(auths, key);
	char *slash;

	while (!auth && (slash = strrchr(key, '/'))) {
		*slash = '\0';
		auth = json_get(auths, key);
	}
	return auth;
}

static const cJSON *auth_of(const cJSON *config, const char *host, const char *name)
{
	const cJSON *auths = json_get(config, "auths"), *auth = auth_of_name(auths, host, name);

	if (!auth)
		auth = json_get(auths, key_of(host));
	if (auth)
		return auth;
	cJSON_ArrayForEach (auth, auths)
		if (auth->string && is_of(auth->string, host))
			return auth;
	return NULL;
}

static int take_auth(const cJSON *auth, struct credentials *ret, const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf plain = STRBUF_INIT;
	const char *text = json_str(auth, "auth", ""), *identity, *token, *colon;

	identity = json_str(auth, "identitytoken", "");
	token = json_str(auth, "registrytoken", "");
	if (*identity)
		ret->identity = xstrdup(identity);
	if (*token)
		ret->token = xstrdup(token);
	if (!*text)
		return 0;
	/* A NUL would be the end of the password to us, and not to docker. */
	if (!base64_decode(text, &plain) || strlen(plain.buf) != plain.len ||
	    !(colon = strchr(plain.buf, ':')))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "'%s': what it has for this registry in 'auths' is no base64 "
				     "of USER:PASSWORD",
				     path);
	ret->user = xstrndup(plain.buf, (size_t)(colon - plain.buf));
	ret->password = xstrdup(colon + 1);
	explicit_bzero(plain.buf, plain.len);
	return 0;
}

/* {"ServerURL", "Username", "Secret"}; a user "<token>" says that it is an identity token. */
static int take_helper(const char *helper, const struct strbuf *text, struct credentials *ret,
		       struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	_cleanup_free_ char *what = xasprintf("the answer of docker-credential-%s", helper);
	const char *user, *secret;
	int r = json_parse_max(text->buf, text->len, what, 64, &json, err);

	if (r < 0)
		return r;
	user = json_str(json, "Username", "");
	secret = json_str(json, "Secret", "");
	if (!*secret)
		return err_class_set(err, ERR_USAGE, EINVAL, "%s has no secret", what);
	if (!strcmp(user, "<token>")) {
		ret->identity = xstrdup(secret);
	} else {
		ret->user = xstrdup(user);
		ret->password = xstrdup(secret);
	}
	return 0;
}

static int ask_helper(const char *helper, const char *host, bool as_caller, struct credentials *ret,
		      struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = helper_get(helper, key_of(host), as_caller, &text, err);

	if (r > 0)
		r = take_helper(helper, &text, ret, err);
	if (text.len)
		explicit_bzero(text.buf, text.len);
	return r;
}

/* Whose credentials are looked for. */
struct wanted {
	const char *host, *name;
	struct credentials *ret;
};

static int look(const char *path, bool as_caller, const struct wanted *w, struct err *err)
{
	_cleanup_(json_free) cJSON *config = NULL;
	const cJSON *own, *auth;
	const char *helper;
	int r = json_read_file(path, MAX_CONFIG, &config, err);

	if (r <= 0)
		return r < 0 ? err_wrap(err, "credentials of docker's or Podman's client") : 0;
	own = json_get(json_get(config, "credHelpers"), key_of(w->host));
	if (!own)
		own = json_get(json_get(config, "credHelpers"), w->host);
	helper = cJSON_IsString(own) ? own->valuestring : json_str(config, "credsStore", "");
	if (*helper)
		r = ask_helper(helper, w->host, as_caller, w->ret, err);
	auth = auth_of(config, w->host, w->name);
	if (r >= 0 && auth && !credentials_any(w->ret))
		r = take_auth(auth, w->ret, path, err);
	if (r >= 0 && credentials_any(w->ret))
		log_debug("registry: credentials for %s from %s%s%s", w->host, path,
			  *helper ? " by docker-credential-" : "", helper);
	return r;
}

/* In @files, of which those from @own on are of who called sudo. */
static int look_in(const struct strvec *files, size_t own, const struct wanted *w, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < files->n && !credentials_any(w->ret); i++)
		r = look(files->v[i], i >= own, w, err);
	return r;
}

int credentials_find(const char *host, const char *name, struct credentials *ret, struct err *err)
{
	_cleanup_strvec_ struct strvec dirs = STRVEC_INIT, docker = STRVEC_INIT,
				       podman = STRVEC_INIT;
	const struct wanted wanted = { host, name, ret };
	bool podman_first = caller_env("REGISTRY_AUTH_FILE");
	size_t own = 0;
	int r;

	caller_docker_dirs(&dirs);
	for (size_t i = 0; i < dirs.n; i++)
		strvec_push_take(&docker, xasprintf("%s/config.json", dirs.v[i]));
	caller_auth_files(&podman, &own);
	r = podman_first ? look_in(&podman, own, &wanted, err) : 0;
	if (r >= 0)
		r = look_in(&docker, 1, &wanted, err);
	if (r >= 0 && !podman_first)
		r = look_in(&podman, own, &wanted, err);
	return r < 0 ? r : 0;
}
