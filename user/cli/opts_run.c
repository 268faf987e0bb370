/* SPDX-License-Identifier: BSD-2-Clause */
/* How the container that is watched is run. */
#include "cli/build_args.h"

static const struct option_row rows[] = {
	HEADING("How the image is run (nothing of this enters the slim image)"),
	{ "entrypoint", OPTION_STRING, ARGS(build.entrypoint), "WORDS",
	  "override ENTRYPOINT: words as in a shell, or a JSON array", NULL },
	{ "cmd", OPTION_STRING, ARGS(build.cmd), "WORDS", "override CMD, likewise", NULL },
	{ "env", OPTION_LIST, ARGS(build.env), "NAME=VALUE", "set a variable [zero or more]",
	  NULL },
	{ "mount", OPTION_LIST, ARGS(build.mounts), "HOST:PATH[:ro]",
	  "mount a volume, as docker run -v does [zero or more]", NULL },
	{ "link", OPTION_LIST, ARGS(build.links), "CONTAINER[:ALIAS]",
	  "link to another container [zero or more]", NULL },
	{ "user", OPTION_STRING, ARGS(build.user), "USER[:GROUP]", "run as this user", NULL },
	{ "workdir", OPTION_STRING, ARGS(build.workdir), "DIR", "working directory", NULL },
	{ "network", OPTION_STRING, ARGS(build.network), "NAME", "network to run in", NULL },
	{ "hostname", OPTION_STRING, ARGS(build.hostname), "NAME", "host name", NULL },
};
const struct option_set run_options = OPTION_SET(rows);
