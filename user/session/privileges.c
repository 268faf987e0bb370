/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run may have to do without in a container that was given few capabilities. All of it is
 * told before anything is made: docs/sidecar.md has the list.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cap.h"

/* Sockets of probes are made in the container's network namespace, which its /proc/PID leads to. */
static const struct cap_need needs[] = {
	TRACE_CAPS,
	{ CAP_SYS_ADMIN, CAP_SYS_ADMIN, "CAP_SYS_ADMIN",
	  "for probes, to enter the container's network namespace" },
	{ CAP_SYS_PTRACE, CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
	  "for probes, to find that namespace in /proc" },
};
#define N_TRACE_NEEDS 2

/* The directories that are there already: the last of them has to take what is made. */
int run_check_state(const struct run *run, struct err *err)
{
	uint64_t caps = cap_effective();
	_cleanup_free_ char *dir = xstrdup(run->opts->state_path);
	char *slash;

	if (run->opts->remove_artifacts || cap_in(caps, CAP_DAC_OVERRIDE))
		return 0;
	while (access(dir, F_OK) < 0 && errno == ENOENT && (slash = strrchr(dir, '/')) &&
	       slash > dir)
		*slash = '\0';
	if (!faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) || errno != EACCES)
		return 0; /* what else may be wrong is told when it is written to */
	if (geteuid() != 0) {
		err_class_set(err, ERR_KERNEL, EACCES,
			      "the artifacts cannot be kept in '%s': Permission denied",
			      run->opts->state_path);
		return err_hint(err, "run it with sudo, or give a directory of yours with "
				     "--state-path");
	}
	err_class_set(err, ERR_KERNEL, EACCES,
		      "missing: CAP_DAC_OVERRIDE (to write into '%s', which is another user's)",
		      dir);
	return err_hint(err, "in a container: --cap-add CAP_DAC_OVERRIDE, or another --state-path "
			     "(docs/sidecar.md)");
}

int run_check_privileges(struct run *run, struct err *err)
{
	uint64_t caps = cap_effective();
	bool probes = run_wants_ports(run);
	int r = cap_check_in(caps, needs, probes ? ARRAY_SIZE(needs) : N_TRACE_NEEDS, err);

	return r < 0 ? r : run_check_state(run, err);
}

/* Layers have files that only their owners may read. */
int run_check_layers(struct err *err)
{
	uint64_t caps = cap_effective();

	if (cap_in(caps, CAP_DAC_READ_SEARCH) || cap_in(caps, CAP_DAC_OVERRIDE))
		return 0;
	return err_class_set(err, ERR_FAILURE, EACCES,
			     "missing: CAP_DAC_READ_SEARCH (to read files of all users)");
}
