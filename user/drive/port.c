/* SPDX-License-Identifier: BSD-2-Clause */
/* One call on one port, how often it is tried, and what is learnt about the port from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drive/command.h"
#include "drive/prober.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"

#define GUESS_MS 3000 /* for TLS where it is a guess: some servers wait for more instead */
#define RETRY_MIN_MS 10
#define RETRY_MAX_MS 500
#define RETRY_MS 10000	    /* listening comes before being able to accept, in some apps */
#define RETRY_LATER_MS 2000 /* a worker that one call ended is started again */
#define RETRY_CLOSED_MS 50  /* not asked for otherwise: doubled each time */
#define RETRY_LONGEST_MS 600000
#define UNASKED_MS 3000 /* a port that nobody asked for has to answer promptly */
#define MAX_UNANSWERED 3

void port_init(struct port *port, const struct prober *p, uint16_t number, bool unasked)
{
	const struct probe_target *t = p->target;

	*port = (struct port){ .number = number,
			       .patience_ms = t->retry_ms ? t->retry_ms : RETRY_MS,
			       .retries = p->opts->retry_count,
			       .unasked = unasked };
}

static void free_nothing(void *value)
{
	(void)value;
}

void port_release(struct port *port)
{
	strvec_release(&port->addrs);
	strmap_free_with(port->crawled, free_nothing);
	port->crawled = NULL;
}

/* Asked when the port listens: where is known only then. */
static void find_addresses(const struct prober *p, struct port *port)
{
	const struct probe_target *t = p->target;

	if (port->addrs.n)
		return;
	if (t->addresses)
		t->addresses(port->number, &port->addrs, t->ctx);
	for (size_t i = 0; i < t->addrs.n; i++)
		if (!strvec_has(&port->addrs, t->addrs.v[i]))
			strvec_push(&port->addrs, t->addrs.v[i]);
}

/* One attempt at each address until one connects. @ret is of the first when none does. */
static int try_addresses(struct prober *p, struct port *port, struct probe_call *call,
			 struct probe_answer *ret, struct err *err)
{
	const struct strvec *addrs = &port->addrs;

	for (size_t i = 0; i < addrs->n; i++) {
		size_t at = (port->addr + i) % addrs->n;
		struct probe_answer answer = PROBE_ANSWER_INIT;
		int r;

		call->addr = addrs->v[at];
		r = probe_cmd_is_websocket(call->cmd)
			    ? probe_websocket_call(p->http, call, &answer, err)
			    : probe_http_call(p->http, call, &answer, err);
		if (r < 0)
			return r;
		if (!i || answer.outcome != PROBE_UNREACHED) {
			probe_answer_release(ret);
			*ret = answer;
		} else {
			probe_answer_release(&answer);
		}
		if (ret->outcome != PROBE_UNREACHED) {
			port->addr = at;
			return 0;
		}
	}
	return 0;
}

/* Pauses, doubled, before each of the retries that the user asked for. 0: there are no more. */
static int pause_as_asked(struct prober *p, struct port *port, unsigned int default_ms,
			  struct err *err)
{
	const struct probe_opts *o = p->opts;
	uint64_t ms = o->retry_wait_s ? (uint64_t)o->retry_wait_s * 1000 : default_ms;
	int r;

	if (!port->retries)
		return 0;
	for (unsigned int i = port->retries; i < o->retry_count && ms < RETRY_LONGEST_MS; i++)
		ms *= 2;
	port->retries--;
	r = cancel_wait(-1, (int)(ms < RETRY_LONGEST_MS ? ms : RETRY_LONGEST_MS), err);
	return r < 0 ? r : 1;
}

/* As long as nobody is there: the app is known to listen, or to have listened a moment ago. */
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
		if (p->opts->retry_wait_s) {
			r = pause_as_asked(p, port, 0, err);
			if (r <= 0)
				return r;
			continue;
		}
		now = clock_mono_ms();
		if (now >= end || !p->opts->retry_count) {
			port->patience_ms = 0;
			return 0;
		}
		r = cancel_wait(-1, end - now < (uint64_t)pause ? (int)(end - now) : pause, err);
		if (r < 0)
			return r;
		pause = pause * 2 < RETRY_MAX_MS ? pause * 2 : RETRY_MAX_MS;
	}
}

static void learn(struct prober *p, struct port *port, enum probe_protocol protocol)
{
	if (probe_is_tls(protocol) && !p->report.unverified) {
		p->report.unverified = true;
		log_debug("probe: port %u speaks https; its certificate is not verified",
			  port->number);
	}
	if (protocol == PROBE_HTTP || protocol == PROBE_HTTPS)
		port->spoken = protocol;
}

static int call_by(struct prober *p, struct port *port, const struct probe_cmd *cmd,
		   enum probe_protocol protocol, bool is_guess, size_t keep,
		   struct probe_answer *ret, struct err *err)
{
	int timeout = p->target->call_timeout_ms ? p->target->call_timeout_ms : PROBE_CALL_MS;
	struct probe_call call = {
		.cmd = cmd, .port = port->number, .protocol = protocol, .keep = keep
	};
	int r;

