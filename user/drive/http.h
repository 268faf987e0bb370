/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP calls to an address in the container's network namespace, one or many at a time. An object
 * is for one thread.
 */
#ifndef DRIVE_HTTP_H
#define DRIVE_HTTP_H

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/drive.h"

#define PROBE_MAX_REDIRECTS 10
#define PROBE_MAX_BODY (UINT64_C(256) << 20)
#define PROBE_MAX_HEADER_BYTES (256u << 10) /* of all answers of a call together */

/* What it points to is the caller's until the call is over. */
struct probe_call {
	const struct probe_cmd *cmd;
	const char *addr; /* literal, IPv4 or IPv6 without brackets */
	uint16_t port;
	enum probe_protocol protocol; /* not PROBE_ANY */
	int connect_ms;		      /* until there is a connection, with https a TLS session */
	int timeout_ms;		      /* for all of it, redirects included */
	uint64_t max_body;	      /* what is beyond is not read; 0: PROBE_MAX_BODY */
	size_t keep; /* bytes of the body to keep, decoded; 0: it is counted only */
};

enum probe_outcome {
	PROBE_ANSWERED,	 /* there is a status */
	PROBE_UNREACHED, /* no connection was made */
	PROBE_CLOSED,	 /* connected; closed or reset without an answer */
	PROBE_NO_HTTP,	 /* connected; what came back was not HTTP */
	PROBE_NO_ANSWER, /* connected; nothing came back in time */
};

struct probe_answer {
	enum probe_outcome outcome;
	int status;	  /* of the last answer, when redirects were followed */
	int http_version; /* 10, 11, 20; 0: not known */
	uint64_t bytes;	  /* of its body */
	bool wants_https; /* "400 The plain HTTP request was sent to HTTPS port" and the like */
	double seconds;
	char why[160];	    /* unless all went well: what did not */
	char type[64];	    /* media type of the body, or empty */
	char *url;	    /* with probe_call.keep: where the answer came from in the end */
	struct strbuf body; /* with probe_call.keep: its start */
};
#define PROBE_ANSWER_INIT ((struct probe_answer){ .body = STRBUF_INIT })
void probe_answer_release(struct probe_answer *answer);

struct probe_http;
int probe_http_new(int netns_fd, struct probe_http **ret, struct err *err);
void probe_http_free(struct probe_http *h);
DEFINE_CLEANUP(struct probe_http *, probe_http_free);

/* Begins a call; @tag comes back with its answer. */
void probe_http_start(struct probe_http *h, const struct probe_call *call, void *tag);
/*
 * Waits for the end of one of the calls that were begun: 1, with its tag and its answer, which is
 * the caller's to release (an older one in *ret is released). 0: none is under way. -EINTR when
 * asked to end; other errors are about the network namespace and leave no way to go on.
 */
int probe_http_next(struct probe_http *h, void **ret_tag, struct probe_answer *ret,
		    struct err *err);
/* Makes one call while no other is under way. */
int probe_http_call(struct probe_http *h, const struct probe_call *call, struct probe_answer *ret,
		    struct err *err);
/* The same for PROBE_WS and PROBE_WSS. A status of 101 is what a server says that speaks it. */
int probe_websocket_call(struct probe_http *h, const struct probe_call *call,
			 struct probe_answer *ret, struct err *err);

#endif
