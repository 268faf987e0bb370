/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share: the global options and how a command is found. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "slimtrace/engine.h"

struct global_opts {
	bool help, version, debug, quiet;
	bool json; /* --output-format */
	struct engine_opts engine;
	const char *state_path;
};

extern const struct option_set global_options; /* its target is set by the caller */

struct command {
	const char *name;
	const char *summary; /* for the list of commands; NULL: another name */
	/* argv[0] is the command's name. Returns an enum exit_code. */
	int (*run)(int argc, char **argv, struct global_opts *global);
};

#define DEFAULT_STATE_PATH "/var/lib/slimtrace"

int cmd_build(int argc, char **argv, struct global_opts *global);
int cmd_diff(int argc, char **argv, struct global_opts *global);
int cmd_info(int argc, char **argv, struct global_opts *global);
int cmd_clean(int argc, char **argv, struct global_opts *global);
int cmd_merge(int argc, char **argv, struct global_opts *global);
int cmd_profile(int argc, char **argv, struct global_opts *global);
int cmd_pull(int argc, char **argv, struct global_opts *global);
int cmd_push(int argc, char **argv, struct global_opts *global);
int cmd_trace(int argc, char **argv, struct global_opts *global);
int cmd_version(int argc, char **argv, struct global_opts *global);
int cmd_why(int argc, char **argv, struct global_opts *global);

#define COMMAND_MAX_SETS 8

/*
 * Parses a command's own options, at most COMMAND_MAX_SETS sets whose targets are set, and the
 * global ones among them, and acts on the global ones. Returns -errno after a usage error.
 */
int command_parse(int argc, char **argv, const struct option_set *own, size_t n_own,
		  struct global_opts *global, struct strvec *ret_args, struct err *err);

/* The same, up to the first argument, which another command begins with: *ret_next is its index. */
int command_parse_head(int argc, char **argv, const struct option_set *own, size_t n_own,
		       struct global_opts *global, int *ret_next, struct err *err);

int command_exit_code(const struct err *err);
/* Prints the error and its hint, and gives the exit code that belongs to it. */
int command_failed(const struct err *err);
/* The same; with --output-format json a program gets its one document, too. */
int command_failed_as(const struct global_opts *global, const struct err *err);

#endif
