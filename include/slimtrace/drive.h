/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the app do its work: HTTP probes. The container's network namespace is entered only to
 * make the socket, so every network mode works and no port needs to be published.
 *
 * Only drive/http.c knows libcurl here.
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

/* One request to make on every probed port. */
struct probe_cmd {
	enum probe_protocol protocol;
	char *method;	       /* "GET" */
	char *resource;	       /* "/path?query" */
	struct strvec headers; /* "Name: value" */
	char *body;	       /* NULL when none; bytes */
	size_t body_len;
	char *username, *password; /* NULL when none; never logged */
	uint16_t port;		   /* 0: every probed port */
};

struct probe_cmds {
	struct probe_cmd *v;
	size_t n, cap;
};
void probe_cmds_release(struct probe_cmds *cmds);

/* "[protocol:][METHOD:]RESOURCE", docker-slim's --http-probe-cmd. ERR_USAGE tells what is wrong. */
int probe_cmd_parse(const char *arg, struct probe_cmds *ret, struct err *err);
/* docker-slim's --http-probe-cmd-file: {"commands": [{...}]}. Unknown keys are warned about. */
int probe_cmds_read_file(const char *path, struct probe_cmds *ret, struct err *err);
int probe_cmds_parse_json(const char *text, size_t len, const char *name, struct probe_cmds *ret,
			  struct err *err);

/* What became of one call. */
struct probe_result {
	const struct probe_cmd *cmd;
	uint16_t port;
	bool https;
	int status;	/* HTTP status, 0 when there was no answer */
	uint64_t bytes; /* of the body */
	double seconds;
	char error[160]; /* when status is 0 */
};
struct probe_report {
	struct probe_result *v;
	size_t n, cap;
	size_t ok; /* calls with any HTTP answer */
};
void probe_report_release(struct probe_report *report);

struct probe_target {
	int netns_fd;	     /* the container's network namespace; -1: the host's */
	struct strvec addrs; /* tried in order: "127.0.0.1", "::1", the container's own */
	const uint16_t *ports;
	size_t n_ports;
	int call_timeout_ms; /* 0: the default */
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
 * Runs all commands on all ports. A call that fails is in the report, not an error; -EINTR when
 * asked to end.
 */
int probe_run(const struct probe_target *target, const struct probe_cmds *cmds,
	      struct probe_report *ret, struct err *err);

#endif
