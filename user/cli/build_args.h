/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the options of build fill. Its rows stand in one file a subject (opts_*.c), so that another
 * command takes the subjects that it has too.
 */
#ifndef CLI_BUILD_ARGS_H
#define CLI_BUILD_ARGS_H

#include "cli/options.h"
#include "slimtrace/session.h"

enum override {
	OVERRIDE_ENTRYPOINT,
	OVERRIDE_CMD,
	OVERRIDE_WORKDIR,
	OVERRIDE_ENV,
	OVERRIDE_USER,
	OVERRIDE_EXPOSE,
	OVERRIDE_VOLUME,
	OVERRIDE_LABEL,
	OVERRIDES,
};

struct build_args {
	struct build_opts build;
	const char *target;
	bool http_probe, http_crawl, http_full, exit_on_failure; /* on by default */
	bool keep_perms;					 /* on by default */
	unsigned int overrides;					 /* 1 << enum override, ORed */
	struct gates gates;
	const char *baseline;
};

#define ARGS(field) offsetof(struct build_args, field)
#define HEADING(text)                                                                              \
	{                                                                                          \
		NULL, OPTION_BOOL, 0, NULL, text, NULL                                             \
	}
#define OPTION_SET(rows)                                                                           \
	{                                                                                          \
		rows, sizeof(rows) / sizeof(*(rows)), NULL                                         \
	}

/* Adds to the edits of the image what --image-overrides takes from the options of the run. */
void overrides_apply(struct build_args *args);

/* Their target is a struct build_args, set by the command. */
extern const struct option_set image_options, keep_options, profile_options, profile_only_options,
	drive_options, run_options, trace_options, check_options;

#endif
