/* SPDX-License-Identifier: BSD-2-Clause */
/* Which commands are called on which port, and in which order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drive/command.h"
#include "drive/prober.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"

#define KEEP_PAGE (4u << 20)
#define KEEP_SPEC (16u << 20)

void probe_report_release(struct probe_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		free(report->v[i].method);
		free(report->v[i].resource);
	}
	free(report->v);
	*report = (struct probe_report){ 0 };
}

static int run_cmd(struct prober *p, struct port *port, const struct probe_cmd *cmd,
		   struct err *err)
{
	struct probe_answer answer = PROBE_ANSWER_INIT;
	enum probe_protocol protocol;
	int r = cancel_check(err);

	if (r < 0 || port_refuses(p, port, cmd))
		return r;
	r = port_call(p, port, cmd, cmd->crawl ? KEEP_PAGE : 0, &answer, &protocol, err);
	if (r < 0)
		return r;
	prober_add(p, port, cmd, protocol, &answer, NULL);
	if (cmd->crawl)
		r = crawl_from(p, port, cmd, protocol, &answer, err);
	probe_answer_release(&answer);
	return r;
}

/* 1: it listens; 0: it does not; -EINTR. */
static int wait_for(struct prober *p, struct port *port, bool *is_waited_for, struct err *err)
{
	int r;

	if (*is_waited_for)
		return 0;
	*is_waited_for = true;
	r = p->target->wait_ready(port->number, p->target->ctx, err);
	if (r < 0)
		return r;
	port->is_deaf = !r;
	return 0;
}

static int run_cmds(struct prober *p, struct port *port, const struct probe_cmds *cmds, bool all,
		    bool *is_waited_for, struct err *err)
{
	for (size_t i = 0; i < cmds->n; i++) {
		const struct probe_cmd *cmd = &cmds->v[i];
		int r;

		if (cmd->port ? cmd->port != port->number : !all)
			continue;
		r = wait_for(p, port, is_waited_for, err);
		if (!r)
			r = run_cmd(p, port, cmd, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "/path:/prefix": the prefix starts at the last colon that a slash comes after. */
static void split_spec(const char *spec, struct probe_cmd *cmd, const char **ret_prefix)
{
	const char *colon = NULL;

	for (const char *p = spec; *p; p++)
		if (p[0] == ':' && p[1] == '/')
			colon = p;
	probe_cmd_init(cmd);
	cmd->source = PROBE_SPEC;
	free(cmd->resource);
	cmd->resource = colon ? xstrndup(spec, (size_t)(colon - spec)) : xstrdup(spec);
	*ret_prefix = colon ? colon + 1 : NULL;
}

/* What the app says of itself: each of its operations. */
static int run_spec(struct prober *p, struct port *port, const char *spec, bool *is_waited_for,
		    struct err *err)
{
	struct probe_answer answer = PROBE_ANSWER_INIT;
	struct probe_cmds found = { 0 };
	struct err why = ERR_INIT;
	enum probe_protocol protocol;
	struct probe_cmd cmd;
	const char *prefix;
	int r;

	split_spec(spec, &cmd, &prefix);
	r = wait_for(p, port, is_waited_for, err);
	if (!r)
		r = cancel_check(err);
	if (r < 0 || port_refuses(p, port, &cmd))
		goto out;
	r = port_call(p, port, &cmd, KEEP_SPEC, &answer, &protocol, err);
	if (r < 0)
		goto out;
	if (answer.status / 100 == 2 && probe_apispec_parse(answer.body.buf, answer.body.len,
							    cmd.resource, prefix, &found, &why) < 0)
		prober_add(p, port, &cmd, protocol, &answer, why.msg);
	else
		prober_add(p, port, &cmd, protocol, &answer, NULL);
	r = run_cmds(p, port, &found, true, is_waited_for, err);
out:
	probe_cmds_release(&found);
	probe_cmd_release(&cmd);
	probe_answer_release(&answer);
	return r;
}

/* @all: of the commands too that name no port. */
static int run_port(struct prober *p, uint16_t number, bool all, bool unasked, struct err *err)
{
	bool is_waited_for = unasked; /* it listens: so it was found */
	struct port port;
	int r;

	port_init(&port, p, number, unasked);
	r = run_cmds(p, &port, &p->opts->cmds, all, &is_waited_for, err);
	for (size_t i = 0; !r && all && i < p->opts->specs.n; i++)
		r = run_spec(p, &port, p->opts->specs.v[i], &is_waited_for, err);
	port_release(&port);
	return r;
}

static bool is_enough(const struct prober *p)
{
	return p->opts->first_port_only && p->report.ok;
}

/* Ports that only commands name, each once. */
static int run_named_ports(struct prober *p, bool *done, struct err *err)
{
	for (size_t i = 0; i < p->opts->cmds.n && !is_enough(p); i++) {
		uint16_t port = p->opts->cmds.v[i].port;
		int r;

		if (!port || done[port])
			continue;
		done[port] = true;
		r = run_port(p, port, false, false, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Ports that the app listens on without having been asked to. */
static int run_more_ports(struct prober *p, bool *done, struct err *err)
{
	uint16_t ports[PROBE_MAX_PORTS];
	size_t n = 0;

	if (p->target->more_ports)
		n = p->target->more_ports(ports, PROBE_MAX_PORTS, p->target->ctx);
	for (size_t i = 0; i < n && !is_enough(p); i++) {
		int r;

		if (done[ports[i]])
			continue;
		done[ports[i]] = true;
		r = run_port(p, ports[i], true, true, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_ports(struct prober *p, struct err *err)
{
	_cleanup_free_ bool *done = xcalloc(UINT16_MAX + 1, sizeof(*done));
	int r;

	for (size_t i = 0; i < p->target->n_ports && !is_enough(p); i++) {
		uint16_t port = p->target->ports[i];

		if (done[port])
			continue;
		done[port] = true;
		r = run_port(p, port, true, false, err);
		if (r < 0)
			return r;
	}
	r = run_named_ports(p, done, err);
	return r < 0 ? r : run_more_ports(p, done, err);
}

int probe_run(const struct probe_target *target, const struct probe_opts *opts,
	      struct probe_report *ret, struct err *err)
{
	_cleanup_(probe_http_free) struct probe_http *http = NULL;
	struct prober p = { .target = target, .opts = opts };
	int r;

	if (!target->addrs.n && !target->addresses)
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
