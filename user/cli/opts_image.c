/* SPDX-License-Identifier: BSD-2-Clause */
/* build: what the slim image is called, and whether it is made. */
#include "cli/build_args.h"

static const struct option_row rows[] = {
	HEADING("The slim image"),
	{ "tag", OPTION_LIST, ARGS(build.tags), "NAME[:TAG]",
	  "name of the slim image (IMAGE.slim); more than once for more names", NULL },
	{ "allow-loss", OPTION_BOOL, ARGS(build.allow_loss), NULL,
	  "make the image although the trace is incomplete", NULL },
	{ "force", OPTION_BOOL, ARGS(build.force), NULL,
	  "make the image although the app failed or answered no probe", NULL },
};
const struct option_set image_options = OPTION_SET(rows);
