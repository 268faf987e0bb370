/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that run a probe share: the run, and what is known of a port. */
#ifndef DRIVE_PROBER_H
#define DRIVE_PROBER_H

#include "drive/http.h"
#include "slimtrace/base/strmap.h"

#define PROBE_CALL_MS 30000
#define PROBE_CONNECT_MS 5000

struct prober {
	const struct probe_target *target;
	const struct probe_opts *opts;
	struct probe_http *http;
	struct probe_report report;
};

/* What is known of a port. */
struct port {
	uint16_t number;
	struct strvec addrs;
	size_t addr;		    /* of them: tried first */
	enum probe_protocol spoken; /* PROBE_ANY: not known yet */
	int patience_ms;	    /* how long a refused connection is tried again */
	unsigned int retries;	    /* of calls without an answer that are left */
	bool hangs_on_tls;	    /* it is not guessed again */
	bool has_answered;
	unsigned int unanswered; /* calls, while it has never answered */
	bool is_deaf;		 /* it does not listen */
	bool unasked;		 /* only seen to be listened on */
	struct strmap *crawled;	 /* resources that were called by a crawl; NULL: none */
	unsigned int crawl_calls;
};

/* port.c */
void port_init(struct port *port, const struct prober *p, uint16_t number, bool unasked);
void port_release(struct port *port);
/* One call with all that it takes: addresses, retries, http or https. @keep as in probe_call. */
int port_call(struct prober *p, struct port *port, const struct probe_cmd *cmd, size_t keep,
	      struct probe_answer *ret, enum probe_protocol *ret_protocol, struct err *err);
/* What cannot be called is in the report with its reason. True: it was not. */
bool port_refuses(struct prober *p, struct port *port, const struct probe_cmd *cmd);
/* Into the report. @why (NULL: the answer's) is in place of an answer, or beside it. */
void prober_add(struct prober *p, const struct port *port, const struct probe_cmd *cmd,
		enum probe_protocol protocol, const struct probe_answer *answer, const char *why);

/* crawl.c: goes on from a page that was called by @root. */
int crawl_from(struct prober *p, struct port *port, const struct probe_cmd *root,
	       enum probe_protocol protocol, const struct probe_answer *page, struct err *err);

#endif
