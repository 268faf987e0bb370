/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One HTTP call to an address in the container's network namespace. http.c is the only file here
 * that knows libcurl. An object is for one thread.
 */
#ifndef DRIVE_HTTP_H
#define DRIVE_HTTP_H

#include "slimtrace/base/cleanup.h"
#include "slimtrace/drive.h"

#define PROBE_MAX_REDIRECTS 10
#define PROBE_MAX_BODY (UINT64_C(256) << 20)
#define PROBE_MAX_HEADER_BYTES (256u << 10) /* of all answers of a call together */

struct probe_call {
	const struct probe_cmd *cmd;
	const char *addr; /* literal, IPv4 or IPv6 without brackets */
	uint16_t port;
	bool https;
	int connect_ms; /* until there is a connection, with https a TLS session */
	int timeout_ms; /* for all of it, redirects included */
};

enum probe_outcome {
	PROBE_ANSWERED,	 /* there is a status */
	PROBE_UNREACHED, /* no connection was made */
	PROBE_NO_HTTP,	 /* connected; closed, reset, or what came back was not HTTP */
	PROBE_NO_ANSWER, /* connected; nothing came back in time */
};

struct probe_answer {
	enum probe_outcome outcome;
	int status;	  /* of the last answer, when redirects were followed */
	uint64_t bytes;	  /* of its body */
	bool wants_https; /* "400 The plain HTTP request was sent to HTTPS port" and the like */
	double seconds;
	char why[160]; /* unless all went well: what did not */
};

struct probe_http;
int probe_http_new(int netns_fd, struct probe_http **ret, struct err *err);
void probe_http_free(struct probe_http *h);
DEFINE_CLEANUP(struct probe_http *, probe_http_free);

/*
 * Makes the call. 0: @ret tells what came of it. -EINTR when asked to end; other errors are about
 * the network namespace and leave no way to go on.
 */
int probe_http_call(struct probe_http *h, const struct probe_call *call, struct probe_answer *ret,
		    struct err *err);

#endif
