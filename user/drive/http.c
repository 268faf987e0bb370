/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP requests as commands ask for them, and where redirects lead. */
#include "drive/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drive/transfer.h"
#include "drive/url.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"

/* Methods whose requests without a body say so: some servers answer 411 otherwise. */
static bool has_length(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

static curl_mime *make_form(CURL *easy, const struct probe_cmd *cmd)
{
	curl_mime *form = curl_mime_init(easy);

	if (!form)
		abort();
	for (size_t i = 0; i < cmd->n_fields; i++) {
		const struct probe_field *field = &cmd->fields[i];
		curl_mimepart *part = curl_mime_addpart(form);

		if (!part)
			abort();
		curl_mime_name(part, field->name);
		curl_mime_data(part, field->len ? field->value : "", field->len);
		if (field->file_name)
			curl_mime_filename(part, field->file_name);
		if (field->type)
			curl_mime_type(part, field->type);
	}
	return form;
}

static void set_method(struct exchange *x)
{
	const struct probe_cmd *cmd = x->call.cmd;
	CURL *easy = x->easy;
	bool body = x->send_body && cmd->body;

	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* whatever was sent before a redirect */
	if (!strcmp(x->method, "HEAD")) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (x->send_body && cmd->n_fields) {
		if (!x->form)
			x->form = make_form(easy, cmd);
		curl_easy_setopt(easy, CURLOPT_MIMEPOST, x->form);
	} else if (body || has_length(x->method)) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body ? cmd->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)(body ? cmd->body_len : 0));
	}
	/* After the body, which chooses a method of its own. */
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
}

static void set_user(CURL *easy, const struct probe_cmd *cmd)
{
	if (!cmd->username)
		return;
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, cmd->username);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, cmd->password ? cmd->password : "");
}

/* To libcurl "Name:" takes a header away, and "Name;" is one without a value. */
static struct curl_slist *make_headers(const struct probe_call *call)
{
	const struct strvec *headers = &call->cmd->headers;
	/* Without a value: no waiting for "100 Continue". */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	/* What is kept is decoded, but not asked for: the plain form is what every client gets. */
	if (call->keep)
		list = curl_slist_append(list, "Accept-Encoding:");
	for (size_t i = 0; i < headers->n; i++) {
		const char *line = headers->v[i];
		size_t name = strcspn(line, ":");
		bool empty = line[name] && !line[name + 1 + strspn(line + name + 1, " \t")];
		_cleanup_free_ char *bare = empty ? xasprintf("%.*s;", (int)name, line) : NULL;

		list = curl_slist_append(list, bare ? bare : line);
	}
	return list;
}

static void set_call(struct exchange *x)
{
	CURL *easy = x->easy;

	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	if (x->call.protocol == PROBE_HTTP2)
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	else if (x->call.protocol == PROBE_HTTP2C)
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
				 (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	set_user(easy, x->call.cmd);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "slimtrace/" SLIMTRACE_VERSION);
	x->headers = make_headers(&x->call);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
	if (x->call.keep)
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl knows */
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, ""); /* no file; cookies are understood */
}

static void request(struct exchange *x, const char *url)
{
	exchange_prepare(x, url);
	set_method(x);
	curl_multi_add_handle(x->h->multi, x->easy);
}

/* Where to go on, malloc'ed; NULL: what we have is the answer. */
static char *redirect_target(const struct exchange *x)
{
	_cleanup_free_ char *origin =
		url_make(probe_is_tls(x->call.protocol), x->call.addr, x->call.port, "/");
	char *where = NULL;

	curl_easy_getinfo(x->easy, CURLINFO_REDIRECT_URL, &where);
	if (!where || clock_mono_ms() >= x->end_ms)
		return NULL;
	if (url_same_origin(origin, where))
		return xstrdup(where);
	log_debug("probe: the redirect to '%.256s' leads elsewhere and is not followed", where);
	return NULL;
}

/* RFC 9110, 15.4: what every browser does. */
static void change_method(struct exchange *x)
{
	int status = x->answer.status;
	bool get = status == 303 ? strcmp(x->method, "HEAD") != 0
				 : (status == 301 || status == 302) && !strcmp(x->method, "POST");

	if (!get)
		return;
	x->method = "GET";
	x->send_body = false;
}

/* An answer that redirects is an answer, whatever comes of going on. True: it goes on. */
static bool follow(struct exchange *x)
{
	_cleanup_free_ char *url = NULL;

	if (x->answer.outcome != PROBE_ANSWERED) {
		if (!x->redirects)
			return false;
		log_debug("probe: redirected: %s", x->answer.why);
		probe_answer_release(&x->answer);
		x->answer = x->before;
		x->before = PROBE_ANSWER_INIT;
		return false;
	}
	if (x->redirects >= PROBE_MAX_REDIRECTS)
		return false;
	url = redirect_target(x);
	if (!url)
		return false;
	x->redirects++;
	change_method(x);
	probe_answer_release(&x->before);
	x->before = x->answer;
	x->answer = PROBE_ANSWER_INIT;
	x->answer.seconds = x->before.seconds;
	request(x, url);
	return true;
}

void probe_http_start(struct probe_http *h, const struct probe_call *call, void *tag)
{
	struct exchange *x = exchange_new(h, call, tag);
	_cleanup_free_ char *url =
		url_make(probe_is_tls(call->protocol), call->addr, call->port, call->cmd->resource);

	set_call(x);
	request(x, url);
}

int probe_http_next(struct probe_http *h, void **ret_tag, struct probe_answer *ret, struct err *err)
{
	for (;;) {
		struct exchange *x;
		CURLcode code;
		int r = transfer_next(h, &x, &code, err);

		if (r <= 0)
			return r;
		curl_multi_remove_handle(h->multi, x->easy);
		exchange_take(x, code);
		if (follow(x))
			continue;
		if (ret_tag)
			*ret_tag = x->tag;
		probe_answer_release(ret);
		*ret = x->answer;
		x->answer = PROBE_ANSWER_INIT;
		exchange_free(x);
		return 1;
	}
}

/* What an error left behind does not come back with a later call. */
int probe_http_call(struct probe_http *h, const struct probe_call *call, struct probe_answer *ret,
		    struct err *err)
{
	int r;

	probe_http_start(h, call, NULL);
	r = probe_http_next(h, NULL, ret, err);
	if (r < 0)
		probe_http_drop(h);
	return r < 0 ? r : 0;
}
