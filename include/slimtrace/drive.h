/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the app do its work: HTTP probes. The container's network namespace is entered only to
 * make the socket, so every network mode works and no port needs to be published.
 *
 * Only drive/transfer.c, http.c, url.c and websocket.c know libcurl here, html.c libxml2.
 *
 *	struct probe_opts opts = PROBE_OPTS_DEFAULT;
 *
 *	probe_cmd_parse("POST:/submit", &opts.cmds, err);
 *	probe_run(&target, &opts, &report, err);
 *	for (size_t i = 0; i < report.n; i++)
 *		... report.v[i].status ...
 *	probe_report_release(&report);
 *	probe_opts_release(&opts);
 */
#ifndef SLIMTRACE_DRIVE_H
#define SLIMTRACE_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strvec.h"

enum probe_protocol {
	PROBE_ANY, /* http, and https if that fails */
	PROBE_HTTP,
	PROBE_HTTPS,
	PROBE_HTTP2,  /* over TLS; HTTP/1.1 when the server does not offer it */
	PROBE_HTTP2C, /* over TCP, with prior knowledge */
	PROBE_WS,     /* WebSocket (RFC 6455): handshake, ping, the body as a text message */
	PROBE_WSS,
};
/* "http2c"; of PROBE_ANY "http". */
const char *probe_protocol_name(enum probe_protocol protocol);

static inline bool probe_is_tls(enum probe_protocol protocol)
{
	return protocol == PROBE_HTTPS || protocol == PROBE_HTTP2 || protocol == PROBE_WSS;
}

/* Where a call comes from. */
enum probe_source { PROBE_ASKED, PROBE_SPEC, PROBE_CRAWLED };
const char *probe_source_name(enum probe_source source); /* "command", "apispec", "crawl" */

/* A part of a multipart/form-data body (RFC 7578). */
struct probe_field {
	char *name;
	char *value; /* bytes */
	size_t len;
	char *file_name; /* NULL: not a file */
	char *type;	 /* media type; NULL: libcurl's guess by the file name */
};

/*
 * One request to make on every probed port. What is not asked for is as curl sends it: with a body
 * and no Content-Type header, that is application/x-www-form-urlencoded.
 */
struct probe_cmd {
	enum probe_protocol protocol;
	enum probe_source source;
	char *method;	       /* "GET" */
	char *resource;	       /* "/path?query"; what a URL cannot hold is sent percent-encoded */
	struct strvec headers; /* "Name: value" */
	char *body;	       /* NULL when none; bytes */
	size_t body_len;
	struct probe_field *fields; /* in place of a body */
	size_t n_fields, cap_fields;
	char *username, *password; /* basic authentication; NULL when none; never logged */
	uint16_t port;		   /* 0: every probed port; else this one only, probed or not */
	bool crawl;		   /* go on with what the answer links to */
};

struct probe_cmds {
	struct probe_cmd *v;
	size_t n, cap;
};
void probe_cmds_release(struct probe_cmds *cmds);

/*
 * "[crawl:][protocol:][METHOD:]RESOURCE", docker-slim's --http-probe-cmd; the resource starts at
 * the first slash. Adds one command to @cmds. ERR_USAGE tells what is wrong.
 */
int probe_cmd_parse(const char *arg, struct probe_cmds *cmds, struct err *err);
/*
 * docker-slim's --http-probe-cmd-file: {"commands": [{...}]} with the keys protocol (its manual
 * writes procotol, which is understood too), method, resource, port, headers (["Name: value"]),
 * body, body_file, body_is_form with form_field_name and form_file_name, username, password and
 * crawl; and form ([{name, value | file, file_name, content_type}]) for forms of more fields.
 * Files are relative to the directory of the command file. Unknown keys are warned about. Adds the
 * commands to @cmds: all of them, or on an error (ERR_USAGE) none.
 */
int probe_cmds_read_file(const char *path, struct probe_cmds *cmds, struct err *err);
/* As above for a text at hand, @name being the path of the file that it would be. */
int probe_cmds_parse_json(const char *text, size_t len, const char *name, struct probe_cmds *cmds,
			  struct err *err);

/*
 * Every operation of an API description (OpenAPI 3 or Swagger 2, as JSON) becomes a command, with
 * parameters and a body that are its examples, or made up to fit their schemas. @prefix is put
 * before the paths; NULL: the description's own (servers, basePath). References are followed
 * inside the document only. What is bounded: 1000 commands, the size and depth of what is made.
 * Adds all to @cmds, or on an error (ERR_USAGE) none.
 */
int probe_apispec_parse(const char *text, size_t len, const char *name, const char *prefix,
			struct probe_cmds *cmds, struct err *err);
/* docker-slim's --http-probe-apispec-file: "FILE[:PREFIX]", a prefix starting with a slash. */
int probe_apispec_read_file(const char *arg, struct probe_cmds *cmds, struct err *err);

