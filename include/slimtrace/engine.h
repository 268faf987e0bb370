/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A container engine that speaks the Docker Engine API (Docker, Podman's compatible socket).
 * One connection object, for one thread; calls block, end early with -EINTR when the program is
 * asked to end (base/cancel.h; not while cancel_mask() is on), and leave ERR_ENGINE or ERR_IMAGE
 * errors with the daemon's own message in them. -ENOENT: the engine has no such thing, -EEXIST: a
 * conflict (a name that is taken, a container that does not run). An engine that says nothing for
 * 5 minutes is given up with -ETIMEDOUT, except where waiting is the point. Answers are untrusted:
 * bounded and type-checked. Secrets (TLS keys, registry auth, env values) are never logged.
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

/* NULL and -1 are taken from the environment as docker's client does it, then are its defaults. */
struct engine_opts {
	/* unix:///path, /path, tcp://host:port, http://..., https://...; else DOCKER_HOST, else the
	 * context, else the first of the usual sockets (Docker's, Podman's) that is listened on */
	const char *host;
	/* A docker context's name; not with host. Else, without DOCKER_HOST, DOCKER_CONTEXT or the
	 * one that is current for docker's client (under sudo, for the caller's). */
	const char *context;
	/* -1: TLS when https, tls_verify, a certificate path or one of DOCKER_TLS,
	 * DOCKER_TLS_VERIFY, DOCKER_CERT_PATH asks for it; 0 off, 1 on. Of no meaning on a socket.
	 */
	int tls;
	int tls_verify;		   /* 0: the server's certificate is not checked; -1, 1: it is */
	const char *tls_cert_path; /* ca.pem, cert.pem, key.pem; else DOCKER_CERT_PATH, ~/.docker */
};

/* Connects, pings and agrees on an API version, unless DOCKER_API_VERSION says which. */
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
/* GET /images/json: an array with what is told of each. */
int engine_image_list(struct engine *e, cJSON **ret, struct err *err);
/* GET /images/REF/history: an array, newest first. */
int engine_image_history(struct engine *e, const char *ref, cJSON **ret, struct err *err);
/* GET /images/REF/get into @fd. @progress (may be NULL) is told the bytes so far. */
int engine_image_save(struct engine *e, const char *ref, int fd,
		      void (*progress)(uint64_t bytes, void *ctx), void *ctx, struct err *err);
/* POST /images/load from @fd, read from its start. An error late in the answer is an error. */
int engine_image_load(struct engine *e, int fd, struct err *err);
/*
 * What to call an image that is loaded as @tag ("name:tag"): malloc'ed. Podman takes a name without
 * a registry for one of Docker Hub's, where it calls what was made here "localhost/name".
 */
char *engine_image_name(const struct engine *e, const char *tag);
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
 * Waits until the container does not run (one that was not started does not run). Returns 1 with
 * *ret_status, 0 after @timeout_ms (-1: for ever; 0: asks once, 1 ms), -EINTR, or another error.
 */
int engine_container_wait(struct engine *e, const char *id, int timeout_ms, int *ret_status,
			  struct err *err);
/* GET /containers/ID/changes: what differs from the image: [{"Path", "Kind"}], null when nothing.
 */
int engine_container_changes(struct engine *e, const char *id, cJSON **ret, struct err *err);
/* GET /containers/ID/archive: @path with all below it as a tar, written to @fd. */
int engine_container_copy(struct engine *e, const char *id, const char *path, int fd,
			  struct err *err);
/* With its anonymous volumes, running or not; absent is fine. */
int engine_container_remove(struct engine *e, const char *id, struct err *err);
/* IDs of all containers, running or not, with label @label ("key" or "key=value"). */
int engine_container_list(struct engine *e, const char *label, struct strvec *ret, struct err *err);

/* IDs of those that run. */
int engine_container_list_running(struct engine *e, struct strvec *ret, struct err *err);
/*
 * The words with which the engine runs the health check of the image, or the container, that it
 * described as @inspect; false when that has none.
 */
bool engine_health_words(const cJSON *inspect, struct strvec *ret);

/* Output of a container or an exec: @is_stderr tells the stream (false for a tty). */
typedef void engine_output_fn(bool is_stderr, const char *data, size_t len, void *ctx);

/* The last @lines lines of the container's log. @tty: the container has one (raw stream). */
int engine_container_logs(struct engine *e, const char *id, bool tty, unsigned int lines,
			  engine_output_fn *out, void *ctx, struct err *err);

/*
 * Follows the container's output in a thread of its own, until the container ends or
 * engine_follow_stop(). Called before the container is started, it misses nothing, with any logging
 * driver: it returns when the engine has attached it. @out is called from that thread, and not
 * any more once engine_follow_stop() has returned.
 */
struct engine_follow;
int engine_follow_start(struct engine *e, const char *id, bool tty, engine_output_fn *out,
			void *ctx, struct engine_follow **ret, struct err *err);
/* Waits at most @drain_ms for output that is under way (until the container's end). NULL-safe. */
void engine_follow_stop(struct engine_follow *f, int drain_ms);

/*
 * Feeds the container's stdin (made with OpenStdin and StdinOnce) from the file @fd, in a thread of
 * its own, and closes it at the file's end. Called before the container is started. @fd is taken
 * over, also on failure.
 */
struct engine_stdin;
int engine_stdin_start(struct engine *e, const char *id, int fd, struct engine_stdin **ret,
		       struct err *err);
/* Ends it, whatever is not sent yet. NULL-safe. */
void engine_stdin_stop(struct engine_stdin *s);

struct engine_exec {
	struct strvec cmd;
	const char *user;    /* NULL: the image's */
	const char *workdir; /* NULL: the image's */
	int timeout_ms;	     /* -1: none */
};
/*
 * Runs a command in a running container to its end. *ret_status is its exit status: 126 or 127 when
 * it could not be started, the reason being its output. -ETIMEDOUT when it did not end in time (it
 * is left running; the container's end ends it).
 */
int engine_exec(struct engine *e, const char *id, const struct engine_exec *exec,
		engine_output_fn *out, void *ctx, int *ret_status, struct err *err);

#endif
