/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The events that the BPF programs write and the tracer reads, and the settings that go the other
 * way: the only header that both sides see. Self-contained: the BPF side has its types from
 * vmlinux.h, user space from linux/types.h.
 *
 * Every event is a fixed part that begins with struct wire_header, then two tails of bytes: a
 * string (`string_len` bytes, no NUL), and a walked path (`walk_len` bytes). An event ends with
 * its last tail.
 *
 * A walked path comes leaf first, as a dentry walk finds it: its components, each ended by a NUL,
 * from the last to the first; none at all is the root. Only user space turns it round.
 */
#ifndef SLIMTRACE_WIRE_H
#define SLIMTRACE_WIRE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define WIRE_STRING_MAX 4096 /* PATH_MAX with its NUL; also what is read of argv */
#define WIRE_WALK_MAX 8192   /* bytes of a walked path */
#define WIRE_WALK_DEPTH 512  /* components of it */
#define WIRE_NAME_MAX 256    /* NAME_MAX with its NUL */

enum wire_type {
	WIRE_PROGRAM = 1, /* struct wire_program: argv, walked path of the executable */
	WIRE_FILE,	  /* struct wire_access: no string, walked path */
	WIRE_LOOKUP,	  /* struct wire_access: what was asked for, the directory it counts from */
	WIRE_SOCKET,	  /* struct wire_socket, no tails */
	WIRE_VALUES,	  /* struct wire_values, no tails */
	WIRE_END,	  /* struct wire_header alone: the container's first process ended */
	WIRE_MADE,	  /* likewise: a container begins, with a target that was free */
	WIRE_GONE,	  /* likewise: its cgroups are removed, nothing more can come of it */
};

#define WIRE_ON_IMAGE 1	 /* the walked path lies in the image's own file system */
#define WIRE_TRUNCATED 2 /* the walk was cut: the path lacks its beginning */
#define WIRE_FOLLOW 4	 /* look-up: a symlink as the last component was followed */
#define WIRE_EXECED 8	 /* program: put into the running container, or forked by such */
#define WIRE_ARGV_CUT 16 /* program: argv was longer, or could not be read */

struct wire_header {
	__u16 type;   /* enum wire_type */
	__u16 target; /* the number of the container's struct wire_target */
	__u32 pid;
	__u64 program; /* identifies one execve; 0: unknown */
	__u64 ns;      /* CLOCK_BOOTTIME */
	__u32 flags;   /* WIRE_... above */
	__u16 string_len;
	__u16 walk_len;
};

/* An execve. */
struct wire_program {
	struct wire_header h;
	__u64 parent; /* the program that this process ran, or was forked by, before; 0: none */
	char comm[16];
};

/* The bits of enum record_kind, which the BPF side does not see. */
#define WIRE_KIND_EXEC (1u << 0)
#define WIRE_KIND_MAP (1u << 1)
#define WIRE_KIND_READ (1u << 2)
#define WIRE_KIND_WRITE (1u << 3)
#define WIRE_KIND_CREATE (1u << 4)
#define WIRE_KIND_DELETE (1u << 5)
#define WIRE_KIND_STAT (1u << 6)
#define WIRE_KIND_CHDIR (1u << 9)
#define WIRE_KIND_CHANGE (1u << 10)
#define WIRE_KIND_CONNECT (1u << 11)
#define WIRE_KINDS_ALL ((1u << 12) - 1)

/*
 * What used a path, as a number: of a syscall its place in the table of struct wire_call, and one;
 * behind those of a request to io_uring its IORING_OP_..., and one. 0: not known.
 */
#define WIRE_URING (WIRE_ABIS * WIRE_CALLS)
#define WIRE_USERS (WIRE_URING + 256)

struct wire_access {
	struct wire_header h;
	__u32 kinds;
	__u16 error; /* look-up: positive errno, 0: the call succeeded */
	__u16 call;  /* at most WIRE_USERS. File: not by what it was made (WIRE_KIND_CREATE) */
};

