/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes and the programs that they run. */
#pragma once

/*
 * The child runs what its parent runs. It is not running yet. A child whose parent is outside was
 * put here by clone3(CLONE_INTO_CGROUP), of which cgroup_attach_task does not tell.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 from = parent->tgid, to = child->tgid, number;
	struct wire_proc *p, copy;
	struct wire_target *t;

	if (from == to)
		return 0;
	number = task_target(child);
	t = get_target(number);
	if (!number || !t)
		return 0;
	p = bpf_map_lookup_elem(&procs, &from);
	if (p && p->target == number) {
		copy = *p;
		add_proc(to, &copy);
	} else if (task_target(parent) != number) {
		if (t->cgroup_v2 == BPF_CORE_READ(child, cgroups, dfl_cgrp, kn, id))
			use_v2(t);
		mark_runtime(child, parent, t, number);
	}
	return 0;
}

static __always_inline void note_end(struct scratch *s, __u32 tgid)
{
	struct wire_target *t = get_target(s->me.target);

	if (!t || tgid != t->first_tgid || t->ended)
		return;
	t->ended = 1;
	fill_header(s, WIRE_END, s->me.program, 0);
	output(s, sizeof(s->h));
}

/* Also of a process that was moved elsewhere: its number will be another's. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct scratch *s = my_scratch(get_me());
	__u32 tgid = task->tgid;

	if (!s && !bpf_map_lookup_elem(&procs, &tgid))
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	if (s)
		note_end(s, tgid);
	bpf_map_delete_elem(&procs, &tgid);
	procs_changed();
	return 0;
}

/* The root that the container's first program has is the image's. */
static __always_inline void note_image(struct scratch *s, struct wire_target *t,
				       struct dentry *root)
{
	if (t->image_dev)
		return;
	t->image_root = (__u64)root;
	t->image_is_whole = BPF_CORE_READ(root, d_parent) == root;
	t->image_dev = BPF_CORE_READ(root, d_sb, s_dev);
	if (!s)
		return;
	s->image.root = t->image_root;
	s->image.is_whole = t->image_is_whole;
	s->image.dev = t->image_dev;
}

/*
 * Whether the current process, which runs the runtime's code, is not in the container yet. @p is
 * NULL when its attachment was not told yet: then it is still where its parent is.
 */
static __always_inline bool is_outside(const struct wire_proc *p, __u32 number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	__u32 here = mntns_of(task);

	if (p)
		return here == p->outside[0] || here == p->outside[1];
	return here == mntns_of(parent) && task_target(parent) != number;
}

/* Unique among all CPUs, without an atomic operation that old kernels lack. */
static __always_inline __u64 new_program(struct scratch *s)
{
	return (__u64)(bpf_get_smp_processor_id() + 1) << 40 | ++s->programs;
}

/* Reads argv, as the kernel just laid it out, behind the fixed part. Returns its length. */
static __always_inline __u32 read_argv(struct scratch *s, __u32 *flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);
	__u64 len = end - start;

	if (len > WIRE_STRING_MAX - 1) {
		len = WIRE_STRING_MAX - 1;
		*flags |= WIRE_ARGV_CUT;
	}
	OPAQUE(len);
	len &= WIRE_STRING_MAX - 1;
	if (bpf_probe_read_user(s->bytes + sizeof(s->program), len, (void *)start)) {
		*flags |= WIRE_ARGV_CUT;
		return 0;
	}
	return len;
}

/* A program that has no path, since it was put into a memfd, has no walk. */
static __always_inline void emit_program(struct scratch *s, const struct wire_proc *p, __u64 parent,
					 struct place exe)
{
	__u32 flags = 0, len = 0, argv_len = read_argv(s, &flags);

	if (!nowhere(exe.dentry))
		len = walk_place(s, exe, sizeof(s->program) + argv_len, &flags);
	if (p->execed)
		flags |= WIRE_EXECED;
	fill_header(s, WIRE_PROGRAM, p->program, flags);
	s->program.parent = parent;
	bpf_get_current_comm(s->program.comm, sizeof(s->program.comm));
	s->h.string_len = argv_len;
	s->h.walk_len = len;
	output(s, sizeof(s->program) + argv_len + len);
}

/* What the process becomes: false while it is still the runtime's. */
static __always_inline bool next_program(struct scratch *s, const struct wire_target *t,
					 struct wire_proc *p, __u32 tgid)
{
	struct wire_proc *old = bpf_map_lookup_elem(&procs, &tgid);

	if ((!old || !old->program) && !t->no_runtime && is_outside(old, s->me.target))
		return false;
	p->execed = old ? old->execed : is_late(t);
	p->call = old ? old->call : 0;
	p->program = new_program(s);
	p->target = s->me.target;
	add_proc(tgid, p);
	return true;
}

#define SECCOMP_MODE_FILTER 2 /* linux/seccomp.h */

static __always_inline bool is_filtered(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return bpf_core_field_exists(task->seccomp.mode) &&
	       BPF_CORE_READ(task, seccomp.mode) == SECCOMP_MODE_FILTER;
}

#define PFA_NO_NEW_PRIVS 0 /* linux/sched.h: a bit of task_struct.atomic_flags */

/* kernel_cap_t has had two shapes, both of them 64 bits that begin with the lowest capability. */
static __always_inline void note_confinement(struct wire_target *t)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	bpf_probe_read_kernel(&t->bounding, 8, __builtin_preserve_access_index(&cred->cap_bset));
	bpf_probe_read_kernel(&t->effective, 8,
			      __builtin_preserve_access_index(&cred->cap_effective));
	t->seccomp = is_filtered();
	t->no_new_privs = BPF_CORE_READ(task, atomic_flags) >> PFA_NO_NEW_PRIVS & 1;
}

static __always_inline void note_start(struct scratch *s, struct wire_target *t, __u32 tgid)
{
	note_image(s, t, current_root().dentry);
	if (t->started)
		return;
	note_confinement(t);
	t->first_tgid = tgid;
	t->started = 1;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 tgid = task->tgid;
	__u64 thread = (__u64)tgid << 32 | (__u32)old_pid, parent;
	struct scratch *s = my_scratch(get_me());
	struct wire_target *t = s ? get_target(s->me.target) : NULL;
	struct wire_proc p = {};
	struct place exe;

	if (!s || !t)
		return 0;
	parent = s->me.program;
	if (!next_program(s, t, &p, tgid))
		return 0;
	note_start(s, t, tgid);
	s->call = p.call;
	exe = file_place(BPF_CORE_READ(bprm, file));
	emit_program(s, &p, parent, exe);
	emit_place(s, exe, WIRE_KIND_EXEC, p.program);
	emit_exec_names(s, bprm, p.program, thread);
	return 0;
}
