/* SPDX-License-Identifier: BSD-2-Clause */
/* probe_run(): which ports and addresses are called, and how often. */
#include "test_probe_run.h"

static void test_ports(struct server *a, struct server *b, struct server *c)
{
	_cleanup_free_ char *json = xasprintf("{\"commands\":[{\"resource\":\"/ok\"},"
					      "{\"resource\":\"/ok/b\",\"port\":%u},"
					      "{\"resource\":\"/ok/c\",\"port\":%u},"
					      "{\"resource\":\"/ok/c2\",\"port\":%u}]}",
					      b->port, c->port, c->port);
	struct run run = run_for(a);

	run.ports[1] = b->port;
	run.n_ports = 2;
	probe_cmds_parse_json(json, strlen(json), "x", &run.opts.cmds, &run.err);
	go(&run);
	is_int(run.report.n, 5, "commands times ports");
	is_int(run.report.ok, 5, "all answered");
	is_int(run.report.v[0].port, a->port, "one on the first port");
	is_int(run.report.v[1].port, b->port, "one on the second port");
	is_int(run.report.v[2].port, b->port, "and one for that port alone");
	is_str(run.report.v[2].resource, "/ok/b", "which it is");
	is_int(run.report.v[3].port, c->port, "a port that only commands name is probed too");
	ok(server_saw(c, "GET /ok/c2"), "by all of these");
	is_int(run.n_waits, 3, "each port was waited for");
	end(&run);
}

static void test_not_ready(struct server *s)
{
	struct run run = run_for(s);
	unsigned int connections = s->connections;

	run.ready = 0;
	add(&run, "/ok");
	add(&run, "/ok");
	go(&run);
	is_int(run.r, 0, "a port that does not come is no error");
	is_int(run.report.n, 2, "its calls are reported");
	ok(strstr(run.report.v[1].error, "does not listen"), "with the reason");
	is_int(s->connections, connections, "and not made");
	is_int(run.n_waits, 1, "it is waited for once");
	end(&run);
	run = run_for(s);
	run.ready = -EINTR;
	add(&run, "/ok");
	go(&run);
	is_int(run.r, -EINTR, "what wait_ready fails with is passed on");
	is_int(run.err.class, ERR_INTERRUPTED, "with its class");
	is_int(run.report.n, 0, "and no report");
	end(&run);
}

static void test_addresses(void)
{
	struct server s = { 0 };
	struct run run;

	if (!server_bind(&s, "::1")) {
		tap_skip("addresses", "no IPv6 here");
		return;
	}
	server_start(&s);
	run = run_for(&s);
	strvec_push(&run.addrs, "127.0.0.1");
	strvec_push(&run.addrs, "::1");
	add(&run, "/ok");
	add(&run, "/redirect/1");
	go(&run);
	is_int(run.report.ok, 2, "the second address is tried when the first refuses");
	is_int(run.report.v[1].status, 200, "redirects work there too");
	ok(server_saw(&s, "\r\nHost: [::1]:"), "its Host header");
	end(&run);
	server_stop(&s);
}

static void test_refused(void)
{
	struct server s = { .delay_ms = 300 };
	struct run run;
	uint64_t start;

	retry_count = 5;
	server_bind(&s, "127.0.0.1");
	server_start(&s);
	answers(&s, "/ok", 200, 5);
	server_stop(&s);
	/* Bound and never listening: refused for ever. */
	s = (struct server){ 0 };
	server_bind(&s, "127.0.0.1");
	run = run_for(&s);
	for (int i = 0; i < 50; i++)
		add(&run, "/ok");
	run.retry_ms = 400;
	start = clock_mono_ms();
	go(&run);
	ok(clock_mono_ms() - start >= 400, "a refused connection is tried again for a while");
	ok(clock_mono_ms() - start < 10000, "and once, not for each call");
	is_int(run.report.n, 50, "each call is reported");
	ok(strstr(run.report.v[0].error, "Connection refused"), "with the reason");
	end(&run);
	close(s.fd);
	retry_count = 0;
}

/* An app that takes connections before it can serve them. */
static void test_closed_at_first(void)
{
	struct server s = { .drops = 3 };
	struct run run;

	server_bind(&s, "127.0.0.1");
	server_start(&s);
	retry_count = 5;
	answers(&s, "http:/ok", 200, 5);
	is_int(s.connections, 4, "a connection that was closed without an answer is tried again");
	s.drops = 100;
	retry_count = 2;
	run = run_for(&s);
	add(&run, "http:/ok");
	add(&run, "http:/ok");
	go(&run);
	is_int(s.connections, 8, "so often as was said, for the port");
	is_int(run.report.ok, 0, "no answer");
	end(&run);
	s.drops = 1;
	run = run_for(&s);
	run.opts.retry_wait_s = 1;
	add(&run, "http:/ok");
	go(&run);
	is_int(run.report.ok, 1, "with a wait that was asked for: answered");
	end(&run);
	retry_count = 0;
	server_stop(&s);
}

static void test_first_port(struct server *a, struct server *b)
{
	unsigned int connections = b->connections;
	struct run run = run_for(a);

	run.opts.first_port_only = true;
	run.ports[1] = b->port;
	run.n_ports = 2;
	add(&run, "/ok");
	go(&run);
	is_int(run.report.n, 1, "one port is enough when so asked");
	is_int(b->connections, connections, "the other one is left alone");
	end(&run);
}

static uint16_t extra_port;

static size_t more_ports(uint16_t *ports, size_t max, void *ctx)
{
	struct run *run = ctx;

	(void)max;
	ports[0] = run->ports[0];
	ports[1] = extra_port;
	return 2;
}

static void test_more_ports(struct server *a, struct server *b)
{
	struct run run = run_for(a);

	extra_port = b->port;
	run.more_ports = more_ports;
	add(&run, "/ok");
	go(&run);
	is_int(run.report.n, 2, "a port that is only listened on is probed too");
	ok(!run.report.v[0].unasked && run.report.v[1].unasked && run.report.v[1].port == b->port,
	   "and marked so");
	is_int(run.n_waits, 1, "it listens: nobody waits");
	end(&run);
}

static void find_addresses(uint16_t port, struct strvec *ret, void *ctx)
{
	(void)port, (void)ctx;
	strvec_push(ret, "127.0.0.2");
}

static void test_known_address(void)
{
	struct server s = { 0 };
	struct run run;

	server_bind(&s, "127.0.0.2");
	server_start(&s);
	run = run_for(&s);
	run.addresses = find_addresses;
	add(&run, "/ok");
	go(&run);
	is_int(run.report.ok, 1, "the address that the port is listened on is tried");
	ok(server_saw(&s, "\r\nHost: 127.0.0.2:"), "first");
	end(&run);
	server_stop(&s);
}

int main(void)
{
	struct server s[3] = { 0 };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		server_bind(&s[i], "127.0.0.1");
		server_start(&s[i]);
	}
	test_ports(&s[0], &s[1], &s[2]);
	test_not_ready(&s[0]);
	test_addresses();
	test_refused();
	test_closed_at_first();
	test_first_port(&s[0], &s[1]);
	test_more_ports(&s[0], &s[1]);
	test_known_address();
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		server_stop(&s[i]);
	return tap_done();
}
