/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/host.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define MAX_ERROR_BODY (1u << 20)
#define MAX_HEADER_BYTES (256u << 10)

struct http {
	const struct http_server *server;
	CURLM *multi;
	CURL *easy;
	char why[CURL_ERROR_SIZE];
};

/* One call under way: what libcurl's callbacks get. */
struct call {
	struct http *h;
	const struct http_request *req;
	struct http_response *res;
	struct err *err; /* the caller's */
	int failed;	 /* -errno of a callback, which has set err */
	size_t header_bytes;
	uint64_t start_ms, active_ms;
};

void http_response_release(struct http_response *res)
{
	strbuf_release(&res->body);
}

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http *http_new(const struct http_server *server)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = xcalloc(1, sizeof(*h));

	pthread_once(&once, global_init);
	h->server = server;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy) /* nothing but a lack of memory */
		abort();
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	free(h);
}

static bool is_success(const struct call *c)
{
	return c->res->status >= 200 && c->res->status < 300;
}

/* The value of the header @name ("api-version:"), cut to @size, when @line is that one. */
static void take_header(const char *line, size_t len, const char *name, char *ret, size_t size)
{
	size_t i = strlen(name), out = 0;

	if (len <= i || strncasecmp(line, name, i) != 0)
		return;
	while (i < len && line[i] == ' ')
		i++;
	while (i < len && line[i] > ' ' && out < size - 1)
		ret[out++] = line[i++];
	ret[out] = '\0';
}

static void take_versions(struct http_response *res, const char *line, size_t len)
{
	take_header(line, len, "api-version:", res->api_version, sizeof(res->api_version));
	take_header(line, len, "libpod-api-version:", res->libpod_version,
		    sizeof(res->libpod_version));
	/* It becomes a part of paths. */
	if (res->libpod_version[strspn(res->libpod_version, "0123456789.")])
		res->libpod_version[0] = '\0';
}

/* libcurl hands over each header line, and an empty one at the end of each header block. */
static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;
	size_t len = size * n;
	long status = 0;

	c->active_ms = clock_mono_ms();
	c->header_bytes += len;
	if (c->header_bytes > MAX_HEADER_BYTES) {
		c->failed = err_class_set(c->err, ERR_ENGINE, EMSGSIZE,
					  "the engine's answer has too long a header");
		return 0;
	}
	take_versions(c->res, data, len);
	curl_easy_getinfo(c->h->easy, CURLINFO_RESPONSE_CODE, &status);
	c->res->status = (int)status;
	if ((len == 1 || len == 2) && data[len - 1] == '\n' && status >= 200 && c->req->on_answer)
		c->req->on_answer(c->res->status, c->req->ctx);
	return len;
}

static int collect(struct call *c, const char *data, size_t len)
{
	struct strbuf *body = &c->res->body;
	size_t max = is_success(c) ? HTTP_MAX_BODY : MAX_ERROR_BODY;

	if (len <= max - body->len) {
		strbuf_add(body, data, len);
		return 0;
	}
	if (is_success(c))
		return err_class_set(c->err, ERR_ENGINE, EMSGSIZE,
				     "the engine's answer is larger than %u MiB",
				     HTTP_MAX_BODY >> 20);
	strbuf_add(body, data, max - body->len);
	return 0;
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;
	size_t len = size * n;
	int r;

	if (c->req->sink && is_success(c))
		r = c->req->sink(data, len, c->req->ctx, c->err);
	else
		r = collect(c, data, len);
	c->active_ms = clock_mono_ms();
	if (r >= 0)
		return len;
	c->failed = r;
	return len ? 0 : 1; /* anything but @len is a failure to libcurl */
}

static size_t on_upload(char *buf, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;
	ssize_t got = read(c->req->upload_fd, buf, size * n);

	c->active_ms = clock_mono_ms();
	if (got >= 0)
		return (size_t)got;
	c->failed = err_set(c->err, errno, "cannot read what is to be sent to the engine");
	return CURL_READFUNC_ABORT;
}

/* libcurl rewinds when a connection that it wanted to reuse was closed by the server. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct call *c = ctx;

	return lseek(c->req->upload_fd, offset, origin) < 0 ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

static void set_tls(CURL *easy, const struct http_server *s)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, s->verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, s->verify ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca);
	if (s->cert) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, s->cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, s->key);
		/* An encrypted key is an error then; OpenSSL would ask the terminal otherwise. */
		curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
	}
}

