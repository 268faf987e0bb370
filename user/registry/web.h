/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One HTTP request and its answer, with libcurl, which only this file's code knows. Nothing is
 * followed, repeated or authenticated here. One object, for one thread; connections are reused.
 */
#ifndef REGISTRY_WEB_H
#define REGISTRY_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"

struct web_request {
	const char *method, *url;
	const char *accept, *type; /* NULL: no such header */
	const char *authorization; /* the header's value, never logged; NULL: none */
	const void *body;	   /* NULL: none */
	size_t len;
	size_t max;   /* bytes of the answer's body; more is -EMSGSIZE */
	bool no_body; /* HEAD */
	bool show;    /* what goes over the wire is told as progress */
};

struct web_answer {
	int status;
	struct strbuf body;
	/* Headers; NULL when they did not come. */
	char *location, *link, *digest, *subject, *retry_after;
	struct strvec challenges; /* WWW-Authenticate */
};

#define WEB_ANSWER_INIT ((struct web_answer){ .body = STRBUF_INIT })
void web_answer_release(struct web_answer *a);
#define _cleanup_answer_ __attribute__((cleanup(web_answer_release)))

struct web;
/* Files in PEM form, or NULL. */
struct web_certs {
	char *ca;	  /* authorities beside the system's */
	char *cert, *key; /* who we are: both or none */
	char *origin;	  /* to whom that is told: the beginning of a URL */
};
void web_certs_release(struct web_certs *certs);
/* Takes @certs over. @plain: http:// is allowed at all. */
struct web *web_new(struct web_certs *certs, bool plain);
void web_free(struct web *w);
DEFINE_CLEANUP(struct web *, web_free);

/*
 * 0: there is an answer, of any status. Else -EINTR, or ERR_ENGINE with the reason: -ECONNRESET,
 * -ECONNREFUSED, -EHOSTUNREACH, -ETIMEDOUT (worth another try), -EMSGSIZE, -EPROTO, ...
 */
int web_call(struct web *w, const struct web_request *req, struct web_answer *ret, struct err *err);

/* @url as it is meant at @base: absolute, http or https, malloc'ed; NULL when it is no such. */
char *web_resolve(const char *base, const char *url);
/* Whether they have scheme, host and port in common. */
bool web_same_origin(const char *a, const char *b);
/* "localhost", 127.0.0.0/8 or [::1], whatever the port: @host is "NAME[:PORT]". */
bool web_is_loopback(const char *host);

#endif
