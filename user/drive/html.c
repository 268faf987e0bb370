/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an HTML document links to. libxml2's parser is told of elements one by one (SAX): no tree
 * is made, and nothing is loaded that the document names.
 */
#include <ctype.h>
#include <libxml/HTMLparser.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drive/links.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

#define MAX_CSS (1u << 20) /* of one <style> element */
#define CHUNK (64u << 10)

struct html {
	links_fn *fn;
	void *ctx;
	size_t found;
	char *base;
	bool in_style;
	struct strbuf css;
};

/* Attributes that hold a URL. NULL: of any element. */
static const struct {
	const char *element, *attribute;
} urls[] = {
	{ "a", "href" },      { "area", "href" },     { "link", "href" },     { "image", "href" },
	{ "use", "href" },    { NULL, "src" },	      { NULL, "xlink:href" }, { "video", "poster" },
	{ "object", "data" }, { NULL, "background" },
};

static void tell(const char *ref, size_t len, struct html *h)
{
	_cleanup_free_ char *text = NULL;

	while (len && isspace((unsigned char)ref[len - 1]))
		len--;
	while (len && isspace((unsigned char)*ref)) {
		ref++;
		len--;
	}
	if (!len || h->found >= LINKS_MAX)
		return;
	h->found++;
	text = xstrndup(ref, len);
	h->fn(text, h->ctx);
}

static void tell_css(const char *ref, void *ctx)
{
	tell(ref, strlen(ref), ctx);
}

/* srcset: "small.png 1x, large.png 2x". A comma ends a URL only before a blank. */
static void tell_set(const char *value, struct html *h)
{
	const char *p = value;

	while (*p) {
		size_t len, before;

		p += strspn(p, " \t\n\r\f,");
		len = strcspn(p, " \t\n\r\f");
		before = len;
		while (len && p[len - 1] == ',')
			len--;
		tell(p, len, h);
		p += before;
		if (len == before) /* its descriptor */
			p += strcspn(p, ",");
	}
}

/* <meta http-equiv=refresh content="5; url=/next"> */
static void tell_refresh(const char *content, struct html *h)
{
	const char *url = strcasestr(content, "url");
	size_t len;
	char quote;

	if (!url)
		return;
	url += 3 + strspn(url + 3, " \t");
	if (*url++ != '=')
		return;
	url += strspn(url, " \t");
	quote = *url == '"' || *url == '\'' ? *url++ : '\0';
	len = quote ? strcspn(url, (char[]){ quote, '\0' }) : strlen(url);
	tell(url, len, h);
}

static const char *attribute(const xmlChar **attrs, const char *name)
{
	for (; attrs && attrs[0]; attrs += 2)
		if (attrs[1] && !strcasecmp((const char *)attrs[0], name))
			return (const char *)attrs[1];
	return NULL;
}

static void look_at(struct html *h, const char *element, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		if ((!urls[i].element || !strcasecmp(urls[i].element, element)) &&
		    !strcasecmp(urls[i].attribute, name))
			tell(value, strlen(value), h);
	if (!strcasecmp(name, "srcset") || !strcasecmp(name, "imagesrcset"))
		tell_set(value, h);
	else if (!strcasecmp(name, "style"))
		links_of_css(value, strlen(value), tell_css, h);
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar **attrs)
{
	struct html *h = ctx;
	const char *element = (const char *)name, *value;

	h->in_style = !strcasecmp(element, "style");
	if (!strcasecmp(element, "base")) {
		value = attribute(attrs, "href");
		if (value && !h->base)
			h->base = xstrdup(value);
		return;
	}
	value = attribute(attrs, "http-equiv");
	if (!strcasecmp(element, "meta") && value && !strcasecmp(value, "refresh") &&
	    attribute(attrs, "content"))
		tell_refresh(attribute(attrs, "content"), h);
	for (; attrs && attrs[0]; attrs += 2)
		if (attrs[1])
			look_at(h, element, (const char *)attrs[0], (const char *)attrs[1]);
}

static void end_style(struct html *h)
{
	links_of_css(h->css.buf, h->css.len, tell_css, h);
	strbuf_reset(&h->css);
	h->in_style = false;
}

static void on_end(void *ctx, const xmlChar *name)
{
	struct html *h = ctx;

	if (h->in_style && !strcasecmp((const char *)name, "style"))
		end_style(h);
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
	struct html *h = ctx;

	if (h->in_style && len > 0 && h->css.len + (size_t)len <= MAX_CSS)
		strbuf_add(&h->css, text, (size_t)len);
}

static void init_parser(void)
{
	xmlInitParser();
}

void links_of_html(const char *text, size_t len, links_fn *fn, void *ctx, char **ret_base)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct html h = { .fn = fn, .ctx = ctx, .css = STRBUF_INIT };
	htmlSAXHandler sax = { .startElement = on_start,
			       .endElement = on_end,
			       .characters = on_text,
			       .cdataBlock = on_text };
	htmlParserCtxtPtr parser;

	pthread_once(&once, init_parser);
	parser = htmlCreatePushParserCtxt(&sax, &h, NULL, 0, NULL, XML_CHAR_ENCODING_NONE);
	if (!parser)
		abort(); /* nothing but a lack of memory */
	htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
					   HTML_PARSE_NONET);
	for (size_t at = 0; at < len; at += CHUNK)
		htmlParseChunk(parser, text + at, (int)(len - at < CHUNK ? len - at : CHUNK), 0);
	htmlParseChunk(parser, NULL, 0, 1);
	if (h.in_style)
		end_style(&h);
	xmlFreeDoc(parser->myDoc);
	htmlFreeParserCtxt(parser);
	strbuf_release(&h.css);
	*ret_base = h.base;
}
