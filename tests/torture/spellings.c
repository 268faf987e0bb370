/* SPDX-License-Identifier: BSD-2-Clause */
/* One file by many names. */
#include <signal.h>

#include "torture.h"

static struct stat st;

static void opened(const char *as, const char *is)
{
	saw(open(as, O_RDONLY), "read", as);
	saw(0, "read", is);
}

static void way_slashes(void)
{
	opened("//ways///slashes", T "slashes");
	opened("/ways/./slashes-too", T "slashes-too");
}

static void way_dots(void)
{
	opened("/ways/dots/../dots/./file", T "dots/file");
	opened("/../../ways/dots-root", T "dots-root");
	saw(stat("/ways/dots/dir/../file", &st), "stat", T "dots/dir/../file");
}

/* ".." after a link is the directory above what the link points to. */
static void way_dots_link(void)
{
	opened("/ways/dots-link/../beside", T "dots-far/beside");
}

static void way_link_chain(void)
{
	opened(T "links/a", T "links/end");
}

static void way_link_middle(void)
{
	opened(T "middle/link/file", T "middle/dir/file");
}

static void way_link_absolute(void)
{
	opened(T "absolute-link", T "absolute-target");
}

static void way_trailing(void)
{
	saw(open(T "trailing/", O_RDONLY | O_DIRECTORY), "read", T "trailing");
	saw_error(open(T "trailing-file/", O_RDONLY), "read", T "trailing-file/", ENOTDIR);
}

static void way_self_root(void)
{
	opened("/proc/self/root/ways/self-root", T "self-root");
	saw(stat("/proc/self/root/ways/self-root-stat", &st), "stat", T "self-root-stat");
}

static void way_self_cwd(void)
{
	step(chdir(T "self-cwd"), "chdir");
	opened("/proc/self/cwd/file", T "self-cwd/file");
	saw(stat("/proc/self/cwd/stat", &st), "stat", T "self-cwd/stat");
	saw(stat("/proc/thread-self/cwd/thread", &st), "stat", T "self-cwd/thread");
	saw_error(stat("/proc/self/cwd/absent", &st), "stat", T "self-cwd/absent", ENOENT);
}

static void way_pid_cwd(void)
{
	char path[64];

	step(chdir(T "pid-cwd"), "chdir");
	snprintf(path, sizeof(path), "/proc/%d/cwd/file", getpid());
	opened(path, T "pid-cwd/file");
	snprintf(path, sizeof(path), "/proc/%d/cwd/stat", getpid());
	saw(stat(path, &st), "stat", T "pid-cwd/stat");
}

