/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Security profiles from records: what the container did is what it may do. Pure: the same records
 * give the same bytes.
 *
 * Several records (of several runs of one image) are one profile: the union of them.
 */
#ifndef SLIMTRACE_PROFILE_H
#define SLIMTRACE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"
#include "slimtrace/record.h"

/* Why a system call is allowed, ORed. */
enum profile_source {
	PROFILE_APP = 1 << 0,	       /* a program of the container called it */
	PROFILE_RUNTIME_SEEN = 1 << 1, /* the OCI runtime did, under the filter, in this very run */
	PROFILE_RUNTIME = 1 << 2,      /* OCI runtimes are known to (user/profile/runtime.c) */
	PROFILE_SIGNAL = 1 << 3,       /* a process needs it to be signalled and to end */
	PROFILE_INIT = 1 << 4,	       /* the init of docker run --init does */
	PROFILE_VDSO = 1 << 5,	       /* answered in user space here, asked of others' kernels */
};

/* A system call that the profile allows. */
struct profile_call {
	char *name;	       /* the kernel's; "syscall_NNN" when nothing here knows it by name */
	uint32_t sources;      /* enum profile_source, ORed */
	uint32_t abis;	       /* 1 << enum record_abi, of those that used it */
	uint64_t count;	       /* calls by the app */
	struct strvec callers; /* executables that called it first, sorted */
	bool unnamed;	       /* a profile in JSON cannot express it: the warnings tell */
	bool conditional; /* only with the arguments that the engine's default profile allows */
	/* Only with these values of argument `index`, ascending; none: with any. */
	unsigned int index;
	uint32_t *values;
	size_t n_values;
};

struct profile_calls {
	struct profile_call *v; /* by name */
	size_t n;
	uint32_t abis;		/* those that the app used, and the native one */
	struct strvec withheld; /* called, and yet not allowed, by name */
	struct strvec warnings; /* for the user, a sentence each */
};

/*
 * Decides which calls are allowed. A call that every attempt of was refused, by the seccomp filter
 * that was in force, stays refused, and so does one that the engines' default profile blocks and
 * that only ran because there was no filter (`withheld`). With @arg_filters, calls of a closed list
 * (socket families, prctl options, ioctl requests, ...) are only allowed with the values that were
 * seen or that runtimes are known to use.
 */
void profile_calls(const struct record *const *records, size_t n, bool arg_filters,
		   struct profile_calls *ret);
void profile_calls_release(struct profile_calls *calls);
static inline void profile_calls_release_p(struct profile_calls *calls)
{
	profile_calls_release(calls);
}
#define _cleanup_profile_calls_ __attribute__((cleanup(profile_calls_release_p)))

enum profile_format {
	PROFILE_DOCKER, /* docker run --security-opt seccomp=FILE; Podman and Kubernetes too */
	PROFILE_OCI,	/* "linux.seccomp" of an OCI runtime configuration */
};

/*
 * The seccomp profile. What is not allowed is answered with ENOSYS when it is newer than what C
 * libraries take for granted, so that they fall back, and with EPERM otherwise.
 */
void profile_seccomp(const struct profile_calls *calls, enum profile_format format,
		     struct strbuf *ret);

/*
 * A profile of either format, compiled with libseccomp as runtimes do it. Names that libseccomp
 * does not know are passed over, as runc and crun do.
 */
struct profile_filter;
int profile_filter_open(const char *json, size_t len, struct profile_filter **ret, struct err *err);
void profile_filter_free(struct profile_filter *filter);
DEFINE_CLEANUP(struct profile_filter *, profile_filter_free);
/* What the kernel would do: 0 for a call that is allowed, else the errno it answers, -1: it kills.
 */
int profile_filter_eval(const struct profile_filter *filter, enum record_abi abi, uint32_t nr,
			const uint64_t args[6]);

/*
 * Proves that a profile lets pass each call that the records have and @calls does not withhold.
 * ERR_FAILURE names the first that it would refuse. *ret_checked: how many were evaluated.
 */
int profile_seccomp_prove(const char *json, size_t len, const struct record *const *records,
			  size_t n, const struct profile_calls *calls, size_t *ret_checked,
			  struct err *err);

struct image;

struct profile_apparmor_opts {
	const char *name;  /* letters, digits, '_', '.' and '-', first one of the former three */
	const char *image; /* for the comment at the top */
	/* Symlinks of paths are resolved in it, and ELF interpreters found; NULL: they are not. */
	const struct image *img;
};

/*
 * The AppArmor profile (man apparmor.d, of AppArmor 3): file rules from what was opened, executed,
 * mapped, made, changed and deleted, with names that differ from run to run generalised
 * (user/profile/paths.c); network rules by family and type; capabilities that were used; signals
 * among its own processes and from the runtime. Appended to @ret. @warnings gets what the user
 * should know.
 */
void profile_apparmor(const struct record *const *records, size_t n,
		      const struct profile_calls *calls, const struct profile_apparmor_opts *opts,
		      struct strvec *warnings, struct strbuf *ret);

/* What a container needs to be run with, and no more. */
struct profile_needs {
	uint64_t capabilities;	 /* bit set */
	bool capabilities_known; /* false: this kernel does not tell, so they are inferred */
	bool no_new_privileges;	 /* it executes nothing that raises privileges */
	bool read_only;		 /* its root file system can be, with these: */
	struct strvec tmpfs;	 /* "DIR" or "DIR:mode=0700,uid=1,gid=1", as docker run --tmpfs */
	struct strvec volumes;	 /* directories with content in the image */
	/* TCP listeners, UDP sockets that were bound, and remote ends; none of them loopback. */
	struct record_socket *sockets;
	size_t n_sockets;
};

/* Whether the container would miss it: it was granted, and not for a check without consequence. */
bool profile_capability_needed(const struct record_capability *c);
/* @img may be NULL: then nothing is known of what is in its directories. */
void profile_needs(const struct record *const *records, size_t n, const struct image *img,
		   struct profile_needs *ret);
void profile_needs_release(struct profile_needs *needs);
static inline void profile_needs_release_p(struct profile_needs *needs)
{
	profile_needs_release(needs);
}
#define _cleanup_profile_needs_ __attribute__((cleanup(profile_needs_release_p)))

/* How to run it: the same in three forms. */
struct profile_names {
	const char *image;    /* the image to run */
	const char *name;     /* base of names: see the AppArmor profile's */
	const char *seccomp;  /* file names */
	const char *apparmor; /* of the profile, and its file */
	const char *user;     /* the image's, may be empty */
};
/* A shell script of one docker run line, which takes more arguments. */
void profile_run_script(const struct profile_needs *needs, const struct profile_names *names,
			struct strbuf *ret);
/* A Compose file (compose-spec.io). */
void profile_compose(const struct profile_needs *needs, const struct profile_names *names,
		     struct strbuf *ret);
/* A Pod (core/v1, of Kubernetes 1.30 on) and a NetworkPolicy (networking.k8s.io/v1). */
void profile_kubernetes(const struct profile_needs *needs, const struct profile_names *names,
			struct strbuf *ret);

#endif
