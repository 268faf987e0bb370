/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A container without an engine: one process, put into cgroups by its parent as OCI runtimes do,
 *with a mount namespace of its own and another root directory. Header of one program (observe.c).
 *
 *	box_make_cgroup(path)			once for each cgroup
 *	pid = box_start(&(struct box){ ... })	the program runs
 *	waitpid(pid, ...)
 *	box_remove_cgroup(path)
 */
#ifndef SLIMTRACE_TESTS_BOX_H
#define SLIMTRACE_TESTS_BOX_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct box {
	const char *root;	    /* what becomes its root directory */
	char *const *argv;	    /* looked for by its name inside */
	const char *const *cgroups; /* their directories, which exist */
	size_t n_cgroups;
};

static void box_make_cgroup(const char *dir)
{
	if (mkdir(dir, 0755) < 0)
		err(1, "cannot make cgroup %s", dir);
}

/* It cannot be removed while the kernel still takes its last process apart. */
static void box_remove_cgroup(const char *dir)
{
	for (int i = 0; i < 1000; i++) {
		if (rmdir(dir) == 0 || errno == ENOENT)
			return;
		if (errno != EBUSY)
			break;
		usleep(1000);
	}
	warn("cannot remove cgroup %s", dir);
}

static void box_join(const char *dir, pid_t pid)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%d\n", pid) < 0)
		err(1, "cannot put a process into %s", dir);
	close(fd);
}

static void box_mount_in(const char *source, const char *dir, const char *type, unsigned long flags)
{
	if (access(dir, F_OK) == 0 && mount(source, dir, type, flags, NULL) < 0)
		err(1, "cannot mount %s", dir);
}

static void box_enter(const char *root)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		err(1, "cannot make a mount namespace");
	if (mount(root, root, NULL, MS_BIND, NULL) < 0 || chdir(root) < 0)
		err(1, "cannot use %s as a root directory", root);
	box_mount_in("proc", "proc", "proc", 0);
	box_mount_in("/dev", "dev", NULL, MS_BIND | MS_REC);
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		err(1, "cannot change to the root directory %s", root);
}

/* The child's side: waits until it was put into its cgroups. */
static _Noreturn void box_run(const struct box *b, int go)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &byte, 1) != 1)
		_exit(1);
	close(go);
	box_enter(b->root);
	execvp(b->argv[0], b->argv);
	err(127, "cannot execute %s", b->argv[0]);
}

static pid_t box_start(const struct box *b)
{
	int go[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		close(go[1]);
		box_run(b, go[0]);
	}
	close(go[0]);
	for (size_t i = 0; i < b->n_cgroups; i++)
		box_join(b->cgroups[i], pid);
	if (write(go[1], "", 1) != 1)
		err(1, "cannot start %s", b->argv[0]);
	close(go[1]);
	return pid;
}

/* A process of ours that does nothing in these cgroups. End it with SIGKILL. */
static pid_t box_hold(const struct box *b)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	for (size_t i = 0; i < b->n_cgroups; i++)
		box_join(b->cgroups[i], pid);
	return pid;
}

#endif
