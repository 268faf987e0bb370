/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What OCI runtimes call between loading the container's filter and its exec. Taken from records
 * (phase "confined") of runc 1.1.5 and crun 1.8.1, and from their sources for other versions: runc
 * and crun load the filter before they drop capabilities, or, with no-new-privileges, last of all.
 */
#include <asm/ioctls.h>
#include <linux/prctl.h>

#include "profile/tables.h"
#include "slimtrace/base/alloc.h"

static const char *const runc[] = { "capget",  "capset",     "chdir",  "close",	     "epoll_ctl",
				    "execve",  "faccessat2", "fchown", "fcntl",	     "fstat",
				    "fstatfs", "futex",	     "getcwd", "getdents64", "getpid",
				    "getppid", "newfstatat", "openat", "prctl",	     "read",
				    "setgid",  "setgroups",  "setuid", "write",	     NULL };

/* Of Go's runtime, whenever it likes: threads, their signals, memory, waiting. */
static const char *const go[] = { "clone",	 "epoll_pwait", "exit_group",	  "getpid",
				  "gettid",	 "madvise",	"mmap",		  "mprotect",
				  "munmap",	 "nanosleep",	"rt_sigprocmask", "rt_sigreturn",
				  "sched_yield", "sigaltstack", "tgkill",	  NULL };

/* Newer ones close descriptors by range, and open /proc safely. */
static const char *const runc_12[] = {
	"close_range", "getuid", "openat2", "recvfrom", "statx", NULL
};

static const char *const crun[] = {
	"capset",    "close",	  "execve", "fchown",	    "ioctl",	      "openat",
	"prctl",     "pselect6",  "read",   "rt_sigaction", "rt_sigprocmask", "setgroups",
	"setresgid", "setresuid", "statx",  "umask",	    "write",	      NULL
};

static const char *const crun_19[] = { "chdir",	  "close_range", "fstat",  "fstatfs", "getcwd",
				       "getegid", "geteuid",	 "getgid", "getuid",  "newfstatat",
				       "openat2", "exit_group",	 NULL };

const struct runtime_calls runtime_calls[] = {
	{ "runc", "1.0 and later", "always", runc },
	{ "runc", "1.0 and later", "threads of its language's runtime", go },
	{ "runc", "1.2 and later", "always", runc_12 },
	{ "crun", "1.0 and later", "always", crun },
	{ "crun", "1.9 and later", "always", crun_19 },
};
const size_t n_runtime_calls = ARRAY_SIZE(runtime_calls);

/*
 * A handler returns by rt_sigreturn (i386: sigreturn too), an interrupted sleep goes on by
 * restart_syscall, and a process that cannot exit loops.
 */
const char *const signal_calls[] = { "exit",	     "exit_group", "restart_syscall",
				     "rt_sigreturn", "sigreturn",  NULL };

const char *const vdso_calls[] = { "clock_getres",  "clock_getres_time64",
				   "clock_gettime", "clock_gettime64",
				   "getcpu",	    "gettimeofday",
				   "time",	    NULL };

/*
 * tini, which Docker puts before the application on --init: taken from a run of Debian's 0.19.0,
 * started by a static C library, with signals forwarded.
 */
const char *const init_calls[] = { "arch_prctl",
				   "brk",
				   "clone",
				   "execve",
				   "exit_group",
				   "getpid",
				   "getrandom",
				   "ioctl",
				   "kill",
				   "mprotect",
				   "prctl",
				   "prlimit64",
				   "readlink",
				   "readlinkat",
				   "rseq",
				   "rt_sigaction",
				   "rt_sigprocmask",
				   "rt_sigtimedwait",
				   "set_robust_list",
				   "set_tid_address",
				   "setpgid",
				   "wait4",
				   NULL };

/* runc: keep capabilities, ambient ones, no new privileges; crun likewise; threads' names; init. */
static const uint32_t prctls[] = { PR_SET_PDEATHSIG,	PR_GET_PDEATHSIG, PR_SET_DUMPABLE,
				   PR_GET_KEEPCAPS,	PR_SET_KEEPCAPS,  PR_SET_NAME,
				   PR_CAPBSET_READ,	PR_CAPBSET_DROP,  PR_SET_CHILD_SUBREAPER,
				   PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT };
static const uint32_t ioctls[] = {
	TCGETS, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCGWINSZ, TIOCSWINSZ
};

const struct runtime_values runtime_values[] = {
	{ "ioctl", 1, ioctls, ARRAY_SIZE(ioctls) },
	{ "personality", 0, NULL, 0 },
	{ "prctl", 0, prctls, ARRAY_SIZE(prctls) },
	{ "socket", 0, NULL, 0 },
	{ "socketpair", 0, NULL, 0 },
};
const size_t n_runtime_values = ARRAY_SIZE(runtime_values);
