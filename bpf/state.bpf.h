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

/*
 * What was written already, and for which target. Full: events are written again, none is lost.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 19);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key128);
	__type(value, __u32);
} seen SEC(".maps");

/*
 * The targets' processes. One that is not in here runs the runtime's code too: a task is in the
 * cgroup a moment before cgroup_attach_task tells.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* thread group */
	__type(value, struct wire_proc);
} procs SEC(".maps");

/* What is watched, by number: see wire.h. The first one is not used: 0 is none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_TARGETS + 1);
	__type(key, __u32);
	__type(value, struct wire_target);
} targets SEC(".maps");

/* Those that nobody uses, prepared by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, WIRE_TARGETS);
	__type(value, __u32);
} spare SEC(".maps");

/* Containers by their ID: the target of the newest start. */
struct id {
	char hex[WIRE_ID_LEN];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * WIRE_TARGETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct id);
	__type(value, __u32);
} ids SEC(".maps");

/* The cgroups of all targets, those below their own too: see cgroup_key(). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} scopes SEC(".maps");

/* What each syscall does with files. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_ABIS *WIRE_CALLS);
	__type(key, __u32);
	__type(value, struct wire_call);
} calls SEC(".maps");

/* How often each syscall was made: one table a target, made by user space with it. */
struct counts_of_target {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WIRE_PHASES *WIRE_ABIS *WIRE_EDGES);
	__uint(key_size, sizeof(__u32)); /* of an inner map, no type is described */
	__uint(value_size, sizeof(struct wire_counts));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, WIRE_TARGETS + 1);
	__type(key, __u32);
	__array(values, struct counts_of_target);
} counts SEC(".maps");

/* Capabilities that were asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct wire_cap);
	__type(value, __u8);
} caps SEC(".maps");

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
	/*
	 * The process that this CPU was about last. It is asked for by the cgroup that the task is
	 * in: see find_me().
	 */
	struct {
		__u64 age; /* procs_age then, and one: 0 is never */
		__u64 cgroup;
		__u64 program;
		__u32 tgid;
		__u32 target;
	} me;
	/* The image's file system: its device, its root (never read), and whether that is all. */
	struct {
		__u64 root;
		__u32 dev, is_whole;
	} image; /* of the target */
	struct climb climb;
	struct {
		__u64 at, end;
		struct key128 script; /* of its name */
	} chain;		      /* of interpreters: see names.bpf.h */
	struct key128 hash;
	__u64 programs; /* numbered on this CPU so far */
	__u32 call;	/* what the program at hand is about: as in struct wire_access */
	__u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/*
 * The first question that every syscall of the host is asked: set for each cgroup that was ever a
 * target's, by the lowest bits of its key. When it is not, no table need be asked. Bytes, because a
 * bit takes an atomic operation that old kernels lack.
 */
#define FILTER_SIZE 4096
__u8 filter[FILTER_SIZE];
/* Targets whose tasks are told by their v1 cgroup, for want of any in the v2 one. */
__u32 n_v1;
/* How often procs or scopes was changed: see find_me(). */
__u64 procs_age;
/* Containers that began when no target was spare. */
__u64 crowded;
/* Events written, for tests: written and lost must add up. */
__u64 written;

static __always_inline struct scratch *get_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

static __always_inline struct wire_target *get_target(__u32 number)
{
	return bpf_map_lookup_elem(&targets, &number);
}

static __always_inline void lose(struct wire_target *t, enum wire_loss reason)
{
	__sync_fetch_and_add(&t->lost[reason], 1);
}

/* Of the target that the scratch is about. A function of its own: verified once, alone. */
__noinline int count_loss(__u32 reason)
{
	struct scratch *s = get_scratch();
	struct wire_target *t = s ? get_target(s->me.target) : NULL;

	if (t && reason < WIRE_LOSSES)
		__sync_fetch_and_add(&t->lost[reason & (WIRE_LOSSES - 1)], 1);
	return 0;
}

/*
 * Keeps the compiler from dropping a mask or comparison that it knows to be redundant and that
 * the verifier, which knows less, needs.
 */
#define OPAQUE(x) asm volatile("" : "+r"(x))
