/* SPDX-License-Identifier: BSD-2-Clause */
/* Which calls are made on which port, how often, and what is learnt about the port from them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drive/http.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/drive.h"

#define CALL_MS 30000
#define CONNECT_MS 5000
#define GUESS_MS 3000 /* for TLS where it is a guess: some servers wait for more instead */
#define RETRY_MIN_MS 10
#define RETRY_MAX_MS 500
#define RETRY_MS 10000	    /* listening comes before being able to accept, in some apps */
#define RETRY_LATER_MS 2000 /* a worker that one call ended is started again */
#define MAX_UNANSWERED 3

struct prober {
	const struct probe_target *target;
	const struct probe_cmds *cmds;
	struct probe_http *http;
	struct probe_report report;
};

/* What is known of a port. */
struct port {
	uint16_t number;
	size_t addr;		    /* of the target's addresses: tried first */
	enum probe_protocol spoken; /* PROBE_ANY: not known yet */
	int patience_ms;	    /* how long a refused connection is tried again */
	bool hangs_on_tls;	    /* it is not guessed again */
	bool has_answered;
	unsigned int unanswered; /* calls, while it has never answered */
	bool is_deaf;		 /* it does not listen */
};

void probe_report_release(struct probe_report *report)
{
	free(report->v);
	*report = (struct probe_report){ 0 };
}

/* One attempt at each address until one connects. @ret is of the first when none does. */
static int try_addresses(struct prober *p, struct port *port, struct probe_call *call,
			 struct probe_answer *ret, struct err *err)
{
	const struct strvec *addrs = &p->target->addrs;

	*ret = (struct probe_answer){ .outcome = PROBE_UNREACHED };
	for (size_t i = 0; i < addrs->n; i++) {
		size_t at = (port->addr + i) % addrs->n;
		struct probe_answer answer;
		int r;

		call->addr = addrs->v[at];
		r = probe_http_call(p->http, call, &answer, err);
		if (r < 0)
			return r;
		if (!i || answer.outcome != PROBE_UNREACHED)
			*ret = answer;
		if (answer.outcome != PROBE_UNREACHED) {
			port->addr = at;
			return 0;
		}
	}
	return 0;
}

static int make_call(struct prober *p, struct port *port, struct probe_call *call,
		     struct probe_answer *ret, struct err *err)
{
	uint64_t end = clock_mono_ms() + (uint64_t)port->patience_ms;
	int pause = RETRY_MIN_MS;

	for (;;) {
		uint64_t now;
		int r = try_addresses(p, port, call, ret, err);

		if (r < 0)
			return r;
		if (ret->outcome != PROBE_UNREACHED) {
			port->patience_ms = RETRY_LATER_MS;
			return 0;
		}
		now = clock_mono_ms();
		if (now >= end) {
			port->patience_ms = 0;
			return 0;
		}
		r = cancel_wait(-1, end - now < (uint64_t)pause ? (int)(end - now) : pause, err);
		if (r < 0)
			return r;
		pause = pause * 2 < RETRY_MAX_MS ? pause * 2 : RETRY_MAX_MS;
	}
}

static int call_by(struct prober *p, struct port *port, const struct probe_cmd *cmd,
		   enum probe_protocol protocol, bool is_guess, struct probe_answer *ret,
		   struct err *err)
{
	int timeout = p->target->call_timeout_ms ? p->target->call_timeout_ms : CALL_MS;
	bool https = protocol == PROBE_HTTPS;
	struct probe_call call = { .cmd = cmd,
				   .port = port->number,
				   .https = https,
				   .connect_ms = !https	    ? CONNECT_MS
						 : is_guess ? GUESS_MS
							    : timeout,
				   .timeout_ms = timeout };
	int r = make_call(p, port, &call, ret, err);

	if (r < 0 || ret->outcome != PROBE_ANSWERED || ret->wants_https)
		return r;
	if (https && port->spoken != PROBE_HTTPS)
		log_debug("probe: port %u speaks https; its certificate is not verified",
			  port->number);
	port->spoken = protocol;
	return 0;
}

/* Both failed: the reader wants to know of both. */
static void join_reasons(struct probe_answer *http, const char *https)
{
	char text[sizeof(http->why)];

	snprintf(text, sizeof(text), "http: %.60s; https: %.80s", http->why, https);
	memcpy(http->why, text, sizeof(text));
}

/* Whether the port speaks http or https is not known: http first, as docker-slim. */
static int call_by_either(struct prober *p, struct port *port, const struct probe_cmd *cmd,
			  struct probe_answer *ret, bool *ret_https, struct err *err)
{
	struct probe_answer http, https;
	int r = call_by(p, port, cmd, PROBE_HTTP, false, &http, err);

