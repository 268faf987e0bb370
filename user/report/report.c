/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/report.h"

#include <stdlib.h>

#include "report/unasked.h"
#include "report/uses.h"
#include "slimtrace/base/alloc.h"

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
	report_unasked_release(report);
	free(report->fat_layers);
	free(report->layers);
	strvec_release(&report->warnings);
	for (size_t i = 0; i < report->n_documents; i++) {
		free(report->documents[i].name);
		free(report->documents[i].text);
	}
	free(report->documents);
	info_owners_release(&report->owners);
	info_distro_release(&report->distro);
	report_uses_release(&report->uses);
	strmap_free(report->holders);
	json_free(report->checks);
	*report = (struct report){ 0 };
}

uint64_t report_layer_bytes(const struct report *report)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < report->n_fat_layers; i++)
		bytes += report->fat_layers[i].bytes;
	return bytes;
}

void report_add_document(struct report *report, const char *name, const char *text)
{
	report->documents = xreallocarray(report->documents, report->n_documents + 1,
					  sizeof(*report->documents));
	report->documents[report->n_documents++] =
		(struct report_document){ .name = xstrdup(name), .text = xstrdup(text) };
}
