/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record: the one document of a traced run. What was observed, as it was observed: nothing in
 * it is decided, resolved against an image, or dropped. The tracer fills it, everything
 * downstream (keep, profile, report) reads it, and it is saved as JSON (docs/record.md) from which
 * an equal record is read back.
 *
 * Paths are bytes, absolute, as seen from the root of the image's file system. Two sources:
 *  - RECORD_FILE: the kernel resolved it (a dentry walked up to its root): no symlink, no "..",
 *    exact. `on_image` tells whether it lies in the image's own file system or in something
 *    mounted over it (a volume, /proc, /etc/hosts).
 *  - RECORD_LOOKUP: what a process asked for, joined to the directory it asked from, but not
 *    resolved: symlinks, "." and ".." are still in it. image_walk() replays it.
 * An open shows up as both: the lookup has the links on the way, the file what was reached.
 *
 * One access = one (source, path, result, follow) with the union of the kinds of use, all the
 * programs and calls that used it, and the first time. Strings and arrays are the record's own.
 */
#ifndef SLIMTRACE_RECORD_H
#define SLIMTRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strvec.h"

#define RECORD_VERSION 1
/* What a record holds at most; what comes after is counted as lost (map_full). */
#define RECORD_MAX_ACCESSES (1u << 22)
#define RECORD_MAX_PROGRAMS (1u << 20)
#define RECORD_MAX_SOCKETS (1u << 20)
#define RECORD_MAX_BYTES (1ull << 30) /* of memory, while a trace runs: record_builder_bound() */

/* Kinds of use, ORed. Names for JSON and reports: record_kind_name(). */
enum record_kind {
	RECORD_EXEC = 1 << 0,  /* executed, or the script an interpreter was executed for */
	RECORD_MAP = 1 << 1,   /* mapped executable */
	RECORD_READ = 1 << 2,  /* opened for reading */
	RECORD_WRITE = 1 << 3, /* opened for writing */
	RECORD_CREATE =
		1 << 4, /* made: O_CREAT, mkdir, symlink, link target, rename target, bind */
	RECORD_DELETE = 1 << 5,	  /* unlink, rmdir, rename source */
	RECORD_STAT = 1 << 6,	  /* looked at: stat, access, statfs, xattr, O_PATH, inotify */
	RECORD_LIST = 1 << 7,	  /* directory entries were read */
	RECORD_READLINK = 1 << 8, /* read as a link */
	RECORD_CHDIR = 1 << 9,	  /* became the working or root directory of a process */
	RECORD_CHANGE = 1 << 10,  /* mode, owner, times, size, xattrs set; mounted on */
	RECORD_CONNECT = 1 << 11, /* AF_UNIX connect */
};
#define RECORD_KINDS 12

enum record_source { RECORD_FILE, RECORD_LOOKUP };

enum record_abi { RECORD_NATIVE, RECORD_COMPAT, RECORD_X32 };
#define RECORD_ABIS 3

/*
 * What used a path. A call is a number here: of a syscall its ABI * RECORD_CALLS + its own (x32:
 * without its bit); of a request to io_uring RECORD_URING + its IORING_OP_...
 */
#define RECORD_CALLS 1024
enum { RECORD_URING = RECORD_ABIS * RECORD_CALLS, RECORD_USERS = RECORD_URING + 256 };
struct record_use {
	uint32_t program;     /* index into record.programs */
	uint16_t call, kinds; /* enum record_kind, ORed */
};

struct record_access {
	enum record_source source;
	char *path;
	size_t path_len;
	uint32_t kinds;	    /* enum record_kind, ORed */
	int error;	    /* lookup: positive errno of the call, 0 when it succeeded */
	bool follow;	    /* lookup: a symlink as the last component was followed */
	bool on_image;	    /* file: see above; lookup: the directory it started from is */
	bool before;	    /* seen only as what was open or mapped when the observation began */
	uint64_t first_ns;  /* since the container's first exec */
	uint32_t *programs; /* indices into record.programs, ascending */
	size_t n_programs;
	struct record_use *uses; /* by program, then call; whose call is not known is not there */
	size_t n_uses;
	uint32_t sorted_programs, sorted_uses; /* the builder's: see record/lists.h */
	uint32_t runs; /* of a merged record: how many had it; 0: the record is of one run */
};

/* How a program came into the container. */
enum record_entry {
	RECORD_ENTRYPOINT, /* the container's first process and what descends from it */
	RECORD_EXECED,	   /* put into the running container: --exec, docker exec */
	RECORD_HEALTH,	   /* likewise, and it is the image's health check: record_mark_health() */
};

