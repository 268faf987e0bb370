/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1.1 calls to one server over a unix socket, TCP or TLS. Each call blocks; it ends early when
 * the program is asked to end, when the answer stalls, or when @stop_fd becomes readable. An
 * answer is collected up to a bound or streamed into a sink. One connection object is for one
 * thread; connections are reused between calls. http.c is the only file that knows libcurl.
 */
#ifndef ENGINE_HTTP_H
#define ENGINE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"

#define HTTP_CONNECT_MS 10000
#define HTTP_STALL_MS                                                                              \
	(5 * 60 * 1000) /* nothing sent and nothing received for so long: given up                 \
			 */
#define HTTP_MAX_BODY (64u << 20)

/* Where the server is. Strings are owned by whoever made the struct and outlive the connections. */
struct http_server {
	char *host;	   /* as the user wrote it, for messages */
	char *socket_path; /* NULL: TCP */
	bool usual;	   /* nobody said where: the first of the places that engines have */
	char *base;	   /* "http://localhost", "https://host:2376/prefix": no slash at the end */
	bool tls;
	bool verify;
	char *ca; /* files in PEM form; NULL: the system's CAs, no client certificate */
	char *cert;
	char *key;
};

struct http_request {
	const char *method;
	const char *path; /* starts with "/", encoded, with its query */
	const char *body; /* JSON; NULL: none */
	int upload_fd;	  /* a tar archive to send from its start, when @upload */
	bool upload;
	/* What gets the body of a 2xx answer; < 0 ends the call with that. NULL: collected. */
	int (*sink)(const char *data, size_t len, void *ctx, struct err *err);
	/* Called once, when the header of the final answer is complete. May be NULL. */
	void (*on_answer)(int status, void *ctx);
	void *ctx;
	int stall_ms;	/* -1: none */
	int timeout_ms; /* for all of the call, -1: none; ends with -ETIMEDOUT */
	int stop_fd;	/* readable: ends with -ECANCELED; -1: none */
	bool no_cancel; /* only stop_fd ends it */
	bool quiet;	/* not worth a debug message */
};

#define HTTP_REQUEST_INIT                                                                          \
	((struct http_request){                                                                    \
		.method = "GET", .stall_ms = HTTP_STALL_MS, .timeout_ms = -1, .stop_fd = -1 })

struct http_response {
	int status;
	struct strbuf body;   /* collected; of an error answer always, cut when it is very long */
	char api_version[16]; /* the Api-Version header, or empty */
	char libpod_version[16]; /* Podman's Libpod-Api-Version, digits and dots, or empty */
};

#define HTTP_RESPONSE_INIT ((struct http_response){ .body = STRBUF_INIT })
void http_response_release(struct http_response *res);
#define _cleanup_response_ __attribute__((cleanup(http_response_release)))

struct http;
struct http *http_new(const struct http_server *server);
void http_free(struct http *h);
DEFINE_CLEANUP(struct http *, http_free);

/*
 * Makes the call. 0: there is an answer, of any status, in @res. Else ERR_INTERRUPTED with -EINTR,
 * ERR_ENGINE with the reason (-ETIMEDOUT, -ECANCELED, -ECONNRESET when the answer was cut, ...),
 * or the sink's own error.
 */
int http_call(struct http *h, const struct http_request *req, struct http_response *res,
	      struct err *err);

/*
 * A POST to @path (with its version) after which the connection is a stream of its own, as the
 * engine does it for attach: http_send() writes into it, http_free() closes it. The object is of no
 * other use then. Both end with -ECANCELED when @stop_fd becomes readable, and only then early.
 */
int http_take_over(struct http *h, const char *path, int stop_fd, struct err *err);
int http_send(struct http *h, const void *data, size_t len, int stop_fd, struct err *err);

#endif
