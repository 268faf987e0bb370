/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Going on from a page to what it links to on the same origin, as a browser and its user would:
 * breadth first, each resource once, several calls at a time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drive/command.h"
#include "drive/links.h"
#include "drive/prober.h"
#include "drive/url.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"

#define KEEP (4u << 20)		      /* of a page, to look for links in */
#define MAX_BODY (UINT64_C(32) << 20) /* a browser's user goes away too */
#define CRAWL_MS 300000
#define CALL_MS 15000
#define MAX_QUEUE 20000
#define MAX_CONCURRENCY 64
#define MAX_SILENT 10 /* calls in a row without an answer: the app is gone */

/* A resource to call, or being called. */
struct job {
	struct probe_cmd cmd;
	unsigned int depth;
};

struct crawl {
	struct prober *p;
	struct port *port;
	const struct probe_cmd *root;
	enum probe_protocol protocol;
	struct job **queue; /* those done are kept: calls under way point into them */
	size_t head, n, cap;
	unsigned int under_way, silent;
	uint64_t end_ms;
	const char *base; /* URL that the links being looked at are relative to */
	unsigned int depth;
};

static void job_free(struct job *job)
{
	probe_cmd_release(&job->cmd);
	free(job);
}

/* As the page was called: what it took to see it is taken along. */
static struct job *job_new(const struct probe_cmd *root, char *resource, unsigned int depth)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->depth = depth;
	job->cmd.source = PROBE_CRAWLED;
	job->cmd.protocol = root->protocol;
	job->cmd.method = xstrdup("GET");
	job->cmd.resource = resource;
	strvec_extend(&job->cmd.headers, &root->headers);
	job->cmd.username = root->username ? xstrdup(root->username) : NULL;
	job->cmd.password = root->password ? xstrdup(root->password) : NULL;
	return job;
}

/* False when it was there already. */
static bool note(struct port *port, const char *resource)
{
	if (!port->crawled)
		port->crawled = strmap_new();
	return !strmap_put(port->crawled, resource, port);
}

static void on_link(const char *ref, void *ctx)
{
	struct crawl *c = ctx;
	char *resource = url_resolve(c->base, ref);

	if (!resource || c->n >= MAX_QUEUE || !note(c->port, resource)) {
		free(resource);
		return;
	}
	ALLOC_GROW(c->queue, c->n + 1, c->cap);
	c->queue[c->n++] = job_new(c->root, resource, c->depth);
}

static void on_ref(const char *ref, void *ctx)
{
	strvec_push(ctx, ref);
}

/* A page's <base> counts for all of its links. */
static void queue_html(struct crawl *c, const struct probe_answer *page)
{
	_cleanup_strvec_ struct strvec refs = STRVEC_INIT;
	_cleanup_free_ char *base = NULL, *resource = NULL, *url = NULL;

	links_of_html(page->body.buf, page->body.len, on_ref, &refs, &base);
	c->base = page->url;
	if (base)
		resource = url_resolve(page->url, base);
	if (resource) {
		url = url_make(probe_is_tls(c->protocol), c->port->addrs.v[c->port->addr],
			       c->port->number, resource);
		c->base = url;
	}
	/* One that leads elsewhere takes the relative links with it. */
	if (!base || resource)
		for (size_t i = 0; i < refs.n; i++)
			on_link(refs.v[i], c);
}

static void queue_links(struct crawl *c, const struct probe_answer *page, unsigned int depth)
{
	unsigned int max = c->p->opts->crawl.max_depth;

	if (page->outcome != PROBE_ANSWERED || !page->url || (max && depth > max))
		return;
	c->depth = depth;
	c->base = page->url;
	if (!strcasecmp(page->type, "text/html") ||
	    !strcasecmp(page->type, "application/xhtml+xml"))
		queue_html(c, page);
	else if (!strcasecmp(page->type, "text/css"))
		links_of_css(page->body.buf, page->body.len, on_link, c);
}

static bool may_go_on(const struct crawl *c)
{
	unsigned int max = c->p->opts->crawl.max_pages;

	return c->head < c->n && (!max || c->port->crawl_calls < max) && c->silent < MAX_SILENT &&
	       clock_mono_ms() < c->end_ms;
}

static void begin(struct crawl *c)
{
	unsigned int most = c->p->opts->crawl.concurrency;

	most = most < 1 ? 1 : most > MAX_CONCURRENCY ? MAX_CONCURRENCY : most;
	while (c->under_way < most && may_go_on(c)) {
		struct job *job = c->queue[c->head];
		struct probe_call call = { .cmd = &job->cmd,
					   .addr = c->port->addrs.v[c->port->addr],
					   .port = c->port->number,
					   .protocol = c->protocol,
					   .connect_ms = PROBE_CONNECT_MS,
					   .timeout_ms = c->p->target->call_timeout_ms
								 ? c->p->target->call_timeout_ms
								 : CALL_MS,
					   .max_body = MAX_BODY,
					   .keep = KEEP };

		c->head++;
		probe_http_start(c->p->http, &call, job);
		c->port->crawl_calls++;
		c->under_way++;
	}
}

static int end_one(struct crawl *c, struct err *err)
{
	struct probe_answer answer = PROBE_ANSWER_INIT;
	void *tag = NULL;
	struct job *job;
	int r = probe_http_next(c->p->http, &tag, &answer, err);

	if (r <= 0)
		return r < 0 ? r : err_set(err, EIO, "an HTTP call got lost");
	job = tag;
	c->under_way--;
	c->silent = answer.outcome == PROBE_ANSWERED ? 0 : c->silent + 1;
	prober_add(c->p, c->port, &job->cmd, c->protocol, &answer, NULL);
	queue_links(c, &answer, job->depth + 1);
	probe_answer_release(&answer);
	return 0;
}

static void tell_left(const struct crawl *c)
{
	const char *why = c->silent >= MAX_SILENT	 ? "the app does not answer any more"
			  : clock_mono_ms() >= c->end_ms ? "5 minutes are over"
							 : "--http-crawl-max-page-count is reached";

	if (c->head < c->n || c->n >= MAX_QUEUE)
		log_info("crawling port %u: %zu links are not followed: %s", c->port->number,
			 c->n - c->head, why);
}

static int run(struct crawl *c, struct err *err)
{
	int r = 0;

	for (;;) {
		begin(c);
		if (!c->under_way)
			return 0;
		r = end_one(c, err);
		if (!r)
			r = cancel_check(err);
		if (r < 0)
			return r;
	}
}

int crawl_from(struct prober *p, struct port *port, const struct probe_cmd *root,
	       enum probe_protocol protocol, const struct probe_answer *page, struct err *err)
{
	struct crawl c = { .p = p,
			   .port = port,
			   .root = root,
			   .protocol = protocol,
			   .end_ms = clock_mono_ms() + CRAWL_MS };
	int r;

	note(port, root->resource);
	queue_links(&c, page, 1);
	r = run(&c, err);
	if (!r)
		tell_left(&c);
	for (size_t i = 0; i < c.n; i++)
		job_free(c.queue[i]);
	free(c.queue);
	return r;
}
