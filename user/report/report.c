/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/report.h"

#include <stdlib.h>

void report_release(struct report *report)
{
	free(report->image);
	free(report->image_id);
	free(report->slim_image);
	free(report->slim_id);
	free(report->artifacts);
	free(report->seccomp);
	free(report->apparmor);
	profile_calls_release(&report->calls);
	probe_report_release(&report->probes);
	for (size_t i = 0; i < REPORT_TOP; i++)
		free(report->top[i].path);
	free(report->fat_layers);
	free(report->layers);
	strvec_release(&report->warnings);
	*report = (struct report){ 0 };
}
