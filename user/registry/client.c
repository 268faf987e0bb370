/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

#define MAX_REDIRECTS 5
#define TRIES 5
#define GET_TRIES 3
#define FIRST_PAUSE_MS 500
#define MAX_PAUSE_S 60

char *client_url(const struct registry *r, const char *path)
{
	return strstr(path, "://") ? xstrdup(path)
				   : xasprintf("%s/v2/%s/%s", r->base, r->name, path);
}

/* --- refusals --- */

/* {"errors": [{"code", "message"}]}; else the beginning of what it says. */
static void add_words(struct strbuf *ret, const struct strbuf *body)
{
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *first;
	const char *text = NULL;

	if (json_parse_max(body->buf, body->len, "", 1000, &json, &ignored) == 0) {
		first = cJSON_GetArrayItem(json_get(json, "errors"), 0);
		text = json_str(first, "message", json_str(first, "code", NULL));
		if (!text)
			text = json_str(json, "details", json_str(json, "message", NULL));
	}
	if (!text)
		text = !json && *body->buf != '<' ? body->buf : "";
	text_add_safe(ret, text, strnlen(text, 200));
}

static int hint_of(const struct registry *r, int status, int code, struct err *err)
{
	if (status == 401 || status == 403)
		return err_hint(err, "'docker login %s' with a user who may %s there", r->host,
				r->push ? "write" : "read");
	if (status == 400 && !strncmp(r->base, "http://", 7))
		return err_hint(err, "does the registry want TLS? --plain-http=false");
	return -code;
}

int client_refused(const struct registry *r, const struct web_answer *a, const char *what,
		   struct err *err)
{
	int status = a->status;
	int code = status == 404		    ? ENOENT
		   : status == 401 || status == 403 ? EACCES
		   : status == 429		    ? EAGAIN
		   : status == 400		    ? EINVAL
						    : EPROTO;
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT;

	add_words(&words, &a->body);
	err_class_set(err, status == 404 ? ERR_IMAGE : ERR_ENGINE, code,
		      "registry %s: %s: %s%s(status %d)", r->host, what, words.buf,
		      words.len ? " " : "", status);
	return hint_of(r, status, code, err);
}

/* --- calls --- */

static bool is_redirect(const struct web_answer *a)
{
	return (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 ||
		a->status == 308) &&
	       a->location;
}

/*
 * GET and HEAD are led elsewhere, as to a storage; who we are is nobody's business there. What
 * changes something is not: an upload's place is told, and gone to as told.
 */
static int exchange(struct registry *r, const struct client_call *call, struct web_answer *ret,
		    struct err *err)
{
	_cleanup_free_ char *url = client_url(r, call->url);
	bool reads = !strcmp(call->method, "GET") || !strcmp(call->method, "HEAD");

	for (unsigned int i = 0;; i++) {
		const struct web_request req = {
			.method = call->method,
			.url = url,
			.accept = call->accept,
			.type = call->type,
			.authorization = web_same_origin(url, r->base) ? r->authorization : NULL,
			.body = call->body,
			.len = call->len,
			.max = call->max ? call->max : 1u << 20,
			.no_body = !strcmp(call->method, "HEAD"),
			.show = call->show,
		};
		char *next;
		int result = web_call(r->web, &req, ret, err);

		if (result < 0 || !reads || !is_redirect(ret))
			return result;
		if (i == MAX_REDIRECTS)
			return err_class_set(err, ERR_ENGINE, ELOOP,
					     "registry %s: more than %d redirections", r->host,
					     MAX_REDIRECTS);
		next = web_resolve(url, ret->location);
		if (!next)
			return err_class_set(err, ERR_ENGINE, EPROTO,
					     "registry %s: a redirection that leads nowhere",
					     r->host);
		free(url);
		url = next;
	}
}

/* Once for a call: what expired is got anew, what is refused then is refused. */
static int authenticated(struct registry *r, const struct client_call *call, struct web_answer *ret,
			 struct err *err)
{
	_cleanup_challenge_ struct challenge challenge = { 0 };
	int result = exchange(r, call, ret, err);

