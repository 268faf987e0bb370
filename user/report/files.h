/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SLIMTRACE_REPORT_FILES_H
#define SLIMTRACE_REPORT_FILES_H

#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

/* "file", "directory", ... */
const char *report_type_name(enum entry_type type);
/* What creport.json has below "slimtrace", but for the rules. */
void report_add_run(cJSON *ours, const struct report *r);
/* Names of @reasons, as an array "reasons". */
void report_add_reasons(cJSON *obj, uint32_t reasons);
/* What each rule keeps, and keeps alone, as an object "rules". */
void report_add_rules(cJSON *obj, const struct keep *keep);

#endif