struct wire_socket {
	struct wire_header h;
	__u8 addr[16]; /* network byte order; IPv4 in the first four */
	__u16 family;
	__u16 port;    /* host byte order */
	__u8 use;      /* enum record_socket_use */
	__u8 protocol; /* IPPROTO_... */
	__u8 pad[2];
};

/*
 * Arguments of a call whose struct wire_call has `values`. `used` has a bit for each that is meant;
 * none: it is the first call of that number on a processor, whatever its arguments.
 */
#define WIRE_MAX_VALUES 3
struct wire_values {
	struct wire_header h;
	__u32 value[WIRE_MAX_VALUES];
	__u32 nr;
	__u8 abi;  /* enum record_abi */
	__u8 used; /* bit set of arguments */
	__u8 pad[6];
};

/* Reasons for loss: indices of the BPF side's counters. */
enum wire_loss { WIRE_RING_FULL, WIRE_MAP_FULL, WIRE_PATH_FAULT, WIRE_PATH_CUT };

/*
 * Syscalls are counted for each CPU, phase, ABI (the record's enums) and number, at both of their
 * edges: some show only at their entry (exit, what never returns), some only at their exit (what
 * seccomp refused).
 */
#define WIRE_PHASES 3
#define WIRE_ABIS 3
#define WIRE_CALLS 1024 /* numbers above are in use nowhere */
enum wire_edge { WIRE_ENTERED, WIRE_EXITED, WIRE_EDGES };

struct wire_counts {
	__u64 n[WIRE_CALLS];
};

static inline __u32 wire_counts_index(__u32 phase, __u32 abi, __u32 edge)
{
	return (phase * WIRE_ABIS + abi) * WIRE_EDGES + edge;
}

/* A capability that was asked for: a key of the BPF side's set of them. */
#define WIRE_NO_CALL (WIRE_CALLS - 1)
struct wire_cap {
	__u16 target;
	__u8 cap;
	__u8 granted;
	__u32 nr; /* of the native syscall that asked; WIRE_NO_CALL: another kind of thing did */
};

/*
 * What is known of one container, or of one cgroup that is watched like one. Targets are numbered
 * from 1; those that are free wait in a queue. User space prepares and takes back, the BPF side
 * fills.
 */
#define WIRE_ID_LEN 64
#define WIRE_TARGETS 256 /* at a time */
#define WIRE_LOSSES 4
struct wire_target {
	char id[WIRE_ID_LEN];	     /* the container's; zeros: it has none */
	__u64 cgroup_v2, cgroup_v1;  /* its own, as keys (see scope.bpf.h); 0: not there */
	__u64 image_root;	     /* compared, never read */
	__u64 bounding, effective;   /* capabilities of the first program when it began */
	__u64 lost[WIRE_LOSSES];     /* enum wire_loss */
	__u32 image_dev;	     /* of the image's file system; 0: not known yet */
	__u32 image_is_whole;	     /* its root is that of the file system */
	__u32 cgroups;		     /* of its own that are there */
	__u32 counted_v1;	     /* see n_v1 in state.bpf.h */
	__u32 use_v2;		     /* a task was put into its v2 cgroup */
	__u32 no_runtime;	     /* no OCI runtime starts what runs in it */
	__u32 started, ended;	     /* its first program ran; the process that ran it ended */
	__u32 first_tgid;	     /* that process */
	__u32 seccomp, no_new_privs; /* what held the first program when it began */
	__u32 pad;
};

/* What a process of a target runs: key and value of the BPF side's map of them. */
struct wire_proc {
	__u64 program;	  /* 0: it still runs the OCI runtime's code */
	__u32 outside[2]; /* mount namespaces that are not the container's: see scope.bpf.h */
	__u16 execed;	  /* came after the container's first program */
	__u16 call;	  /* by which it began its last execve: as in struct wire_access */
	__u32 target;
};

