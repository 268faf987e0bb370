/* SPDX-License-Identifier: BSD-2-Clause */
/* The security profiles. */
#include <errno.h>
#include <string.h>

#include "cli/build_args.h"

static int set_format(void *target, const char *value, struct err *err)
{
	struct build_opts *o = &((struct build_args *)target)->build;

	if (!strcmp(value, "docker"))
		o->seccomp_format = PROFILE_DOCKER;
	else if (!strcmp(value, "oci"))
		o->seccomp_format = PROFILE_OCI;
	else
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--seccomp-format: '%s' is neither docker nor oci", value);
	return 0;
}

static const struct option_row rows[] = {
	HEADING("Security profiles"),
	{ "seccomp-format", OPTION_CALL, 0, "docker|oci",
	  "form of the seccomp profile: docker run's, or an OCI runtime's (docker)", set_format },
	{ "seccomp-arg-filters", OPTION_BOOL, ARGS(build.seccomp_arg_filters), NULL,
	  "allow sockets, prctl, ioctl and personality with the values seen only", NULL },
};
const struct option_set profile_options = OPTION_SET(rows);

/* build has them beside the image's. */
static const struct option_row only_rows[] = {
	{ "allow-loss", OPTION_BOOL, ARGS(build.allow_loss), NULL,
	  "write them although the trace is incomplete", NULL },
	{ "force", OPTION_BOOL, ARGS(build.force), NULL,
	  "write them although the app failed or answered no probe", NULL },
};
const struct option_set profile_only_options = OPTION_SET(only_rows);
