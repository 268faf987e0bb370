/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/transfer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/text.h"

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

int probe_http_new(int netns_fd, struct probe_http **ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	_cleanup_(probe_http_free) struct probe_http *h = xcalloc(1, sizeof(*h));
	int r;

	pthread_once(&once, global_init);
	h->ns = (struct netns){ .target = -1, .home = -1 };
	h->multi = curl_multi_init();
	if (!h->multi) /* nothing but a lack of memory */
		abort();
	r = netns_init(&h->ns, netns_fd, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(h);
	return 0;
}

void probe_http_free(struct probe_http *h)
{
	if (!h)
		return;
	probe_http_drop(h);
	curl_multi_cleanup(h->multi);
	netns_release(&h->ns);
	free(h->by_fd);
	free(h);
}

void probe_answer_release(struct probe_answer *answer)
{
	free(answer->url);
	strbuf_release(&answer->body);
	*answer = PROBE_ANSWER_INIT;
}

static void note_socket(struct probe_http *h, int fd, struct exchange *x)
{
	size_t at = (size_t)fd, before = h->n_fds;

	ALLOC_GROW(h->by_fd, at + 1, h->n_fds);
	for (size_t i = before; i < h->n_fds; i++)
		h->by_fd[i] = NULL;
	h->by_fd[at] = x;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct exchange *x = ctx;
	struct probe_http *h = x->h;
	int fd = -1, r;

	(void)purpose;
	r = netns_socket(&h->ns, addr->family, addr->socktype, addr->protocol, &fd, h->err);
	if (r < 0)
		h->failed = r;
	if (r < 0 || fd < 0)
		return CURL_SOCKET_BAD;
	note_socket(h, fd, x);
	return fd;
}

/*
 * libcurl tells a connection only when TLS is up too; we want to know whether somebody listens. The
 * context is not the exchange: this can be called as late as from curl_multi_cleanup().
 */
static int on_close(void *ctx, curl_socket_t fd)
{
	struct probe_http *h = ctx;
	struct exchange *x = (size_t)fd < h->n_fds ? h->by_fd[fd] : NULL;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (x && !getpeername(fd, (struct sockaddr *)&peer, &len))
		x->has_connected = true;
	if (x)
		h->by_fd[fd] = NULL;
	return close(fd);
}

/* libcurl keeps header lines for later: an endless header must not fill the memory. */
static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;

	(void)data;
	x->header_bytes += size * n;
	return x->header_bytes > PROBE_MAX_HEADER_BYTES ? 0 : size * n;
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct strbuf *body = &x->answer.body;
	size_t len = size * n, room = sizeof(x->head) - x->head_len;
	uint64_t max = x->call.max_body ? x->call.max_body : PROBE_MAX_BODY;

	memcpy(x->head + x->head_len, data, len < room ? len : room);
	x->head_len += len < room ? len : room;
	room = x->call.keep - (body->len < x->call.keep ? body->len : x->call.keep);
	if (room)
		strbuf_add(body, data, len < room ? len : room);
	x->answer.bytes += len;
	return x->answer.bytes > max ? 0 : len;
}

/* The app's own certificate, key size and protocol version will do: nothing secret is sent. */
static void set_tls(CURL *easy)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0);
	if (info->ssl_version && !strncmp(info->ssl_version, "OpenSSL/", 8))
		curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
}

static void set_connection(struct exchange *x)
{
	CURL *easy = x->easy;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, x->h);
	/* http_proxy and its like are for the way to the internet. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	/* A connection a call: what ends one is then the answer to this call. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->why);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
	set_tls(easy);
}

struct exchange *exchange_new(struct probe_http *h, const struct probe_call *call, void *tag)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->h = h;
	x->easy = curl_easy_init();
	if (!x->easy)
		abort();
	x->call = *call;
	x->tag = tag;
	x->method = call->cmd->method;
	x->send_body = true;
	x->answer = PROBE_ANSWER_INIT;
	x->before = PROBE_ANSWER_INIT;
	x->end_ms = clock_mono_ms() + (uint64_t)call->timeout_ms;
	x->next = h->first;
	h->first = x;
	set_connection(x);
	return x;
}

/* @x is in no list any more. */
static void release(struct exchange *x)
{
	struct probe_http *h = x->h;

	curl_multi_remove_handle(h->multi, x->easy);
	curl_easy_cleanup(x->easy);
	for (size_t i = 0; i < h->n_fds; i++)
		if (h->by_fd[i] == x)
			h->by_fd[i] = NULL;
	curl_slist_free_all(x->headers);
	curl_mime_free(x->form);
	probe_answer_release(&x->answer);
	probe_answer_release(&x->before);
	free(x);
}

void exchange_free(struct exchange *x)
{
	struct exchange **at = &x->h->first;

	while (*at && *at != x)
		at = &(*at)->next;
	if (*at)
		*at = x->next;
	release(x);
}

void probe_http_drop(struct probe_http *h)
{
	struct exchange *x = h->first, *next;

	h->first = NULL;
	for (; x; x = next) {
		next = x->next;
		release(x);
	}
}

void exchange_prepare(struct exchange *x, const char *url)
{
	uint64_t now = clock_mono_ms();
	long left = now < x->end_ms ? (long)(x->end_ms - now) : 1;
	double seconds = x->answer.seconds;

	probe_answer_release(&x->answer);
	x->answer.seconds = seconds;
	x->head_len = 0;
	x->why[0] = '\0';
	x->has_connected = false;
	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->call.connect_ms);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, left);
	curl_easy_setopt(x->easy, CURLOPT_URL, url);
}

