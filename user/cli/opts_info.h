/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options of info fill. */
#ifndef CLI_OPTS_INFO_H
#define CLI_OPTS_INFO_H

#include "cli/options.h"
#include "slimtrace/session.h"

struct info_args {
	struct look_opts look;
	struct info_view view;
	struct gates gates;
	const char *target, *dockerfile;
	bool no_pager, duplicates, special, show_changes;
	unsigned int top_max, layer_max;
};

extern const struct option_set info_options; /* its target is a struct info_args */

#endif