	if (port->unasked && !port->has_answered && timeout > UNASKED_MS)
		timeout = UNASKED_MS;
	call.timeout_ms = timeout;
	call.connect_ms = !probe_is_tls(protocol) ? PROBE_CONNECT_MS
			  : is_guess		  ? GUESS_MS
						  : timeout;
	r = make_call(p, port, &call, ret, err);
	if (r < 0 || ret->outcome != PROBE_ANSWERED || ret->wants_https)
		return r;
	learn(p, port, protocol);
	return 0;
}

/* Both failed: the reader wants to know of both. */
static void join_reasons(struct probe_answer *http, const char *https)
{
	char text[sizeof(http->why)];

	snprintf(text, sizeof(text), "http: %.60s; https: %.80s", http->why, https);
	memcpy(http->why, text, sizeof(text));
}

static bool speaks_else(const struct probe_answer *http)
{
	return http->outcome == PROBE_NO_HTTP || http->outcome == PROBE_CLOSED || http->wants_https;
}

/* Whether the port speaks http or https is not known: http first, as docker-slim. */
static int call_by_either(struct prober *p, struct port *port, const struct probe_cmd *cmd,
			  size_t keep, struct probe_answer *ret, enum probe_protocol *ret_protocol,
			  struct err *err)
{
	struct probe_answer https = PROBE_ANSWER_INIT;
	int r = call_by(p, port, cmd, PROBE_HTTP, false, keep, ret, err);

	*ret_protocol = PROBE_HTTP;
	if (r < 0 || port->hangs_on_tls || !speaks_else(ret))
		return r;
	r = call_by(p, port, cmd, PROBE_HTTPS, true, keep, &https, err);
	if (r < 0)
		return r;
	port->hangs_on_tls = https.outcome == PROBE_NO_ANSWER;
	if (https.outcome == PROBE_ANSWERED) {
		probe_answer_release(ret);
		*ret = https;
		*ret_protocol = PROBE_HTTPS;
		return 0;
	}
	if (ret->outcome == PROBE_ANSWERED)
		port->spoken = PROBE_HTTP; /* a 400 that only looked like a hint */
	else
		join_reasons(ret, https.why);
	probe_answer_release(&https);
	return 0;
}

int port_call(struct prober *p, struct port *port, const struct probe_cmd *cmd, size_t keep,
	      struct probe_answer *ret, enum probe_protocol *ret_protocol, struct err *err)
{
	enum probe_protocol protocol = cmd->protocol == PROBE_ANY ? port->spoken : cmd->protocol;

	find_addresses(p, port);
	for (;;) {
		int r;

		*ret_protocol = protocol;
		if (protocol == PROBE_ANY)
			r = call_by_either(p, port, cmd, keep, ret, ret_protocol, err);
		else
			r = call_by(p, port, cmd, protocol, false, keep, ret, err);
		if (r < 0)
			return r;
		/* An app that is not up yet can take a connection only to drop it. */
		if (ret->outcome != PROBE_CLOSED || port->has_answered || port->unasked)
			break;
		r = pause_as_asked(p, port, RETRY_CLOSED_MS, err);
		if (r < 0)
			return r;
		if (!r)
			break;
	}
	port->has_answered |= ret->outcome == PROBE_ANSWERED;
	port->unanswered += ret->outcome != PROBE_ANSWERED && ret->outcome != PROBE_UNREACHED;
	return 0;
}

bool port_refuses(struct prober *p, struct port *port, const struct probe_cmd *cmd)
{
	enum probe_protocol protocol = cmd->protocol == PROBE_ANY ? PROBE_HTTP : cmd->protocol;
	char why[96];

	if (port->is_deaf)
		snprintf(why, sizeof(why), "the app does not listen on this port");
	else if (!port->has_answered && port->unanswered >= (port->unasked ? 1 : MAX_UNANSWERED))
		snprintf(why, sizeof(why),
			 "not tried: %u calls on this port before it got no answer",
			 port->unanswered);
	else
		return false;
	prober_add(p, port, cmd, protocol, NULL, why);
	return true;
}

void prober_add(struct prober *p, const struct port *port, const struct probe_cmd *cmd,
		enum probe_protocol protocol, const struct probe_answer *answer, const char *why)
{
	struct probe_report *report = &p->report;
	struct probe_result *res;

	ALLOC_GROW(report->v, report->n + 1, report->cap);
	res = &report->v[report->n++];
	*res = (struct probe_result){ .method = xstrdup(cmd->method),
				      .resource = xstrdup(cmd->resource),
				      .source = cmd->source,
				      .protocol = protocol == PROBE_ANY ? PROBE_HTTP : protocol,
				      .port = port->number,
				      .unasked = port->unasked };
	if (answer) {
		res->status = answer->status;
		res->http_version = answer->http_version;
		res->bytes = answer->bytes;
		res->seconds = answer->seconds;
	}
	snprintf(res->error, sizeof(res->error), "%s", why ? why : answer ? answer->why : "");
	res->failed = !res->status || (p->opts->fail_4xx && res->status / 100 == 4) ||
		      (p->opts->fail_5xx && res->status / 100 == 5);
	report->ok += !res->failed;
	if (p->target->on_result)
		p->target->on_result(res, p->target->ctx);
}
