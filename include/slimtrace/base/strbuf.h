/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing byte buffer. `buf` is never NULL and always terminated, so it can be read as a
 * string at any time; bytes may be NUL. Initialise with STRBUF_INIT, end with strbuf_release().
 */
#ifndef SLIMTRACE_BASE_STRBUF_H
#define SLIMTRACE_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

#include "slimtrace/base/cleanup.h"

struct strbuf {
	char *buf;
	size_t len;
	size_t cap; /* 0: buf is the shared empty string and must not be written */
};

extern char strbuf_empty[];
#define STRBUF_INIT ((struct strbuf){ .buf = strbuf_empty })

void strbuf_release(struct strbuf *sb);
static inline void strbuf_release_p(struct strbuf *sb)
{
	strbuf_release(sb);
}
#define _cleanup_strbuf_ __attribute__((cleanup(strbuf_release_p)))

void strbuf_reset(struct strbuf *sb); /* empty, keeping the memory */
void strbuf_grow(struct strbuf *sb, size_t extra);
void strbuf_setlen(struct strbuf *sb, size_t len); /* len <= sb->len */
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_addstr(struct strbuf *sb, const char *s);
void strbuf_addch(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Gives the memory (malloc'ed, terminated) to the caller and leaves an empty buffer. */
char *strbuf_detach(struct strbuf *sb, size_t *ret_len);

#endif
