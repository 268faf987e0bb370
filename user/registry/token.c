/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens: distribution.github.io/distribution/spec/auth/token and .../oauth. The service that the
 * registry names is asked with our credentials, or without any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/client.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/url.h"

#define MAX_ANSWER (1u << 20)

static void add(struct strbuf *form, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	strbuf_addf(form, "%s%s=", form->len ? "&" : "", key);
	url_add(form, value);
}

/* What we need, and what the registry speaks of when it calls the repository by another name. */
static char *scope_of(const struct registry *r, const struct challenge *c)
{
	_cleanup_free_ char *own =
		xasprintf("repository:%s:pull%s", r->name, r->push ? ",push" : "");
	_cleanup_free_ char *same = xasprintf("repository:%s:", r->name);

	if (!c->scope || !*c->scope || !strncmp(c->scope, same, strlen(same)))
		return TAKE_PTR(own);
	return xasprintf("%s %s", own, c->scope);
}

/* GET realm?service=...&scope=...&scope=... */
static char *get_url(const char *realm, const struct challenge *c, const char *scope)
{
	_cleanup_strbuf_ struct strbuf query = STRBUF_INIT;
	const char *p = scope;

	add(&query, "service", c->service);
	for (;;) {
		size_t len = strcspn(p, " ");
		_cleanup_free_ char *one = xstrndup(p, len);

		add(&query, "scope", one);
		if (!p[len])
			break;
		p += len + 1;
	}
	return xasprintf("%s%c%s", realm, strchr(realm, '?') ? '&' : '?', query.buf);
}

static bool is_header_safe(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static int take_token(struct registry *r, const struct web_answer *a, struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	const char *token;
	int result = json_parse_max(a->body.buf, a->body.len, "the token service's answer", 1000,
				    &json, err);

	if (result < 0) {
		err->class = ERR_ENGINE;
		return result;
	}
	token = json_str(json, "token", "");
	if (!*token)
		token = json_str(json, "access_token", "");
	if (!*token || !is_header_safe(token))
		return err_class_set(err, ERR_ENGINE, EPROTO,
				     "the token service's answer has no token");
	free(r->authorization);
	r->authorization = xasprintf("Bearer %s", token);
	return 0;
}

static int ask_service(struct registry *r, const char *realm, const struct challenge *c,
		       struct web_answer *ret, struct err *err)
{
	_cleanup_free_ char *scope = scope_of(r, c);
	_cleanup_free_ char *url = get_url(realm, c, scope);
	_cleanup_free_ char *basic =
		r->credentials.user ? credentials_basic(&r->credentials) : NULL;
	_cleanup_strbuf_ struct strbuf form = STRBUF_INIT;
	struct web_request req = { .method = "GET",
				   .url = url,
				   .accept = "application/json",
				   .authorization = basic,
				   .max = MAX_ANSWER };
	int result;

	if (r->credentials.identity) {
		add(&form, "grant_type", "refresh_token");
		add(&form, "client_id", "slimtrace");
		add(&form, "service", c->service);
		add(&form, "scope", scope);
		add(&form, "refresh_token", r->credentials.identity);
		req = (struct web_request){ .method = "POST",
					    .url = realm,
					    .accept = "application/json",
					    .type = "application/x-www-form-urlencoded",
					    .body = form.buf,
					    .len = form.len,
					    .max = MAX_ANSWER };
	}
	result = web_call(r->web, &req, ret, err);
	if (form.len)
		explicit_bzero(form.buf, form.len);
	return result;
}

static int bearer(struct registry *r, const struct challenge *c, struct err *err)
{
	_cleanup_free_ char *realm = web_resolve(r->base, c->realm);
	_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
	int result;

	if (!realm)
		return err_class_set(err, ERR_ENGINE, EPROTO,
				     "the registry %s names no token service that can be asked",
				     r->host);
	result = ask_service(r, realm, c, &answer, err);
	if (result < 0)
		return err_wrap(err, "token service");
	if (answer.status != 200)
		return client_refused(r, &answer, "token service", err);
	return take_token(r, &answer, err);
}

static int no_credentials(const struct registry *r, struct err *err)
{
	err_class_set(err, ERR_ENGINE, EACCES, "the registry %s wants to know who we are", r->host);
	return err_hint(err, "'docker login %s' or 'podman login %s' first", r->host, r->host);
}

int token_answer(struct registry *r, const struct challenge *c, struct err *err)
{
	int result;

	if (!r->asked) {
		result = credentials_find(r->host, r->name, &r->credentials, err);
		if (result < 0)
			return result;
		r->asked = true;
	}
	if (r->credentials.token && !r->authorization && is_header_safe(r->credentials.token)) {
		r->authorization = xasprintf("Bearer %s", r->credentials.token);
		return 0;
	}
	if (c->scheme == CHALLENGE_BEARER)
		return bearer(r, c, err);
	if (c->scheme != CHALLENGE_BASIC || !r->credentials.user || r->authorization)
		return no_credentials(r, err);
	r->authorization = credentials_basic(&r->credentials);
	return 0;
}
