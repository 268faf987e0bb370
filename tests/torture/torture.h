/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subjects of the torture program share. A subject is a list of ways to use a file; a way
 * has files of its own below /ways, and runs in a process of its own, from the root directory.
 *
 *	static void way_open(void)
 *	{
 *		saw(open(T "open", O_RDONLY), "read", T "open");
 *	}
 *	const struct way opens[] = { { "open", way_open, "open" }, { NULL, NULL, NULL } };
 */
#ifndef SLIMTRACE_TESTS_TORTURE_H
#define SLIMTRACE_TESTS_TORTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define T "/ways/"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * What the image must have below /ways, in words: "name" a file, "name/" a directory, "name=target"
 * a symlink, "name*" a copy of this program, "name!line" an executable file with "#!line" in it.
 * The directories on the way are made.
 */
struct way {
	const char *name;
	void (*run)(void);
	const char *files; /* NULL: none */
};

extern const struct way opens[], openat2s[], looks[], asks[], changes[], names[], execs[],
	processes[], spellings[], sockets[], urings[], abis[], mounts[], namespaces[];

/* The call returned @r, and the record must have @path with this kind of use. Returns @r. */
long saw(long r, const char *kind, const char *path);
/* The call is to fail with @error, and the record must have that. */
void saw_error(long r, const char *kind, const char *path, int error);
/* The record must have it, on kernels where the tracer has @feature. */
void saw_if(const char *feature, long r, const char *kind, const char *path);
/* The record must not have it at all. */
void never(const char *path);
/* A step on the way there that is not looked at. Returns @r. */
long step(long r, const char *what);
/* This way is not there on this kernel, or in this program. */
_Noreturn void skip(const char *why);
/* It is, and went wrong: a fault of the test. */
_Noreturn void broken(const char *what);

int dir_of(const char *path); /* an open directory */
/* Forks: true in the child, which ends by _exit(); the parent waits, and goes on if that gave 0. */
bool in_child(void);
/* Ends a child that in_child() began. */
_Noreturn void child_done(void);
/* Copies @text to where a 32-bit pointer reaches it. */
void *low_memory(const void *bytes, size_t len);

#endif
