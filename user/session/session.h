/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this module share: the state of one run. Everything in it that exists outside
 * the process (a container, a directory) is undone by run_undo().
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "session/output.h"
#include "slimtrace/engine.h"
#include "slimtrace/image.h"
#include "slimtrace/keep.h"
#include "slimtrace/session.h"
#include "slimtrace/trace.h"

/* new.c: what --include-new brought. */
struct run_new {
	struct image_files *files; /* open tars; dir is set from dirs when they are added */
	size_t n, cap;
	struct strvec dirs;
	struct strmap *only; /* the paths to take of them */
};

struct run {
	const struct build_opts *opts; /* of this image */
	struct build_opts own;	       /* the set's, with this image; opts points here */
	struct report *report;

	struct engine *engine;
	cJSON *inspect;	      /* of the image, as the engine tells it */
	cJSON *info;	      /* of the engine; NULL when nothing is run */
	const char *image_id; /* borrowed from inspect */
	char *imported;	      /* what the engine calls the image that archive_import() gave it */
	char *tmpdir;
	struct strvec tags; /* of the slim image, normalised */

	char *container; /* ID; NULL: none to remove */
	bool running;	 /* started, and not known to have ended */
	bool tty;
	struct strvec ports; /* "80/tcp", as the image exposes them */
	pid_t pid;	     /* of the container's first process, on the host */
	uint64_t away_ms;    /* clock_mono_ms() since when the engine does not answer; 0: it does */
	uint64_t started_ms; /* clock_mono_ms() when it was started */
	struct {	     /* what was seen of it in all, and since when no more was */
		uint64_t seen, since_ms;
	} quiet;
	struct output *output;
	struct engine_follow *follow;
	struct engine_stdin *input;
	struct trace *trace;

	struct run_new added;
	struct strbuf differences; /* lines of JSON: see run_compare_records() */
	struct image *img;
	struct record *rec;
	struct keep *keep;
};

/* archive.c: whether @image means a file or directory, not something that the engine has. */
bool archive_is(const char *image);
/* ERR_IMAGE when an image for @os and @arch is not for @platform, which was checked. */
int platform_fits(const char *platform, const char *image, const char *os, const char *arch,
		  struct err *err);
/* For @platform (NULL: this machine's); or for whatever there is. */
int archive_open(const char *image, const char *platform, const char *tmpdir, struct image **ret,
		 struct err *err);
int archive_open_any(const char *image, const char *tmpdir, struct image **ret, struct err *err);
/* Opens it and has the engine take it: sets run->tmpdir, ->img, ->inspect, and ->imported. */
int archive_import(struct run *run, struct err *err);
/* "PREFIX<owner>.<digits>": what an imported image is called, see owner.h. */
#define RUN_IMPORT_PREFIX "slimtrace-import:"
/* Removes what was imported. */
void archive_forget(struct run *run);

/* look.c: an image that is to be looked at only, in a file or of the engine. */
int run_open_any(const struct engine_opts *opts, const char *name, struct image **ret,
		 struct err *err);

/*
 * diff.c: what the run of @report left compared with @baseline, a record or a profile. Only names
 * and numbers of the result may be looked at: values are gone.
 */
int run_compare_baseline(const char *baseline, const struct report *report, struct diff *ret,
			 struct err *err);

/* source.c: opens the image, from layer directories where they can be read, else by saving it. */
int run_open_image(struct run *run, struct err *err);

/*
 * parent.c: the image here with a name that has the most of what @img begins with: layers and
 * history. Of its own configuration, the engine's words. Returns 1 with it, 0 when there is none.
 */
struct run_parent {
	char *name;
	size_t n_history;
	cJSON *inspect;
};
int run_find_parent(struct engine *engine, const struct image *img, struct run_parent *ret,
		    struct err *err);
void run_parent_release(struct run_parent *parent);
/* Dockerfile.fat of @img. @engine: NULL when there is none to ask. *ret_parent may be NULL. */
int run_dockerfile(struct engine *engine, const struct image *img, struct strbuf *ret,
		   char **ret_parent, struct err *err);

/*
 * kernel.c: whether the container runs on the kernel that is watched: what the engine says, what
 * the created container's runtime is, and after the start what is seen of it. ERR_KERNEL if not.
 */
int run_check_kernel(struct run *run, struct err *err);
int run_check_runtime(struct run *run, struct err *err);
int run_check_shared(struct run *run, struct err *err);

/*
 * privileges.c: the capabilities that this run takes, by name. ERR_KERNEL if any is missing. Those
 * that reading layer directories takes: without them the image is saved.
 */
