/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keep sets -> image archives. An archive is one file that is both a docker-archive (manifest.json)
 * and an OCI layout, so that every engine can load it. Layers hold each kept entry as the
 * original's layers have it (owner, group, mode, mtime, xattrs, hard links, devices; holes as
 * zeros, as the engines do), sorted, so that equal input gives equal bytes and an equal image ID.
 * The configuration is the original's bytes with only the values of "rootfs" and "history" replaced
 * and what was asked for changed; "created" is left as it was.
 *
 * Images can be made as a set. An engine stores a layer once for all images that have it on the
 * same layers below. So where originals have layers in common, their slim images get the same ones:
 * with what any of them keeps there (slim_share()).
 *
 * Only slim/tar.c and slim/output.c know libarchive here.
 */
#ifndef SLIMTRACE_SLIM_H
#define SLIMTRACE_SLIM_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/image.h"
#include "slimtrace/keep.h"

/* Which of the original's layers become one. */
enum slim_layers {
	SLIM_SQUASH, /* all of them; nothing is shared */
	SLIM_KEEP,   /* none: one slim layer for each that still has content */
	SLIM_BASE,   /* those of the base image, and all others */
};

/* What --path-perms says: PATH:MODE[#UID[#GID]]. */
struct slim_perm {
	char *pattern; /* absolute; "*", "?" and "[...]" as in a shell, "**" also crosses slashes */
	int64_t mode, uid, gid; /* -1: as it is */
};
struct slim_perms {
	struct slim_perm *v;
	size_t n, cap;
};
/* Adds what @text says; a form that is not understood is ERR_USAGE naming it. */
int slim_perms_add(struct slim_perms *perms, const char *text, struct err *err);
void slim_perms_release(struct slim_perms *perms);

/* One image of a set; all is borrowed but for @perms. */
struct slim_source {
	const struct image *img;
	struct keep *keep;
	size_t base;	      /* SLIM_BASE: how many of the layers are the base image's */
	struct strmap *perms; /* inode -> struct slim_perm, from slim_perms_find() */
};

struct slim_set {
	enum slim_layers layers;
	struct slim_source *v;
	size_t n;
};

/*
 * SLIM_BASE: how many layers are the base image's, by the history: up to the last command or
 * entrypoint that layers follow, else the first one.
 */
size_t slim_base_layers(const struct image *img);

/* Adds to each image's keep set what its slim layers have since another of the set keeps it. */
void slim_share(struct slim_set *set);

/*
 * Which kept entries @perms are about: sets @source->perms, for the caller to strmap_free(). Later
 * rules win. All names of a file are changed with it. @ret_used[i] is set for each rule that
 * matched something.
 */
void slim_perms_find(struct slim_source *source, const struct slim_perms *perms, bool *ret_used);

/* Changes of the configuration. Lists may be empty, strings NULL. */
struct slim_edits {
	const char *entrypoint, *cmd; /* words, or a JSON array; "" or "[]": none */
	const char *workdir, *user;
	struct strvec env, labels;     /* "NAME=value": set or added */
	struct strvec expose, volumes; /* "80", "53/udp"; "/path" */
	struct strvec remove_env, remove_labels, remove_expose, remove_volumes;
};
void slim_edits_release(struct slim_edits *edits);
/* A value that no configuration can have is ERR_USAGE naming it. */
int slim_edits_check(const struct slim_edits *edits, struct err *err);
/*
 * @config with @edits done: removals first. Every other byte stays. What was to be removed and is
 * not there is added to @ret_absent, as "NAME (--remove-env)".
 */
int slim_config_edit(const char *config, size_t len, const struct slim_edits *edits,
		     struct strbuf *ret, struct strvec *ret_absent, struct err *err);

struct slim_opts {
	const struct strvec *tags;	/* "name:tag", normalised by slim_tag() */
	const char *tmpdir;		/* for the unlinked archive file */
	const struct slim_edits *edits; /* or NULL */
	/* Owner and mode as root's, 0755 for directories and programs, 0644 for others. */
	bool plain_perms;
	/* Told the bytes of content packed so far; may be NULL. */
	void (*progress)(uint64_t bytes, void *ctx);
	void *ctx;
};

struct slim_layer {
	struct digest diff_id;
	uint64_t size;	   /* of the tar */
	uint32_t original; /* index of the last original layer that it stands for */
};

struct slim_result {
	struct digest image_id; /* of the new configuration */
	struct slim_layer *layers;
	size_t n_layers;
	struct strvec absent; /* see slim_config_edit() */
};
void slim_result_release(struct slim_result *result);

/*
 * Writes the archive of the @which-th image into an unlinked temporary file; *ret_fd is the
 * caller's, at offset 0.
 */
int slim_pack(const struct slim_set *set, size_t which, const struct slim_opts *opts, int *ret_fd,
	      struct slim_result *ret, struct err *err);

/*
 * The whole of @img, unchanged, as a docker-archive for an engine to load: for images from archives
 * and layouts. *ret_fd as of slim_pack().
 */
int slim_export(const struct image *img, const struct strvec *tags, const char *tmpdir, int *ret_fd,
		struct err *err);

/* How skopeo and podman call what an image can be in besides an engine: "oci:DIR". */
enum slim_transport { SLIM_DOCKER_ARCHIVE, SLIM_OCI_ARCHIVE, SLIM_OCI_DIR };
/* -ENOENT: @text does not begin with one. *ret_rest: what follows it. */
int slim_transport(const char *text, enum slim_transport *ret, const char **ret_rest);
/* ERR_USAGE when @text is no place to write to, as far as that can be told before. */
int slim_output_check(const char *text, struct err *err);
/*
 * Writes the archive @fd of slim_pack() to the place that @text says: a file is replaced, a
 * directory must be empty or not there. @fd is at offset 0 again.
 */
int slim_output(int fd, const char *text, struct err *err);

/*
 * The configuration with "rootfs" and "history" replaced: every other byte stays. Appended to
 * @ret. @config must be a JSON object (checked), at most one of each key. The history is the
 * original's, with "empty_layer" where the layer is no more; when all layers have become one, or
 * when it does not fit the layers, it has one entry for each layer, made by @created_by.
 */
int slim_config_patch(const char *config, size_t len, const struct slim_layer *layers, size_t n,
		      bool squashed, const char *created_by, struct strbuf *ret, struct err *err);

/*
 * Where the slim image goes: @tag as given, or when NULL @image with ".slim" after its name
 * ("a/b:1" -> "a/b.slim:1", "a/b" -> "a/b.slim:latest", a bare ID -> "slim-<12
 * digits>.slim:latest"). Checks the reference's syntax (ERR_USAGE). malloc'ed.
 */
int slim_tag(const char *image, const char *tag, char **ret, struct err *err);

#endif
