/* SPDX-License-Identifier: BSD-2-Clause */
/* The documents of OCI artifacts (image-spec, manifest.md and image-index.md): made and read. */
#ifndef REGISTRY_ARTIFACT_H
#define REGISTRY_ARTIFACT_H

#include "registry/client.h"
#include "slimtrace/base/json.h"

#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define EMPTY_BLOB "{}"
#define RECORD_DIGEST_KEY "io.slimtrace.record.digest"

/* The manifest of @layer (gzip'ed) with @rec; @ret->annotations are in it already. */
void artifact_make(const struct registry *r, const struct registry_artifact *a, struct strbuf *ret);
/*
 * What a manifest of @text says: 1 when it is a record's, and of this image; 0 when it is something
 * else. -EBADMSG when it is a record's, and wrong.
 */
int artifact_parse(const struct registry *r, const struct strbuf *text,
		   struct registry_artifact *ret, struct err *err);

/* The digests in an index of artifacts that have our type, added to @ret. */
int artifact_index_parse(const struct strbuf *text, struct strvec *ret, struct err *err);
/*
 * @text, an index or empty, with @a, whose manifest has @size bytes, and all of @also (an array of
 * descriptors, grown by what is in @text) added. 1: it has changed, and is in @ret; 0: all were
 * in it.
 */
int artifact_index_add(const struct strbuf *text, const struct registry_artifact *a, size_t size,
		       cJSON *also, struct strbuf *ret, struct err *err);

/* "sha256-<64 digits>": the specification's tag of the index of what belongs to a manifest. */
char *artifact_index_tag(const struct digest *manifest);
/* "sha256-<64 digits>.record-<40 digits>": of the manifest, and of a record's text. */
char *artifact_tag(const struct digest *manifest, const struct digest *record);
/* Tags of this kind in a tags/list, added to @ret. Returns how many tags there were, or -errno. */
int artifact_tags_parse(const struct strbuf *text, const struct digest *manifest,
			struct strvec *ret, struct err *err);
/* The URL of rel="next" in a Link header, malloc'ed; NULL when there is none. */
char *artifact_next_link(const char *header);

#endif
