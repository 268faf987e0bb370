/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes and threads of all kinds, and what becomes of them. */
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "torture.h"

static struct stat st;
static char name[] = "program", option[] = "-";
static char *const argv[] = { name, option, NULL };

static void way_fork(void)
{
	if (in_child()) {
		saw(open(T "fork", O_RDONLY), "read", T "fork");
		child_done();
	}
}

/* The middle one ends first: the last one belongs to nobody. */
static void way_double_fork(void)
{
	int done[2];
	char byte;

	step(pipe(done), "pipe");
	if (in_child()) {
		if (fork() == 0) {
			while (getppid() != 1 && getppid() == getpgrp())
				sched_yield();
			if (write(done[1], open(T "double-fork", O_RDONLY) < 0 ? "-" : "+", 1) != 1)
				_exit(1);
			_exit(0);
		}
		child_done();
	}
	if (read(done[0], &byte, 1) != 1 || byte != '+')
		broken("the grandchild");
	saw(0, "read", T "double-fork");
}

static void way_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		if (syscall(SYS_open, T "vfork", O_RDONLY) < 0)
			_exit(1);
		execve(T "vfork-exec", argv, environ);
		_exit(1);
	}
	if (waitpid(pid, &status, 0) < 0 || status)
		broken("vfork");
	saw(0, "read", T "vfork");
	saw(0, "exec", T "vfork-exec");
}

static void clone_and_open(struct clone_args *args, const char *path)
{
	int status;
	long pid;

	fflush(stdout);
	pid = syscall(435 /* clone3 */, args, sizeof(*args));
	if (pid == 0)
		_exit(open(path, O_RDONLY) < 0);
	step(pid, "clone3");
	if (waitpid((pid_t)pid, &status, 0) < 0 || status)
		broken("clone3");
	saw(0, "read", path);
}

static void way_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	clone_and_open(&args, T "clone3");
}

/* Our own directory in the unified hierarchy of cgroups. */
static void find_cgroup(char *ret, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "0::", 3)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(ret, size, T "cgroups%s/below", line + 3);
			fclose(f);
			return;
		}
	skip("no cgroups of version 2");
}

static void way_into_cgroup(void)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	char dir[2048];

	find_cgroup(dir, sizeof(dir));
	step(unshare(CLONE_NEWNS), "unshare");
	step(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	step(mount("cgroup2", T "cgroups", "cgroup2", 0, NULL), "mount cgroup2");
	step(mkdir(dir, 0755), dir);
	args.cgroup = (unsigned int)dir_of(dir);
	clone_and_open(&args, T "into-cgroup");
	while (rmdir(dir) < 0 && errno == EBUSY)
		sched_yield();
}

static int thread_errno;

static void *failed_in_thread(const char *what)
{
	static char text[64];

	thread_errno = errno;
	snprintf(text, sizeof(text), "%s", what);
	return text;
}

/* @fn returns what failed, and NULL when nothing did. */
static void in_thread(void *(*fn)(void *))
{
	pthread_t t;
	void *failed;

	if (pthread_create(&t, NULL, fn, NULL) || pthread_join(t, &failed))
		broken("a thread");
	if (failed) {
		errno = thread_errno;
		step(-1, failed);
	}
}

static void *open_in_thread(void *unused)
{
	(void)unused;
	return open(T "thread", O_RDONLY) < 0 ? failed_in_thread(T "thread") : NULL;
}

static void way_thread(void)
{
	in_thread(open_in_thread);
	saw(0, "read", T "thread");
}

static void *own_directory(void *unused)
{
	(void)unused;
	if (unshare(CLONE_FS) < 0)
		return failed_in_thread("unshare");
	if (chdir(T "own-cwd") < 0 || stat("file", &st) < 0)
		return failed_in_thread(T "own-cwd");
	return NULL;
}

/* A thread with a working directory of its own, beside one that keeps the common one. */
static void way_own_directory(void)
{
	step(chdir(T "common-cwd"), "chdir");
	in_thread(own_directory);
	saw(0, "stat", T "own-cwd/file");
	saw(stat("file", &st), "stat", T "common-cwd/file");
}

static void *own_descriptors(void *unused)
{
	int fd;

	(void)unused;
	if (unshare(CLONE_FILES) < 0)
		return failed_in_thread("unshare");
	fd = open(T "own-fds", O_RDONLY | O_DIRECTORY);
	return fstatat(fd, "file", &st, 0) < 0 ? failed_in_thread(T "own-fds") : NULL;
}

static void way_own_descriptors(void)
{
	in_thread(own_descriptors);
	saw(0, "stat", T "own-fds/file");
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	syscall(SYS_execveat, dir_of(T "thread-exec"), "program", argv, environ, 0);
	return failed_in_thread("execveat");
}

/* The thread becomes the process, whose first thread ends. */
static void way_exec_in_thread(void)
{
	if (in_child()) {
		in_thread(exec_in_thread);
		child_done();
	}
	saw(0, "exec", T "thread-exec/program");
}

static void ends_by(pid_t pid, int sig)
{
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != sig)
		broken("how the child ended");
}

static void way_dies(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_open, T "dies", O_RDONLY);
		kill(getpid(), SIGKILL);
		pause();
	}
	ends_by(pid, SIGKILL);
	saw(0, "read", T "dies");
}

static bool sleeps(pid_t pid)
{
	char path[64], text[512] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return true;
	close(fd);
	return strstr(text, ") S ") != NULL;
}

/* Killed inside of the call: nobody ever writes to the pipe. */
static void way_dies_inside(void)
{
	pid_t pid;

	step(mkfifo(T "dies-inside", 0600), "mkfifo");
	pid = fork();
	if (pid == 0) {
		syscall(SYS_open, T "dies-inside", O_RDONLY);
		_exit(1);
	}
	while (!sleeps(pid))
		sched_yield();
	kill(pid, SIGKILL);
	ends_by(pid, SIGKILL);
	errno = EINTR;
	saw_error(-1, "read", T "dies-inside", EINTR);
}

/* There is no page where the path goes on. */
static void way_bad_pointer(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page + 4096, 4096) < 0)
		broken("mmap");
	memset(page, 'x', 4096);
	if (open(page + 4000, O_RDONLY) >= 0 || errno != EFAULT)
		broken("no EFAULT");
	/* One that ends where the page does is read. */
	strcpy(page + 4096 - sizeof(T "page-end"), T "page-end");
	saw(open(page + 4096 - sizeof(T "page-end"), O_RDONLY), "read", T "page-end");
}

const struct way processes[] = {
	{ "fork", way_fork, "fork" },
	{ "fork twice", way_double_fork, "double-fork" },
	{ "vfork", way_vfork, "vfork vfork-exec*" },
	{ "clone3", way_clone3, "clone3" },
	{ "clone3 CLONE_INTO_CGROUP", way_into_cgroup, "cgroups/ into-cgroup" },
	{ "a thread", way_thread, "thread" },
	{ "a thread without CLONE_FS", way_own_directory, "own-cwd/file common-cwd/file" },
	{ "a thread without CLONE_FILES", way_own_descriptors, "own-fds/file" },
	{ "execve in a thread", way_exec_in_thread, "thread-exec/program*" },
	{ "a process that dies", way_dies, "dies" },
	{ "a process that dies in the call", way_dies_inside, NULL },
	{ "a path at the end of a page", way_bad_pointer, "page-end" },
	{ NULL, NULL, NULL },
};
