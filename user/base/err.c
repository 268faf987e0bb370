/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Formats into a fixed buffer and marks a cut. */
static void format(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
static void format(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if (n >= (int)size)
		memcpy(buf + size - 4, "...", 4);
}

static int result(const struct err *err)
{
	return err->code ? -err->code : -EINVAL;
}

int(err_set)(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	*err = ERR_INIT;
	err->code = code;
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	if (code)
		snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(code));
	return result(err);
}

int(err_class_set)(struct err *err, enum err_class class, int code, const char *fmt, ...)
{
	va_list ap;

	*err = ERR_INIT;
	err->class = class;
	err->code = code;
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return result(err);
}

int(err_wrap)(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	size_t len;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	if (snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", old) >=
	    (int)(sizeof(err->msg) - len))
		memcpy(err->msg + sizeof(err->msg) - 4, "...", 4);
	return result(err);
}

int(err_hint)(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return result(err);
}
