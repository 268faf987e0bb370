/* SPDX-License-Identifier: BSD-2-Clause */
/* Links of pages and style sheets, and where they lead. */
#include "../lib/tap.h"
#include "drive/links.h"
#include "drive/url.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static void add(const char *ref, void *ctx)
{
	struct strbuf *sb = ctx;

	strbuf_addf(sb, "%s%s", sb->len ? " " : "", ref);
}

static void html(const char *text, const char *want, const char *want_base)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_free_ char *base = NULL;

	links_of_html(text, strlen(text), add, &sb, &base);
	is_str(sb.buf, want, "%.60s", text);
	if (want_base || base)
		is_str(base, want_base, "its base");
}

static void css_of(const char *text, size_t len, const char *want)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	links_of_css(text, len, add, &sb);
	is_str(sb.buf, want, "%.60s", text);
}

static void css(const char *text, const char *want)
{
	css_of(text, strlen(text), want);
}

static void test_html(void)
{
	html("", "", NULL);
	html("plain text", "", NULL);
	html("<a href='/a'>x</a><A HREF=\" /b?x=1&amp;y=2 \">y</A>", "/a /b?x=1&y=2", NULL);
	html("<a href=/unquoted>", "/unquoted", NULL);
	html("<a name=x><a href=''>", "", NULL);
	html("<!-- <a href=/no> --><script>var s = '<a href=/no>';</script><a href=/yes>", "/yes",
	     NULL);
	html("<html><head><link rel=stylesheet href=s.css><script src=j.js></script></head>"
	     "<body background=b.png><img src=i.png><iframe src=f.html></iframe></body></html>",
	     "s.css j.js b.png i.png f.html", NULL);
	html("<img srcset='a.png 1x, b.png 2x,c.png'>", "a.png b.png c.png", NULL);
	html("<source srcset='a,b.png, c.png 3x' src=v.mp4>", "a,b.png c.png v.mp4", NULL);
	html("<video poster=p.jpg src=v.webm></video><object data=o.svg></object>",
	     "p.jpg v.webm o.svg", NULL);
	html("<meta http-equiv=Refresh content='3; URL=\"/next\"'>", "/next", NULL);
	html("<meta name=x content='url=/no'>", "", NULL);
	html("<base href='/sub/'><a href=x>", "x", "/sub/");
	html("<style>@import 'a.css'; b { background: url(b.png) }</style><a href=/c>",
	     "a.css b.png /c", NULL);
	html("<p style='background: url(\"x y.png\")'>", "x y.png", NULL);
	html("<a href=/open <img src=/closed>", "/open /closed", NULL);
	html("<!DOCTYPE html><main><nav><a href=/5>5</a></nav></main>", "/5", NULL);
}

static void test_css(void)
{
	css("", "");
	css("a { background: url(x.png) }", "x.png");
	css("a { background: url( 'x y.png' ); src: URL(\"f.woff2\") format('woff2') }",
	    "x y.png f.woff2");
	css("@import 'a.css'; @import url(b.css) screen; @IMPORT\t\"c.css\";", "a.css b.css c.css");
	css("/* url(no.png) */ a::before { content: 'url(no.png)' } b { c: url(yes.png) }",
	    "yes.png");
	css("a { content: 'it\\'s url(no)' }", "");
	css("url(\\66 oo\\.png)", "foo.png");
	css("url(unclosed", "");
	css("url('line\nurl(after.png)", "after.png");
	css("/* unclosed url(no.png)", "");
	css("@import 'a\\\n.css';", "a.css");
	css("@import 'a\\\r\n.css';", "a.css");
	css_of(BYTES("url(\\\0)url(a\\\0b\0.png)@import '\\\0';"), "ab.png");
}

static void resolves(const char *base, const char *ref, const char *want)
{
	_cleanup_free_ char *have = url_resolve(base, ref);

	is_str(have, want, "%s + %s", base, ref);
}

static void test_resolve(void)
{
	static const char base[] = "http://127.0.0.1:8080/dir/page?x=1";
	_cleanup_free_ char *huge = xmalloc(20001);

	memset(huge, 'a', 20000);
	huge[20000] = '\0';
	resolves(base, "a.png", "/dir/a.png");
	resolves(base, "/a.png?b=c#d", "/a.png?b=c");
	resolves(base, "../../../a.png", "/a.png");
	resolves(base, "?y=2", "/dir/page?y=2");
	resolves(base, "#here", NULL);
	resolves(base, "//127.0.0.1:8080/a", "/a");
	resolves(base, "http://127.0.0.1:8080/b", "/b");
	resolves(base, "http://localhost:8080/b", "/b");
	resolves(base, "http://127.0.0.1:8081/b", NULL);
	resolves(base, "https://127.0.0.1:8080/b", NULL);
	resolves(base, "http://example.com/", NULL);
	resolves(base, "//example.com/", NULL);
	resolves(base, "mailto:a@b.c", NULL);
	resolves(base, "javascript:alert(1)", NULL);
	resolves(base, "data:text/html,x", NULL);
	resolves(base, "file:///etc/passwd", NULL);
	resolves(base, "a b\xc3\xbc", "/dir/a%20b%c3%bc");
	resolves(base, huge, NULL);
	resolves("http://[::1]:80/x", "y", "/y");
	resolves("http://[::1]:80/x", "http://[::1]/y", "/y");
}

int main(void)
{
	test_html();
	test_css();
	test_resolve();
	return tap_done();
}