#define PROBE_MAX_PORTS 64

struct probe_crawl {
	unsigned int max_depth; /* links from the page that was asked for; 0: no limit */
	unsigned int max_pages; /* calls of a port; 0: no limit but the time */
	unsigned int concurrency;
};

struct probe_opts {
	struct probe_cmds cmds;
	struct strvec specs; /* "/path[:prefix]" of API descriptions that the app serves */
	uint16_t ports[PROBE_MAX_PORTS]; /* asked for, in this order; none: found out */
	size_t n_ports;
	bool first_port_only; /* no other ports once a call on one got an answer */
	unsigned int start_wait_s;
	unsigned int retry_count;  /* of a call that no answer comes to, once for a port */
	unsigned int retry_wait_s; /* before the first of them, doubled each time; 0: short ones */
	bool fail_4xx, fail_5xx;   /* such an answer is a failure */
	bool go_on;		   /* when no call got an answer; for the session */
	struct probe_crawl crawl;
};
#define PROBE_OPTS_DEFAULT                                                                         \
	((struct probe_opts){ .retry_count = 5,                                                    \
			      .crawl = { .max_depth = 3, .max_pages = 1000, .concurrency = 10 } })
void probe_opts_release(struct probe_opts *opts);
/* docker-slim's --http-probe-ports: "80,8080". Adds to the ports of @opts. */
int probe_ports_parse(const char *arg, struct probe_opts *opts, struct err *err);

/* What became of one call. */
struct probe_result {
	char *method, *resource;
	enum probe_source source;
	enum probe_protocol protocol; /* as it was spoken, or would have been */
	uint16_t port;
	int status;	  /* HTTP status, 0 when there was no answer */
	int http_version; /* 10, 11, 20; 0 when not known */
	uint64_t bytes;	  /* of the body, as it came; what is beyond 256 MB is not read */
	double seconds;	  /* from the connection attempt that succeeded to the end of the body */
	bool failed;	  /* no answer, or one that was to count as a failure */
	bool unasked;	  /* a port that was only seen to be listened on */
	char error[160];  /* why there is no answer, or why its body is not whole; else empty */
};
struct probe_report {
	struct probe_result *v;
	size_t n, cap;
	size_t ok;	 /* calls that did not fail */
	bool unverified; /* TLS was spoken: no certificate was verified */
};
void probe_report_release(struct probe_report *report);

struct probe_target {
	int netns_fd;	     /* the container's network namespace; -1: the host's */
	struct strvec addrs; /* literal, tried in order: "127.0.0.1", "::1", the container's own */
	const uint16_t *ports;
	size_t n_ports;
	int call_timeout_ms; /* for all of a call, redirects included; 0: 30 s */
	int retry_ms;	     /* how long a refused connection is tried again; 0: 10 s */
	/*
	 * Waits until the app listens on @port: 1 yes, 0 it will not (time is up, it ended),
	 * -EINTR. A connection that is refused afterwards is tried again for a bounded time.
	 */
	int (*wait_ready)(uint16_t port, void *ctx, struct err *err);
	/* Addresses to try on @port before those above, added to @ret; may be NULL. */
	void (*addresses)(uint16_t port, struct strvec *ret, void *ctx);
	/* Ports to probe too when all others are done, at most @max; may be NULL. */
	size_t (*more_ports)(uint16_t *ports, size_t max, void *ctx);
	/* Told about each call as it ends; may be NULL. */
	void (*on_result)(const struct probe_result *result, void *ctx);
	void *ctx;
};

/*
 * Runs all commands on all ports, and commands with a port of their own on that one; then the
 * operations of the API descriptions that the app serves. http is tried first unless a command
 * says otherwise, then https when what came back was not HTTP, or was a server's complaint that it
 * wants https; certificates are not verified, the app's own will do. Redirects within the same
 * scheme, address and port are followed, up to 10, other ones are the answer. An answer of any
 * status is an answer. A call that fails is in the report, not an error.
 *
 * A command that is to be crawled goes on with what its page links to on the same origin: links,
 * frames, scripts, styles and what these import, images, fonts, media.
 *
 * What is bounded: the time of a call; the retries of refused connections (on the first call after
 * wait_ready(); 2 s or less later on) and of connections that were closed without an answer (once
 * for a port that has never answered); the calls on a port that never answers (after three, the
 * others are not made and are reported as such); a crawl, by depth, calls, and 5 minutes.
 *
 * -EINTR when asked to end, other errors when the network namespace cannot be entered or left.
 * May be called in any thread; that thread's network namespace is the same afterwards.
 */
int probe_run(const struct probe_target *target, const struct probe_opts *opts,
	      struct probe_report *ret, struct err *err);

#endif
