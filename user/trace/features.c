/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tracer can do on this kernel, found by trying: nothing here asks for a version. */
#include <stdio.h>
#include <string.h>

#include "slimtrace/trace.h"
#include "trace/loader.h"
#include "trace/types.h"

static struct trace_feature optional_feature(enum optional which)
{
	struct trace_feature f = { .name = optional_programs[which].feature,
				   .what = optional_programs[which].what };

	f.present = programs_try(which, f.why_not, sizeof(f.why_not)) == 0;
	return f;
}

static struct trace_feature overlay_feature(void)
{
	struct trace_feature f = {
		.name = "overlay",
		.what = "which files were made at run time, other than by the call that made them; "
			"the "
			"image's files behind an overlay that the container mounts",
		.present = types_know_overlay(),
	};

	if (!f.present)
		snprintf(f.why_not, sizeof(f.why_not),
			 "overlayfs has no type information, or is "
			 "not loaded");
	return f;
}

static struct trace_feature required_feature(void)
{
	struct err err = ERR_INIT;
	struct trace_feature f = { .name = "tracepoints",
				   .what = "processes, files, syscalls and sockets",
				   .required = true };

	f.present = programs_try_required(&err) == 0;
	if (!f.present)
		snprintf(f.why_not, sizeof(f.why_not), "%.*s", (int)sizeof(f.why_not) - 1, err.msg);
	return f;
}

int trace_features(struct trace_feature *ret, size_t max, struct err *err)
{
	size_t n = 0;
	int r = programs_check_kernel(err);

	if (r < 0)
		return r;
	if (n < max)
		ret[n++] = required_feature();
	for (int i = 0; i < N_OPTIONAL && n < max; i++)
		ret[n++] = optional_feature((enum optional)i);
	if (n < max)
		ret[n++] = overlay_feature();
	return (int)n;
}
