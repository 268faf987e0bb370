/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options as rows of a table: one truth for parsing, help and checks. A command's rows point into
 * its options struct by offset. "--name value" and "--name=value" are both understood, a boolean
 * takes "=true" or "=false"; options may stand before and after the arguments; "--" ends them. A
 * name of one letter is written with one dash ("-e NAME=value").
 */
#ifndef SLIMTRACE_CLI_OPTIONS_H
#define SLIMTRACE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"

enum option_type {
	OPTION_BOOL,   /* bool */
	OPTION_NOT,    /* bool, set to false when given: --x-off */
	OPTION_TRI,    /* int: -1 not said, 0, 1 */
	OPTION_STRING, /* const char *, borrowed from argv */
	OPTION_LIST,   /* struct strvec, zero or more */
	OPTION_UINT,   /* unsigned int */
	OPTION_BYTES,  /* uint64_t: a number, with k, m or g (powers of 1024) after it */
	OPTION_CALL,   /* parsed by a function of the command */
};

/* @target is the struct that offsets count from. */
typedef int option_fn(void *target, const char *value, struct err *err);

struct option_row {
	const char *name; /* without the dashes; NULL: a heading, its text in `help` */
	enum option_type type;
	size_t offset;
	const char *metavar;
	const char *help; /* NULL: another name of an option that has one */
	option_fn *call;  /* OPTION_CALL */
};

/* A set of rows and the struct that they fill. */
struct option_set {
	const struct option_row *rows;
	size_t n;
	void *target;
};

/*
 * Parses argv[1..argc). Positional arguments are added to @ret_args. With @stop_at_arg it ends at
 * the first of them; *ret_next (may be NULL) is the index where it ended.
 */
int options_parse(int argc, char **argv, const struct option_set *sets, size_t n_sets,
		  bool stop_at_arg, struct strvec *ret_args, int *ret_next, struct err *err);

/*
 * For options that name a file with a value on each line: calls @fn with each; empty lines and
 * those that begin with '#' are passed over. Errors name @option and @file.
 */
int options_each_line(const char *file, option_fn *fn, void *target, const char *option,
		      struct err *err);

/* The rows as help text, wrapped to 80 columns. */
void options_help(const struct option_set *set, struct strbuf *ret);

#endif
