/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that fit the schemas of an API description (JSON Schema as OpenAPI 3 and Swagger 2 have
 * it): its examples where it has any, else made up. References stay inside the document.
 */
#ifndef DRIVE_SCHEMA_H
#define DRIVE_SCHEMA_H

#include "slimtrace/base/json.h"

/* What "$ref" leads to in @doc, or @item itself; NULL: nowhere, or in a circle. */
const cJSON *schema_deref(const cJSON *doc, const cJSON *item);
/* "example", the first of "examples", "default", "const", the first of "enum"; NULL: none. */
const cJSON *schema_example(const cJSON *schema);
/* A copy of an example; null in place of a huge one. */
cJSON *schema_copy(const cJSON *example);
/* "type", the first that is not null when there are many; guessed when there is none. */
const char *schema_type(const cJSON *schema);
/* A value, the caller's. What is deeper than 8 levels or beyond 1000 values is left out. */
cJSON *schema_value(const cJSON *doc, const cJSON *schema);

#endif
