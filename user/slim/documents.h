/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON documents of an archive that is a docker-archive (manifest.json) and an OCI image
 * layout (oci-layout, index.json and a manifest) at once. They describe the same blobs.
 */
#ifndef SLIMTRACE_SLIM_DOCUMENTS_H
#define SLIMTRACE_SLIM_DOCUMENTS_H

#include <stdint.h>

#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"

struct blob {
	struct digest digest;
	uint64_t size;
};

/* Where a blob is in the archive: "blobs/sha256/<hex>"; malloc'ed. */
char *blob_path(const struct digest *digest);

/* The manifest of an image (image-spec, manifest.md). Appended to @ret. */
void document_manifest(const struct blob *config, const struct blob *layers, size_t n,
		       struct strbuf *ret);
/* index.json (image-spec, image-layout.md): the manifest once for each of @tags. */
void document_index(const struct blob *manifest, const struct strvec *tags, struct strbuf *ret);
/* manifest.json, as `docker save` writes it. */
void document_docker(const struct blob *config, const struct blob *layers, size_t n,
		     const struct strvec *tags, struct strbuf *ret);

#endif
