/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small HTTP server in a thread, one connection at a time, for tests of the probe. What it does
 * is said by the path that is asked for; see answer().
 */
#ifndef TEST_PROBE_SERVER_H
#define TEST_PROBE_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
	int fd, stop[2];
	uint16_t port;
	uint16_t relay_to;  /* not 0: connections are passed on to this port */
	bool waits;	    /* for more when what comes is not HTTP */
	int delay_ms;	    /* bound but not listening for so long */
	unsigned int drops; /* so many connections are closed at once */
	/* A body for @path, NULL: as without; *type is its media type. */
	const char *(*page)(const char *path, const char **type);
	/* Takes the whole connection over once the request is read. */
	void (*converse)(int fd, const char *request);
	pthread_t thread;
	atomic_uint connections, plain; /* plain: those that started with a letter */
	pthread_mutex_t lock;
	char last[65536]; /* the last request */
};

static inline void send_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

static inline void send_text(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

static inline void drain(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
}

/* Header and body of a request, as far as Content-Length says. */
static inline size_t read_request(int fd, char *buf, size_t size)
{
	size_t len = 0, want = SIZE_MAX;

	while (len < size - 1 && len < want) {
		ssize_t n = recv(fd, buf + len, size - 1 - len, 0);
		const char *end, *length;

		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = '\0';
		end = strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		length = strcasestr(buf, "\r\nContent-Length:");
		want = (size_t)(end - buf) + 4;
		if (length && length < end)
			want += strtoul(length + 17, NULL, 10);
	}
	buf[len] = '\0';
	return len;
}

static inline void send_big(int fd, unsigned long long bytes)
{
	static const char zeros[65536];
	char head[128];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n", bytes);
	send_text(fd, head);
	while (bytes) {
		size_t len = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);

		if (send(fd, zeros, len, MSG_NOSIGNAL) != (ssize_t)len)
			return;
		bytes -= len;
	}
}

static inline void send_redirect(int fd, int status, const char *where)
{
	char head[512];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 %d Go on\r\nLocation: %s\r\nSet-Cookie: seen=1; "
		 "Path=/\r\nContent-Length: 2\r\n"
		 "\r\nno",
		 status, where);
	send_text(fd, head);
}

static inline void answer_redirect(const struct server *s, int fd, const char *path)
{
	char where[128];
	int n;

	if (sscanf(path, "/redirect/%d", &n) == 1) {
		snprintf(where, sizeof(where), n > 1 ? "/redirect/%d" : "/ok", n - 1);
		send_redirect(fd, 302, where);
	} else if (!strncmp(path, "/absolute", 9)) {
		snprintf(where, sizeof(where), "http://127.0.0.1:%u/ok", s->port);
		send_redirect(fd, 301, where);
	} else if (sscanf(path, "/away/%d", &n) == 1) {
		snprintf(where, sizeof(where), "http://127.0.0.1:%d/ok", n);
		send_redirect(fd, 302, where);
	} else if (!strncmp(path, "/secure", 7)) {
		snprintf(where, sizeof(where), "https://127.0.0.1:%u/ok", s->port);
		send_redirect(fd, 302, where);
	} else if (!strncmp(path, "/keep", 5)) {
		send_redirect(fd, 307, "/ok");
	} else if (!strncmp(path, "/into-silence", 13)) {
		send_redirect(fd, 302, "/close");
	}
}

static inline void answer_badly(int fd, const char *path)
{
	struct linger now = { .l_onoff = 1 };

	if (!strncmp(path, "/silent", 7)) {
		drain(fd);
	} else if (!strncmp(path, "/reset", 6)) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	} else if (!strncmp(path, "/garbage", 8)) {
		send_text(fd, "-ERR what do you want?\r\n");
	} else if (!strncmp(path, "/alert", 6)) {
		send_all(fd, "\x15\x03\x03\x00\x02\x02\x46", 7);
	} else if (!strncmp(path, "/stall", 6)) {
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
		drain(fd);
	} else if (!strncmp(path, "/header", 7)) {
		send_text(fd, "HTTP/1.1 200 OK\r\n");
		for (int i = 0; i < 100000; i++)
			send_text(fd, "X-More: 0123456789012345678901234567890123456789\r\n");
	} else if (!strncmp(path, "/interrupt", 10)) {
		kill(getpid(), SIGINT);
		drain(fd);
	}
}

static inline bool send_page(const struct server *s, int fd, const char *path)
{
	char head[256], name[1024];
	const char *type = "text/html; charset=utf-8", *body;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, " "), path);
	body = s->page ? s->page(name, &type) : NULL;
	if (!body)
		return false;
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type,
		 strlen(body));
	send_text(fd, head);
	send_text(fd, body);
	return true;
}

