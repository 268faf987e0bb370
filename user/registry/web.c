/* SPDX-License-Identifier: BSD-2-Clause */
#include "registry/web.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define MAX_HEADER_BYTES (256u << 10)
#define MAX_HEADER_VALUE 16384
#define MAX_CHALLENGES 16
#define CONNECT_MS 15000
#define STALL_S 120
#define SHOWN_BYTES (1 << 20) /* what is smaller is there before it can be read */

struct web {
	struct web_certs certs;
	bool plain;
	CURLM *multi;
	CURL *easy;
	char why[CURL_ERROR_SIZE];
};

/* One call under way: what libcurl's callbacks get. */
struct transfer {
	struct web *w;
	const struct web_request *req;
	struct web_answer *ret;
	struct err *err;
	int failed; /* -errno of a callback, which has set err */
	size_t header_bytes;
};

static void forget(struct web_answer *a)
{
	char **all[] = { &a->location, &a->link, &a->digest, &a->subject, &a->retry_after };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
	strvec_release(&a->challenges);
	a->challenges = STRVEC_INIT;
}

void web_answer_release(struct web_answer *a)
{
	forget(a);
	strbuf_release(&a->body);
}

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void web_certs_release(struct web_certs *certs)
{
	free(certs->ca);
	free(certs->cert);
	free(certs->key);
	free(certs->origin);
	*certs = (struct web_certs){ 0 };
}

struct web *web_new(struct web_certs *certs, bool plain)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct web *w = xcalloc(1, sizeof(*w));

	pthread_once(&once, global_init);
	w->certs = *certs;
	*certs = (struct web_certs){ 0 };
	w->plain = plain;
	w->multi = curl_multi_init();
	w->easy = curl_easy_init();
	if (!w->multi || !w->easy) /* nothing but a lack of memory */
		abort();
	return w;
}

void web_free(struct web *w)
{
	if (!w)
		return;
	curl_easy_cleanup(w->easy);
	curl_multi_cleanup(w->multi);
	web_certs_release(&w->certs);
	free(w);
}

/* --- the answer --- */

/* The value of the header @name, malloc'ed, when @line is that one; of printable characters. */
static char *value_of(const char *line, size_t len, const char *name)
{
	size_t i = strlen(name);

	if (len <= i || strncasecmp(line, name, i) != 0 || line[i] != ':')
		return NULL;
	for (i++; i < len && (line[i] == ' ' || line[i] == '\t');)
		i++;
	while (len > i && strchr(" \t\r\n", line[len - 1]))
		len--;
	if (len - i > MAX_HEADER_VALUE)
		return NULL;
	for (size_t k = i; k < len; k++)
		if ((unsigned char)line[k] < ' ' || line[k] == 0x7f)
			return NULL;
	return xstrndup(line + i, len - i);
}

static void take_header(struct web_answer *a, const char *line, size_t len)
{
	const struct {
		const char *name;
		char **to;
	} known[] = { { "location", &a->location },
		      { "link", &a->link },
		      { "docker-content-digest", &a->digest },
		      { "oci-subject", &a->subject },
		      { "retry-after", &a->retry_after } };
	char *value = value_of(line, len, "www-authenticate");

	if (value && a->challenges.n < MAX_CHALLENGES)
		strvec_push_take(&a->challenges, value);
	else
		free(value);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		value = value_of(line, len, known[i].name);
		if (!value)
			continue;
		free(*known[i].to);
		*known[i].to = value;
	}
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *x = ctx;
	size_t len = size * n;
	long status = 0;

	x->header_bytes += len;
	if (x->header_bytes > MAX_HEADER_BYTES) {
		x->failed = err_class_set(x->err, ERR_ENGINE, EMSGSIZE,
					  "the answer has too long a header");
		return 0;
	}
	curl_easy_getinfo(x->w->easy, CURLINFO_RESPONSE_CODE, &status);
	x->ret->status = (int)status;
	if (len > 5 && !strncmp(data, "HTTP/", 5))
		forget(x->ret); /* of an interim answer (100 Continue) */
	else
		take_header(x->ret, data, len);
	return len;
}

