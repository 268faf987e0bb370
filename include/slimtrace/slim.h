/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keep set -> image archive. One file that is both a docker-archive (manifest.json) and an OCI
 * layout, so that every engine can load it. The layer holds each kept entry as the original's
 * layers have it (owner, group, mode, mtime, xattrs, hard links, devices; holes as zeros, as the
 * engines do), sorted, so that equal input gives equal bytes and an equal image ID. The
 * configuration is the original's bytes with only the values of "rootfs" and "history" replaced,
 * and "created" left as it was.
 *
 * Only slim/tar.c knows libarchive here.
 */
#ifndef SLIMTRACE_SLIM_H
#define SLIMTRACE_SLIM_H

#include <stdint.h>

#include "slimtrace/base/err.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/image.h"
#include "slimtrace/keep.h"

struct slim_opts {
	const struct strvec *tags; /* "name:tag", normalised by slim_tag() */
	const char *tmpdir;	   /* for the unlinked archive file */
	/* Told the bytes of content packed so far; may be NULL. */
	void (*progress)(uint64_t bytes, void *ctx);
	void *ctx;
};

struct slim_result {
	struct digest image_id; /* of the new configuration */
	struct digest diff_id;	/* of the one layer */
	uint64_t layer_bytes;	/* of the layer's tar */
};

/* Writes the archive into an unlinked temporary file; *ret_fd is the caller's, at offset 0. */
int slim_pack(const struct image *img, const struct keep *keep, const struct slim_opts *opts,
	      int *ret_fd, struct slim_result *ret, struct err *err);

/*
 * The configuration with "rootfs" and "history" replaced: every other byte stays. Appended to
 * @ret. @config must be a JSON object (checked), at most one of each key.
 */
int slim_config_patch(const char *config, size_t len, const struct digest *diff_ids, size_t n,
		      const char *created_by, struct strbuf *ret, struct err *err);

/*
 * Where the slim image goes: @tag as given, or when NULL @image with ".slim" after its name
 * ("a/b:1" -> "a/b.slim:1", "a/b" -> "a/b.slim:latest", a bare ID -> "slim-<12
 * digits>.slim:latest"). Checks the reference's syntax (ERR_USAGE). malloc'ed.
 */
int slim_tag(const char *image, const char *tag, char **ret, struct err *err);

#endif
