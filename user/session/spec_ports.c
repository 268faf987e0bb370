/* SPDX-License-Identifier: BSD-2-Clause */
/* Published and exposed ports, in docker run's words (nat.ParsePortSpec of its client). */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "session/spec.h"
#include "slimtrace/base/alloc.h"

struct range {
	unsigned int first, last;
};

static int parse_range(const char *text, struct range *ret)
{
	char *end;
	unsigned long first, last;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	first = last = strtoul(text, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	if (*end || !first || first > last || last > UINT16_MAX)
		return -EINVAL;
	*ret = (struct range){ (unsigned int)first, (unsigned int)last };
	return 0;
}

/* Cuts "/PROTO" off @spec; NULL when there is no such protocol. */
static const char *take_protocol(char *spec)
{
	static const char *const protocols[] = { "tcp", "udp", "sctp" };
	char *slash = strrchr(spec, '/');

	if (!slash)
		return protocols[0];
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strcasecmp(slash + 1, protocols[i]))
			return protocols[i];
	return NULL;
}

static void expose(cJSON *body, const char *port)
{
	spec_set(spec_object(body, "ExposedPorts"), port, json_object());
}

static int add_exposed(cJSON *body, const char *text, struct err *err)
{
	_cleanup_free_ char *spec = xstrdup(text);
	const char *protocol = take_protocol(spec);
	struct range range;

	if (!protocol || parse_range(spec, &range) < 0)
		return spec_wrong(err, "--expose", text, "it is not PORT[-PORT][/tcp|udp|sctp]");
	for (unsigned int port = range.first; port <= range.last; port++) {
		_cleanup_free_ char *key = xasprintf("%u/%s", port, protocol);

		expose(body, key);
	}
	return 0;
}

/* "IP:HOST:CONTAINER" from its end, as an IPv6 address has colons too. */
static void split_binding(char *spec, const char **ret_ip, const char **ret_host,
			  const char **ret_container)
{
	char *colon = strrchr(spec, ':');

	*ret_ip = *ret_host = "";
	*ret_container = colon ? colon + 1 : spec;
	if (!colon)
		return;
	*colon = '\0';
	colon = strrchr(spec, ':');
	*ret_host = colon ? colon + 1 : spec;
	if (!colon)
		return;
	*colon = '\0';
	*ret_ip = spec;
	if (*spec == '[' && colon > spec && colon[-1] == ']') {
		colon[-1] = '\0';
		*ret_ip = spec + 1;
	}
}

static void bind_port(cJSON *body, cJSON *host, const char *key, const char *ip, const char *port)
{
	cJSON *binding =
		json_append(spec_array(spec_object(host, "PortBindings"), key), json_object());

	json_add_str(binding, "HostIp", ip);
	json_add_str(binding, "HostPort", port);
	expose(body, key);
}

/* A range of host ports for one port of the container: the engine chooses. */
static int add_published(cJSON *body, cJSON *host, const char *text, struct err *err)
{
	_cleanup_free_ char *spec = xstrdup(text);
	const char *protocol = take_protocol(spec), *ip, *from, *to;
	struct range outer = { 0 }, inner;
	bool choose;

	split_binding(spec, &ip, &from, &to);
	if (!protocol || parse_range(to, &inner) < 0 || (*from && parse_range(from, &outer) < 0))
		return spec_wrong(err, "--publish-port", text,
				  "it is not [[IP:][HOST]:]CONTAINER[/tcp|udp|sctp]");
	choose = inner.first == inner.last && outer.first != outer.last;
	if (*from && !choose && outer.last - outer.first != inner.last - inner.first)
		return spec_wrong(err, "--publish-port", text, "the ranges differ in length");
	for (unsigned int i = 0; i <= inner.last - inner.first; i++) {
		_cleanup_free_ char *key = xasprintf("%u/%s", inner.first + i, protocol);
		_cleanup_free_ char *port =
			!*from || choose ? xstrdup(from) : xasprintf("%u", outer.first + i);

		bind_port(body, host, key, ip, port);
	}
	return 0;
}

int spec_ports(cJSON *body, cJSON *host, const struct strvec *publish, const struct strvec *exposed,
	       struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < exposed->n; i++)
		r = add_exposed(body, exposed->v[i], err);
	for (size_t i = 0; !r && i < publish->n; i++)
		r = add_published(body, host, publish->v[i], err);
	return r;
}
