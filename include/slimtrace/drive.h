/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the app do its work: HTTP probes. The container's network namespace is entered only to
 * make the socket, so every network mode works and no port needs to be published.
 *
 * Only drive/http.c knows libcurl here.
 *
 *	probe_cmd_parse("POST:/submit", &cmds, err);
 *	probe_run(&target, &cmds, &report, err);
 *	for (size_t i = 0; i < report.n; i++)
 *		... report.v[i].status ...
 *	probe_report_release(&report);
 *	probe_cmds_release(&cmds);	// last: results point into it
 */
#ifndef SLIMTRACE_DRIVE_H
#define SLIMTRACE_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strvec.h"

enum probe_protocol { PROBE_ANY, PROBE_HTTP, PROBE_HTTPS }; /* ANY: http, and https if that fails */

/*
 * One request to make on every probed port. What is not asked for is as curl sends it: with a body
 * and no Content-Type header, that is application/x-www-form-urlencoded.
 */
struct probe_cmd {
	enum probe_protocol protocol;
	char *method;	       /* "GET" */
	char *resource;	       /* "/path?query"; what a URL cannot hold is sent percent-encoded */
	struct strvec headers; /* "Name: value" */
	char *body;	       /* NULL when none; bytes */
	size_t body_len;
	char *username, *password; /* basic authentication; NULL when none; never logged */
	uint16_t port;		   /* 0: every probed port; else this one only, probed or not */
};

struct probe_cmds {
	struct probe_cmd *v;
	size_t n, cap;
};
void probe_cmds_release(struct probe_cmds *cmds);

/*
 * "[protocol:][METHOD:]RESOURCE", docker-slim's --http-probe-cmd; the resource starts at the first
 * slash. Adds one command to @cmds. ERR_USAGE tells what is wrong.
 */
int probe_cmd_parse(const char *arg, struct probe_cmds *cmds, struct err *err);
/*
 * docker-slim's --http-probe-cmd-file: {"commands": [{...}]} with the keys protocol (its manual
 * writes procotol, which is understood too), method, resource, port, headers (["Name: value"]),
 * body, body_file (relative to the directory of the command file), username and password. Unknown
 * keys are warned about. Adds the commands to @cmds: all of them, or on an error (ERR_USAGE) none.
 */
int probe_cmds_read_file(const char *path, struct probe_cmds *cmds, struct err *err);
/* As above for a text at hand, @name being the path of the file that it would be. */
int probe_cmds_parse_json(const char *text, size_t len, const char *name, struct probe_cmds *cmds,
			  struct err *err);

/* What became of one call. */
struct probe_result {
	const struct probe_cmd *cmd; /* borrowed from the commands given to probe_run() */
	uint16_t port;
	bool https;
	int status;	 /* HTTP status, 0 when there was no answer */
	uint64_t bytes;	 /* of the body, as it came; what is beyond 256 MB is not read */
	double seconds;	 /* from the connection attempt that succeeded to the end of the body */
	char error[160]; /* why there is no answer, or why its body is not whole; else empty */
};
struct probe_report {
	struct probe_result *v;
	size_t n, cap;
	size_t ok; /* calls with any HTTP answer */
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
	/* Told about each call as it ends; may be NULL. */
	void (*on_result)(const struct probe_result *result, void *ctx);
	void *ctx;
};

/*
 * Runs all commands on all ports, and commands with a port of their own on that one. http is tried
 * first unless a command says otherwise, then https when what came back was not HTTP, or was a
 * server's complaint that it wants https; certificates are not verified, the app's own will do.
 * Redirects within the same scheme, address and port are followed, up to 10, other ones are the
 * answer. An answer of any status is an answer. A call that fails is in the report, not an error.
 *
 * What is bounded: the time of a call; the retries of refused connections (on the first call after
 * wait_ready(); 2 s or less later on); the calls on a port that never answers (after three, the
 * others are not made and are reported as such).
 *
 * -EINTR when asked to end, other errors when the network namespace cannot be entered or left.
 * May be called in any thread; that thread's network namespace is the same afterwards.
 */
int probe_run(const struct probe_target *target, const struct probe_cmds *cmds,
	      struct probe_report *ret, struct err *err);

#endif
