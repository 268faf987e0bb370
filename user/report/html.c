/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.html: the page with its data in it. The data is four JSON documents in <script> elements
 * that no browser executes; user/report/html/src/data.js reads them. Files and uses are arrays of
 * arrays, a row a line, written in pieces: there may be very many.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/page.h"
#include "report/uses.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/text.h"

#define BLOCK (64u << 10)
#define USE_PROGRAMS 64u /* of one use; more are counted */

struct page {
	const struct image *img;
	const struct keep *keep;
	const struct record *rec;
	const struct report_uses *uses;
	const struct report_sink *sink;
	struct strbuf text; /* JSON not yet written */
	struct strbuf escaped;
	const struct strmap *holders; /* of files with several names: as in struct report */
};

void report_page_escape(const char *json, size_t len, struct strbuf *ret)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)json[i];

		if (c == '<' || c == '>' || c == '&') {
			strbuf_addf(ret, "\\u%04x", c);
		} else if (len - i >= 3 && !memcmp(json + i, "\xe2\x80", 2) &&
			   (json[i + 2] == '\xa8' || json[i + 2] == '\xa9')) {
			strbuf_addf(ret, "\\u20%02x", (unsigned char)json[i + 2] - 0x80u);
			i += 2;
		} else {
			strbuf_addch(ret, json[i]);
		}
	}
}

void report_page_string(const char *s, size_t len, struct strbuf *ret)
{
	strbuf_addch(ret, '"');
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		unsigned char c = (unsigned char)s[i];

		n = utf8_sequence(s + i, len - i);
		if (!n)
			strbuf_addf(ret, "\\\\x%02x", c);
		else if (c == '"' || c == '\\')
			strbuf_addf(ret, "\\%c", c);
		else if (c < 0x20)
			strbuf_addf(ret, "\\u%04x", c);
		else
			strbuf_add(ret, s + i, n);
	}
	strbuf_addch(ret, '"');
}

static int put(struct page *p, const char *s, size_t len, struct err *err)
{
	return p->sink->write(s, len, p->sink->ctx, err);
}

static int flush(struct page *p, size_t above, struct err *err)
{
	int r;

	if (p->text.len <= above)
		return 0;
	strbuf_reset(&p->escaped);
	report_page_escape(p->text.buf, p->text.len, &p->escaped);
	strbuf_reset(&p->text);
	r = put(p, p->escaped.buf, p->escaped.len, err);
	return r;
}

static int begin(struct page *p, const char *id, struct err *err)
{
	_cleanup_free_ char *tag = xasprintf("<script type=\"application/json\" id=\"%s\">", id);

	return put(p, tag, strlen(tag), err);
}

static int end(struct page *p, struct err *err)
{
	static const char tag[] = "</script>\n";
	int r = flush(p, 0, err);

	return r < 0 ? r : put(p, tag, strlen(tag), err);
}

/* Content with several names is counted once. */
static bool has_content(const struct page *p, const struct image_entry *e)
{
	const struct image_entry *holder =
		p->holders ? strmap_get_len(p->holders, &e->inode, sizeof(e->inode)) : NULL;

	return e->type == ENTRY_FILE && (!holder || holder == e);
}

/* Of what was not used itself, the access that it stays because of: kinds, microseconds, a program
 * (-1: not shown), and its path. */
static void add_cause(struct page *p, const struct image_entry *e)
{
	size_t i = keep_access(p->keep, e);
	const struct record_access *a;
	const uint32_t *uses;

	if (!keep_has(p->keep, e) || i >= p->rec->n_accesses || report_uses_of(p->uses, e, &uses))
		return;
	a = &p->rec->accesses[i];
	strbuf_addf(&p->text, ",%u,%" PRIu64, a->kinds, a->first_ns / 1000);
	if (a->n_programs && a->programs[0] < PAGE_PROGRAMS && a->programs[0] < p->rec->n_programs)
		strbuf_addf(&p->text, ",%u,", a->programs[0]);
	else
		strbuf_addstr(&p->text, ",-1,");
	report_page_string(a->path, a->path_len, &p->text);
}

/* [parent, name, type, size, size that stays (-1: went, -2: excluded), layer, reasons, cause...] */
static void add_row(struct page *p, const struct image_entry *e)
{
	bool counts = has_content(p, e);
	struct strbuf *t = &p->text;

	strbuf_addf(t, "[%u,", e->parent->id);
	report_page_string(e->name, e->name_len, t);
	strbuf_addf(t, ",%d,%" PRIu64, (int)e->type, counts ? e->size : 0);
	if (keep_has(p->keep, e))
		strbuf_addf(t, ",%" PRIu64, counts ? keep_size(p->keep, e) : 0);
	else
		strbuf_addf(t, ",%d", keep_is_excluded(p->keep, e) ? -2 : -1);
	strbuf_addf(t, ",%u", e->layer);
	if (keep_has(p->keep, e))
		strbuf_addf(t, ",%u", keep_reasons(p->keep, e));
	add_cause(p, e);
	strbuf_addch(t, ']');
}

