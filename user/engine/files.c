/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of a container, running or not. */
#include <errno.h>
#include <string.h>

#include "engine/api.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/url.h"

static char *files_path(const char *id, const char *suffix)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, "/containers/");
	url_add(&path, id);
	strbuf_addstr(&path, suffix);
	return strbuf_detach(&path, NULL);
}

int engine_container_changes(struct engine *e, const char *id, cJSON **ret, struct err *err)
{
	_cleanup_free_ char *path = files_path(id, "/changes"),
			    *what = xasprintf("what container %.12s changed", id);
	struct http_request req = HTTP_REQUEST_INIT;

	req.path = path;
	return api_json(e, &req, ret, what, err);
}

struct copy {
	int fd;
	uint64_t bytes;
};

static int copy_sink(const char *data, size_t len, void *ctx, struct err *err)
{
	struct copy *copy = ctx;
	int r = io_write_full(copy->fd, data, len);

	copy->bytes += len;
	return r < 0 ? err_set(err, -r, "cannot write the container's files") : 0;
}

int engine_container_copy(struct engine *e, const char *id, const char *path, int fd,
			  struct err *err)
{
	_cleanup_free_ char *at = files_path(id, "/archive?path="),
			    *what = xasprintf("copying '%s' out of container %.12s", path, id);
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT;
	struct copy copy = { .fd = fd };
	struct http_request req = HTTP_REQUEST_INIT;
	int r;

	strbuf_addstr(&url, at);
	url_add(&url, path);
	req.path = url.buf;
	req.sink = copy_sink;
	req.ctx = &copy;
	r = api_call(e, &req, &res, what, err);
	/* A whole tar is blocks of 512 bytes: an engine that fails midway can only cut it. */
	if (!r && (!copy.bytes || copy.bytes % 512))
		return err_class_set(err, ERR_ENGINE, ECONNRESET, "%s: cut after %llu bytes", what,
				     (unsigned long long)copy.bytes);
	return r;
}
