/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SLIMTRACE_REPORT_FAN_H
#define SLIMTRACE_REPORT_FAN_H

#include "slimtrace/base/json.h"
#include "slimtrace/record.h"

/* Processes and the files of each, as an object "fan". */
void report_add_fan(cJSON *monitors, const struct record *rec);

#endif
