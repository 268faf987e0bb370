/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

#define MAX_CONNECTIONS 64
#define KEEP_BODY 65536

struct rule {
	char *request;
	struct fake_reply reply; /* with bytes of its own */
	unsigned int used;
};

struct asked {
	char *line, *header;
	struct strbuf body;
	size_t body_len;
};

struct connection {
	struct fake_engine *f;
	int fd;
	pthread_t thread;
	struct strbuf in; /* read, not yet consumed */
};

struct fake_engine {
	char *dir, *host;
	int listen_fd, stop_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t changed;
	struct rule *rules;
	size_t n_rules, cap_rules;
	struct asked *asked;
	size_t n_asked, cap_asked;
	struct connection connections[MAX_CONNECTIONS];
	unsigned int n_connections;
};

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* --- reading requests --- */

/* False when the client has gone or the fake engine ends. */
static bool read_more(struct connection *c)
{
	struct pollfd p[] = { { .fd = c->fd, .events = POLLIN },
			      { .fd = c->f->stop_fd, .events = POLLIN } };
	char buf[16384];
	ssize_t n;

	if (poll(p, 2, -1) < 0 || p[1].revents)
		return false;
	n = read(c->fd, buf, sizeof(buf));
	if (n <= 0)
		return false;
	strbuf_add(&c->in, buf, (size_t)n);
	return true;
}

static void consume(struct connection *c, size_t len)
{
	memmove(c->in.buf, c->in.buf + len, c->in.len - len);
	strbuf_setlen(&c->in, c->in.len - len);
}

static void keep_body(struct asked *a, const char *data, size_t len)
{
	a->body_len += len;
	if (a->body.len < KEEP_BODY)
		strbuf_add(&a->body, data, len < KEEP_BODY ? len : KEEP_BODY);
}

static bool read_bytes(struct connection *c, struct asked *a, size_t len)
{
	while (len) {
		size_t n = c->in.len < len ? c->in.len : len;

		if (!n && !read_more(c))
			return false;
		if (a)
			keep_body(a, c->in.buf, n);
		consume(c, n);
		len -= n;
	}
	return true;
}

/* RFC 9112 7.1, without trailers, which no client sends. */
static bool read_chunks(struct connection *c, struct asked *a)
{
	for (;;) {
		const char *end;
		size_t len;

		while (!(end = memmem(c->in.buf, c->in.len, "\r\n", 2)))
			if (!read_more(c))
				return false;
		len = strtoul(c->in.buf, NULL, 16);
		consume(c, (size_t)(end + 2 - c->in.buf));
		if (!read_bytes(c, a, len) || !read_bytes(c, NULL, 2))
			return false;
		if (!len)
			return true;
	}
}

/* The header block with its empty line, malloc'ed. */
static char *read_header(struct connection *c)
{
	const char *end;
	char *header;

	while (!(end = memmem(c->in.buf, c->in.len, "\r\n\r\n", 4)))
		if (!read_more(c))
			return NULL;
	header = xstrndup(c->in.buf, (size_t)(end + 4 - c->in.buf));
	consume(c, strlen(header));
	return header;
}

static bool read_body(struct connection *c, const char *header, struct asked *a)
{
	const char *length = strcasestr(header, "\r\ncontent-length:");

	if (strcasestr(header, "\r\ntransfer-encoding: chunked"))
		return read_chunks(c, a);
	return !length ||
	       read_bytes(c, a, strtoul(length + strlen("\r\ncontent-length:"), NULL, 10));
}

/* --- answering --- */

static bool send_all(struct connection *c, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Waits for the time, the end, or the client leaving. True: go on. */
static bool pause_for(struct connection *c, int ms)
{
	struct pollfd p[] = { { .fd = c->fd, .events = POLLRDHUP },
			      { .fd = c->f->stop_fd, .events = POLLIN } };

	return poll(p, 2, ms) == 0;
}

static bool send_reply(struct connection *c, const struct fake_reply *reply)
{
	size_t slice = reply->slice ? reply->slice : reply->len, pos = 0;
	bool paused = !reply->pause_ms;

	for (;;) {
		size_t end = pos + slice < reply->len ? pos + slice : reply->len;

		if (!paused && end > reply->pause_at)
			end = reply->pause_at;
		if (!send_all(c, reply->bytes + pos, end - pos))
			return false;
		pos = end;
		if (!paused && pos == reply->pause_at) {
			paused = true;
			if (!pause_for(c, reply->pause_ms))
				return false;
		}
		if (pos == reply->len)
			return true;
	}
}

static struct fake_reply choose(struct fake_engine *f, const char *line)
{
	static const char none[] = "HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"not scripted\"}";
	struct fake_reply reply = { .bytes = none, .len = sizeof(none) - 1, .cut = true };

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n_rules; i++) {
		struct rule *rule = &f->rules[i];

		if (!starts_with(line, rule->request) ||
		    (rule->reply.times && rule->used >= rule->reply.times))
			continue;
		rule->used++;
		reply = rule->reply;
		break;
	}
	pthread_mutex_unlock(&f->lock);
	return reply;
}

