/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drive/netns.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/text.h"

struct probe_http {
	struct netns ns;
	CURLM *multi;
	char why[CURL_ERROR_SIZE];
	bool has_connected; /* a socket of the request under way */
};

/* One call under way: what libcurl's callbacks get. */
struct exchange {
	struct probe_http *h;
	CURL *easy; /* of this call alone, redirects included: so are the cookies in it */
	const struct probe_call *call;
	const char *method;
	bool send_body; /* a redirect can turn a POST into a GET */
	struct probe_answer *answer;
	uint64_t end_ms;
	size_t header_bytes;
	char head[1024]; /* of the body: the complaint of a server that wants https is short */
	size_t head_len;
	struct err *err;
	int failed; /* -errno of a callback, which has set err */
};

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
	curl_multi_cleanup(h->multi);
	netns_release(&h->ns);
	free(h);
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct exchange *x = ctx;
	int fd = -1;

	(void)purpose;
	x->failed =
		netns_socket(&x->h->ns, addr->family, addr->socktype, addr->protocol, &fd, x->err);
	return x->failed < 0 || fd < 0 ? CURL_SOCKET_BAD : fd;
}

/*
 * libcurl tells a connection only when TLS is up too; we want to know whether somebody listens. The
 * context is not the exchange: this can be called as late as from curl_multi_cleanup().
 */
static int on_close(void *ctx, curl_socket_t fd)
{
	struct probe_http *h = ctx;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (!getpeername(fd, (struct sockaddr *)&peer, &len))
		h->has_connected = true;
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
	size_t len = size * n, room = sizeof(x->head) - x->head_len;

	memcpy(x->head + x->head_len, data, len < room ? len : room);
	x->head_len += len < room ? len : room;
	x->answer->bytes += len;
	return x->answer->bytes > PROBE_MAX_BODY ? 0 : len;
}

/* What must not stand in a URL is percent-encoded; what the user encoded already stays. */
static void add_resource(struct strbuf *url, const char *resource)
{
	for (const char *p = resource; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f)
			strbuf_addf(url, "%%%02X", c);
		else
			strbuf_addch(url, (char)c);
	}
}

static char *make_url(const struct probe_call *call)
{
	_cleanup_strbuf_ struct strbuf url = STRBUF_INIT;
	bool v6 = strchr(call->addr, ':');

	strbuf_addf(&url, "%s://%s%s%s:%u", call->https ? "https" : "http", v6 ? "[" : "",
		    call->addr, v6 ? "]" : "", call->port);
	add_resource(&url, call->cmd->resource);
	return strbuf_detach(&url, NULL);
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
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->h->why);
	set_tls(easy);
}

static void set_times(const struct exchange *x)
{
	uint64_t now = clock_mono_ms();
	long left = now < x->end_ms ? (long)(x->end_ms - now) : 1;

	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->call->connect_ms);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, left);
}

/* Methods whose requests without a body say so: some servers answer 411 otherwise. */
static bool has_length(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

static void set_method(const struct exchange *x)
{
	const struct probe_cmd *cmd = x->call->cmd;
	CURL *easy = x->easy;
	bool body = x->send_body && cmd->body;

	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* whatever was sent before a redirect */
	if (!strcmp(x->method, "HEAD")) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (body || has_length(x->method)) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body ? cmd->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)(body ? cmd->body_len : 0));
	}
	/* After the body, which chooses a method of its own. */
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
}

static void set_user(CURL *easy, const struct probe_cmd *cmd)
{
	if (!cmd->username)
		return;
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, cmd->username);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, cmd->password ? cmd->password : "");
}

