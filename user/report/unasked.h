/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SLIMTRACE_REPORT_UNASKED_H
#define SLIMTRACE_REPORT_UNASKED_H

#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

/* What report_unasked_find() found, as an array "not_asked" of @ours. */
void report_add_unasked(cJSON *ours, const struct report *report);
void report_unasked_release(struct report *report);

#endif
