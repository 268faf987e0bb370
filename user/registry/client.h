/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the registry's API for one repository: authenticated, redirected, tried again. */
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/web.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/registry.h"

#define MAX_MANIFEST (4u << 20) /* the specification wants registries to take so much */
#define MAX_CONFIG_BLOB (16u << 20)
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define DOCKER_MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_INDEX_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"

struct registry {
	char *image;	 /* as registry_image() has it */
	char *host;	 /* whose credentials are meant: "docker.io", "localhost:5000" */
	char *base;	 /* "https://registry-1.docker.io" */
	char *name;	 /* "library/redis" */
	char *reference; /* a tag or a digest */
	bool push;
	struct web *web;
	bool asked; /* for the credentials */
	struct credentials credentials;
	char *authorization; /* what the registry let us in with; NULL: nothing yet */
	/* The image. */
	struct digest index;	/* what the reference is the name of */
	struct digest manifest; /* the same, or one for a platform that the index names */
	struct digest config;
	uint64_t manifest_size;
	char *manifest_type;
	struct strvec diff_ids;
};

struct client_call {
	const char *method;
	const char *url; /* absolute, or below "/v2/NAME/" */
	const char *accept, *type;
	const void *body;
	size_t len, max;
	bool once; /* what came of a first try cannot be tried again */
	bool show;
};

/* 0: an answer of any status but 401, 429, 500, 502, 503, 504. */
int client_call(struct registry *r, const struct client_call *call, struct web_answer *ret,
		struct err *err);
/* An answer that is none of success as an error: "what: the registry's words (status 403)". */
int client_refused(const struct registry *r, const struct web_answer *a, const char *what,
		   struct err *err);
/* The absolute URL of what @path is below "/v2/NAME/"; malloc'ed. */
char *client_url(const struct registry *r, const char *path);

/* GET of @path, whose content has to have the digest @want (NULL: any). Not found: -ENOENT. */
int client_get(struct registry *r, const char *path, const char *accept, const struct digest *want,
	       size_t max, struct strbuf *ret, struct err *err);

/* token.c: what to answer @challenge with, in @r->authorization. */
int token_answer(struct registry *r, const struct challenge *challenge, struct err *err);

/* where.c: host, base, name, reference, web, from what the user wrote. */
int where_find(const char *image, const struct registry_opts *opts, struct registry *ret,
	       struct err *err);
/* image.c: the rest of it. */
struct image_said {
	bool is_index, is_docker;
	struct digest digest; /* of what an index has for us; else of the configuration */
};
int image_parse(const struct strbuf *text, const char *arch, struct image_said *ret,
		struct err *err);
int image_find(struct registry *r, const char *arch, struct err *err);

#endif
