/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/proc_net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

#define MAX_TABLE (64u << 20) /* bytes: some 400,000 sockets of all processes in there */

/* Hexadecimal digits in groups of eight, each a word of the address in the host's byte order. */
static bool parse_address(const char *text, struct record_socket *ret)
{
	size_t digits = strcspn(text, ":"), words = digits / 8;
	unsigned int port;

	if ((digits != 8 && digits != 32) || sscanf(text + digits, ":%4x", &port) != 1)
		return false;
	for (size_t i = 0; i < words; i++) {
		uint32_t word;

		if (sscanf(text + 8 * i, "%8x", &word) != 1)
			return false;
		memcpy(ret->addr + 4 * i, &word, sizeof(word));
	}
	ret->family = words == 1 ? AF_INET : AF_INET6;
	ret->port = (uint16_t)port;
	return true;
}

bool proc_net_parse(const char *line, struct proc_net_line *ret)
{
	struct proc_net_line l = { 0 };
	char local[48], remote[48];

	if (sscanf(line, " %*u: %47s %47s %x %*x:%*x %*x:%*x %*x %*u %*u %23[0-9]", local, remote,
		   &l.state, l.inode) != 4)
		return false;
	if (!parse_address(local, &l.local) || !parse_address(remote, &l.remote))
		return false;
	*ret = l;
	return true;
}

static void add(struct adopted *a, const struct record_socket *from, uint8_t protocol,
		enum record_socket_use use)
{
	struct record_socket *s;

	ALLOC_GROW(a->sockets, a->n_sockets + 1, a->cap_sockets);
	s = &a->sockets[a->n_sockets++];
	*s = *from;
	s->protocol = protocol;
	s->use = use;
}

static bool listens(const struct adopted *a, uint16_t port)
{
	for (size_t i = 0; i < a->n_sockets; i++)
		if (a->sockets[i].use == RECORD_LISTEN && a->sockets[i].port == port)
			return true;
	return false;
}

/*
 * A connection whose own port is one that is listened on was accepted; the tables have the
 * listening ones first.
 */
static void add_socket(struct adopted *a, const struct proc_net_line *l, uint8_t protocol)
{
	bool tcp = protocol == IPPROTO_TCP;

	if (tcp && l->state == TCP_LISTEN) {
		add(a, &l->local, protocol, RECORD_BIND);
		add(a, &l->local, protocol, RECORD_LISTEN);
	} else if (l->state == TCP_ESTABLISHED) {
		if (!listens(a, l->local.port))
			add(a, &l->remote, protocol, RECORD_CONNECTED);
	} else if (!tcp && l->local.port) {
		add(a, &l->local, protocol, RECORD_BIND);
	}
}

static void read_table(int proc, const char *name, uint8_t protocol, const struct strmap *inodes,
		       struct adopted *a)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;
	struct proc_net_line l;
	char *line, *rest;

	if (io_read_file(proc, name, MAX_TABLE, &text, &ignored) < 0)
		return;
	for (rest = text.buf; (line = strsep(&rest, "\n"));)
		if (proc_net_parse(line, &l) && strmap_get(inodes, l.inode))
			add_socket(a, &l, protocol);
}

void proc_net_sockets(int proc, const struct strmap *inodes, struct adopted *a)
{
	if (!strmap_count(inodes))
		return;
	read_table(proc, "net/tcp", IPPROTO_TCP, inodes, a);
	read_table(proc, "net/tcp6", IPPROTO_TCP, inodes, a);
	read_table(proc, "net/udp", IPPROTO_UDP, inodes, a);
	read_table(proc, "net/udp6", IPPROTO_UDP, inodes, a);
}