/* What a syscall does with files: a table filled by user space, [ABI * WIRE_CALLS + number]. */
enum wire_action {
	WIRE_NOTHING,
	WIRE_PATH,     /* one or two paths */
	WIRE_OPEN,     /* a path, open(2) flags, and the result is a descriptor */
	WIRE_OPENAT2,  /* likewise, the flags in a struct open_how */
	WIRE_CREAT,    /* likewise, without flags */
	WIRE_FD,       /* a file by its descriptor */
	WIRE_MMAP,     /* a file by its descriptor, when it is mapped executable */
	WIRE_CHDIR,    /* a path that becomes the working directory */
	WIRE_FCHDIR,   /* likewise, by its descriptor */
	WIRE_CHROOT,   /* a path that becomes the root directory */
	WIRE_PIVOT,    /* likewise, and one in it */
	WIRE_MOUNT,    /* paths, the first of them unless it is but a name */
	WIRE_FSCONFIG, /* a path, or a value that may be one */
	WIRE_QUOTA,    /* a device, and a path when quotas are switched on */
	WIRE_EXEC,     /* a path, which sched_process_exec shows when the call succeeds */
	WIRE_FORK,     /* returns twice: nothing but counting */
	WIRE_BIND,     /* descriptor, address, length */
	WIRE_CONNECT,  /* likewise */
	WIRE_SENDTO,   /* descriptor, and the address is in arguments 4 and 5 */
	WIRE_SENDMSG,  /* descriptor, and the address is in a struct msghdr */
	WIRE_SENDMMSG, /* descriptor, and addresses are in an array of struct mmsghdr */
	WIRE_LISTEN,   /* descriptor */
	WIRE_ARGS,     /* i386: the arguments are behind a pointer; see `pointer` */
};

#define WIRE_NO_ARG 0xff

enum wire_follow {
	WIRE_ALWAYS,
	WIRE_NEVER,
	WIRE_UNLESS, /* when none of the bits in `mask` is in the flags */
	WIRE_WHEN,   /* when one of them is */
};

struct wire_path_arg {
	__u8 dirfd; /* argument number; WIRE_NO_ARG: the working directory */
	__u8 path;  /* argument number; WIRE_NO_ARG: there is no such path */
	__u8 flags; /* argument number of the flags that `follow` looks at */
	__u8 follow;
	__u32 mask;
	__u32 kinds;
};

struct wire_call {
	__u8 action;
	__u8 fd;      /* argument number of the descriptor */
	__u8 flags;   /* argument number of the flags: open, mmap and mount */
	__u8 pointer; /* WIRE_ARGS: argument number of the pointer */
	__u32 values; /* bit set of the first arguments whose values are told */
	__u32 kinds;  /* of the file by descriptor */
	struct wire_path_arg path[2];
};

/* Set by user space before the programs are loaded. */
struct wire_config {
	__u64 seed[2];	      /* of the hash, so that nobody can prepare collisions */
	char id[WIRE_ID_LEN]; /* the container's; zeros: any container that begins */
	__u32 casts;	      /* the kernel has bpf_rdonly_cast() */
	__u32 pad;
};

_Static_assert(sizeof(struct wire_header) == 32, "wire_header");
_Static_assert(sizeof(struct wire_program) == 56, "wire_program");
_Static_assert(sizeof(struct wire_access) == 40, "wire_access");
_Static_assert(sizeof(struct wire_socket) == 56, "wire_socket");
_Static_assert(sizeof(struct wire_path_arg) == 12, "wire_path_arg");
_Static_assert(sizeof(struct wire_values) == 56, "wire_values");
_Static_assert(sizeof(struct wire_call) == 36, "wire_call");
_Static_assert(sizeof(struct wire_cap) == 8, "wire_cap");
_Static_assert(sizeof(struct wire_target) == 184, "wire_target");
_Static_assert(sizeof(struct wire_proc) == 24, "wire_proc");

#endif