/* To libcurl "Name:" takes a header away, and "Name;" is one without a value. */
static struct curl_slist *make_headers(const struct strvec *headers)
{
	/* Without a value: no waiting for "100 Continue". */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; i < headers->n; i++) {
		const char *line = headers->v[i];
		size_t name = strcspn(line, ":");
		bool empty = line[name] && !line[name + 1 + strspn(line + name + 1, " \t")];
		_cleanup_free_ char *bare = empty ? xasprintf("%.*s;", (int)name, line) : NULL;

		list = curl_slist_append(list, bare ? bare : line);
	}
	return list;
}

static void set_call(struct exchange *x, struct curl_slist *headers)
{
	CURL *easy = x->easy;

	set_connection(x);
	set_user(easy, x->call->cmd);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "slimtrace/" SLIMTRACE_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, ""); /* no file; cookies are understood */
}

static int wait_event(struct exchange *x)
{
	struct curl_waitfd end = { .fd = cancel_fd(), .events = CURL_WAIT_POLLIN };
	unsigned int n = end.fd >= 0;

	if (curl_multi_poll(x->h->multi, n ? &end : NULL, n, 1000, NULL) != CURLM_OK)
		return err_set(x->err, EIO, "cannot wait for an HTTP answer");
	return cancel_check(x->err);
}

