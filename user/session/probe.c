/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HTTP probe of a run: on which ports, when they are ready, and what is told of the calls.
 * Nothing here sleeps for a guess: readiness is a listening socket that the tracer saw.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define TICK_MS 100
#define HEALTH_MS 500
#define QUIET_MS 3000	  /* no new file or syscall for so long: the app has settled */
#define STARTING_MS 10000 /* the same, of an app whose own ports are all to come yet */
#define PAUSE_MS 1000	  /* the same, of one that has listened on something for long */

/*
 * What listens on none of the ports that it was made for has only some helper up (a name server, a
 * debugger), and may well compute, or sleep between two attempts, before it opens the first.
 */
static bool is_up(const struct run *run)
{
	const struct probe_opts *o = &run->opts->probe;
	uint16_t listening[RUN_MAX_PORTS], exposed[RUN_MAX_PORTS];
	const uint16_t *own = o->n_ports ? o->ports : exposed;
	size_t n = trace_listening(run->trace, listening, RUN_MAX_PORTS);
	size_t n_own = o->n_ports ? o->n_ports : run_exposed_ports(run, exposed, RUN_MAX_PORTS);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n_own; j++)
			if (listening[i] == own[j])
				return true;
	return false;
}

/*
 * Whether an app that listens elsewhere has stopped starting up: the port will not come. Of several
 * that do not come, only the first costs the time. Some apps always do something new every few
 * seconds: twice the time after they began to listen a pause is enough, and after four times none
 * is waited for any more.
 */
static bool will_not_listen(struct run *run)
{
	uint64_t count = run_activity(run), now = clock_mono_ms();
	uint64_t since_ns = trace_listen_since(run->trace, 0), quiet, listening, wait;

	if (!run->quiet.since_ms || count != run->quiet.seen) {
		run->quiet.seen = count;
		run->quiet.since_ms = now;
	}
	if (!since_ns)
		return false;
	quiet = now - run->quiet.since_ms;
	listening = (clock_boot_ns() - since_ns) / 1000000;
	wait = is_up(run) ? QUIET_MS : STARTING_MS;
	return quiet >= wait || (listening >= 2 * wait && quiet >= PAUSE_MS) ||
	       listening >= 4 * wait;
}

/*
 * Some apps take the listening socket from elsewhere: their health check knows then. Of one that
 * listens itself the ports are known.
 */
static bool is_healthy(struct run *run, uint64_t *next_ms)
{
	_cleanup_(json_free) cJSON *state = NULL;
	struct err ignored = ERR_INIT;
	uint64_t now = clock_mono_ms();

	if (now < *next_ms || !json_path(run->inspect, "Config.Healthcheck") ||
	    trace_listen_since(run->trace, 0))
		return false;
	*next_ms = now + HEALTH_MS;
	return !engine_container_inspect(run->engine, run->container, &state, &ignored) &&
	       !strcmp(json_str(state, "State.Health.Status", ""), "healthy");
}

/* probe_target.wait_ready: 1 listening or healthy, 0 it will not be, -EINTR. */
int run_wait_listen(uint16_t port, void *ctx, struct err *err)
{
	struct run *run = ctx;
	uint64_t limit = run->started_ms + (uint64_t)run->opts->start_timeout_s * 1000;
	uint64_t next_ms = clock_mono_ms() + HEALTH_MS;

	for (;;) {
		int r = trace_wait_listen(run->trace, port, TICK_MS, err);

		if (r > 0 && !run->report->marks.ready_ns)
			run->report->marks.ready_ns = trace_listen_since(run->trace, port);
		if (r != 0)
			return r;
		run_show_counts(run);
		if (is_healthy(run, &next_ms))
			return 1;
		if (container_ended(run) || clock_mono_ms() >= limit || will_not_listen(run))
			return 0;
	}
}

size_t run_exposed_ports(const struct run *run, uint16_t *ports, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < run->ports.n && n < max; i++) {
		char *end;
		unsigned long port = strtoul(run->ports.v[i], &end, 10);

		if (port && port < 65536 && (!*end || !strcmp(end, "/tcp")))
			ports[n++] = (uint16_t)port;
	}
	return n;
}

int run_find_ports(struct run *run, uint16_t *ports, size_t *ret_n, struct err *err)
{
	const struct probe_opts *o = &run->opts->probe;

	*ret_n = o->n_ports;
	memcpy(ports, o->ports, o->n_ports * sizeof(*ports));
	if (!*ret_n)
		*ret_n = run_exposed_ports(run, ports, RUN_MAX_PORTS);
	if (*ret_n)
		return 0;
	if (run_wait_listen(0, run, err) < 0)
		return -EINTR;
	*ret_n = trace_listening(run->trace, ports, RUN_MAX_PORTS);
	return 0;
}

bool run_probe_asked(const struct run *run)
{
	const struct probe_opts *o = &run->opts->probe;

	return o->n_ports || o->specs.n || o->cmds.n > 1; /* one is GET / */
}

/* Where the app listens, as the kernel knows it. */
static void find_addresses(uint16_t port, struct strvec *ret, void *ctx)
{
	struct run *run = ctx;

	trace_listen_addresses(run->trace, port, ret);
}