static size_t on_data(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *x = ctx;
	size_t len = size * n;

	if (len > x->req->max - x->ret->body.len) {
		x->failed = err_class_set(x->err, ERR_ENGINE, EMSGSIZE,
					  "the answer is larger than %zu bytes", x->req->max);
		return len ? 0 : 1;
	}
	strbuf_add(&x->ret->body, data, len);
	return len;
}

static int on_progress(void *ctx, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
		       curl_off_t up)
{
	const struct transfer *x = ctx;
	bool sends = x->req->len > 0;
	curl_off_t all = sends ? up_all : down_all, done = sends ? up : down;
	char of[16], so_far[16];

	if (x->req->show && all > SHOWN_BYTES)
		progress_update("%s of %s", format_bytes(so_far, (unsigned long long)done),
				format_bytes(of, (unsigned long long)all));
	return 0;
}

/* --- the request --- */

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	_cleanup_free_ char *line = xasprintf("%s: %s", name, value);

	return value ? curl_slist_append(list, line) : list;
}

static struct curl_slist *make_headers(const struct web_request *req)
{
	/* "Expect:" without a value turns libcurl's wait for "100 Continue" off. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	list = add_header(list, "User-Agent", "slimtrace/" SLIMTRACE_VERSION);
	list = add_header(list, "Accept", req->accept ? req->accept : "*/*");
	if (req->type)
		list = add_header(list, "Content-Type", req->type);
	if (req->authorization)
		list = add_header(list, "Authorization", req->authorization);
	return list;
}

static void set_body(CURL *easy, const struct web_request *req)
{
	if (req->no_body) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (!req->body && !strcmp(req->method, "GET"))
		return;
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->len);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body ? req->body : "");
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
}

/* Who we are is for the registry alone, not for whom it sends us to. */
static void set_certs(CURL *easy, const struct web_certs *certs, const char *url)
{
	if (certs->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, certs->ca);
	if (!certs->cert || !web_same_origin(url, certs->origin))
		return;
	curl_easy_setopt(easy, CURLOPT_SSLCERT, certs->cert);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, certs->key);
}

static void set_options(struct transfer *x, struct curl_slist *headers)
{
	CURL *easy = x->w->easy;
	const char *name = strstr(x->req->url, "://");

	curl_easy_reset(easy); /* options only: connections live on in the multi handle */
	x->w->why[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, x->req->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, x->w->plain ? "http,https" : "https");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	set_certs(easy, &x->w->certs, x->req->url);
	/* The environment's proxies are for other machines. */
	if (name && web_is_loopback(name + 3))
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->w->why);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, x->req->show ? 0L : 1L);
	set_body(easy, x->req);
}

/* "https://host:port" of a URL, for messages: what follows may hold a secret. */
static int origin_length(const char *url)
{
	const char *name = strstr(url, "://");

	return name ? (int)(name + 3 - url + (ptrdiff_t)strcspn(name + 3, "/?#")) : 0;
}

static int failure(const struct transfer *x, CURLcode code)
{
	const char *why = x->w->why[0] ? x->w->why : curl_easy_strerror(code), *url = x->req->url;
	int n = (int)code; /* over a hundred codes, of which few matter here */
	int what = n == CURLE_COULDNT_CONNECT	      ? ECONNREFUSED
		   : n == CURLE_COULDNT_RESOLVE_HOST  ? EHOSTUNREACH
		   : n == CURLE_COULDNT_RESOLVE_PROXY ? EHOSTUNREACH
		   : n == CURLE_OPERATION_TIMEDOUT    ? ETIMEDOUT
		   : n == CURLE_PARTIAL_FILE	      ? ECONNRESET
		   : n == CURLE_RECV_ERROR	      ? ECONNRESET
		   : n == CURLE_SEND_ERROR	      ? ECONNRESET
		   : n == CURLE_GOT_NOTHING	      ? ECONNRESET
						      : EPROTO;

	if (x->failed < 0)
		return x->failed;
	err_class_set(x->err, ERR_ENGINE, what, "registry: %.*s: %s", origin_length(url), url, why);
	if (n == CURLE_PEER_FAILED_VERIFICATION || n == CURLE_SSL_CACERT_BADFILE)
		return err_hint(x->err,
				"a certificate authority of your own is told by --registry-ca "
				"FILE or /etc/docker/certs.d/HOST:PORT/ca.crt");
	if (n == CURLE_SSL_CONNECT_ERROR)
		return err_hint(x->err, "does the registry speak TLS? --plain-http does without");
	if (n == CURLE_UNSUPPORTED_PROTOCOL)
		return err_hint(x->err, "it leads from https to http, which is not followed");
	return -what;
}

