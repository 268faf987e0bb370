/* SPDX-License-Identifier: BSD-2-Clause */
/* Images: told, saved, loaded, removed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/api.h"
#include "engine/jsonstream.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/url.h"

#define LOAD_STALL_MS (15 * 60 * 1000) /* Podman says nothing until all is unpacked */

static char *image_path(const char *ref, const char *suffix)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, "/images/");
	url_add_ref(&path, ref);
	strbuf_addstr(&path, suffix);
	return strbuf_detach(&path, NULL);
}

/*
 * A name with empty or dotted components would be another endpoint, or sent elsewhere by the
 * daemon's router. All else is the daemon's to judge.
 */
static int check_ref(const char *ref, struct err *err)
{
	const char *p = ref;

	for (;;) {
		size_t len = strcspn(p, "/"), dots = strspn(p, ".");

		if (!len || (dots == len && len <= 2))
			return err_class_set(err, ERR_USAGE, EINVAL,
					     "'%s' is not the name of an image", ref);
		if (!p[len])
			return 0;
		p += len + 1;
	}
}

/* The daemon's other words for "no such image" (Podman, proxies) are known by their status. */
static int image_error(struct err *err, const char *ref)
{
	if (err->code != ENOENT || err->class == ERR_IMAGE || err->class == ERR_INTERRUPTED)
		return -err->code;
	err->class = ERR_IMAGE;
	return err_hint(err, "'docker images' lists what is there, 'docker pull %s' brings it",
			ref);
}

int engine_image_inspect(struct engine *e, const char *ref, cJSON **ret, struct err *err)
{
	_cleanup_free_ char *path = image_path(ref, "/json"), *what = xasprintf("image '%s'", ref);
	_cleanup_(json_free) cJSON *image = NULL;
	struct http_request req = HTTP_REQUEST_INIT;
	int r = check_ref(ref, err);

	if (r < 0)
		return r;
	req.path = path;
	r = api_json(e, &req, &image, what, err);
	if (r < 0)
		return image_error(err, ref);
	r = libpod_complete_image(e, ref, image, err);
	if (!r)
		*ret = TAKE_PTR(image);
	return r;
}

int engine_image_list(struct engine *e, cJSON **ret, struct err *err)
{
	struct http_request req = HTTP_REQUEST_INIT;

	req.path = "/images/json";
	return api_json(e, &req, ret, "the list of images", err);
}

int engine_image_history(struct engine *e, const char *ref, cJSON **ret, struct err *err)
{
	_cleanup_free_ char *path = image_path(ref, "/history"),
			    *what = xasprintf("the history of image '%s'", ref);
	struct http_request req = HTTP_REQUEST_INIT;
	int r = check_ref(ref, err);

	if (r < 0)
		return r;
	req.path = path;
	r = api_json(e, &req, ret, what, err);
	return r < 0 ? image_error(err, ref) : 0;
}

int engine_image_remove(struct engine *e, const char *ref, struct err *err)
{
	_cleanup_free_ char *path = image_path(ref, ""),
			    *what = xasprintf("removing image '%s'", ref);
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	int r = check_ref(ref, err);

	if (r < 0)
		return r;
	req.method = "DELETE";
	req.path = path;
	r = api_call(e, &req, &res, what, err);
	return r < 0 ? image_error(err, ref) : 0;
}

/* --- save --- */

#define TAIL 2048

struct save {
	int fd;
	void (*progress)(uint64_t bytes, void *ctx);
	void *ctx;
	uint64_t bytes;
	char tail[TAIL]; /* the last bytes of the archive, as a ring */
};

static void keep_tail(struct save *s, const char *data, size_t len)
{
	size_t skip = len > TAIL ? len - TAIL : 0;

	for (size_t i = skip; i < len; i++)
		s->tail[(s->bytes + i) % TAIL] = data[i];
}

