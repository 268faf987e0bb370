/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of report.html. */
#ifndef SLIMTRACE_REPORT_PAGE_H
#define SLIMTRACE_REPORT_PAGE_H

#include <stddef.h>

#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

/* More programs, and sockets, than this are counted in the page and not shown. */
#define PAGE_PROGRAMS 2000u
#define PAGE_SOCKETS 1000u

/* What comes before the data, and after it. */
const char *report_page_head(size_t *ret_len);
const char *report_page_tail(size_t *ret_len);

/* All but files and their uses, as an object; the caller's. */
cJSON *report_page_meta(const struct report *report, const struct image *img,
			const struct keep *keep, const struct record *rec);

/*
 * @json as it may stand in a <script> element of any type: no character of it can end the element
 * or start a comment (HTML, 4.12.1.3), and none is a line's end for JavaScript alone.
 */
void report_page_escape(const char *json, size_t len, struct strbuf *ret);
/* A name as a string of JSON; bytes that are no UTF-8 as "\xff", spelled out. */
void report_page_string(const char *s, size_t len, struct strbuf *ret);

#endif