/* Until the transfer is over; @ret is how it ended. */
static int transfer(struct exchange *x, CURLcode *ret)
{
	CURLMsg *msg;
	int running = 1, left;

	for (;;) {
		int r;

		if (curl_multi_perform(x->h->multi, &running) != CURLM_OK)
			return err_set(x->err, EIO, "cannot make an HTTP call");
		if (x->failed < 0)
			return x->failed;
		if (!running)
			break;
		r = wait_event(x);
		if (r < 0)
			return r;
	}
	while ((msg = curl_multi_info_read(x->h->multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			*ret = msg->data.result;
	return 0;
}

/* Error texts can quote what the server sent. */
static void set_why(struct probe_answer *answer, const char *text)
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

	curl_easy_getinfo(x->easy, CURLINFO_CONNECT_TIME_T, &connected);
	if (x->answer->status)
		return PROBE_ANSWERED;
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return PROBE_UNREACHED;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return connected || x->h->has_connected ? PROBE_NO_ANSWER : PROBE_UNREACHED;
	return PROBE_NO_HTTP;
}

static void explain(const struct exchange *x, int code)
{
	_cleanup_free_ char *text = NULL;
	const char *why = x->h->why[0] ? x->h->why : curl_easy_strerror((CURLcode)code);
	long os = 0;

	curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT)
		text = xasprintf("no connection to %s: %s", x->call->addr,
				 os ? strerror((int)os) : why);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		text = xstrdup(x->answer->status ? "the body did not end in time"
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
	set_why(x->answer, text ? text : why);
}

/* nginx, Apache, Go, Tomcat: each says it with words of its own. */
static bool wants_https(const struct exchange *x)
{
	static const char *const words[] = { "https", "ssl", "tls" };

	if (x->answer->status != 400 || x->call->https)
		return false;
	for (size_t i = 0; i < x->head_len; i++)
		for (size_t w = 0; w < ARRAY_SIZE(words); w++)
			if (x->head_len - i >= strlen(words[w]) &&
			    !strncasecmp(x->head + i, words[w], strlen(words[w])))
				return true;
	return false;
}

static void take_answer(struct exchange *x, CURLcode code)
{
	curl_off_t total = 0;
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->easy, CURLINFO_TOTAL_TIME_T, &total);
	x->answer->status = (int)status;
	x->answer->seconds += (double)total / 1e6;
	x->answer->outcome = outcome_of(x, (int)code);
	x->answer->wants_https = wants_https(x);
	if (code != CURLE_OK)
		explain(x, (int)code);
}

static int request(struct exchange *x, const char *url)
{
	CURLcode code = CURLE_OK;
	int r;

	*x->answer = (struct probe_answer){ .seconds = x->answer->seconds };
	x->head_len = 0;
	x->h->why[0] = '\0';
	x->h->has_connected = false;
	set_times(x);
	set_method(x);
	curl_easy_setopt(x->easy, CURLOPT_URL, url);
	curl_multi_add_handle(x->h->multi, x->easy);
	r = transfer(x, &code);
	curl_multi_remove_handle(x->h->multi, x->easy);
	if (!r)
		take_answer(x, code);
	return r;
}

/* A part of a parsed URL, compared without regard to case. */
static bool part_is(CURLU *url, CURLUPart part, const char *want)
{
	char *have = NULL;
	bool same = !curl_url_get(url, part, &have, CURLU_DEFAULT_PORT) && !strcasecmp(have, want);

	curl_free(have);
	return same;
}

static bool same_origin(const struct probe_call *call, const char *where)
{
	_cleanup_free_ char *port = xasprintf("%u", call->port);
	_cleanup_free_ char *host =
		strchr(call->addr, ':') ? xasprintf("[%s]", call->addr) : xstrdup(call->addr);
	CURLU *url = curl_url();
	bool same;

	if (!url)
		abort();
	same = !curl_url_set(url, CURLUPART_URL, where, CURLU_URLENCODE | CURLU_ALLOW_SPACE) &&
	       part_is(url, CURLUPART_SCHEME, call->https ? "https" : "http") &&
	       part_is(url, CURLUPART_HOST, host) && part_is(url, CURLUPART_PORT, port);
	curl_url_cleanup(url);
	return same;
}

/* Where to go on, malloc'ed; NULL: what we have is the answer. */
static char *redirect_target(const struct exchange *x)
{
	char *where = NULL;

	curl_easy_getinfo(x->easy, CURLINFO_REDIRECT_URL, &where);
	if (!where || clock_mono_ms() >= x->end_ms)
		return NULL;
	if (same_origin(x->call, where))
		return xstrdup(where);
	log_debug("probe: the redirect to '%.256s' leads elsewhere and is not followed", where);
	return NULL;
}

/* RFC 9110, 15.4: what every browser does. */
static void change_method(struct exchange *x)
{
	bool get = x->answer->status == 303
			   ? strcmp(x->method, "HEAD") != 0
			   : (x->answer->status == 301 || x->answer->status == 302) &&
				     !strcmp(x->method, "POST");

	if (!get)
		return;
	x->method = "GET";
	x->send_body = false;
}

/* An answer that redirects is an answer, whatever comes of going on. */
static int follow(struct exchange *x)
{
	for (int i = 0; i < PROBE_MAX_REDIRECTS; i++) {
		_cleanup_free_ char *url = redirect_target(x);
		struct probe_answer before = *x->answer;
		int r;

		if (!url)
			return 0;
		change_method(x);
		r = request(x, url);
		if (r < 0)
			return r;
		if (x->answer->outcome != PROBE_ANSWERED) {
			log_debug("probe: redirected to '%.256s': %s", url, x->answer->why);
			*x->answer = before;
			return 0;
		}
	}
	return 0;
}

int probe_http_call(struct probe_http *h, const struct probe_call *call, struct probe_answer *ret,
		    struct err *err)
{
	_cleanup_free_ char *url = make_url(call);
	struct curl_slist *headers = make_headers(&call->cmd->headers);
	struct probe_answer answer = { 0 };
	struct exchange x = { .h = h,
			      .easy = curl_easy_init(),
			      .call = call,
			      .method = call->cmd->method,
			      .send_body = true,
			      .answer = &answer,
			      .end_ms = clock_mono_ms() + (uint64_t)call->timeout_ms,
			      .err = err };
	int r;

	if (!x.easy)
		abort();
	set_call(&x, headers);
	r = request(&x, url);
	if (!r && answer.outcome == PROBE_ANSWERED)
		r = follow(&x);
	curl_easy_cleanup(x.easy);
	curl_slist_free_all(headers);
	if (r < 0)
		return r;
	*ret = answer;
	return 0;
}
