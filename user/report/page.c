/* SPDX-License-Identifier: BSD-2-Clause */
/* The page around the data of report.html: made by `make html`, part of this program as it is. */
#include "report/page.h"

#include <stdint.h>

__asm__(".pushsection .rodata\n"
	"page_head:\n"
	".incbin \"user/report/html/dist/head.html\"\n"
	"page_head_end:\n"
	"page_tail:\n"
	".incbin \"user/report/html/dist/tail.html\"\n"
	"page_tail_end:\n"
	".balign 8\n"
	"page_head_len: .quad page_head_end - page_head\n"
	"page_tail_len: .quad page_tail_end - page_tail\n"
	".popsection\n");

extern const char page_head[], page_tail[];
extern const uint64_t page_head_len, page_tail_len;

const char *report_page_head(size_t *ret_len)
{
	*ret_len = page_head_len;
	return page_head;
}

const char *report_page_tail(size_t *ret_len)
{
	*ret_len = page_tail_len;
	return page_tail;
}