/* Tried when the kernel's are not known. */
static void add_addresses(struct run *run, struct strvec *addrs)
{
	_cleanup_(json_free) cJSON *state = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *net;

	strvec_push(addrs, "127.0.0.1");
	strvec_push(addrs, "::1");
	if (engine_container_inspect(run->engine, run->container, &state, &ignored) < 0)
		return;
	cJSON_ArrayForEach (net, json_path(state, "NetworkSettings.Networks")) {
		const char *v4 = json_str(net, "IPAddress", ""),
			   *v6 = json_str(net, "GlobalIPv6Address", "");

		if (*v4)
			strvec_push(addrs, v4);
		if (*v6)
			strvec_push(addrs, v6);
	}
}

/* Ports that the app listens on beside those it exposes; not when the user named some. */
static size_t more_ports(uint16_t *ports, size_t max, void *ctx)
{
	struct run *run = ctx;

	if (run->opts->probe.n_ports || container_ended(run))
		return 0;
	return trace_listening(run->trace, ports, max);
}

static void on_result(const struct probe_result *res, void *ctx)
{
	struct run *run = ctx;
	const char *protocol = probe_protocol_name(res->protocol);

	if (res->status && !run->report->marks.serving_ns)
		run->report->marks.serving_ns = clock_boot_ns() - (uint64_t)(res->seconds * 1e9);
	if (res->status)
		log_debug("probe (%s) %s %s://:%u%s -> %d, %" PRIu64 " bytes in %.3f s%s%s",
			  probe_source_name(res->source), res->method, protocol, res->port,
			  res->resource, res->status, res->bytes, res->seconds,
			  res->error[0] ? ": " : "", res->error);
	else
		log_debug("probe (%s) %s %s://:%u%s -> %s", probe_source_name(res->source),
			  res->method, protocol, res->port, res->resource, res->error);
	run_show_counts(run);
}

static int wait_start(struct run *run, struct err *err)
{
	uint64_t end = clock_mono_ms() + (uint64_t)run->opts->probe.start_wait_s * 1000;

	while (clock_mono_ms() < end && !container_ended(run)) {
		int r = cancel_wait(-1, TICK_MS, err);

		if (r < 0)
			return r;
		run_show_counts(run);
	}
	return 0;
}

int run_probes(struct run *run, const uint16_t *ports, size_t n_ports, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/net", (int)run->pid);
	_cleanup_close_ int netns = open(path, O_RDONLY | O_CLOEXEC);
	struct probe_target target = { .netns_fd = netns,
				       .addrs = STRVEC_INIT,
				       .ports = ports,
				       .n_ports = n_ports,
				       .wait_ready = run_wait_listen,
				       .addresses = find_addresses,
				       .more_ports = more_ports,
				       .on_result = on_result,
				       .ctx = run };
	int code = netns < 0 ? errno : 0, r;

	if (netns < 0 && container_ended(run))
		return 0; /* judged by its exit status, not by this */
	if (netns < 0) {
		bool refused = code == EACCES || code == EPERM;

		err_set(err, code, "cannot open the container's network namespace '%s'", path);
		return err_hint(err,
				refused ? "it takes CAP_SYS_PTRACE, and that no AppArmor profile "
					  "refuses it: --security-opt apparmor=unconfined"
					: "slimtrace has to run in the host's pid namespace "
					  "(--pid=host)");
	}
	progress_phase("probing");
	r = wait_start(run, err);
	if (r < 0)
		return r;
	add_addresses(run, &target.addrs);
	r = probe_run(&target, &run->opts->probe, &run->report->probes, err);
	strvec_release(&target.addrs);
	if (r < 0)
		return r;
	progress_done("%zu of %zu calls answered", run->report->probes.ok, run->report->probes.n);
	return 0;
}

/* Whoever did not choose the ports may not know that it costs time, and can be done. */
static const char *port_hint(const struct run *run, const struct probe_result *res)
{
	if (run->opts->probe.n_ports || strcmp(res->resource, "/") != 0)
		return "";
	return run->report->probes.ok ? " (see --http-probe-ports)"
				      : " (see --http-probe-ports, --http-probe-off)";
}

/* What a crawl or an API description leads to fails often enough: it is told in one line. */
void run_report_probes(struct run *run)
{
	const struct probe_report *p = &run->report->probes;
	size_t found = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct probe_result *res = &p->v[i];
		const char *protocol = probe_protocol_name(res->protocol);
		bool is_document = res->source == PROBE_SPEC && res->status && res->error[0];

		if (res->unasked || (!res->failed && !is_document))
			continue;
		if (res->source != PROBE_ASKED && !is_document)
			found++;
		else if (!res->status)
			run_warn(run, "no %s answer to %s %s on port %u: %s%s", protocol,
				 res->method, res->resource, res->port, res->error,
				 port_hint(run, res));
		else if (is_document)
			run_warn(run, "API description on port %u: %s", res->port, res->error);
		else
			run_warn(run, "%s %s on port %u was answered with status %d", res->method,
				 res->resource, res->port, res->status);
	}
	if (found)
		run_warn(run, "%zu call%s of crawls and API descriptions failed: see the report",
			 found, found == 1 ? "" : "s");
}
