/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A container engine made of scripted answers, on a unix socket in a directory of its own. It
 * gives any bytes for a request, whole or cut, at once or with pauses, on as many connections as
 * come, and remembers what it was asked.
 *
 *	struct fake_engine *f = fake_engine_new();
 *	fake_engine_json(f, "GET /_ping", 200, "OK");
 *	fake_engine_reply(f, "GET /v1.41/info", &(struct fake_reply){ .bytes = "HTTP/1.1 2", .cut =
 *true });
 *	... fake_engine_host(f) is what engine_open() takes ...
 *	fake_engine_free(f);
 */
#ifndef SLIMTRACE_TESTS_FAKE_ENGINE_H
#define SLIMTRACE_TESTS_FAKE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/cleanup.h"

struct fake_engine;

struct fake_reply {
	const char *bytes;  /* status line, header, body: as they go over the wire; copied */
	size_t len;	    /* 0: strlen(bytes) */
	size_t slice;	    /* send so many bytes at a time; 0: all at once */
	size_t pause_at;    /* after so many bytes ... */
	int pause_ms;	    /* ... wait so long; -1: until the client has gone. 0: no pause */
	bool cut;	    /* close the connection afterwards */
	bool unread;	    /* answer, and close, without reading the request's body */
	unsigned int times; /* for so many requests, then the next answer that fits; 0: for ever */
};

struct fake_engine *fake_engine_new(void);
/* The same on a port of 127.0.0.1, of which fake_engine_host() is "127.0.0.1:PORT". */
struct fake_engine *fake_engine_new_tcp(void);
/* Ends all connections and removes the socket. */
void fake_engine_free(struct fake_engine *f);
DEFINE_CLEANUP(struct fake_engine *, fake_engine_free);
/* "unix:///..." */
const char *fake_engine_host(const struct fake_engine *f);

/*
 * @request is the start of a request line ("GET /v1.41/images/x/json"). The answer given first
 * that fits and is not used up is taken; without one it is a 404.
 */
void fake_engine_reply(struct fake_engine *f, const char *request, const struct fake_reply *reply);
/* A whole answer with Content-Length, Api-Version 1.41 and @body. */
void fake_engine_json(struct fake_engine *f, const char *request, int status, const char *body);
/* An answer of status 200 that ends when the connection does, as attach and exec give it. */
void fake_engine_stream(struct fake_engine *f, const char *request, const char *body, size_t len);

/* How often something that starts with @request was asked. */
unsigned int fake_engine_asked(struct fake_engine *f, const char *request);
/* Waits until that is so at least @times, at most 10 s. */
bool fake_engine_wait(struct fake_engine *f, const char *request, unsigned int times);
/* The body of the last such request (at most 64 KiB are kept), malloc'ed; NULL when none came. */
char *fake_engine_body(struct fake_engine *f, const char *request);
/* Bytes in the body of the last such request, all of them. */
size_t fake_engine_body_len(struct fake_engine *f, const char *request);
/* A header of the last such request, malloc'ed; NULL when there was none. */
char *fake_engine_header(struct fake_engine *f, const char *request, const char *name);
/* How many connections were made. */
unsigned int fake_engine_connections(struct fake_engine *f);

#endif
