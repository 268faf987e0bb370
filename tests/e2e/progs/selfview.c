/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints what a container's process can see of itself and its surroundings, a line each beginning
 * with "self: ". Two runs of one image with equal options must print the same, but for IDs.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void show_file(const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "re");

	if (!f) {
		printf("self: %s: missing\n", path);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		printf("self: %s: %s\n", path, line);
	}
	fclose(f);
}

static int is_counter(const char *line)
{
	static const char *const counters[] = { "Vm",		"Rss", "voluntary",
						"nonvoluntary", "Hug", "SigQ" };

	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		if (!strncmp(line, counters[i], strlen(counters[i])))
			return 1;
	return 0;
}

/* Identities, capabilities, seccomp, signals, processors; not memory use and the like. */
static void show_status(void)
{
	char line[4096];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!is_counter(line))
			printf("self: status: %s\n", line);
	}
	if (f)
		fclose(f);
}

static void show_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("self: argv[%d]: %s\n", i, argv[i]);
	for (char **e = environ; *e; e++)
		printf("self: env: %s\n", *e);
}

static void show_link(const char *path)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	printf("self: %s -> %.*s\n", path, n < 0 ? 1 : (int)n, n < 0 ? "?" : target);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory, sorted; with where they lead when @links. */
static void show_dir(const char *path, int links)
{
	char *names[512], full[512];
	size_t n = 0;
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && n < 512 && (e = readdir(dir)))
		if (*e->d_name != '.')
			names[n++] = strdup(e->d_name);
	if (dir)
		closedir(dir);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		if (links)
			show_link(full);
		else
			printf("self: %s\n", full);
		free(names[i]);
	}
}

int main(int argc, char **argv)
{
	char buf[256];
	mode_t mask = umask(0);

	umask(mask);
	printf("self: pid %d ppid %d pgrp %d sid %d uid %d euid %d gid %d umask %03o\n", getpid(),
	       getppid(), getpgrp(), getsid(0), getuid(), geteuid(), getgid(), mask);
	printf("self: cwd %s\n", getcwd(buf, sizeof(buf)) ? buf : "?");
	printf("self: hostname %s\n", gethostname(buf, sizeof(buf)) ? "?" : buf);
	show_args(argc, argv);
	show_status();
	show_file("/proc/self/limits");
	show_file("/proc/self/mountinfo");
	show_file("/proc/self/cgroup");
	show_file("/proc/self/oom_score_adj");
	show_file("/proc/self/attr/current");
	show_file("/proc/self/uid_map");
	show_file("/etc/resolv.conf");
	show_link("/proc/self/exe");
	show_dir("/proc/self/fd", 1);
	show_dir("/proc/self/ns", 0);
	show_dir("/sys/class/net", 0);
	show_dir("/dev", 0);
	show_dir("/proc/1/task", 0);
	show_dir("/", 0);
	return 0;
}
