/* SPDX-License-Identifier: BSD-2-Clause */
/* build: what stays besides what was seen. */
#include "cli/build_args.h"

static const struct option_row rows[] = {
	HEADING("What stays"),
	{ "include-path", OPTION_LIST, ARGS(build.include_paths), "PATH",
	  "keep this file, or this directory with all below it [zero or more]", NULL },
};
const struct option_set keep_options = OPTION_SET(rows);
