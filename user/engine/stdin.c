/* SPDX-License-Identifier: BSD-2-Clause */
/* The container's stdin, written in a thread over a connection of its own. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/api.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/url.h"

#define CHUNK (64 << 10)

struct engine_stdin {
	struct http *http;
	int fd, stop_fd;
	pthread_t thread;
};

/* Some bytes, 0 at the end of the file or when asked to end. A pipe may be silent for long. */
static ssize_t next_chunk(const struct engine_stdin *s, char *buf)
{
	struct pollfd p[] = { { .fd = s->fd, .events = POLLIN },
			      { .fd = s->stop_fd, .events = POLLIN } };
	ssize_t n;

	do {
		if (poll(p, 2, -1) >= 0 && p[1].revents)
			return 0;
		n = read(s->fd, buf, CHUNK);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n < 0 ? -errno : n;
}

/* An app that has read enough, or has ended, is no failure. */
static void *feed(void *arg)
{
	struct engine_stdin *s = arg;
	_cleanup_free_ char *buf = xmalloc(CHUNK);
	struct err err = ERR_INIT;
	ssize_t n;

	while ((n = next_chunk(s, buf)) > 0) {
		if (http_send(s->http, buf, (size_t)n, s->stop_fd, &err) < 0) {
			log_debug("the container's input ends early: %s", err.msg);
			break;
		}
	}
	if (n < 0)
		log_warn("the file for the container's stdin cannot be read on: %s",
			 strerror((int)-n));
	http_free(s->http); /* the end of the file, to the container */
	s->http = NULL;
	return NULL;
}

static void stdin_free(struct engine_stdin *s)
{
	http_free(s->http);
	close(s->fd);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	free(s);
}
DEFINE_CLEANUP(struct engine_stdin *, stdin_free);

int engine_stdin_start(struct engine *e, const char *id, int fd, struct engine_stdin **ret,
		       struct err *err)
{
	_cleanup_(stdin_free) struct engine_stdin *s = xcalloc(1, sizeof(*s));
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	int r;

	s->fd = fd;
	s->http = http_new(&e->server);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->stop_fd < 0)
		return err_set(err, errno, "cannot create an eventfd");
	strbuf_addf(&path, "/v%s/containers/", e->version_text);
	url_add(&path, id);
	strbuf_addstr(&path, "/attach?stream=1&stdin=1");
	r = http_take_over(s->http, path.buf, s->stop_fd, err);
	if (r < 0)
		return err_wrap(err, "giving the container its input");
	r = pthread_create(&s->thread, NULL, feed, s);
	if (r)
		return err_set(err, r, "cannot create a thread");
	*ret = TAKE_PTR(s);
	return 0;
}

void engine_stdin_stop(struct engine_stdin *s)
{
	uint64_t one = 1;
	ssize_t n;

	if (!s)
		return;
	n = write(s->stop_fd, &one, sizeof(one));
	(void)n; /* fails only when it is readable already */
	pthread_join(s->thread, NULL);
	stdin_free(s);
}