	if (r < 0)
		return r;
	*ret = http;
	*ret_https = false;
	if (port->hangs_on_tls || (http.outcome != PROBE_NO_HTTP && !http.wants_https))
		return 0;
	r = call_by(p, port, cmd, PROBE_HTTPS, true, &https, err);
	if (r < 0)
		return r;
	port->hangs_on_tls = https.outcome == PROBE_NO_ANSWER;
	if (https.outcome == PROBE_ANSWERED) {
		*ret = https;
		*ret_https = true;
	} else if (http.outcome == PROBE_ANSWERED) {
		port->spoken = PROBE_HTTP; /* a 400 that only looked like a hint */
	} else {
		join_reasons(ret, https.why);
	}
	return 0;
}

static int call_cmd(struct prober *p, struct port *port, const struct probe_cmd *cmd,
		    struct probe_result *res, struct err *err)
{
	enum probe_protocol protocol = cmd->protocol == PROBE_ANY ? port->spoken : cmd->protocol;
	struct probe_answer answer;
	int r;

	res->https = protocol == PROBE_HTTPS;
	if (protocol == PROBE_ANY)
		r = call_by_either(p, port, cmd, &answer, &res->https, err);
	else
		r = call_by(p, port, cmd, protocol, false, &answer, err);
	if (r < 0)
		return r;
	port->has_answered |= answer.outcome == PROBE_ANSWERED;
	port->unanswered += answer.outcome == PROBE_NO_HTTP || answer.outcome == PROBE_NO_ANSWER;
	res->status = answer.status;
	res->bytes = answer.bytes;
	res->seconds = answer.seconds;
	snprintf(res->error, sizeof(res->error), "%s", answer.why);
	return 0;
}

static void add_result(struct prober *p, const struct probe_result *res)
{
	struct probe_report *report = &p->report;

	ALLOC_GROW(report->v, report->n + 1, report->cap);
	report->v[report->n++] = *res;
	report->ok += res->status != 0;
	if (p->target->on_result)
		p->target->on_result(&report->v[report->n - 1], p->target->ctx);
}

static int run_cmd(struct prober *p, struct port *port, const struct probe_cmd *cmd,
		   struct err *err)
{
	struct probe_result res = { .cmd = cmd,
				    .port = port->number,
				    .https = cmd->protocol == PROBE_HTTPS };
	int r = cancel_check(err);

	if (r < 0)
		return r;
	if (port->is_deaf) {
		snprintf(res.error, sizeof(res.error), "the app does not listen on this port");
	} else if (!port->has_answered && port->unanswered >= MAX_UNANSWERED) {
		snprintf(res.error, sizeof(res.error),
			 "not tried: %u calls on this port before it got no answer",
			 port->unanswered);
	} else {
		r = call_cmd(p, port, cmd, &res, err);
		if (r < 0)
			return r;
	}
	add_result(p, &res);
	return 0;
}

static bool is_for(const struct probe_cmd *cmd, uint16_t port)
{
	return !cmd->port || cmd->port == port;
}

/* @all: of the commands too that name no port. */
static int run_port(struct prober *p, uint16_t number, bool all, struct err *err)
{
	int patience = p->target->retry_ms ? p->target->retry_ms : RETRY_MS;
	struct port port = { .number = number, .patience_ms = patience };
	bool is_waited_for = false;

	for (size_t i = 0; i < p->cmds->n; i++) {
		const struct probe_cmd *cmd = &p->cmds->v[i];
		int r;

		if (!is_for(cmd, number) || (!all && !cmd->port))
			continue;
		if (!is_waited_for) {
			r = p->target->wait_ready(number, p->target->ctx, err);
			if (r < 0)
				return r;
			port.is_deaf = !r;
			is_waited_for = true;
		}
		r = run_cmd(p, &port, cmd, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_target_port(const struct probe_target *target, uint16_t port)
{
	for (size_t i = 0; i < target->n_ports; i++)
		if (target->ports[i] == port)
			return true;
	return false;
}

/* Ports that only commands name, each once. */
static int run_other_ports(struct prober *p, struct err *err)
{
	_cleanup_free_ bool *done = xcalloc(UINT16_MAX + 1, sizeof(*done));

	for (size_t i = 0; i < p->cmds->n; i++) {
		uint16_t port = p->cmds->v[i].port;
		int r;

		if (!port || done[port] || is_target_port(p->target, port))
			continue;
		done[port] = true;
		r = run_port(p, port, false, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_ports(struct prober *p, struct err *err)
{
	for (size_t i = 0; i < p->target->n_ports; i++) {
		int r = run_port(p, p->target->ports[i], true, err);

		if (r < 0)
			return r;
	}
	return run_other_ports(p, err);
}

int probe_run(const struct probe_target *target, const struct probe_cmds *cmds,
	      struct probe_report *ret, struct err *err)
{
	_cleanup_(probe_http_free) struct probe_http *http = NULL;
	struct prober p = { .target = target, .cmds = cmds };
	int r;

	if (!target->addrs.n)
		return err_set(err, 0, "there is no address to probe");
	r = probe_http_new(target->netns_fd, &http, err);
	if (r < 0)
		return r;
	p.http = http;
	r = run_ports(&p, err);
	if (r < 0) {
		probe_report_release(&p.report);
		return r;
	}
	*ret = p.report;
	return 0;
}
