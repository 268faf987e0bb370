/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driving the app until the observation is over: HTTP probes, the image's health check, commands in
 * the container, commands on the host, then whatever --continue-after waits for.
 */
#include "session/session.h"
#include "slimtrace/base/progress.h"

/* Only then is a port looked for that the image does not expose: it takes waiting. */
bool run_wants_ports(const struct run *run)
{
	const struct build_opts *o = run->opts;
	bool commands = o->execs.n || o->exec_files.n || o->host_execs.n || o->host_exec_files.n;

	if (o->probe_off)
		return false;
	if (run->ports.n || o->continue_after & CONTINUE_PROBE || run_probe_asked(run))
		return true;
	return o->continue_after == CONTINUE_DEFAULT && !commands;
}

static int drive(struct run *run, bool *ret_probed, struct err *err)
{
	uint16_t ports[RUN_MAX_PORTS];
	size_t n_ports = 0;
	int r = 0;

	if (run_wants_ports(run))
		r = run_find_ports(run, ports, &n_ports, err);
	if (!r && n_ports)
		r = run_probes(run, ports, n_ports, err);
	if (!r)
		r = run_health(run, err);
	if (!r)
		r = run_execs(run, err);
	if (!r)
		r = run_host_execs(run, err);
	if (!r && n_ports && !container_ended(run))
		run_report_probes(run);
	*ret_probed = n_ports;
	return r;
}

int run_observe(struct run *run, struct err *err)
{
	bool probed = false;
	int r = drive(run, &probed, err);

	if (r < 0 || container_ended(run))
		return r;
	progress_phase("observing");
	return run_wait_end(run, probed, err);
}
