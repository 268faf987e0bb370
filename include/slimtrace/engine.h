/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A container engine that speaks the Docker Engine API (Docker, Podman's compatible socket).
 * One connection object; calls block, end early with -EINTR when the program is asked to end
 * (base/cancel.h), and leave ERR_ENGINE or ERR_IMAGE errors with the daemon's own message in them.
 * Answers are untrusted: bounded and type-checked. Secrets (TLS keys, registry auth, env values)
 * are never logged.
 *
 * Only engine/http.c knows libcurl.
 */
#ifndef SLIMTRACE_ENGINE_H
#define SLIMTRACE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strvec.h"

struct engine;

/* NULL or 0 fields are taken from the environment, then from Docker's defaults. */
struct engine_opts {
	const char *host;	   /* unix:///path, /path, tcp://host:port; else DOCKER_HOST */
	int tls;		   /* -1 not said, 0 off, 1 on */
	int tls_verify;		   /* -1 not said (DOCKER_TLS_VERIFY), 0, 1 */
	const char *tls_cert_path; /* else DOCKER_CERT_PATH, else ~/.docker */
};

/* Connects, pings and agrees on an API version. */
int engine_open(const struct engine_opts *opts, struct engine **ret, struct err *err);
void engine_free(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_free);

const char *engine_host(const struct engine *e);	/* as it was connected to */
const char *engine_api_version(const struct engine *e); /* the one agreed on: "1.41" */
/* GET /version and GET /info, as the daemon tells them. */
int engine_version(struct engine *e, cJSON **ret, struct err *err);
int engine_info(struct engine *e, cJSON **ret, struct err *err);

/* --- images --- */
/* GET /images/REF/json. No such image: ERR_IMAGE with a hint. */
int engine_image_inspect(struct engine *e, const char *ref, cJSON **ret, struct err *err);
/* GET /images/REF/get into @fd. @progress (may be NULL) is told the bytes so far. */
int engine_image_save(struct engine *e, const char *ref, int fd,
		      void (*progress)(uint64_t bytes, void *ctx), void *ctx, struct err *err);
/* POST /images/load from @fd, read from its start. An error late in the answer is an error. */
int engine_image_load(struct engine *e, int fd, struct err *err);
/* Untags or removes. */
int engine_image_remove(struct engine *e, const char *ref, struct err *err);

/* --- containers --- */
/* POST /containers/create with @body. *ret_id is malloc'ed. Warnings are logged. */
int engine_container_create(struct engine *e, const char *name, const cJSON *body, char **ret_id,
			    struct err *err);
int engine_container_start(struct engine *e, const char *id, struct err *err);
int engine_container_inspect(struct engine *e, const char *id, cJSON **ret, struct err *err);
/* Signal by name or number ("SIGTERM"); a container that does not run is not an error. */
int engine_container_kill(struct engine *e, const char *id, const char *sig, struct err *err);
/* POST /containers/ID/stop: the stop signal, then SIGKILL after @grace_s seconds. */
int engine_container_stop(struct engine *e, const char *id, int grace_s, struct err *err);
/*
 * Waits until the container does not run. Returns 1 with *ret_status, 0 after @timeout_ms
 * (-1: for ever), -EINTR, or another error.
 */
int engine_container_wait(struct engine *e, const char *id, int timeout_ms, int *ret_status,
			  struct err *err);
/* With its anonymous volumes, running or not; absent is fine. */
int engine_container_remove(struct engine *e, const char *id, struct err *err);
/* IDs of all containers, running or not, with label @label ("key" or "key=value"). */
int engine_container_list(struct engine *e, const char *label, struct strvec *ret, struct err *err);

/* Output of a container or an exec: @is_stderr tells the stream (false for a tty). */
typedef void engine_output_fn(bool is_stderr, const char *data, size_t len, void *ctx);

/* The last @lines lines of the container's log. @tty: the container has one (raw stream). */
int engine_container_logs(struct engine *e, const char *id, bool tty, unsigned int lines,
			  engine_output_fn *out, void *ctx, struct err *err);

/*
 * Follows the container's output from its start on, in a thread of its own, until the container
 * ends or engine_follow_stop(). @out is called from that thread.
 */
struct engine_follow;
int engine_follow_start(struct engine *e, const char *id, bool tty, engine_output_fn *out,
			void *ctx, struct engine_follow **ret, struct err *err);
/* Waits at most @drain_ms for output that is under way. NULL-safe. */
void engine_follow_stop(struct engine_follow *f, int drain_ms);

struct engine_exec {
	struct strvec cmd;
	const char *user;    /* NULL: the image's */
	const char *workdir; /* NULL: the image's */
	int timeout_ms;	     /* -1: none */
};
/*
 * Runs a command in a running container to its end. *ret_status is its exit status.
 * -ETIMEDOUT when it did not end in time (it is left running; the container's end ends it).
 */
int engine_exec(struct engine *e, const char *id, const struct engine_exec *exec,
		engine_output_fn *out, void *ctx, int *ret_status, struct err *err);

#endif
