/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions that make a build or a profile fail. */
#include "cli/build_args.h"

static int add_gate(void *target, const char *value, struct err *err)
{
	return session_gate_parse(value, &((struct build_args *)target)->gates, err);
}

static const struct option_row rows[] = {
	HEADING("For checks"),
	{ "fail-if", OPTION_CALL, 0, "CONDITION",
	  "exit status 8 when it holds, with what was made in place: size>50MB, size>20%, ratio<5, "
	  "files, syscalls, warnings; with a baseline also those of 'slimtrace diff', as "
	  "new-syscalls>0 [zero or more]",
	  add_gate },
	{ "baseline", OPTION_STRING, ARGS(baseline), "FILE",
	  "record.json or a profile of an earlier run, to say what is new", NULL },
};
const struct option_set check_options = OPTION_SET(rows);
