/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error a fallible function leaves with its caller.
 *
 * Functions return 0 (or a count) on success and -errno on failure; their last parameter is a
 * `struct err *`, owned by the caller, never NULL, untouched on success. Messages are lower case
 * without a full stop, say the failure first, quote the subject, then give the cause. What the
 * user can do about it goes into the hint. Library code does not print errors: it returns them.
 *
 *	if (fd < 0)
 *		return err_set(err, errno, "cannot open '%s'", path);
 *	...
 *	r = layer_read(..., err);
 *	if (r < 0)
 *		return err_wrap(err, "layer %s", digest);
 */
#ifndef SLIMTRACE_BASE_ERR_H
#define SLIMTRACE_BASE_ERR_H

/* What kind of failure: decides the program's exit code (see cli.h). */
enum err_class {
	ERR_FAILURE,	 /* anything not below */
	ERR_USAGE,	 /* the command line or a file the user gave is wrong */
	ERR_INCOMPLETE,	 /* the trace lost something */
	ERR_ENGINE,	 /* the container engine or a registry cannot be reached or refuses */
	ERR_IMAGE,	 /* no such image, or one we cannot read */
	ERR_KERNEL,	 /* privileges or kernel features are missing */
	ERR_APP,	 /* the traced application failed, or did too little to be trusted */
	ERR_INTERRUPTED, /* a signal asked us to end */
};

struct err {
	enum err_class class;
	int code;	/* positive errno, 0 when there is none to tell */
	char msg[1024]; /* truncated with "..." when longer */
	char hint[512]; /* what to do about it, or empty */
};

#define ERR_INIT ((struct err){ .class = ERR_FAILURE })

/*
 * Sets the message, and appends ": strerror(code)" when @code is an errno other than 0.
 * Returns -code, or -EINVAL when @code is 0, so that it can be returned directly.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(), with a class, and without the text of @code. */
int err_class_set(struct err *err, enum err_class class, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "fmt: " before the message. Returns -code as err_set() does. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint, replacing an older one. Returns -code. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * What all of these return is negative. Said where the compiler and the analyzers see it, so that
 * they know a caller that tests for it to be safe.
 */
static inline int err_negative(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}
#define err_set(...) err_negative(err_set(__VA_ARGS__))
#define err_class_set(...) err_negative(err_class_set(__VA_ARGS__))
#define err_wrap(...) err_negative(err_wrap(__VA_ARGS__))
#define err_hint(...) err_negative(err_hint(__VA_ARGS__))

#endif