static void set_connection(struct http *h)
{
	const struct http_server *s = h->server;
	CURL *easy = h->easy;

	if (s->socket_path)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, s->socket_path);
	if (s->tls)
		set_tls(easy, s);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	/* Streams that take over the connection (attach, exec) do not exist in HTTP/2. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* http_proxy and its like are for the app's internet, never for the engine. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->why);
}

/* A file's length is told in advance, a pipe is sent in chunks. */
static int set_upload(CURL *easy, struct call *c)
{
	struct stat st;

	if (fstat(c->req->upload_fd, &st) < 0)
		return err_set(c->err, errno, "cannot read what is to be sent to the engine");
	if (S_ISREG(st.st_mode) && lseek(c->req->upload_fd, 0, SEEK_SET) < 0)
		return err_set(c->err, errno, "cannot rewind what is to be sent to the engine");
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
			 S_ISREG(st.st_mode) ? (curl_off_t)st.st_size : (curl_off_t)-1);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(easy, CURLOPT_READDATA, c);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, c);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	return 0;
}

static int set_body(CURL *easy, struct call *c)
{
	const struct http_request *req = c->req;

	if (req->upload)
		return set_upload(easy, c);
	if (!req->body && strcmp(req->method, "POST") != 0)
		return 0;
	/* A POST without a body says so; some proxies refuse it otherwise. */
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body ? req->body : "");
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)(req->body ? strlen(req->body) : 0));
	return 0;
}

static struct curl_slist *make_headers(const struct http_request *req)
{
	/* "Expect:" without a value turns libcurl's wait for "100 Continue" off. */
	static const char *const common[] = { "Expect:", "Accept: */*",
					      "User-Agent: slimtrace/" SLIMTRACE_VERSION };
	const char *type =
		req->upload ? "Content-Type: application/x-tar" : "Content-Type: application/json";
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		list = curl_slist_append(list, common[i]);
	return curl_slist_append(list, type);
}

static int set_request(struct call *c, struct curl_slist *headers)
{
	_cleanup_free_ char *url = xasprintf("%s%s", c->h->server->base, c->req->path);
	CURL *easy = c->h->easy;
	int r;

	curl_easy_reset(easy); /* options only: connections live on in the multi handle */
	c->h->why[0] = '\0';
	set_connection(c->h);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
	/* First the body, which chooses a method, then the method that is meant. */
	r = set_body(easy, c);
	if (r < 0)
		return r;
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, c->req->method);
	return 0;
}

/* What a failed connection means depends on errno more than on libcurl's code. */
static int connect_error(const struct call *c)
{
	long os = 0;

	curl_easy_getinfo(c->h->easy, CURLINFO_OS_ERRNO, &os);
	return host_unreachable(c->h->server, os ? (int)os : ECONNREFUSED, c->err);
}

static int tls_error(const struct call *c, int code, const char *why)
{
	err_class_set(c->err, ERR_ENGINE, EPROTO,
		      "no TLS connection to the container engine at %s: %s", c->h->server->host,
		      why);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_hint(c->err,
				"the engine's certificate has to be valid now, name this host, and "
				"be signed by ca.pem in --tls-cert-path or DOCKER_CERT_PATH; "
				"--tls-verify=false does without");
	return err_hint(c->err, "does it speak TLS? the certificates are ca.pem, cert.pem and "
				"key.pem in --tls-cert-path or DOCKER_CERT_PATH");
}

/* A server that wanted TLS, or a client certificate, often says no more than goodbye. */
static int broken_off(const struct call *c, const char *why)
{
	const struct http_server *s = c->h->server;
	int r = err_class_set(c->err, ERR_ENGINE, ECONNRESET,
			      "the container engine at %s broke the connection off: %s", s->host,
			      why);

	if (s->socket_path || c->res->status)
		return r;
	if (!s->tls)
		return err_hint(c->err, "does this engine want TLS (--tls)?");
	if (!s->cert)
		return err_hint(c->err, "does this engine want a client certificate (cert.pem and "
					"key.pem in --tls-cert-path or DOCKER_CERT_PATH)?");
	return err_hint(c->err,
			"does this engine take the client certificate '%s'? its log says "
			"why not",
			s->cert);
}

