/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tracer sees its own kernel only. Whether the engine's containers run on it is asked three
 * times: of the engine before anything is made, of the runtime that a container gets, and of the
 * container itself once it has started: its cgroup and its first process have to be there. (The
 * Engine API does not tell a boot ID, so two hosts with one kernel version differ in the last
 * only.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/io.h"

#define TICK_MS 20
#define APPEAR_MS 5000 /* from the engine's "started" to the first exec in the kernel's eyes */

#define SIDECAR                                                                                    \
	"run it next to the engine: docker run --rm --privileged --pid=host -v "                   \
	"/var/run/docker.sock:/var/run/docker.sock slimtrace build %s (docs/sidecar.md)"

static int not_here(const struct run *run, struct err *err)
{
	err->class = ERR_KERNEL;
	return err_hint(err, SIDECAR, run->opts->image);
}

/* Why the kernel is another one, where the engine tells. */
static const char *explain(const cJSON *info)
{
	const char *os = json_str(info, "OperatingSystem", "");
	const char *kernel = json_str(info, "KernelVersion", "");

	if (strstr(os, "Docker Desktop"))
		return " (Docker Desktop runs containers in a virtual machine)";
	if (strstr(kernel, "linuxkit") || strstr(kernel, "microsoft"))
		return " (that of a virtual machine)";
	return "";
}

int run_check_kernel(struct run *run, struct err *err)
{
	const char *theirs;
	struct utsname u;
	int r = engine_info(run->engine, &run->info, err);

	if (r < 0)
		return r;
	theirs = json_str(run->info, "KernelVersion", NULL);
	if (uname(&u) < 0 || !theirs || !strcmp(theirs, u.release))
		return 0;
	err_class_set(err, ERR_KERNEL, EXDEV,
		      "the engine at %s runs on another kernel: %s%s, here is %s",
		      engine_host(run->engine), theirs, explain(run->info), u.release);
	return not_here(run, err);
}

/* --- runtimes that bring a kernel --- */

static const char *own_kernel(const char *text)
{
	static const struct {
		const char *word, *what;
	} known[] = {
		{ "runsc", "gVisor" },
		{ "gvisor", "gVisor" },
		{ "kata", "Kata Containers" },
		{ "krun", "libkrun" },
		{ "firecracker", "Firecracker" },
	};

	for (size_t i = 0; text && i < ARRAY_SIZE(known); i++)
		if (strstr(text, known[i].word))
			return known[i].what;
	return NULL;
}

/* What the runtime @name of this engine is, by its name, its program or its shim. */
static const char *kernel_of(const cJSON *info, const char *name)
{
	const cJSON *runtimes = json_get(info, "Runtimes");
	const cJSON *it = json_get(runtimes, name);
	const char *found = own_kernel(name);

	if (!found)
		found = own_kernel(json_str(it, "path", NULL));
	return found ? found : own_kernel(json_str(it, "runtimeType", NULL));
}

int run_check_runtime(struct run *run, struct err *err)
{
	_cleanup_(json_free) cJSON *container = NULL;
	const char *name, *kernel;
	int r = engine_container_inspect(run->engine, run->container, &container, err);

	if (r < 0)
		return r;
	name = json_str(container, "HostConfig.Runtime", "");
	if (!*name || !json_get(json_get(run->info, "Runtimes"), name))
		name = json_str(run->info, "DefaultRuntime", name);
	kernel = kernel_of(run->info, name);
	if (!kernel)
		return 0;
	err_class_set(err, ERR_KERNEL, EXDEV,
		      "runtime '%s' gives the container a kernel of its own (%s), which cannot be "
		      "seen from here",
		      name, kernel);
	return err_hint(err, "watch it with a runtime that shares the host's: --cro-runtime runc");
}

/* --- the container itself --- */

typedef bool condition_fn(struct run *run);

/* 1: @holds; 0: it did not come to that. */
static int wait_until(struct run *run, condition_fn *holds, struct err *err)
{
	uint64_t until = clock_mono_ms() + APPEAR_MS;

	while (!holds(run)) {
		int r;

		if (clock_mono_ms() >= until)
			return 0;
		r = cancel_wait(-1, TICK_MS, err);
		if (r < 0)
			return r;
	}
	return 1;
}

/* The container's first exec was seen. */
static bool appeared(struct run *run)
{
	struct trace_counts counts;

	trace_counts(run->trace, &counts);
	return counts.started;
}

/*
 * The process that the engine names is the container's, going by its cgroup, or has ended: then it
 * loses its cgroup a little before the engine knows.
 */
static bool process_is_here(struct run *run)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/cgroup", (int)run->pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err ignored = ERR_INIT;

	return run->pid <= 0 ||
	       (io_read_file(AT_FDCWD, path, 64 << 10, &text, &ignored) >= 0 &&
		strstr(text.buf, run->container)) ||
	       container_ended(run);
}

int run_check_shared(struct run *run, struct err *err)
{
	int r = wait_until(run, appeared, err);

	if (r < 0)
		return r;
	if (!r) {
		err_class_set(err, ERR_KERNEL, EXDEV,
			      "container %.12s has started, but not on this kernel: its cgroup did "
			      "not appear; the engine at %s is on another host, in a virtual "
			      "machine, or its runtime is",
			      run->container, engine_host(run->engine));
		return not_here(run, err);
	}
	r = wait_until(run, process_is_here, err);
	if (r != 0)
		return r < 0 ? r : 0;
	err_class_set(err, ERR_KERNEL, ESRCH,
		      "container %.12s runs on this kernel, but its process %d cannot be seen from "
		      "here: is slimtrace in a container without --pid=host?",
		      run->container, (int)run->pid);
	return not_here(run, err);
}
