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
#include "slimtrace/diff.h"
#include "slimtrace/drive.h"
#include "slimtrace/engine.h"
#include "slimtrace/info.h"
#include "slimtrace/keep.h"
#include "slimtrace/profile.h"
#include "slimtrace/report.h"
#include "slimtrace/slim.h"

/*
 * When the observation ends: when all that is named here has happened, or the container has ended.
 * Probes and commands that were asked for are finished first, always.
 */
enum continue_after {
	CONTINUE_DEFAULT = 0,	   /* what fits the image: see run_observe() */
	CONTINUE_ENTER = 1 << 0,   /* a line on stdin, which has to be a terminal */
	CONTINUE_SIGNAL = 1 << 1,  /* SIGUSR1 */
	CONTINUE_PROBE = 1 << 2,   /* the HTTP probes are done */
	CONTINUE_EXEC = 1 << 3,	   /* the commands in the container are done */
	CONTINUE_HOST = 1 << 4,	   /* the commands on the host are done */
	CONTINUE_EXIT = 1 << 5,	   /* the container ended by itself */
	CONTINUE_HEALTHY = 1 << 6, /* the image's health check succeeded */
	CONTINUE_SECONDS = 1 << 7, /* so many have passed since the start */
	CONTINUE_SETTLED = 1 << 8, /* so long no file, syscall or program that is new was seen */
};

struct build_opts {
	struct engine_opts engine;
	const char *image;    /* reference or ID; or a file: docs/image.md */
	const char *platform; /* of a file for several: "linux/ARCH[/VARIANT]"; NULL: this one */
	const char *state_path;
	struct strvec tags; /* first: the slim image's name; empty: IMAGE.slim */

	/* How the container is run; nothing of it enters the slim image's configuration. */
	const char *entrypoint; /* words, or a JSON array; NULL: the image's */
	const char *cmd;
	struct strvec env; /* "NAME=value" or "NAME" */
	struct strvec env_files;
	struct strvec mounts;  /* docker run -v or --mount */
	struct strvec links;   /* docker run --link */
	struct strvec publish; /* docker run -p */
	struct strvec expose;  /* docker run --expose */
	struct strvec hosts;   /* docker run --add-host */
	struct strvec labels;  /* "NAME=value" */
	struct strvec dns, dns_search, sysctls, cap_add, cap_drop, security_opts;
	const char *user, *workdir, *network, *hostname, *runtime;
	const char *gpus;	      /* docker run --gpus */
	const char *host_config_file; /* JSON, below what else is said here */
	const char *stdin_path;	      /* NULL: the container has no stdin, as docker run's */
	uint64_t shm_bytes;	      /* 0: the engine's default */
	bool tty, read_only, privileged, init;
	bool publish_all; /* docker run -P */

	struct strvec records; /* files: what they tell, together, is taken instead of a run */

	bool probe_off;
	struct probe_opts probe;
	struct strvec execs;	  /* shell command lines, run in the container */
	struct strvec exec_files; /* shell scripts of the host, run in the container */
	const char *exec_user;	  /* who runs these; NULL: the container's user */
	struct strvec host_execs; /* shell command lines, run on the host: the user's own tests */
	struct strvec host_exec_files;
	unsigned int continue_after; /* enum continue_after, ORed */
	unsigned int continue_seconds, settled_seconds;
	unsigned int start_timeout_s; /* how long the app may take until it listens */

	struct keep_opts keep;
	struct strvec include_new; /* absolute paths of the container, made or changed by it */

	/* The slim image. */
	enum slim_layers layers;
	struct slim_edits edits;
	struct slim_perms perms;
	bool plain_perms;      /* --keep-perms=false */
	struct strvec outputs; /* where else than to the engine: slim_output() */

	bool profile_only; /* all but the image */
	enum profile_format seccomp_format;
	bool seccomp_arg_filters;
	bool show_logs;	     /* the container's output on stderr */
	bool keep_container; /* stopped, not removed */
	bool remove_artifacts;
	bool allow_loss;     /* make an image although the trace lost something */
	bool force;	     /* make an image although the app failed */
	uint64_t ring_bytes; /* 0: the tracer's default */
};