static int save_sink(const char *data, size_t len, void *ctx, struct err *err)
{
	struct save *s = ctx;
	int r = io_write_full(s->fd, data, len);

	if (r < 0)
		return err_set(err, -r, "cannot write the image's archive");
	keep_tail(s, data, len);
	s->bytes += len;
	if (s->progress)
		s->progress(s->bytes, s->ctx);
	return 0;
}

/*
 * A daemon that fails after the first byte can only write its error where the archive should go
 * on (moby, postImagesGet). A whole archive is blocks of 512 bytes and ends with zeros (POSIX
 * pax, "ustar Interchange Format").
 */
static int check_saved(const struct save *s, const char *ref, struct err *err)
{
	size_t n = s->bytes < TAIL ? (size_t)s->bytes : TAIL;
	char tail[TAIL + 1];
	const char *at;

	for (size_t i = 0; i < n; i++)
		tail[i] = s->tail[(s->bytes - n + i) % TAIL];
	tail[n] = '\0';
	if (n && s->bytes % 512 == 0 && !tail[n - 1])
		return 0;
	at = memmem(tail, n, "{\"errorDetail\"", strlen("{\"errorDetail\""));
	if (at) {
		_cleanup_strbuf_ struct strbuf message = STRBUF_INIT;

		api_add_message(&message, at);
		return err_class_set(err, ERR_ENGINE, EIO, "saving image '%s': the engine says: %s",
				     ref, message.buf);
	}
	return err_class_set(err, ERR_ENGINE, ECONNRESET,
			     "saving image '%s': the archive is cut after %llu bytes", ref,
			     (unsigned long long)s->bytes);
}

int engine_image_save(struct engine *e, const char *ref, int fd,
		      void (*progress)(uint64_t bytes, void *ctx), void *ctx, struct err *err)
{
	_cleanup_free_ char *path = image_path(ref, "/get"),
			    *what = xasprintf("saving image '%s'", ref);
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	struct save save = { .fd = fd, .progress = progress, .ctx = ctx };
	struct http_request req = HTTP_REQUEST_INIT;
	int r = check_ref(ref, err);

	if (r < 0)
		return r;
	req.path = path;
	req.sink = save_sink;
	req.ctx = &save;
	r = api_call(e, &req, &res, what, err);
	return r < 0 ? image_error(err, ref) : check_saved(&save, ref, err);
}

/* --- load --- */

static int load_failed(const char *message, struct err *err)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;

	api_add_message(&safe, message);
	return err_class_set(err, ERR_ENGINE, EIO, "the engine says: %s", safe.buf);
}

/* {"stream": ...}, {"status": ..., "progress": ...}, {"errorDetail": {"message": ...}} */
static int load_doc(const cJSON *doc, void *ctx, struct err *err)
{
	const char *text = json_str(doc, "errorDetail.message", json_str(doc, "error", NULL));

	(void)ctx;
	if (text || json_get(doc, "errorDetail") || json_get(doc, "error"))
		return load_failed(text ? text : "an error without a reason", err);
	text = json_str(doc, "stream", NULL);
	if (!text)
		return 0;
	/* With containerd's image store that is only printed. */
	if (strstr(text, "Error unpacking"))
		return load_failed(text, err);
	log_debug("engine: %.*s", (int)strcspn(text, "\r\n"), text);
	return 0;
}

static int load_sink(const char *data, size_t len, void *ctx, struct err *err)
{
	return json_stream_feed(ctx, data, len, err);
}

int engine_image_load(struct engine *e, int fd, struct err *err)
{
	_cleanup_response_ struct http_response res = HTTP_RESPONSE_INIT;
	struct http_request req = HTTP_REQUEST_INIT;
	struct json_stream docs = JSON_STREAM_INIT(load_doc, NULL);
	int r;

	req.method = "POST";
	req.path = "/images/load?quiet=0";
	req.upload = true;
	req.upload_fd = fd;
	req.stall_ms = LOAD_STALL_MS;
	req.sink = load_sink;
	req.ctx = &docs;
	r = api_call(e, &req, &res, "loading the image", err);
	if (!r)
		r = json_stream_end(&docs, err);
	json_stream_release(&docs);
	return r;
}