/* Another process's, which is there no more when somebody could ask. */
static void way_other_cwd(void)
{
	char path[64];
	int go[2];
	pid_t pid;

	step(pipe2(go, O_CLOEXEC), "pipe");
	pid = fork();
	if (pid == 0) {
		if (chdir(T "other-cwd") < 0 || write(go[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	step(read(go[0], path, 1), "read");
	snprintf(path, sizeof(path), "/proc/%d/cwd/file", pid);
	opened(path, T "other-cwd/file");
	snprintf(path, sizeof(path), "/proc/%d/root/ways/other-cwd/stat", pid);
	saw(stat(path, &st), "stat", path);
	kill(pid, SIGKILL);
}

static void way_self_fd(void)
{
	char path[64];
	int fd = (int)step(open(T "self-fd", O_PATH), "open");

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	saw(stat(path, &st), "stat", T "self-fd");
	saw(chmod(path, 0600), "change", T "self-fd");
	opened(path, T "self-fd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/file", dir_of(T "self-fd-dir"));
	opened(path, T "self-fd-dir/file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/stat", dir_of(T "self-fd-dir"));
	saw(stat(path, &st), "stat", T "self-fd-dir/stat");
}

static void way_dev_fd(void)
{
	char path[64];
	int fd = (int)step(open(T "dev-fd", O_PATH), "open");

	if (access("/dev/fd", F_OK) < 0)
		skip("no /dev/fd");
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	opened(path, T "dev-fd");
	snprintf(path, sizeof(path), "/dev/fd/%d", dir_of(T "dev-fd-dir"));
	saw(chdir(path), "chdir", T "dev-fd-dir");
	saw(stat("file", &st), "stat", T "dev-fd-dir/file");
}

/* 62 directories, one in the other, and a file. */
static void way_deep(void)
{
	char path[512] = T "deep";
	size_t at = strlen(path);

	step(mkdir(path, 0755), path);
	for (int i = 0; i < 60; i++)
		step(mkdir((at += (size_t)sprintf(path + at, "/d%d", i), path), 0755), path);
	sprintf(path + at, "/file");
	saw(open(path, O_CREAT | O_WRONLY, 0644), "create", path);
	saw(stat(path, &st), "stat", path);
}

/* As long as a path can be: 4095 bytes. */
static void way_long(void)
{
	static char path[4096] = T "long";
	size_t at = strlen(path), n;

	step(mkdir(path, 0755), "mkdir");
	while ((n = sizeof(path) - 1 - at) > 256) {
		memset(path + at, 'l', 200);
		path[at] = '/';
		path[at += 200] = '\0';
		step(mkdir(path, 0755), "mkdir");
	}
	memset(path + at, 'f', n);
	path[at] = '/';
	path[sizeof(path) - 1] = '\0';
	saw(open(path, O_CREAT | O_WRONLY, 0644), "create", path);
	saw(stat(path, &st), "stat", path);
	saw(unlink(path), "delete", path);
}

/* Longer than that, step by step. */
static void way_longer(void)
{
	static char path[7000] = T "longer";
	char name[201];
	size_t at = strlen(path);

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	step(mkdir(path, 0755), "mkdir");
	step(chdir(path), "chdir");
	for (int i = 0; i < 30; i++) {
		step(mkdir(name, 0755), "mkdir");
		step(chdir(name), "chdir");
		at += (size_t)sprintf(path + at, "/%s", name);
	}
	sprintf(path + at, "/file");
	saw(open("file", O_CREAT | O_WRONLY, 0644), "create", path);
	saw(stat("file", &st), "stat", path);
}

static void way_long_name(void)
{
	char path[300] = T;

	memset(path + strlen(T), 'x', 255);
	saw(open(path, O_CREAT | O_WRONLY, 0644), "create", path);
	saw(stat(path, &st), "stat", path);
}

static void way_odd_names(void)
{
	static const char *const odd[] = {
		T "odd/new\nline",   T "odd/ space ", T "odd/tab\t",	   T "odd/invalid\xff\xfe",
		T "odd/back\\slash", T "odd/quote\"", T "odd/\xc3\xa4",	   T "odd/\x01",
		T "odd/...",	     T "odd/-",	      T "odd/\xed\xa0\x80"
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		saw(open(odd[i], O_CREAT | O_WRONLY, 0644), "create", odd[i]);
		saw(stat(odd[i], &st), "stat", odd[i]);
	}
}

const struct way spellings[] = {
	{ "//", way_slashes, "slashes slashes-too" },
	{ "..", way_dots, "dots/file dots/dir/ dots-root" },
	{ ".. after a link", way_dots_link,
	  "dots-link=dots-far/dir dots-far/dir/ dots-far/beside" },
	{ "links to links", way_link_chain, "links/a=b links/b=../links/c links/c=end links/end" },
	{ "a link on the way", way_link_middle, "middle/link=dir middle/dir/file" },
	{ "an absolute link", way_link_absolute,
	  "absolute-link=/ways/absolute-target absolute-target" },
	{ "a slash at the end", way_trailing, "trailing/ trailing-file" },
	{ "/proc/self/root", way_self_root, "self-root self-root-stat" },
	{ "/proc/self/cwd", way_self_cwd, "self-cwd/file self-cwd/stat self-cwd/thread" },
	{ "/proc/PID/cwd", way_pid_cwd, "pid-cwd/file pid-cwd/stat" },
	{ "/proc/PID/cwd of another", way_other_cwd, "other-cwd/file other-cwd/stat" },
	{ "/proc/self/fd/N", way_self_fd, "self-fd self-fd-dir/file self-fd-dir/stat" },
	{ "/dev/fd/N", way_dev_fd, "dev-fd dev-fd-dir/file" },
	{ "62 components", way_deep, NULL },
	{ "4095 bytes", way_long, NULL },
	{ "more bytes than a path can have", way_longer, NULL },
	{ "255 bytes of a name", way_long_name, NULL },
	{ "odd names", way_odd_names, "odd/" },
	{ NULL, NULL, NULL },
};
