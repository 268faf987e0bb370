/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SLIMTRACE_REPORT_ACCOUNTING_H
#define SLIMTRACE_REPORT_ACCOUNTING_H

#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

/* What is kept and dropped by layer, directory, package and reason, as an object "accounting". */
void report_add_accounting(cJSON *obj, const struct image *img, const struct keep *keep,
			   const struct info_owners *owners);

#endif
