/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Everything that outlives one event: settings, maps, counters. */
#pragma once

const volatile struct wire_config settings;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24); /* set by user space */
} events SEC(".maps");

/* 128 bits that stand for an event: see emit.bpf.h. */
struct key128 {
	__u64 a, b;
};

/* What was written already. Full: events are written again, none is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 19);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key128);
	__type(value, __u8);
} seen SEC(".maps");

/*
 * The container's processes. One that is not in here runs the runtime's code too: a task is in the
 * cgroup a moment before cgroup_attach_task tells.
 */
struct proc {
	__u64 program;	  /* 0: it still runs the OCI runtime's code */
	__u32 outside[2]; /* mount namespaces that are not the container's: see scope.bpf.h */
	__u64 execed;	  /* came after the container's first program */
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* thread group */
	__type(value, struct proc);
} procs SEC(".maps");

/* The container's cgroups below its own: see cgroup_key(). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 12);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u8);
} children SEC(".maps");

/* What each syscall does with files. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_ABIS *WIRE_CALLS);
	__type(key, __u32);
	__type(value, struct wire_call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WIRE_PHASES *WIRE_ABIS *WIRE_EDGES);
	__type(key, __u32);
	__type(value, struct wire_counts);
} counts SEC(".maps");

/* Where a path counted from, for calls that change it: kept from their entry to their exit. */
struct saved_base {
	struct key128 id;
	__u32 walk_len, flags;
	char walk[WIRE_WALK_MAX + WIRE_NAME_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u64); /* thread group << 32 | thread */
	__type(value, struct saved_base);
} saved SEC(".maps");

/* The syscall at hand. */
struct job {
	__u64 args[8];
	__s64 ret;
	__u64 program;
	__u32 abi, index; /* of its struct wire_call */
	__s32 error;	  /* positive errno, 0: it succeeded */
	__u32 kinds;	  /* of an open */
	__u32 open_flags;
	__u32 in_root; /* absolute paths count from the directory descriptor: RESOLVE_IN_ROOT */
	__u32 absolute_only;	   /* what is no absolute path is none at all */
	__u32 magic_fd, magic_end; /* see magic.bpf.h */
	__u32 pad;
};

/* Where a walk up a path is: see path.bpf.h. Kernel pointers as numbers. */
struct climb {
	__u64 dentry, mount, top;
	__u32 at, start;
	__u32 crossed, pad;
};

#define EVENT_BYTES 16384 /* a power of two above the largest event */
_Static_assert(sizeof(struct wire_program) + WIRE_STRING_MAX + WIRE_WALK_MAX < EVENT_BYTES, "");

/*
 * Where an event is put together, one for each CPU. Tracepoint programs run with preemption off,
 * and none of those that use this runs in interrupts or inside another one.
 */
struct scratch {
	union {
		struct wire_header h;
		struct wire_program program;
		struct wire_access access;
		struct wire_socket socket;
		struct wire_values values;
		struct saved_base saved;
		char bytes[EVENT_BYTES + WIRE_NAME_MAX];
	};
	struct job job;
	struct {
		__u64 age; /* procs_age then, and one: 0 is never */
		__u64 program;
		__u64 tgid;
	} last; /* the process that was asked for last on this CPU */
	struct climb climb;
	struct {
		__u64 at, end;
		struct key128 script; /* of its name */
	} chain;		      /* of interpreters: see names.bpf.h */
	struct key128 hash;
	__u64 programs; /* numbered on this CPU so far */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* The container's cgroup in the v2 hierarchy, and in the v1 pids hierarchy; 0: not made yet. */
__u64 cgroup_v2, cgroup_v1;
/* Tasks are told apart by the v2 one: see task_in_scope(). */
__u32 use_v2;
__u32 has_children;
/* How often procs was changed: see my_program(). */
__u64 procs_age;
/* Its first program ran; the process that it ran in; and that one ended. */
__u32 started, first_tgid, ended;

/* The image's file system: its device, its root (compared, never read), and whether that is all. */
__u32 image_dev;
__u64 image_root;
__u32 image_is_whole;

/* What held the first program when it began. */
struct {
	__u64 bounding, effective; /* capabilities */
	__u32 seccomp, no_new_privs;
} confinement;

__u64 lost[WIRE_LOSSES];
/* Events written, for tests: written and lost must add up. */
__u64 written;
/* See wire.h. A byte and a plain store, so no atomics on this path. */
__u8 caps[WIRE_CAPABILITIES * 2 * WIRE_CALLS];

static __always_inline void count_loss(enum wire_loss reason)
{
	__sync_fetch_and_add(&lost[reason], 1);
}

static __always_inline struct scratch *get_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/*
 * Keeps the compiler from dropping a mask or comparison that it knows to be redundant and that
 * the verifier, which knows less, needs.
 */
#define OPAQUE(x) asm volatile("" : "+r"(x))
