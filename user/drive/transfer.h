/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the HTTP and WebSocket calls share: transfers of libcurl on sockets in the container's
 * network namespace, any number of them at a time.
 */
#ifndef DRIVE_TRANSFER_H
#define DRIVE_TRANSFER_H

#include <curl/curl.h>

#include "drive/http.h"
#include "drive/netns.h"

/* One call under way: what libcurl's callbacks get. */
struct exchange {
	struct exchange *next;
	struct probe_http *h;
	CURL *easy; /* of this call alone, redirects included: so are the cookies in it */
	struct probe_call call;
	void *tag;
	const char *method;
	bool send_body; /* a redirect can turn a POST into a GET */
	unsigned int redirects;
	struct probe_answer answer, before; /* before: of the redirect that is being followed */
	uint64_t end_ms;
	size_t header_bytes;
	char head[1024]; /* of the body: the complaint of a server that wants https is short */
	size_t head_len;
	struct curl_slist *headers;
	curl_mime *form;
	char why[CURL_ERROR_SIZE];
	bool has_connected; /* a socket of the request under way */
};

struct probe_http {
	struct netns ns;
	CURLM *multi;
	struct exchange *first;	 /* those under way */
	struct exchange **by_fd; /* whose socket that is; NULL: of none under way */
	size_t n_fds;
	int failed; /* -errno of a callback, which has set err */
	struct err *err;
};

/* Sockets, TLS, limits: what is the same for every request of @x->call. */
struct exchange *exchange_new(struct probe_http *h, const struct probe_call *call, void *tag);
/* Takes it out of what is under way, too. */
void exchange_free(struct exchange *x);
/* Breaks off all that are under way. */
void probe_http_drop(struct probe_http *h);
/* For the next request: the time that is left, and a clean slate for what is told of it. */
void exchange_prepare(struct exchange *x, const char *url);
/*
 * Until a transfer is over: 1 with it and how it ended, it is still libcurl's
 * (curl_multi_remove_handle()). 0: there is none. -EINTR and others as probe_http_next().
 */
int transfer_next(struct probe_http *h, struct exchange **ret, CURLcode *ret_code, struct err *err);
/* What came of the request, into @x->answer. */
void exchange_take(struct exchange *x, CURLcode code);
/* Sets the text of answer->why, cut and fit for a terminal. */
void answer_set_why(struct probe_answer *answer, const char *text);

#endif
