/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run from an image to a slim image: the only module that knows all the others. It creates the
 * container, arms the tracer, drives the app, stops it, decides, packs, loads and reports; and it
 * removes all that it made (container, temporary files, kernel programs) on every way out.
 */
#ifndef SLIMTRACE_SESSION_H
#define SLIMTRACE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/drive.h"
#include "slimtrace/engine.h"
#include "slimtrace/profile.h"
#include "slimtrace/report.h"

/* When the observation ends. Probes and execs that were asked for are finished first, always. */
enum continue_after {
	CONTINUE_DEFAULT, /* what fits the image: see session_observe() */
	CONTINUE_ENTER,
	CONTINUE_SIGNAL,
	CONTINUE_PROBE,
	CONTINUE_EXEC,
	CONTINUE_EXIT,
	CONTINUE_SECONDS,
};

struct build_opts {
	struct engine_opts engine;
	const char *image; /* reference or ID */
	const char *state_path;
	struct strvec tags; /* first: the slim image's name; empty: IMAGE.slim */

	/* How the container is run; nothing of it enters the slim image's configuration. */
	const char *entrypoint; /* words, or a JSON array; NULL: the image's */
	const char *cmd;
	struct strvec env;    /* "NAME=value" or "NAME" */
	struct strvec mounts; /* docker run -v */
	struct strvec links;  /* docker run --link */
	const char *user, *workdir, *network, *hostname;

	bool probe_off;
	struct probe_opts probe;
	struct strvec execs; /* shell command lines, run in the container */
	enum continue_after continue_after;
	unsigned int continue_seconds;
	unsigned int start_timeout_s; /* how long the app may take until it listens */

	struct strvec include_paths;
	bool profile_only; /* all but the image */
	enum profile_format seccomp_format;
	bool seccomp_arg_filters;
	bool show_logs; /* the container's output on stderr */
	bool remove_artifacts;
	bool allow_loss;     /* make an image although the trace lost something */
	bool force;	     /* make an image although the app failed */
	uint64_t ring_bytes; /* 0: the tracer's default */
};

/* @ret is the caller's (report_release()), filled as far as the run came, also on failure. */
int session_build(const struct build_opts *opts, struct report *ret, struct err *err);

#endif