/*
 * Runs each of @images in turn, with the same options (@opts->image is not looked at), then makes
 * the slim images of all. @ret has a report for each; they are the caller's (report_release()),
 * filled as far as the run came, also on failure. With several images an error names the one.
 */
int session_build(const struct build_opts *opts, const struct strvec *images, struct report *ret,
		  struct err *err);

struct why_opts {
	struct engine_opts engine;
	const char *state_path;
	const char *image;
	const struct strvec *paths; /* absolute, in the image */
};
/*
 * Why each path stays or goes, as the last run of the image decided: @ret_text for people,
 * @ret_json an array of the lines of files.jsonl. ERR_USAGE when no run is known, or a path is not
 * in the image; what was told until then is in both.
 */
int session_why(const struct why_opts *opts, struct strbuf *ret_text, struct strbuf *ret_json,
		struct err *err);

/* An image looked at, and not run. */
/* ERR_USAGE when @platform is no "linux/ARCH[/VARIANT]". */
int session_platform_check(const char *platform, struct err *err);
/* ARCH[/VARIANT] of one that was checked; of this machine for NULL. */
const char *session_arch(const char *platform);

struct look_opts {
	struct engine_opts engine;
	const char *image;    /* reference, ID, or path of an archive: see session_look() */
	const char *platform; /* of an archive for several: "linux/ARCH[/VARIANT]" */
	const char *state_path;
	struct info_opts info;
	bool keep_nothing; /* write no Dockerfile.fat */
};
struct look {
	struct image *img;
	struct info info;
	struct strbuf dockerfile;
	char *parent;	/* that its FROM names; NULL: not known */
	char *artifact; /* where Dockerfile.fat is; NULL: it was not written */
};
/*
 * @opts->image is an archive when it begins with "docker-archive:", "oci-archive:", "oci:", "/",
 * "./" or "../", or ends as archives do (.tar, .tar.gz, ...) and there is such a file: no engine is
 * needed then. Needs no root. What was found
 * is the caller's: session_look_release(), also after a failure.
 */
int session_look(const struct look_opts *opts, struct look *ret, struct err *err);
void session_look_release(struct look *look);

struct diff_opts {
	struct engine_opts engine;
	/* Each: a record, a profile, an image of the engine or one in a file. */
	const char *before, *after;
	bool all;	  /* every line */
	size_t lines_max; /* of each kind, else */
	const struct gates *gates;
};
struct diff_result {
	struct strbuf text;
	cJSON *json;
	size_t differences;
	struct strvec failed; /* conditions that hold, a sentence each */
};
/* Needs no root. ERR_USAGE when the two are of different kinds. The result is the caller's. */
int session_diff(const struct diff_opts *opts, struct diff_result *ret, struct err *err);
void session_diff_release(struct diff_result *result);

/*
 * Conditions of build and profile: "size>50MB", "ratio<5", "files", "syscalls", "warnings", and
 * with a baseline all of diff_gate_parse(). ERR_USAGE naming what is wrong.
 */
int session_gate_parse(const char *text, struct gates *ret, struct err *err);
/* Whether they can be answered: ERR_USAGE else. @no_image: of profile. */
int session_gates_check(const struct gates *gates, const char *baseline, bool no_image,
			struct err *err);
/*
 * Sets report->checks and ->failed_checks after a run, whose artifacts have to be there for a
 * baseline (a record or profile of an earlier run; NULL: none).
 */
int session_gates_apply(struct report *report, const struct gates *gates, const char *baseline,
			struct err *err);

struct clean_opts {
	struct engine_opts engine;
	const char *state_path;
	bool kept_too; /* also what --keep-container kept */
};
struct clean_result {
	size_t containers, directories;
	size_t images; /* that were taken from files */
};
/*
 * Removes what runs left that were killed: containers of this engine, temporary directories (TMPDIR
 * or /var/tmp) and half-written artifacts. Nothing of a process that still runs, or that cannot be
 * judged from here (another pid namespace). @ret is filled also on failure.
 */
int session_clean(const struct clean_opts *opts, struct clean_result *ret, struct err *err);

#endif