	if (result < 0 || ret->status != 401)
		return result;
	challenge_choose(&ret->challenges, &challenge);
	if (challenge.scheme == CHALLENGE_BASIC && r->authorization)
		return client_refused(r, ret, "the credentials are not taken", err);
	result = token_answer(r, &challenge, err);
	if (!result)
		result = exchange(r, call, ret, err);
	if (!result && ret->status == 401)
		return client_refused(r, ret,
				      credentials_any(&r->credentials)
					      ? "the credentials are not taken"
					      : "it is not there, or not for everybody",
				      err);
	return result;
}

static bool is_passing(int result, const struct web_answer *a)
{
	if (result < 0)
		return result == -ECONNRESET || result == -ECONNREFUSED || result == -ETIMEDOUT ||
		       result == -EHOSTUNREACH;
	/* 500, too: a registry that is just being written to by others was seen to say so. */
	return a->status == 429 || a->status == 500 || (a->status >= 502 && a->status <= 504);
}

/* Longer each time and never the same: many who were refused at once do not come back at once. */
static int pause_before(unsigned int try, const struct web_answer *a, const char *why,
			struct err *err)
{
	unsigned long long said = 0;
	struct err ignored = ERR_INIT;
	uint16_t chance = 0;
	int ms = FIRST_PAUSE_MS << try;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	ms = ms / 2 + (int)(chance % (unsigned int)ms);
	if (a->retry_after &&
	    text_parse_u64(a->retry_after, 0, MAX_PAUSE_S, "Retry-After", &said, &ignored) == 0 &&
	    (int)said * 1000 > ms)
		ms = (int)said * 1000;
	log_info("%s; another try in %d.%d s", why, ms / 1000, ms % 1000 / 100);
	return cancel_wait(-1, ms, err);
}

int client_call(struct registry *r, const struct client_call *call, struct web_answer *ret,
		struct err *err)
{
	for (unsigned int try = 0;; try++) {
		struct err why = ERR_INIT;
		int result = authenticated(r, call, ret, &why);
		bool passing = is_passing(result, ret);

		if (passing && result >= 0)
			result = client_refused(r, ret, "not now", &why);
		if (passing && !call->once && try + 1 < TRIES) {
			result = pause_before(try, ret, why.msg, err);
			if (result < 0)
				return result;
			continue;
		}
		if (result < 0)
			*err = why;
		return result;
	}
}

static int get_once(struct registry *r, const char *path, const char *accept,
		    const struct digest *want, size_t max, struct strbuf *ret, struct err *err)
{
	const struct client_call call = {
		.method = "GET", .url = path, .accept = accept, .max = max, .show = true
	};
	_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
	struct digest is;
	int result = client_call(r, &call, &answer, err);

	if (result < 0)
		return result;
	if (answer.status != 200)
		return client_refused(r, &answer, path, err);
	is = sha256_of(answer.body.buf, answer.body.len);
	if (want && strcmp(is.str, want->str) != 0)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "registry %s: it answers with %s when asked for %s", r->host,
				     is.str, want->str);
	if (answer.digest && digest_valid(answer.digest) && strcmp(is.str, answer.digest) != 0)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "registry %s: %s is told to be %s, but is %s", r->host, path,
				     answer.digest, is.str);
	strbuf_release(ret);
	*ret = answer.body;
	answer.body = STRBUF_INIT;
	return 0;
}

/* What is just being written can be read as half of it: only what stays wrong is. */
int client_get(struct registry *r, const char *path, const char *accept, const struct digest *want,
	       size_t max, struct strbuf *ret, struct err *err)
{
	for (unsigned int try = 0;; try++) {
		struct err why = ERR_INIT;
		int result = get_once(r, path, accept, want, max, ret, &why);

		if (result != -EBADMSG || try + 1 == GET_TRIES) {
			if (result < 0)
				*err = why;
			return result;
		}
		log_debug("registry: once more: %s", why.msg);
		result = cancel_wait(-1, 100 << try, err);
		if (result < 0)
			return result;
	}
}
