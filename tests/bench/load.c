/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Syscalls in a loop, for tests/bench/overhead. Prints the CPU nanoseconds of one turn: the least
 *over many short slices, since others use the machine too.
 *
 *	load getppid MILLISECONDS
 *	load known DIR MILLISECONDS	open, fstat, close of the files 0 to 63 in it
 *	load new DIR N			likewise, of N files, each once: its average, not its least
 *	load make DIR N			makes the files
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TURNS 1000 /* in one slice of getppid */
#define KNOWN 64

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void ask_parent(const char *dir)
{
	(void)dir;
	for (int i = 0; i < TURNS; i++)
		syscall(SYS_getppid);
}

static void use_file(const char *dir, int i)
{
	struct stat st;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%d", dir, i);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	close(fd);
}

static void use_known(const char *dir)
{
	for (int i = 0; i < KNOWN; i++)
		use_file(dir, i);
}

/* Nanoseconds of the quickest slice. */
static uint64_t quickest(void (*slice)(const char *), const char *dir, long ms)
{
	uint64_t end = now(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000u, least = UINT64_MAX;

	slice(dir); /* not counted: what happens once */
	do {
		uint64_t start = now(CLOCK_THREAD_CPUTIME_ID), took;

		slice(dir);
		took = now(CLOCK_THREAD_CPUTIME_ID) - start;
		if (took < least)
			least = took;
	} while (now(CLOCK_MONOTONIC) < end);
	return least;
}

static uint64_t use_new(const char *dir, int n)
{
	uint64_t start = now(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < n; i++)
		use_file(dir, i);
	return now(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void make_files(const char *dir, int n)
{
	char path[256];

	for (int i = 0; i < n; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/%d", dir, i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0)
			err(1, "%s", path);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long n = argc > 2 ? strtol(argv[argc - 1], NULL, 10) : 0;

	if (!strcmp(what, "getppid"))
		printf("%.1f\n", (double)quickest(ask_parent, NULL, n) / TURNS);
	else if (!strcmp(what, "known") && argc == 4)
		printf("%.1f\n", (double)quickest(use_known, argv[2], n) / KNOWN);
	else if (!strcmp(what, "new") && argc == 4)
		printf("%.1f\n", (double)use_new(argv[2], (int)n) / (double)n);
	else if (!strcmp(what, "make") && argc == 4)
		make_files(argv[2], (int)n);
	else
		errx(2, "usage: load getppid MS | known DIR MS | new DIR N | make DIR N");
	return 0;
}
