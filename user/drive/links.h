/* SPDX-License-Identifier: BSD-2-Clause */
/* What a page or a style sheet links to. Pure; libxml2 parses HTML. */
#ifndef DRIVE_LINKS_H
#define DRIVE_LINKS_H

#include <stddef.h>

#define LINKS_MAX 10000 /* of one document */

/* @ref as it stands in the document, without blanks around it; never empty. */
typedef void links_fn(const char *ref, void *ctx);

/*
 * Links, frames, scripts, style sheets, images, media and fonts of an HTML document, in their
 * order. *ret_base gets the href of its <base> element, malloc'ed, or NULL.
 */
void links_of_html(const char *text, size_t len, links_fn *fn, void *ctx, char **ret_base);
/* url() and @import of a style sheet. */
void links_of_css(const char *text, size_t len, links_fn *fn, void *ctx);

#endif
