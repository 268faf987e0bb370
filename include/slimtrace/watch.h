/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching what somebody else runs: containers that an engine, an orchestrator, a test suite or a
 * CI job starts, and cgroups of services. Nothing is started, changed or removed; each container
 * ends up in a record of its own.
 *
 * What is wanted is asked of the engine, when one is needed for it: a container begins for the
 * tracer when its cgroup is made, and what it does is recorded from then on, whether it turns out
 * to be wanted or not.
 */
#ifndef SLIMTRACE_WATCH_H
#define SLIMTRACE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/engine.h"

struct watch_opts {
	struct engine_opts engine;
	/* A container is watched that any of these names; without any: each that begins. */
	struct strvec containers; /* names, or IDs, or beginnings of IDs */
	struct strvec images;	  /* those of this image */
	struct strvec labels;	  /* those with this label: "KEY" or "KEY=VALUE" */
	struct strvec cgroups;	  /* directories: what runs in them, whoever started it */
	bool new_only;		  /* nothing that runs already */
	uint64_t seconds;	  /* for so long at most; 0: without an end */
	const char *output;	  /* directory for the records; NULL: WATCH_OUTPUT */
	char *const *command;	  /* run it, and watch until it ends; NULL: none */
	uint64_t ring_bytes;	  /* as in struct trace_opts */
};
#define WATCH_OUTPUT "slimtrace-records"

struct watch_result {
	cJSON *records;	    /* an array: what is to be told of each record, as raw JSON */
	size_t n;	    /* records */
	size_t incomplete;  /* of them */
	bool missed;	    /* containers began that no record is of */
	int command_status; /* as a shell tells it; -1: there was no command */
};
void watch_result_release(struct watch_result *result);

/*
 * Watches until the command has ended, all named containers and cgroups are over, the time is up,
 * or the program is asked to end (cancel.h), which is no failure here. SIGUSR1 has the records so
 * far written. Records are named NAME-ID.json after the container. A record that cannot be written
 * is an error, after all others were.
 */
int watch_run(const struct watch_opts *opts, struct watch_result *ret, struct err *err);

/* "90", "90s", "10m", "1h30m", "2d": seconds. ERR_USAGE names @what. */
int watch_parse_duration(const char *text, const char *what, uint64_t *ret, struct err *err);

#endif