static inline void answer(struct server *s, int fd, const char *path)
{
	unsigned long long bytes;
	int status;

	if (send_page(s, fd, path))
		return;
	if (!strncmp(path, "/ok", 3) || !strncmp(path, "/ ", 2)) {
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	} else if (!strncmp(path, "/interim", 8)) {
		send_text(fd, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
	} else if (!strncmp(path, "/wants-https", 12)) {
		send_text(fd, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an "
			      "HTTPS server.\n");
	} else if (sscanf(path, "/status/%d", &status) == 1) {
		char head[64];

		snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", status);
		send_text(fd, head);
	} else if (sscanf(path, "/big/%llu", &bytes) == 1) {
		send_big(fd, bytes);
	} else {
		answer_redirect(s, fd, path);
		answer_badly(fd, path);
	}
}

static inline int connect_to(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline void relay(int client, uint16_t port)
{
	int server = connect_to(port);
	struct pollfd p[2] = { { .fd = client, .events = POLLIN },
			       { .fd = server, .events = POLLIN } };
	char buf[16384];

	while (server >= 0 && poll(p, 2, -1) > 0) {
		int from = p[0].revents ? 0 : 1;
		ssize_t n = recv(p[from].fd, buf, sizeof(buf), 0);

		if (n <= 0)
			break;
		send_all(p[!from].fd, buf, (size_t)n);
	}
	if (server >= 0)
		close(server);
}

static inline void serve(struct server *s, int fd)
{
	static __thread char buf[sizeof(s->last)];
	const char *path;
	char first = 0;
	bool plain;

	atomic_fetch_add(&s->connections, 1);
	if (s->drops) {
		s->drops--;
		return;
	}
	recv(fd, &first, 1, MSG_PEEK);
	plain = first >= 'A' && first <= 'Z';
	atomic_fetch_add(&s->plain, plain);
	if (s->relay_to) {
		relay(fd, s->relay_to);
		return;
	}
	if (!plain) {
		if (s->waits)
			drain(fd);
		return;
	}
	if (!read_request(fd, buf, sizeof(buf)))
		return;
	pthread_mutex_lock(&s->lock);
	memcpy(s->last, buf, sizeof(buf));
	pthread_mutex_unlock(&s->lock);
	path = strchr(buf, ' ');
	if (s->converse)
		s->converse(fd, buf);
	else if (path)
		answer(s, fd, path + 1);
}

static inline void *server_main(void *arg)
{
	struct server *s = arg;
	struct pollfd p[2] = { { .fd = s->fd, .events = POLLIN },
			       { .fd = s->stop[0], .events = POLLIN } };

	if (s->delay_ms) {
		poll(p + 1, 1, s->delay_ms);
		listen(s->fd, 16);
	}
	while (poll(p, 2, -1) >= 0 && !p[1].revents) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		serve(s, fd);
		close(fd);
	}
	return NULL;
}

/* On a free port of @addr. False when there is no such address here. */
static inline bool server_bind(struct server *s, const char *addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	bool v6 = strchr(addr, ':');
	struct sockaddr *sa = v6 ? (void *)&sin6 : (void *)&sin;
	socklen_t len = v6 ? sizeof(sin6) : sizeof(sin);

	inet_pton(v6 ? AF_INET6 : AF_INET, addr,
		  v6 ? (void *)&sin6.sin6_addr : (void *)&sin.sin_addr);
	s->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, sa, len) < 0 || getsockname(s->fd, sa, &len) < 0)
		return false;
	s->port = ntohs(v6 ? sin6.sin6_port : sin.sin_port);
	return true;
}

static inline void server_start(struct server *s)
{
	pthread_mutex_init(&s->lock, NULL);
	if (pipe2(s->stop, O_CLOEXEC) < 0 || (!s->delay_ms && listen(s->fd, 16) < 0) ||
	    pthread_create(&s->thread, NULL, server_main, s) != 0)
		abort();
}

static inline void server_stop(struct server *s)
{
	close(s->stop[1]);
	pthread_join(s->thread, NULL);
	close(s->stop[0]);
	close(s->fd);
}

/* Whether the last request has @text in it. */
static inline bool server_saw(struct server *s, const char *text)
{
	bool found;

	pthread_mutex_lock(&s->lock);
	found = strstr(s->last, text) != NULL;
	pthread_mutex_unlock(&s->lock);
	return found;
}

#endif
