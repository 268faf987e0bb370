/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The container's output, read in a thread over a connection of its own. Attached before the
 * container is started, so that nothing is lost, and whatever the logging driver is ("none"
 * keeps no log). It reads as fast as it can: a full pipe would hold up the app.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/api.h"
#include "engine/stream.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/url.h"

#define ATTACH_MS 60000 /* for the answer, which the daemon gives at once */

struct engine_follow {
	const struct engine *engine;
	struct http *http;
	char *path;
	struct stream stream;
	bool broken; /* the thread's: the stream made no sense, the rest is dropped */
	pthread_t thread;
	int ready_fd; /* readable: the engine has attached us, or the thread has ended */
	int done_fd;  /* readable: the thread has ended */
	int stop_fd;  /* readable: the thread has to end */
	atomic_bool attached;
	int result;	/* the thread's, after done_fd */
	struct err err; /* of result */
};

/* eventfd(2): a write of 1 makes it readable for good, as nobody reads it. */
static void signal_fd(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n; /* fails only when it is readable already */
}

static void on_answer(int status, void *ctx)
{
	struct engine_follow *f = ctx;

	if (status >= 300)
		return; /* the error's text is still to come */
	atomic_store(&f->attached, true);
	signal_fd(f->ready_fd);
}

/* What cannot be decoded is read on and dropped: leaving would be the app's loss. */
static int follow_sink(const char *data, size_t len, void *ctx, struct err *err)
{
	struct engine_follow *f = ctx;

	(void)err;
	if (f->broken)
		return 0;
	if (stream_feed(&f->stream, data, len, &f->err) < 0) {
		f->broken = true;
		log_warn("the container's output is lost from here on: %s", f->err.msg);
	}
	return 0;
}

static void *follow_run(void *arg)
{
	struct engine_follow *f = arg;
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	struct err err = ERR_INIT;

	req.method = "POST";
	req.path = f->path;
	req.sink = follow_sink;
	req.on_answer = on_answer;
	req.ctx = f;
	req.stall_ms = -1; /* an app may be silent */
	req.stop_fd = f->stop_fd;
	req.no_cancel = true; /* what the app says while it is stopped is worth reading, too */
	f->result =
		api_call_on(f->engine, f->http, &req, &res, "reading the container's output", &err);
	if (!f->result && !f->broken)
		f->result = stream_end(&f->stream, &err);
	f->err = err;
	if (f->result < 0 && f->result != -ECANCELED && atomic_load(&f->attached))
		log_warn("the container's output is lost from here on: %s", err.msg);
	signal_fd(f->done_fd);
	signal_fd(f->ready_fd);
	return NULL;
}

static void follow_free(struct engine_follow *f)
{
	if (f->ready_fd >= 0)
		close(f->ready_fd);
	if (f->done_fd >= 0)
		close(f->done_fd);
	if (f->stop_fd >= 0)
		close(f->stop_fd);
	http_free(f->http);
	free(f->path);
	free(f);
}
DEFINE_CLEANUP(struct engine_follow *, follow_free);

static char *attach_path(const char *id)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, "/containers/");
	url_add(&path, id);
	strbuf_addstr(&path, "/attach?stream=1&stdout=1&stderr=1&logs=0");
	return strbuf_detach(&path, NULL);
}

static int follow_init(struct engine_follow *f, struct engine *e, const char *id, struct err *err)
{
	f->engine = e;
	f->http = http_new(&e->server);
	f->path = attach_path(id);
	f->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->ready_fd < 0 || f->done_fd < 0 || f->stop_fd < 0)
		return err_set(err, errno, "cannot create an eventfd");
	return 0;
}

/* Ends the thread, whatever it waits for. */
static void follow_end(struct engine_follow *f)
{
	signal_fd(f->stop_fd);
	pthread_join(f->thread, NULL);
}

/* The daemon answers when its end of the pipes is in place: from then on nothing is lost. */
static int wait_attached(struct engine_follow *f, struct err *err)
{
	int r = cancel_wait(f->ready_fd, ATTACH_MS, err);

	if (r == 1 && atomic_load(&f->attached))
		return 0;
	follow_end(f);
	if (r < 0)
		return r;
	if (r == 0)
		return err_class_set(err, ERR_ENGINE, ETIMEDOUT,
				     "the engine does not attach to the container's output");
	if (!f->result)
		return err_class_set(err, ERR_ENGINE, EPROTO,
				     "the engine did not attach to the container's output");
	*err = f->err;
	return f->result;
}

int engine_follow_start(struct engine *e, const char *id, bool tty, engine_output_fn *out,
			void *ctx, struct engine_follow **ret, struct err *err)
{
	_cleanup_(follow_free) struct engine_follow *f = NULL;
	int r;

	if (!*id)
		return err_class_set(err, ERR_FAILURE, EINVAL, "the container's ID is empty");
	f = xcalloc(1, sizeof(*f));
	r = follow_init(f, e, id, err);
	if (r < 0)
		return r;
	f->stream = STREAM_INIT(tty, out, ctx);
	r = pthread_create(&f->thread, NULL, follow_run, f);
	if (r)
		return err_set(err, r, "cannot create a thread");
	r = wait_attached(f, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(f);
	return 0;
}

void engine_follow_stop(struct engine_follow *f, int drain_ms)
{
	struct err ignored = ERR_INIT;

	if (!f)
		return;
	if (drain_ms > 0)
		cancel_wait(f->done_fd, drain_ms, &ignored);
	follow_end(f);
	follow_free(f);
}