static int wait_event(struct probe_http *h, struct err *err)
{
	struct curl_waitfd end = { .fd = cancel_fd(), .events = CURL_WAIT_POLLIN };
	unsigned int n = end.fd >= 0;

	if (curl_multi_poll(h->multi, n ? &end : NULL, n, 1000, NULL) != CURLM_OK)
		return err_set(err, EIO, "cannot wait for an HTTP answer");
	progress_tick();
	return cancel_check(err);
}

static bool take_finished(struct probe_http *h, struct exchange **ret, CURLcode *ret_code)
{
	CURLMsg *msg;
	char *x = NULL;
	int left;

	do
		msg = curl_multi_info_read(h->multi, &left);
	while (msg && msg->msg != CURLMSG_DONE);
	if (!msg)
		return false;
	curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &x);
	*ret = (struct exchange *)(void *)x;
	*ret_code = msg->data.result;
	return true;
}

int transfer_next(struct probe_http *h, struct exchange **ret, CURLcode *ret_code, struct err *err)
{
	int running = 0;

	h->err = err;
	h->failed = 0;
	for (;;) {
		int r;

		if (take_finished(h, ret, ret_code))
			return 1;
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			return err_set(err, EIO, "cannot make an HTTP call");
		if (h->failed < 0)
			return h->failed;
		if (take_finished(h, ret, ret_code))
			return 1;
		if (!running)
			return 0;
		r = wait_event(h, err);
		if (r < 0)
			return r;
	}
}

/* Error texts can quote what the server sent. */
void answer_set_why(struct probe_answer *answer, const char *text)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;
	size_t len;

	text_add_safe(&safe, text, strlen(text));
	len = safe.len < sizeof(answer->why) ? safe.len : sizeof(answer->why) - 1;
	while (len && len < safe.len && ((unsigned char)safe.buf[len] & 0xc0) == 0x80)
		len--; /* not in the middle of a character */
	memcpy(answer->why, safe.buf, len);
	answer->why[len] = '\0';
}

/* Over a hundred codes, of which few happen here: no switch. */
static enum probe_outcome outcome_of(const struct exchange *x, int code)
{
	curl_off_t connected = 0;
	long os = 0;

	curl_easy_getinfo(x->easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os);
	if (x->answer.status)
		return PROBE_ANSWERED;
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return PROBE_UNREACHED;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return connected || x->has_connected ? PROBE_NO_ANSWER : PROBE_UNREACHED;
	if (code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
	    (code == CURLE_RECV_ERROR && os == ECONNRESET))
		return PROBE_CLOSED;
	return PROBE_NO_HTTP;
}

static void explain(struct exchange *x, int code)
{
	_cleanup_free_ char *text = NULL;
	const char *why = x->why[0] ? x->why : curl_easy_strerror((CURLcode)code);
	long os = 0;

	curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT)
		text = xasprintf("no connection to %s: %s", x->call.addr,
				 os ? strerror((int)os) : why);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		text = xstrdup(x->answer.status ? "the body did not end in time"
						: "no answer in time");
	else if (code == CURLE_GOT_NOTHING)
		text = xstrdup("the connection was closed without an answer");
	else if (code == CURLE_RECV_ERROR && os == ECONNRESET)
		text = xstrdup("the connection was reset");
	else if (code == CURLE_SSL_CONNECT_ERROR)
		text = xasprintf("no TLS: %s", why);
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		text = xstrdup("what came back is not HTTP");
	else if (code == CURLE_WRITE_ERROR && x->header_bytes > PROBE_MAX_HEADER_BYTES)
		text = xstrdup("the header of the answer is too long");
	else if (code == CURLE_WRITE_ERROR)
		text = xstrdup("the body is longer than what is read of it");
	answer_set_why(&x->answer, text ? text : why);
}

/* nginx, Apache, Go, Tomcat: each says it with words of its own. */
static bool wants_https(const struct exchange *x)
{
	static const char *const words[] = { "https", "ssl", "tls" };

	if (x->answer.status != 400 || probe_is_tls(x->call.protocol))
		return false;
	for (size_t i = 0; i < x->head_len; i++)
		for (size_t w = 0; w < ARRAY_SIZE(words); w++)
			if (x->head_len - i >= strlen(words[w]) &&
			    !strncasecmp(x->head + i, words[w], strlen(words[w])))
				return true;
	return false;
}

static int version_of(CURL *easy)
{
	long version = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	return version == CURL_HTTP_VERSION_1_0	  ? 10
	       : version == CURL_HTTP_VERSION_1_1 ? 11
	       : version == CURL_HTTP_VERSION_2_0 ? 20
						  : 0;
}

static void take_kept(struct exchange *x)
{
	char *type = NULL, *url = NULL;

	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(x->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (type)
		snprintf(x->answer.type, sizeof(x->answer.type), "%.*s", (int)strcspn(type, "; \t"),
			 type);
	if (x->call.keep && url)
		x->answer.url = xstrdup(url);
}

void exchange_take(struct exchange *x, CURLcode code)
{
	curl_off_t total = 0;
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->easy, CURLINFO_TOTAL_TIME_T, &total);
	x->answer.status = (int)status;
	x->answer.http_version = version_of(x->easy);
	x->answer.seconds += (double)total / 1e6;
	x->answer.outcome = outcome_of(x, (int)code);
	x->answer.wants_https = wants_https(x);
	take_kept(x);
	if (code != CURLE_OK)
		explain(x, (int)code);
}
