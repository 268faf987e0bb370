/* SPDX-License-Identifier: BSD-2-Clause */
/* Who used an entry of the image, when, and how. */
#ifndef SLIMTRACE_REPORT_USES_H
#define SLIMTRACE_REPORT_USES_H

#include "slimtrace/base/json.h"
#include "slimtrace/report.h"

/* Indices into record.accesses; returns how many. */
size_t report_uses_of(const struct report_uses *uses, const struct image_entry *e,
		      const uint32_t **ret);
/* The kinds of all of them. */
uint32_t report_kinds_of(const struct report_uses *uses, const struct image_entry *e,
			 const struct record *rec);
/* What is known of all uses of @e, and of each: members of @line. */
void report_add_uses(cJSON *line, const struct report_uses *uses, const struct image_entry *e,
		     const struct record *rec);
/* What is known of @access, as an object. */
cJSON *report_access(const struct record *rec, const struct record_access *access);
void report_uses_release(struct report_uses *uses);

#endif
