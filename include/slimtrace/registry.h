/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records beside their image in a registry, as OCI artifacts: each node of a fleet pushes its own,
 * one build pulls them all. A client of the OCI distribution specification 1.1.
 *
 * A record is an artifact of type REGISTRY_ARTIFACT_TYPE with one gzip'ed layer, whose `subject` is
 * the image's manifest. It is the same bytes whoever pushes it, so pushing twice is pushing once. A
 * registry with the Referrers API lists it. For others it gets a tag of its own, made of the
 * image's and the record's digest: nodes that push at the same time cannot lose each other's, as
 * they can in the one list that the specification's "referrers tag schema" has. That is written
 * too, for other tools.
 *
 * One object, for one image and one thread; calls block, and end early with -EINTR (base/cancel.h).
 * What cannot be reached or refuses is ERR_ENGINE, an image that is not there ERR_IMAGE, a record
 * that does not fit ERR_USAGE. Answers are untrusted: bounded, type-checked, digests verified.
 * Credentials are docker's, and never logged; they go to the registry, and to the token service
 * that it names, only. Certificates are always verified. What a registry or a network refuses for
 * a moment (429, 500, 502, 503, 504, a broken connection) is tried again.
 */
#ifndef SLIMTRACE_REGISTRY_H
#define SLIMTRACE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/record.h"

#define REGISTRY_ARTIFACT_TYPE "application/vnd.slimtrace.record.v1+json"
#define REGISTRY_GZIP_TYPE "application/vnd.slimtrace.record.v1.json+gzip"
#define REGISTRY_MAX_RECORDS 100000

struct registry_opts {
	/* -1: http:// for localhost, 127.0.0.0/8 and [::1], unless there is a certificate authority
	 * for it; 0: never; 1: always */
	int plain_http;
	/* PEM file, beside the system's; NULL: /etc/docker/certs.d/HOST/ca.crt if there is one */
	const char *ca;
	/* Of an image for several platforms: GOARCH, or GOARCH/VARIANT. */
	const char *arch;
	bool push; /* rights to write are asked for, too */
};

struct registry;
/* Finds @image ("HOST/NAME:TAG", "NAME@sha256:...") in its registry, with its configuration. */
int registry_open(const char *image, const struct registry_opts *opts, struct registry **ret,
		  struct err *err);
void registry_free(struct registry *r);
DEFINE_CLEANUP(struct registry *, registry_free);

/* The image with all that was left out of its name: "docker.io/library/redis:7". */
const char *registry_image(const struct registry *r);
const char *registry_digest(const struct registry *r); /* of its manifest, for this platform */

/* 0: @rec is of this very image; else ERR_USAGE saying how it is not. */
int registry_match(const struct registry *r, const struct record *rec, struct err *err);

struct registry_artifact {
	struct digest digest; /* of the artifact's manifest */
	struct digest layer;  /* what has the record */
	uint64_t size;	      /* of it */
	bool gzip;
	struct strvec annotations; /* "KEY=VALUE", sorted: what who pushed it said of it */
	bool existed;		   /* pushed before */
};
void registry_artifact_release(struct registry_artifact *a);
/* The value of an annotation, borrowed; NULL when there is none. */
const char *registry_annotation(const struct registry_artifact *a, const char *key);

/* @annotations: "KEY=VALUE", added to the artifact; checked by registry_annotation_check(). */
int registry_push(struct registry *r, const struct record *rec, const struct strvec *annotations,
		  struct registry_artifact *ret, struct err *err);
int registry_annotation_check(const char *text, struct err *err);

struct registry_artifacts {
	struct registry_artifact *v;
	size_t n, cap;
};
/*
 * All records of the image that the registry has, in the order of their digests. What says that it
 * is one and is not is -EBADMSG; with @keep_going a warning.
 */
int registry_list(struct registry *r, bool keep_going, struct registry_artifacts *ret,
		  struct err *err);
void registry_artifacts_release(struct registry_artifacts *all);
/* One of them. -EBADMSG: what it has is no record. */
int registry_fetch(struct registry *r, const struct registry_artifact *a, struct record **ret,
		   struct err *err);

/* The digest of a record's text, whatever form it is kept in. */
struct digest registry_record_digest(const struct record *rec);

#endif
