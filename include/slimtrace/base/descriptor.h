/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors in an image's index (OCI image-spec, image-index.md), as archives and registries have
 * them. */
#ifndef SLIMTRACE_BASE_DESCRIPTOR_H
#define SLIMTRACE_BASE_DESCRIPTOR_H

#include <stdbool.h>

#include "slimtrace/base/json.h"

/* Attestations, signatures and the like, which are stored as if they were images. */
bool descriptor_is_attached(const cJSON *d);
/* Whether it is for linux on @arch: "arm64" or, with its variant, "arm/v7". */
bool descriptor_is_for(const cJSON *d, const char *arch);
/* Adds "linux/arm/v7" to a list of what there is, until that is long. */
void descriptor_add_platform(struct strbuf *ret, const cJSON *d);

#endif