static int transfer_error(const struct call *c, CURLcode code)
{
	const char *why = c->h->why[0] ? c->h->why : curl_easy_strerror(code);
	const char *host = c->h->server->host;
	/* Over a hundred codes, of which few are about an engine. */
	int n = (int)code;

	if (c->failed < 0)
		return c->failed;
	if (n == CURLE_COULDNT_CONNECT)
		return connect_error(c);
	if (n == CURLE_SSL_CONNECT_ERROR || n == CURLE_PEER_FAILED_VERIFICATION ||
	    n == CURLE_SSL_CERTPROBLEM || n == CURLE_SSL_CACERT_BADFILE)
		return tls_error(c, n, why);
	if (n == CURLE_PARTIAL_FILE || n == CURLE_RECV_ERROR || n == CURLE_GOT_NOTHING ||
	    n == CURLE_SEND_ERROR)
		return broken_off(c, why);
	if (n == CURLE_OPERATION_TIMEDOUT) { /* the only one left to libcurl is connecting */
		err_class_set(c->err, ERR_ENGINE, EHOSTUNREACH,
			      "no connection to the container engine at %s: %s", host, why);
		return err_hint(c->err, "is Docker running there, and the port open?");
	}
	if (n == CURLE_COULDNT_RESOLVE_HOST) {
		err_class_set(c->err, ERR_ENGINE, EHOSTUNREACH,
			      "cannot connect to the container engine at %s: %s", host, why);
		return err_hint(c->err, "is the name of the host right, in --host, DOCKER_HOST or "
					"the docker context?");
	}
	err_class_set(c->err, ERR_ENGINE, EPROTO, "call to the container engine at %s: %s", host,
		      why);
	return err_hint(c->err, "see --host and DOCKER_HOST");
}

/* How long to sleep at most; 0 when a time limit has passed, which is then set in @err. */
static int time_left(const struct call *c)
{
	uint64_t now = clock_mono_ms(), left = 1000;
	const struct http_request *req = c->req;

	if (req->timeout_ms >= 0) {
		uint64_t end = c->start_ms + (uint64_t)req->timeout_ms;

		if (now >= end) {
			err_class_set(c->err, ERR_ENGINE, ETIMEDOUT,
				      "no answer from the container engine within %d ms",
				      req->timeout_ms);
			return 0;
		}
		left = end - now < left ? end - now : left;
	}
	if (req->stall_ms >= 0 && now >= c->active_ms + (uint64_t)req->stall_ms) {
		err_class_set(c->err, ERR_ENGINE, ETIMEDOUT,
			      "the container engine at %s does not answer (nothing for %d s)",
			      c->h->server->host, req->stall_ms / 1000);
		err_hint(c->err, "is the engine hanging? see its log");
		return 0;
	}
	return (int)left;
}

static int wait_event(struct call *c)
{
	struct curl_waitfd fds[2] = { 0 };
	int end = c->req->no_cancel ? -1 : cancel_fd(), timeout = time_left(c);
	unsigned int n = 0;
	struct pollfd stop = { .fd = c->req->stop_fd, .events = POLLIN };

	if (!timeout)
		return -ETIMEDOUT;
	if (end >= 0)
		fds[n++] = (struct curl_waitfd){ .fd = end, .events = CURL_WAIT_POLLIN };
	if (stop.fd >= 0)
		fds[n++] = (struct curl_waitfd){ .fd = stop.fd, .events = CURL_WAIT_POLLIN };
	if (curl_multi_poll(c->h->multi, n ? fds : NULL, n, timeout, NULL) != CURLM_OK)
		return err_class_set(c->err, ERR_ENGINE, EIO, "cannot wait for the engine");
	if (!c->req->no_cancel && cancel_check(c->err) < 0)
		return -EINTR;
	if (stop.fd >= 0 && poll(&stop, 1, 0) > 0)
		return err_class_set(c->err, ERR_ENGINE, ECANCELED, "the call was ended");
	return 0;
}

static int transfer_result(struct call *c)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(c->h->multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			return msg->data.result == CURLE_OK ? 0
							    : transfer_error(c, msg->data.result);
	return err_class_set(c->err, ERR_ENGINE, EIO, "the call to the engine has no result");
}

static int run(struct call *c)
{
	int running = 1;

	for (;;) {
		int r;

		if (curl_multi_perform(c->h->multi, &running) != CURLM_OK)
			return err_class_set(c->err, ERR_ENGINE, EIO, "cannot call the engine");
		if (!running)
			return transfer_result(c);
		r = wait_event(c);
		if (r < 0)
			return r;
		progress_tick();
	}
}

/* Query values can be names that the user would not like to see in a log; the path cannot. */
static void log_call(const struct call *c, int r)
{
	int path = (int)strcspn(c->req->path, "?");
	unsigned long long ms = clock_mono_ms() - c->start_ms;

	if (c->req->quiet)
		return;
	if (r < 0)
		log_debug("engine: %s %.*s -> %s in %llu ms", c->req->method, path, c->req->path,
			  strerror(-r), ms);
	else
		log_debug("engine: %s %.*s -> %d in %llu ms", c->req->method, path, c->req->path,
			  c->res->status, ms);
}