static void remember(struct fake_engine *f, const struct asked *a)
{
	pthread_mutex_lock(&f->lock);
	ALLOC_GROW(f->asked, f->n_asked + 1, f->cap_asked);
	f->asked[f->n_asked++] = *a;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* One request and its answer. False: the connection is over. */
static bool serve_one(struct connection *c)
{
	_cleanup_free_ char *header = read_header(c);
	struct asked a = { .body = STRBUF_INIT };
	struct fake_reply reply;
	bool whole;

	if (!header)
		return false;
	a.line = xstrndup(header, strcspn(header, "\r"));
	a.header = xstrdup(header);
	reply = choose(c->f, a.line);
	whole = reply.unread || read_body(c, header, &a);
	remember(c->f, &a);
	return whole && send_reply(c, &reply) && !reply.cut && !reply.unread;
}

static void *serve(void *arg)
{
	struct connection *c = arg;

	while (serve_one(c))
		;
	shutdown(c->fd, SHUT_RDWR);
	strbuf_release(&c->in);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct fake_engine *f = arg;
	struct pollfd p[] = { { .fd = f->listen_fd, .events = POLLIN },
			      { .fd = f->stop_fd, .events = POLLIN } };

	while (poll(p, 2, -1) >= 0 && !p[1].revents) {
		struct connection *c = &f->connections[f->n_connections];
		int fd = accept4(f->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 || f->n_connections == MAX_CONNECTIONS)
			break;
		*c = (struct connection){ .f = f, .fd = fd, .in = STRBUF_INIT };
		pthread_mutex_lock(&f->lock);
		f->n_connections++;
		pthread_mutex_unlock(&f->lock);
		pthread_create(&c->thread, NULL, serve, c);
	}
	return NULL;
}

/* --- the test's side --- */

static void fail(const char *what)
{
	printf("Bail out! fake engine: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct fake_engine *start(struct fake_engine *f)
{
	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	if (listen(f->listen_fd, 16) < 0)
		fail("listen");
	if (pthread_create(&f->thread, NULL, accept_all, f) != 0)
		fail("pthread_create");
	return f;
}

struct fake_engine *fake_engine_new(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct fake_engine *f = xcalloc(1, sizeof(*f));

	f->dir = xstrdup("/tmp/fake-engine-XXXXXX");
	if (!mkdtemp(f->dir))
		fail("mkdtemp");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/docker.sock", f->dir);
	f->host = xasprintf("unix://%s", addr.sun_path);
	f->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		fail("bind");
	return start(f);
}

struct fake_engine *fake_engine_new_tcp(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	struct fake_engine *f = xcalloc(1, sizeof(*f));

	f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    getsockname(f->listen_fd, (struct sockaddr *)&addr, &len) < 0)
		fail("bind");
	f->host = xasprintf("127.0.0.1:%u", ntohs(addr.sin_port));
	return start(f);
}

void fake_engine_free(struct fake_engine *f)
{
	uint64_t one = 1;

	if (!f)
		return;
	if (write(f->stop_fd, &one, sizeof(one)) < 0)
		fail("write");
	pthread_join(f->thread, NULL);
	for (unsigned int i = 0; i < f->n_connections; i++) {
		shutdown(f->connections[i].fd, SHUT_RDWR);
		pthread_join(f->connections[i].thread, NULL);
		close(f->connections[i].fd);
	}
	for (size_t i = 0; i < f->n_rules; i++) {
		free(f->rules[i].request);
		free((void *)(uintptr_t)f->rules[i].reply.bytes);
	}
	for (size_t i = 0; i < f->n_asked; i++) {
		free(f->asked[i].line);
		free(f->asked[i].header);
		strbuf_release(&f->asked[i].body);
	}
	if (f->dir) {
		unlink(f->host + strlen("unix://"));
		rmdir(f->dir);
	}
	close(f->listen_fd);
	close(f->stop_fd);
	free(f->rules);
	free(f->asked);
	free(f->dir);
	free(f->host);
	free(f);
}

const char *fake_engine_host(const struct fake_engine *f)
{
	return f->host;
}

void fake_engine_reply(struct fake_engine *f, const char *request, const struct fake_reply *reply)
{
	struct rule rule = { .request = xstrdup(request), .reply = *reply };

	if (!rule.reply.len)
		rule.reply.len = strlen(reply->bytes);
	rule.reply.bytes = xmemdup(reply->bytes, rule.reply.len);
	pthread_mutex_lock(&f->lock);
	ALLOC_GROW(f->rules, f->n_rules + 1, f->cap_rules);
	f->rules[f->n_rules++] = rule;
	pthread_mutex_unlock(&f->lock);
}

void fake_engine_json(struct fake_engine *f, const char *request, int status, const char *body)
{
	_cleanup_free_ char *bytes = xasprintf("HTTP/1.1 %d Scripted\r\nApi-Version: 1.41\r\n"
					       "Content-Type: application/json\r\n"
					       "Content-Length: %zu\r\n\r\n%s",
					       status, strlen(body), body);
	struct fake_reply reply = { .bytes = bytes };

	fake_engine_reply(f, request, &reply);
}

void fake_engine_stream(struct fake_engine *f, const char *request, const char *body, size_t len)
{
	_cleanup_strbuf_ struct strbuf bytes = STRBUF_INIT;
	struct fake_reply reply = { .cut = true };

	strbuf_addstr(&bytes, "HTTP/1.1 200 OK\r\n"
			      "Content-Type: application/vnd.docker.raw-stream\r\n\r\n");
	strbuf_add(&bytes, body, len);
	reply.bytes = bytes.buf;
	reply.len = bytes.len;
	fake_engine_reply(f, request, &reply);
}

/* With the lock held: the last such request, NULL when there is none. */
static const struct asked *find(struct fake_engine *f, const char *request, unsigned int *ret_n)
{
	const struct asked *last = NULL;
	unsigned int n = 0;

	for (size_t i = 0; i < f->n_asked; i++) {
		if (!starts_with(f->asked[i].line, request))
			continue;
		last = &f->asked[i];
		n++;
	}
	if (ret_n)
		*ret_n = n;
	return last;
}

unsigned int fake_engine_asked(struct fake_engine *f, const char *request)
{
	unsigned int n;

	pthread_mutex_lock(&f->lock);
	find(f, request, &n);
	pthread_mutex_unlock(&f->lock);
	return n;
}

bool fake_engine_wait(struct fake_engine *f, const char *request, unsigned int times)
{
	struct timespec until;
	unsigned int n;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&f->lock);
	for (find(f, request, &n); n < times && !r; find(f, request, &n))
		r = pthread_cond_timedwait(&f->changed, &f->lock, &until);
	pthread_mutex_unlock(&f->lock);
	return n >= times;
}

char *fake_engine_body(struct fake_engine *f, const char *request)
{
	const struct asked *a;
	char *body;

	pthread_mutex_lock(&f->lock);
	a = find(f, request, NULL);
	body = a ? xstrndup(a->body.buf, a->body.len) : NULL;
	pthread_mutex_unlock(&f->lock);
	return body;
}

char *fake_engine_header(struct fake_engine *f, const char *request, const char *name)
{
	_cleanup_free_ char *start = xasprintf("\r\n%s:", name);
	const struct asked *a;
	char *value = NULL;

	pthread_mutex_lock(&f->lock);
	a = find(f, request, NULL);
	if (a && (value = strcasestr(a->header, start))) {
		value += strlen(start);
		value += strspn(value, " ");
		value = xstrndup(value, strcspn(value, "\r"));
	}
	pthread_mutex_unlock(&f->lock);
	return value;
}

size_t fake_engine_body_len(struct fake_engine *f, const char *request)
{
	const struct asked *a;
	size_t len;

	pthread_mutex_lock(&f->lock);
	a = find(f, request, NULL);
	len = a ? a->body_len : 0;
	pthread_mutex_unlock(&f->lock);
	return len;
}

unsigned int fake_engine_connections(struct fake_engine *f)
{
	unsigned int n;

	pthread_mutex_lock(&f->lock);
	n = f->n_connections;
	pthread_mutex_unlock(&f->lock);
	return n;
}