/* One execve: a process from there until its next execve or its end, with its plain forks. */
struct record_program {
	uint32_t parent; /* of the program that forked it, not above its own; own: none known */
	int pid;	 /* in the host's pid namespace */
	enum record_entry entry;
	char *comm;
	char *exe;	    /* resolved path of the executable */
	struct strvec argv; /* as far as it was read; see argv_truncated */
	bool argv_truncated;
	uint64_t start_ns; /* since the container's first exec */
};

/*
 * Before the first exec inside, the syscalls are the OCI runtime's. Those that it makes with the
 * container's seccomp filter loaded are counted apart: a filter of ours must let them pass.
 */
enum record_phase { RECORD_RUNTIME, RECORD_APP, RECORD_CONFINED };
#define RECORD_PHASES 3

struct record_syscall {
	enum record_abi abi;
	enum record_phase phase;
	uint32_t nr;
	uint64_t count;	  /* calls, refused ones too */
	uint64_t refused; /* by the seccomp filter that was in force: they never began */
	/* Who called it first, on each processor: indices into record.programs, ascending. */
	uint32_t *programs;
	size_t n_programs;
	uint32_t sorted_programs; /* as of an access */
	uint32_t runs;		  /* as of an access */
};

/*
 * Arguments that a call was made with, of a few calls whose arguments say much and vary little:
 * bit i of `used` stands for argument i. No bit: there were more than RECORD_MAX_TUPLES.
 */
#define RECORD_MAX_VALUES 3
#define RECORD_MAX_TUPLES 64
struct record_arguments {
	enum record_abi abi;
	uint32_t nr;
	uint32_t used;
	uint32_t value[RECORD_MAX_VALUES]; /* 0 where not used */
};

/* A capability that the kernel was asked for. */
struct record_capability {
	uint32_t cap;
	bool granted;
	int nr; /* of the native syscall that asked; -1: not told */
};

/* What held the container's first program when it began. */
struct record_confinement {
	bool known;
	bool seccomp;		/* a filter was loaded */
	bool no_new_privileges; /* PR_SET_NO_NEW_PRIVS */
	/* Bit sets, 1 << number. */
	uint64_t bounding, effective;
};

/* A socket made ready for others, or connected. */
enum record_socket_use { RECORD_LISTEN, RECORD_BIND, RECORD_CONNECTED };
struct record_socket {
	enum record_socket_use use;
	uint16_t family;  /* AF_INET, AF_INET6 */
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, ... */
	uint16_t port;	  /* host byte order */
	uint8_t addr[16]; /* network byte order; IPv4 in the first four */
};

/* What the tracer knows that it did not see. All zero: the record is complete. */
struct record_loss {
	uint64_t ring_full;	 /* events that found no room */
	uint64_t map_full;	 /* what the tracer's tables or the record had no room for */
	uint64_t path_fault;	 /* paths that could not be read from the process */
	uint64_t path_truncated; /* paths deeper or longer than the tracer walks */
	uint64_t prog_missed;	 /* times the kernel skipped one of our programs */
	uint64_t decode;	 /* events that made no sense */
};
bool record_loss_any(const struct record_loss *loss);

struct record {
	uint32_t runs;		/* merged from so many; 0: it is of one run */
	bool attached;		/* it began when the container was running already */
	char *image_id;		/* sha256:... ; set by the session */
	struct strvec diff_ids; /* of the image's layers, bottom first; set by the session */
	char *kernel, *arch;	/* uname -r, uname -m */
	char *started;		/* RFC 3339, UTC */
	uint64_t duration_ns;	/* from the first exec to the end of the observation */

	struct record_program *programs;
	size_t n_programs;
	struct record_access *accesses; /* in order of first use */
	size_t n_accesses;
	struct record_syscall *syscalls; /* sorted by phase, abi, nr */
	size_t n_syscalls;
	struct record_arguments *arguments; /* sorted */
	size_t n_arguments;
	struct record_capability *capabilities; /* sorted */
	size_t n_capabilities;
	bool capabilities_unseen;      /* this kernel does not tell */
	struct record_socket *sockets; /* sorted */
	size_t n_sockets;
	struct record_confinement confinement;
	struct strvec unseen; /* features this kernel lacks, one sentence each */
	struct record_loss loss;
};

struct record *record_new(void);
/* All of it; the caller's. */
struct record *record_copy(const struct record *from);
void record_free(struct record *rec);
DEFINE_CLEANUP(struct record *, record_free);

/* "CAP_CHOWN", ...; NULL for one that linux/capability.h does not have. */
const char *record_capability_name(uint32_t cap);
/*
 * A socket's address and protocol in words: "1.2.3.4:80", "[::1]:80"; "TCP", "UDP" or "protocol
 * 132".
 */