static int result(struct transfer *x)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(x->w->multi, &left)))
		if (msg->msg == CURLMSG_DONE)
			return msg->data.result == CURLE_OK ? 0 : failure(x, msg->data.result);
	return err_class_set(x->err, ERR_ENGINE, EIO, "the call to the registry has no result");
}

static int run(struct transfer *x)
{
	struct curl_waitfd end = { .fd = cancel_fd(), .events = CURL_WAIT_POLLIN };
	int running = 1;

	for (;;) {
		if (curl_multi_perform(x->w->multi, &running) != CURLM_OK)
			return err_class_set(x->err, ERR_ENGINE, EIO, "cannot call the registry");
		if (!running)
			return result(x);
		if (curl_multi_poll(x->w->multi, end.fd < 0 ? NULL : &end, end.fd >= 0, 1000,
				    NULL) != CURLM_OK)
			return err_class_set(x->err, ERR_ENGINE, EIO,
					     "cannot wait for the registry");
		if (cancel_check(x->err) < 0)
			return -EINTR;
		progress_tick();
	}
}

/* Without the query, in which upload states and signatures are. */
static void log_call(const struct transfer *x, int r, uint64_t start_ms)
{
	const char *url = x->req->url;
	unsigned long long ms = clock_mono_ms() - start_ms;

	if (r < 0)
		log_debug("registry: %s %.*s -> %s in %llu ms", x->req->method,
			  (int)strcspn(url, "?"), url, strerror(-r), ms);
	else
		log_debug("registry: %s %.*s -> %d in %llu ms", x->req->method,
			  (int)strcspn(url, "?"), url, x->ret->status, ms);
}

int web_call(struct web *w, const struct web_request *req, struct web_answer *ret, struct err *err)
{
	struct transfer x = { .w = w, .req = req, .ret = ret, .err = err };
	uint64_t start_ms = clock_mono_ms();
	struct curl_slist *headers;
	int r;

	if (cancel_check(err) < 0)
		return -EINTR;
	forget(ret);
	strbuf_reset(&ret->body);
	ret->status = 0;
	headers = make_headers(req);
	set_options(&x, headers);
	curl_multi_add_handle(w->multi, w->easy);
	r = run(&x);
	/* A call that did not end takes its connection with it. */
	curl_multi_remove_handle(w->multi, w->easy);
	curl_easy_reset(w->easy);
	curl_slist_free_all(headers);
	log_call(&x, r, start_ms);
	return r;
}

/* --- URLs --- */

static char *part(CURLU *url, CURLUPart what)
{
	char *text = NULL, *ret = NULL;

	if (curl_url_get(url, what, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
		ret = xstrdup(text);
	curl_free(text);
	return ret;
}

static CURLU *parse(const char *text)
{
	CURLU *url = curl_url();

	if (url && curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

char *web_resolve(const char *base, const char *url)
{
	CURLU *at = parse(base);
	char *ret = NULL, *absolute = NULL;

	if (at && curl_url_set(at, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK &&
	    curl_url_set(at, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
	    curl_url_set(at, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
	    curl_url_set(at, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
	    curl_url_get(at, CURLUPART_URL, &absolute, 0) == CURLUE_OK &&
	    (!strncmp(absolute, "https://", 8) || !strncmp(absolute, "http://", 7)))
		ret = xstrdup(absolute);
	curl_free(absolute);
	curl_url_cleanup(at);
	return ret;
}

bool web_same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
	CURLU *one = parse(a), *two = parse(b);
	bool same = one && two;

	for (size_t i = 0; same && i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *x = part(one, parts[i]);
		_cleanup_free_ char *y = part(two, parts[i]);

		same = x && y && !strcasecmp(x, y);
	}
	curl_url_cleanup(one);
	curl_url_cleanup(two);
	return same;
}

bool web_is_loopback(const char *host)
{
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	_cleanup_free_ char *name = xstrndup(host, len);
	struct in_addr address;

	if (!strcasecmp(name, "localhost") || !strcmp(name, "[::1]"))
		return true;
	return inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}
