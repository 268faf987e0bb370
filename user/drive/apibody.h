/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of an API description's operations, and its values as text. */
#ifndef DRIVE_APIBODY_H
#define DRIVE_APIBODY_H

#include "slimtrace/base/json.h"
#include "slimtrace/drive.h"

/* Appends @text with all but letters, digits and "-._~" percent-encoded. */
void api_add_escaped(struct strbuf *sb, const char *text);
/* Appends a value: strings as they are, others as JSON. NULL: nothing. */
void api_add_text(struct strbuf *sb, const cJSON *value, bool escaped);

/* Sets the body of @cmd from a requestBody (OpenAPI 3; NULL: there is none). */
void api_body_v3(const cJSON *doc, const cJSON *request_body, struct probe_cmd *cmd);
/* The same from the parameters in body and in formData (Swagger 2). */
void api_body_v2(const cJSON *doc, const cJSON *consumes, const cJSON *const *params,
		 size_t n_params, struct probe_cmd *cmd);

#endif