static int write_files(struct page *p, struct err *err)
{
	int r = begin(p, "files", err);

	for (uint32_t id = 0; !r && id < image_entry_count(p->img); id++) {
		strbuf_addstr(&p->text, id ? ",\n" : "[");
		add_row(p, image_entry(p->img, id));
		r = flush(p, BLOCK, err);
	}
	strbuf_addch(&p->text, ']');
	return r < 0 ? r : end(p, err);
}

/* By which of the programs' places, which call, which kinds. */
static void add_calls(struct page *p, const struct record_access *a)
{
	size_t place = 0;

	for (size_t i = 0; i < a->n_uses; i++) {
		while (place < a->n_programs && a->programs[place] < a->uses[i].program)
			place++;
		if (place >= USE_PROGRAMS)
			break;
		strbuf_addf(&p->text, ",%zu,%u,%u", place, a->uses[i].call, a->uses[i].kinds);
	}
}

/* [entry, kinds, microseconds, [program...], how many programs, errno, (place, call, kinds)...] */
static void add_use(struct page *p, uint32_t id, const struct record_access *a)
{
	const char *separator = "";

	strbuf_addf(&p->text, "[%u,%u,%" PRIu64 ",[", id, a->kinds, a->first_ns / 1000);
	for (size_t i = 0; i < a->n_programs && i < USE_PROGRAMS; i++) {
		if (a->programs[i] >= PAGE_PROGRAMS || a->programs[i] >= p->rec->n_programs)
			break; /* ascending */
		strbuf_addf(&p->text, "%s%u", separator, a->programs[i]);
		separator = ",";
	}
	strbuf_addf(&p->text, "],%zu,%d", a->n_programs, a->error);
	add_calls(p, a);
	strbuf_addch(&p->text, ']');
}

static int write_uses(struct page *p, struct err *err)
{
	const char *separator = "[";
	int r = begin(p, "uses", err);

	for (uint32_t id = 0; !r && id < image_entry_count(p->img); id++) {
		const uint32_t *access = NULL;
		size_t n = report_uses_of(p->uses, image_entry(p->img, id), &access);

		for (size_t i = 0; i < n; i++) {
			strbuf_addstr(&p->text, separator);
			separator = ",\n";
			add_use(p, id, &p->rec->accesses[access[i]]);
		}
		r = flush(p, BLOCK, err);
	}
	strbuf_addstr(&p->text, *separator == '[' ? "[]" : "]");
	return r < 0 ? r : end(p, err);
}

/* {"names": [[manager, name, version]...], "of": by entry, [index + 1...]} */
static int write_packages(struct page *p, const struct info_owners *owners, struct err *err)
{
	int r = begin(p, "packages", err);

	strbuf_addstr(&p->text, "{\"names\":[");
	for (size_t i = 0; !r && i < owners->n; i++) {
		const struct info_package *package = &owners->packages[i];

		strbuf_addf(&p->text, "%s[\"%s\",", i ? ",\n" : "", package->manager);
		report_page_string(package->name, strlen(package->name), &p->text);
		strbuf_addch(&p->text, ',');
		report_page_string(package->version, strlen(package->version), &p->text);
		strbuf_addch(&p->text, ']');
		r = flush(p, BLOCK, err);
	}
	strbuf_addstr(&p->text, "],\"of\":[");
	for (uint32_t id = 0; !r && owners->n && id < image_entry_count(p->img); id++) {
		strbuf_addf(&p->text, "%s%u", id ? "," : "", owners->of[id]);
		r = flush(p, BLOCK, err);
	}
	strbuf_addstr(&p->text, "]}");
	return r < 0 ? r : end(p, err);
}

static int write_meta(struct page *p, const struct report *report, struct err *err)
{
	_cleanup_(json_free) cJSON *meta = report_page_meta(report, p->img, p->keep, p->rec);
	int r = begin(p, "meta", err);

	json_print(meta, false, &p->text);
	return r < 0 ? r : end(p, err);
}

static int write_page(struct page *p, const struct report *report, struct err *err)
{
	size_t len;
	const char *s = report_page_head(&len);
	int r = put(p, s, len, err);

	if (!r)
		r = write_meta(p, report, err);
	if (!r)
		r = write_files(p, err);
	if (!r)
		r = write_uses(p, err);
	if (!r)
		r = write_packages(p, &report->owners, err);
	s = report_page_tail(&len);
	return r < 0 ? r : put(p, s, len, err);
}

int report_html(const struct report *report, const struct image *img, const struct keep *keep,
		const struct record *rec, const struct report_sink *sink, struct err *err)
{
	struct page page = { .img = img,
			     .keep = keep,
			     .rec = rec,
			     .uses = &report->uses,
			     .sink = sink,
			     .text = STRBUF_INIT,
			     .escaped = STRBUF_INIT,
			     .holders = report->holders };
	int r = write_page(&page, report, err);

	strbuf_release(&page.text);
	strbuf_release(&page.escaped);
	return r;
}
