/* SPDX-License-Identifier: BSD-2-Clause */
/* Crawling a small site: what is called, how far, how often. */
#include "slimtrace/base/cancel.h"
#include "test_probe_run.h"

#define LEVELS 6

/*
 * "/" links to a page with a style sheet, which imports another one with a font; to itself, away
 * and nowhere; "/deep/N" to "/deep/N+1"; "/wide" to 40 pages.
 */
static const char *site(const char *path, const char **type)
{
	static __thread char text[4096];
	int n;

	if (!strcmp(path, "/"))
		return "<a href=sub/page>p</a><a href=/>self</a><a href=/deep/1>d</a>"
		       "<a href='//example.com/x'>away</a><a href=/none>404</a>"
		       "<a href=javascript:x()>no</a>";
	if (!strcmp(path, "/sub/page"))
		return "<link rel=stylesheet href=../css/a.css><img src=i.png><a href=/sub/page>";
	if (!strcmp(path, "/stop"))
		return "<a href=/ok/1>1</a><a href=/interrupt>2</a><a href=/ok/2>3</a>";
	if (!strcmp(path, "/based"))
		return "<base href=/other/><a href=x>";
	if (!strcmp(path, "/based-away"))
		return "<base href=http://example.com/><a href=x>";
	if (!strcmp(path, "/css/a.css") || !strcmp(path, "/css/b.css")) {
		*type = "text/css";
		return path[5] == 'a' ? "@import 'b.css';" : "x { src: url(/font.woff2) }";
	}
	if (!strcmp(path, "/text")) {
		*type = "text/plain";
		return "<a href=/no>";
	}
	if (sscanf(path, "/deep/%d", &n) == 1) {
		snprintf(text, sizeof(text), "<a href=/deep/%d>x</a>", n + 1);
		return text;
	}
	if (strcmp(path, "/wide") != 0)
		return NULL;
	text[0] = '\0';
	for (n = 0; n < 40; n++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "<a href=/ok/%d>x</a>",
			 n);
	return text;
}

static size_t count(const struct run *run, const char *resource)
{
	size_t n = 0;

	for (size_t i = 0; i < run->report.n; i++)
		n += !strcmp(run->report.v[i].resource, resource);
	return n;
}

static struct run crawl(struct server *s, const char *arg, unsigned int depth, unsigned int pages)
{
	struct run run = run_for(s);

	run.opts.crawl.max_depth = depth;
	run.opts.crawl.max_pages = pages;
	add(&run, arg);
	go(&run);
	is_int(run.r, 0, "%s, depth %u, %u pages: %s", arg, depth, pages, run.err.msg);
	return run;
}

static void test_site(struct server *s)
{
	static const char *const once[] = { "/",	  "/sub/page",	"/sub/i.png",
					    "/css/a.css", "/css/b.css", "/font.woff2",
					    "/none",	  "/deep/1",	"/deep/4" };
	struct run run = crawl(s, "crawl:/", 4, 1000);

	for (size_t i = 0; i < ARRAY_SIZE(once); i++)
		is_int(count(&run, once[i]), 1, "%s is called once", once[i]);
	is_int(count(&run, "/deep/5"), 0, "not beyond the depth");
	is_int(count(&run, "/x"), 0, "nor elsewhere");
	is_int(run.report.v[0].source, PROBE_ASKED, "the first was asked for");
	is_int(run.report.v[1].source, PROBE_CRAWLED, "the others were found");
	is_int(run.n_results, (int)run.report.n, "each is told");
	end(&run);
	run = crawl(s, "/", 4, 1000);
	is_int(run.report.n, 1, "not asked to crawl: one call");
	end(&run);
}

static void test_bounds(struct server *s)
{
	struct run run = crawl(s, "crawl:/", 1, 1000);

	is_int(count(&run, "/sub/page"), 1, "one link deep");
	is_int(count(&run, "/css/a.css"), 0, "and no further");
	end(&run);
	run = crawl(s, "crawl:/deep/1", 0, 20);
	is_int(run.report.n, 21, "no end of depth: the count of pages ends it");
	end(&run);
	run = crawl(s, "crawl:/wide", 3, 7);
	is_int(run.report.n, 8, "so many pages and the first");
	end(&run);
	run = run_for(s);
	run.opts.crawl.concurrency = 1;
	add(&run, "crawl:/wide");
	add(&run, "crawl:/wide");
	go(&run);
	is_int(run.report.n, 42, "what was crawled is not crawled again from another page");
	end(&run);
}

static void test_pages(struct server *s)
{
	struct run run = crawl(s, "crawl:/based", 3, 1000);

	is_int(count(&run, "/other/x"), 1, "a base is heeded");
	end(&run);
	run = crawl(s, "crawl:/based-away", 3, 1000);
	is_int(run.report.n, 1, "also when it leads away");
	end(&run);
	run = crawl(s, "crawl:/text", 3, 1000);
	is_int(run.report.n, 1, "no links in what is not HTML");
	end(&run);
}

static void test_taken_along(struct server *s)
{
	static const char json[] =
		"{\"commands\":[{\"resource\":\"/sub/page\",\"crawl\":true,\"username\":\"u\","
		"\"password\":\"p\",\"headers\":[\"X-A: b\"]}]}";
	struct run run = run_for(s);

	run.opts.crawl.max_depth = 1;
	run.opts.crawl.concurrency = 1;
	probe_cmds_parse_json(json, strlen(json), "x", &run.opts.cmds, &run.err);
	go(&run);
	is_int(run.report.n, 3, "a page with a name and a password");
	ok(server_saw(s, "\r\nAuthorization: Basic ") && server_saw(s, "\r\nX-A: b\r\n"),
	   "which are taken along");
	ok(!server_saw(s, "Accept-Encoding"), "and what every client gets is asked for");
	end(&run);
}

/* What is there, the app then answers nothing more: the crawl ends. */
static const char *dying(const char *path, const char **type)
{
	static char text[8192];

	(void)type;
	if (strcmp(path, "/") != 0)
		return NULL;
	text[0] = '\0';
	for (int n = 0; n < 200; n++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "<a href=/close/%d>x</a>", n);
	return text;
}

static void test_dying(void)
{
	struct server s = { .page = dying };
	struct run run;

	server_bind(&s, "127.0.0.1");
	server_start(&s);
	run = crawl(&s, "crawl:/", 3, 1000);
	ok(run.report.n < 40, "a crawl without answers is given up: %zu calls", run.report.n);
	is_int(run.report.ok, 1, "one was answered");
	end(&run);
	server_stop(&s);
}

/* The last one: the program stays interrupted. */
static void test_interrupt(struct server *s)
{
	struct run run = run_for(s);

	add(&run, "crawl:/stop");
	go(&run);
	is_int(run.r, -EINTR, "SIGINT ends a crawl with calls under way");
	is_int(run.report.n, 0, "no report");
	end(&run);
}

int main(void)
{
	struct server s = { .page = site };
	struct err err = ERR_INIT;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL); /* a background job's is ignored, which cancel_init() respects */
	cancel_init(&err);
	server_bind(&s, "127.0.0.1");
	server_start(&s);
	test_site(&s);
	test_bounds(&s);
	test_pages(&s);
	test_taken_along(&s);
	test_dying();
	test_interrupt(&s);
	server_stop(&s);
	return tap_done();
}