#define RECORD_ADDRESS_MAX 64
void record_socket_address(const struct record_socket *socket, char ret[RECORD_ADDRESS_MAX]);
void record_socket_protocol(const struct record_socket *socket, char ret[RECORD_ADDRESS_MAX]);
/* "exec", "map", ... for one bit; NULL for anything else. */
const char *record_kind_name(uint32_t kind);
/*
 * What a struct record_use calls @call: "openat", "compat/open", "x32/open", "io_uring/openat"; the
 * number in place of a name that is not known. malloc'ed.
 */
char *record_call_name(uint16_t call);
/* The call of that name, or -1. */
int record_call_find(const char *name);
/*
 * By kind of use and call, who: {"read": {"openat": [0, 2]}}, places in the list of @access's
 * programs, those below @max. The caller's.
 */
struct cJSON *record_uses_json(const struct record_access *access, size_t max);

/*
 * Building (the tracer). record_add_access() merges into an equal access when there is one: @path
 * is copied, kinds are ORed, @program is added, the earlier @first_ns stays.
 */
struct record_builder;
struct record_builder *record_builder_new(void);
void record_builder_free(struct record_builder *b);
DEFINE_CLEANUP(struct record_builder *, record_builder_free);
/* From now on accesses and programs take about @bytes of memory at most. Without it: no bound. */
void record_builder_bound(struct record_builder *b, uint64_t bytes);
/* From now on programs that are equal but for pid and time are one: the first of them. */
void record_builder_fold(struct record_builder *b);
/* What makes an access what it is; `before` does not: it is one of the things that are noted. */
struct record_access_key {
	enum record_source source;
	const char *path;
	size_t path_len;
	int error;
	bool follow, on_image, before;
};
/* False: there is no room for it any more, and nothing was added. */
bool record_add_access(struct record_builder *b, const struct record_access_key *key,
		       uint32_t kinds, uint32_t program, uint64_t first_ns);
/*
 * A program's call that an access which is there was of: its program is among the access's already,
 * and of its kinds those count that the access has. False: there is no room for it.
 */
bool record_add_use(struct record_builder *b, const struct record_access_key *key,
		    const struct record_use *use);
/* Copies @program's strings; returns its index, RECORD_NO_PROGRAM when there is no room. */
#define RECORD_NO_PROGRAM UINT32_MAX
uint32_t record_add_program(struct record_builder *b, const struct record_program *program);
void record_add_syscall(struct record_builder *b, enum record_phase phase, enum record_abi abi,
			uint32_t nr, uint64_t count, uint64_t refused);
/* The same for a count that is told again and again: the last one holds. */
void record_set_syscall(struct record_builder *b, enum record_phase phase, enum record_abi abi,
			uint32_t nr, uint64_t count, uint64_t refused);
/* One more that called it first; record_add_syscall() tells how often. */
void record_add_caller(struct record_builder *b, enum record_abi abi, uint32_t nr,
		       uint32_t program);
void record_add_arguments(struct record_builder *b, enum record_abi abi, uint32_t nr, uint32_t used,
			  const uint32_t value[RECORD_MAX_VALUES]);
void record_add_capability(struct record_builder *b, uint32_t cap, bool granted, int nr);
/* False: there is no room for it any more. */
bool record_add_socket(struct record_builder *b, const struct record_socket *socket);
/* @runs more had that access, or that call, which is there: see struct record_access. */
void record_add_access_runs(struct record_builder *b, const struct record_access_key *key,
			    uint32_t runs);
void record_add_syscall_runs(struct record_builder *b, enum record_phase phase, enum record_abi abi,
			     uint32_t nr, uint32_t runs);
/* The record so far, for its other fields. */
struct record *record_builder_record(struct record_builder *b);
/* Sorts, and hands the record over; the builder is empty afterwards. */
struct record *record_builder_finish(struct record_builder *b);
/* A sorted copy of the record so far, the caller's; building goes on. */
struct record *record_builder_snapshot(const struct record_builder *b);

/*
 * What was observed in any of @n runs (at least one; they stay the caller's), with in how many:
 * records that are merged themselves count for all of theirs. Programs that are equal but for pid
 * and time become one. The image's ID stays when all have the same, of its layers those, from the
 * bottom, that all have. Times count from each run's own start; the earliest stays. ERR_USAGE when
 * they are of different architectures, whose calls have different numbers.
 */
int record_merge(const struct record *const *records, size_t n, struct record **ret,
		 struct err *err);

/*
 * Programs that were put into the container with @words, the image's health check as the engine
 * runs it, and what descends from them, become RECORD_HEALTH. Parents stand before their children.
 */
void record_mark_health(struct record *rec, const struct strvec *words);

/* JSON, docs/record.md. Reading checks version, types, indices and bounds. */
void record_to_json(const struct record *rec, struct strbuf *ret);
int record_from_json(const char *text, size_t len, struct record **ret, struct err *err);
/* The same from a file, of at most 1 GB; errors name it, and are ERR_USAGE. */
int record_read_file(const char *path, struct record **ret, struct err *err);

#endif