int http_call(struct http *h, const struct http_request *req, struct http_response *res,
	      struct err *err)
{
	struct call c = { .h = h, .req = req, .res = res, .err = err };
	struct curl_slist *headers;
	int r;

	if (!req->no_cancel && cancel_check(err) < 0)
		return -EINTR;
	res->status = 0;
	res->api_version[0] = '\0';
	strbuf_reset(&res->body);
	c.start_ms = c.active_ms = clock_mono_ms();
	headers = make_headers(req);
	r = set_request(&c, headers);
	if (!r) {
		curl_multi_add_handle(h->multi, h->easy);
		r = run(&c);
		/* A call that did not end takes its connection with it. */
		curl_multi_remove_handle(h->multi, h->easy);
	}
	curl_easy_reset(h->easy);
	curl_slist_free_all(headers);
	log_call(&c, r);
	return r;
}

/* --- connections that become streams --- */

static int wait_socket(struct http *h, short events, int stop_fd, struct err *err)
{
	curl_socket_t sock = CURL_SOCKET_BAD;
	struct pollfd p[] = { { .events = events }, { .fd = stop_fd, .events = POLLIN } };

	curl_easy_getinfo(h->easy, CURLINFO_ACTIVESOCKET, &sock);
	p[0].fd = sock;
	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "cannot wait for the engine");
	if (p[1].revents)
		return err_class_set(err, ERR_ENGINE, ECANCELED, "the call was ended");
	return 0;
}

static int stream_broken(const struct http *h, CURLcode code, struct err *err)
{
	return err_class_set(err, ERR_ENGINE, ECONNRESET,
			     "the container engine at %s broke the connection off: %s",
			     h->server->host, curl_easy_strerror(code));
}

int http_send(struct http *h, const void *data, size_t len, int stop_fd, struct err *err)
{
	const char *p = data;

	while (len) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(h->easy, p, len, &sent);
		int r = 0;

		if (code == CURLE_AGAIN)
			r = wait_socket(h, POLLOUT, stop_fd, err);
		else if (code != CURLE_OK)
			return stream_broken(h, code, err);
		if (r < 0)
			return r;
		p += sent;
		len -= sent;
	}
	return 0;
}

/* The answer's header, byte by byte: what follows it is not ours to take. */
static int recv_header(struct http *h, int stop_fd, struct strbuf *ret, struct err *err)
{
	while (ret->len < 4 || strcmp(ret->buf + ret->len - 4, "\r\n\r\n") != 0) {
		size_t got = 0;
		char byte;
		CURLcode code = curl_easy_recv(h->easy, &byte, 1, &got);
		int r = 0;

		if (code == CURLE_AGAIN)
			r = wait_socket(h, POLLIN, stop_fd, err);
		else if (code != CURLE_OK || !got)
			return stream_broken(h, code != CURLE_OK ? code : CURLE_GOT_NOTHING, err);
		if (r < 0)
			return r;
		strbuf_add(ret, &byte, got);
		if (ret->len > MAX_HEADER_BYTES)
			return err_class_set(err, ERR_ENGINE, EMSGSIZE,
					     "the engine's answer has too long a header");
	}
	return 0;
}

/* Docker Engine API, ContainerAttach, "Hijacking": 101 with an Upgrade header, else 200. */
int http_take_over(struct http *h, const char *path, int stop_fd, struct err *err)
{
	_cleanup_strbuf_ struct strbuf header = STRBUF_INIT;
	const char *host = strstr(h->server->base, "://") + 3, *prefix = strchr(host, '/');
	_cleanup_free_ char *request = xasprintf(
		"POST %s%s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: slimtrace/" SLIMTRACE_VERSION
		"\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n",
		prefix ? prefix : "", path, (int)strcspn(host, "/"), host);
	struct http_response none = HTTP_RESPONSE_INIT;
	struct call c = { .h = h, .err = err, .res = &none };
	int status = 0, r;
	CURLcode code;

	curl_easy_reset(h->easy);
	set_connection(h);
	curl_easy_setopt(h->easy, CURLOPT_URL, h->server->base);
	curl_easy_setopt(h->easy, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(h->easy);
	if (code != CURLE_OK)
		return transfer_error(&c, code);
	r = http_send(h, request, strlen(request), stop_fd, err);
	if (!r)
		r = recv_header(h, stop_fd, &header, err);
	if (r < 0)
		return r;
	if (sscanf(header.buf, "HTTP/1.%*1[01] %3d", &status) == 1 &&
	    (status == 101 || status == 200))
		return 0;
	return err_class_set(err, ERR_ENGINE, EPROTO,
			     "the engine refuses to take input for the container: status %d",
			     status);
}