int run_check_privileges(struct run *run, struct err *err);
/* Whether there is a place for the artifacts. */
int run_check_state(const struct run *run, struct err *err);
int run_check_layers(struct err *err);

/* container.c */
int container_create(struct run *run, struct err *err);
int container_start(struct run *run, struct err *err);
/* True, with report->exit_status set, once the container has ended. */
bool container_ended(struct run *run);
/* Ends it as the engine would: stop signal, grace time, SIGKILL. What is over is not an error. */
int container_stop(struct run *run, struct err *err);
void container_remove(struct run *run);

/* new.c: copies what --include-new names out of the ended container, and puts it over the image. */
int run_copy_new(struct run *run, struct err *err);
int run_add_new(struct run *run, struct err *err);
void run_release_new(struct run *run);

/*
 * records.c: takes the record from files; warns when it is of another image, and finds what it
 * used that this one does not have.
 */
int run_read_records(struct run *run, struct err *err);
void run_compare_records(struct run *run);
/* Differences as differences.jsonl, when there are any. */
int run_write_differences(struct run *run, int dirfd, struct err *err);

/* observe.c: whether the app is looked for on ports, which the image does not have to expose. */
bool run_wants_ports(const struct run *run);
/* Drives the app until the observation is over. */
int run_observe(struct run *run, struct err *err);

/* wait.c */
/* A number that grows whenever the container does something that it had not done before. */
uint64_t run_activity(struct run *run);
void run_show_counts(struct run *run);
/* Until the app listens, is healthy, has gone quiet, has ended, or took too long to start. */
int run_wait_up(struct run *run, struct err *err);
/* What --continue-after waits for. */
int run_wait_end(struct run *run, bool probed, struct err *err);

/* exec.c: commands and scripts in the container. */
int run_execs(struct run *run, struct err *err);
/* Says how a command ended that failed, with its last lines unless they were shown. */
void run_tell_failed(struct run *run, struct output *out, const char *what, int status);

/* health.c: runs the image's health check until it succeeds, within the start timeout. */
int run_health(struct run *run, struct err *err);
bool run_has_health(const struct run *run);

/* hostexec.c: commands and scripts on the host. */
int run_host_execs(struct run *run, struct err *err);

/* judge.c: whether the app did enough for its trace to be believed. */
int run_judge(struct run *run, struct err *err);

#define RUN_MAX_PORTS PROBE_MAX_PORTS

/* probe.c */
/* TCP ports that the image, or --expose, exposes, at most @max. */
size_t run_exposed_ports(const struct run *run, uint16_t *ports, size_t max);
/*
 * Where to knock: ports that the user named, else what the image exposes, or when it exposes
 * nothing, where the app listens once it does. An app that neither listens nor ends by the time
 * limit has no port. @ports has room for RUN_MAX_PORTS.
 */
int run_find_ports(struct run *run, uint16_t *ports, size_t *ret_n, struct err *err);
/* Waits until @port (0: any) is listened on, or the app is healthy: 1; 0 it will not be; -EINTR.
 * @ctx is the run. */
int run_wait_listen(uint16_t port, void *ctx, struct err *err);
/* Whether the user wants more of the probe than what is done by default. */
bool run_probe_asked(const struct run *run);
int run_probes(struct run *run, const uint16_t *ports, size_t n_ports, struct err *err);
/* Warns about calls that got no answer. */
void run_report_probes(struct run *run);

/* make.c: packs and loads the slim images of a set of runs, all decided. */
int run_make_images(struct run *runs, size_t n, struct err *err);
/* Tells the report what the record has, and warns when it is incomplete. */
void run_take_record(struct run *run);
/* Counts for the report what stays. */
void run_count(struct run *run);

/* artifacts.c: writes the record and the reports below the state path, replacing an older set. */
int run_write_artifacts(struct run *run, struct err *err);
/* Before anything is run: can they be written there? */
int run_check_artifacts(const struct run *run, struct err *err);

/* profiles.c: decides, with warnings, and writes the files into the artifacts' directory. */
void run_make_profiles(struct run *run);
int run_write_profiles(struct run *run, int dirfd, struct err *err);
/* The name of an image as the base of file names. malloc'ed. */
char *profiles_base_name(const char *image);
/* The image's name: as the user said it, or when that was an ID, the first name that it has. */
const char *run_image_name(const struct run *run);

/* clean.c */
#define RUN_ARTIFACTS_PREFIX ".artifacts."
/* Names that tell another run whose they are. */
int run_make_tmpdir(char **ret, struct err *err);
char *run_artifacts_name(void);
/* What killed runs left is removed before a run; that it cannot be is no failure of the run. */
void run_clean_before(struct run *run);

/* Adds to the report's warnings, and logs it. */
void run_warn(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
