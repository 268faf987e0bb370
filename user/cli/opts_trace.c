/* SPDX-License-Identifier: BSD-2-Clause */
/* The tracer, and what is left on disk. */
#include "cli/build_args.h"

static const struct option_row rows[] = {
	HEADING("Artifacts and the tracer"),
	{ "remove-file-artifacts", OPTION_BOOL, ARGS(build.remove_artifacts), NULL,
	  "keep no record and no report", NULL },
	{ "from-record", OPTION_LIST, ARGS(build.records), "FILE",
	  "run nothing: take what this record.json tells; of several, what any of them tells [zero "
	  "or more]",
	  NULL },
	{ "ring-size", OPTION_BYTES, ARGS(build.ring_bytes), "BYTES",
	  "room for events on their way out of the kernel (16m)", NULL },
	{ "target", OPTION_STRING, ARGS(target), "IMAGE", "another way to name the image", NULL },
};
const struct option_set trace_options = OPTION_SET(rows);
