/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Processes and the programs that they run. */
#pragma once

static __always_inline struct proc *current_proc(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&procs, &tgid);
}

/* The program that the current process runs; 0 while that is the runtime. */
static __always_inline __u64 current_program(void)
{
	struct proc *p = current_proc();

	return p ? p->program : 0;
}

/* The same, quicker: most syscalls are made by the process that made the one before on this CPU. */
static __always_inline __u64 my_program(struct task_struct *me, struct scratch *s)
{
	__u32 tgid = my_tgid(me);
	__u64 age = procs_age + 1;
	struct proc *p;

	if (s->last.tgid != tgid || s->last.age != age) {
		p = bpf_map_lookup_elem(&procs, &tgid);
		s->last.program = p ? p->program : 0;
		s->last.tgid = tgid;
		s->last.age = age;
	}
	return s->last.program;
}

/*
 * The child runs what its parent runs. It is not running yet. A child whose parent is outside was
 * put here by clone3(CLONE_INTO_CGROUP), of which cgroup_attach_task does not tell.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 from = parent->tgid, to = child->tgid;
	struct proc *p, copy;

	if (from == to || !task_in_scope(child))
		return 0;
	p = bpf_map_lookup_elem(&procs, &from);
	if (p) {
		copy = *p;
		add_proc(to, &copy);
	} else if (!current_in_scope()) {
		if (cgroup_v2 && BPF_CORE_READ(child, cgroups, dfl_cgrp, kn, id) == cgroup_v2)
			use_v2 = 1;
		mark_runtime(child, parent);
	}
	return 0;
}

static __always_inline void note_end(struct scratch *s, __u32 tgid)
{
	if (tgid != first_tgid || ended)
		return;
	ended = 1;
	fill_header(s, WIRE_END, current_program(), 0);
	output(s, sizeof(s->h));
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct scratch *s = get_scratch();

	if (!s || !current_in_scope() || BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	note_end(s, tgid);
	bpf_map_delete_elem(&procs, &tgid);
	procs_changed();
	return 0;
}

/* The root that the container's first program has is the image's. */
static __always_inline void note_image(void)
{
	struct dentry *root = current_root().dentry;

	if (image_dev)
		return;
	image_root = (__u64)root;
	image_is_whole = BPF_CORE_READ(root, d_parent) == root;
	image_dev = BPF_CORE_READ(root, d_sb, s_dev);
}

/*
 * Whether the current process, which runs the runtime's code, is not in the container yet. @p is
 * NULL when its attachment was not told yet: then it is still where its parent is.
 */
static __always_inline bool is_outside(const struct proc *p)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	__u32 here = mntns_of(task);

	if (p)
		return here == p->outside[0] || here == p->outside[1];
	return here == mntns_of(parent) && !task_in_scope(parent);
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

static __always_inline void emit_program(struct scratch *s, const struct proc *p, __u64 parent,
					 struct place exe)
{
	__u32 flags = 0, len, argv_len = read_argv(s, &flags);

	len = walk_place(exe, sizeof(s->program) + argv_len, &flags);
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
static __always_inline bool next_program(struct scratch *s, struct proc *p, __u32 tgid)
{
	struct proc *old = bpf_map_lookup_elem(&procs, &tgid);

	if ((!old || !old->program) && is_outside(old))
		return false;
	p->execed = old ? old->execed : started;
	p->program = new_program(s);
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
static __always_inline void note_confinement(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	bpf_probe_read_kernel(&confinement.bounding, 8,
			      __builtin_preserve_access_index(&cred->cap_bset));
	bpf_probe_read_kernel(&confinement.effective, 8,
			      __builtin_preserve_access_index(&cred->cap_effective));
	confinement.seccomp = is_filtered();
	confinement.no_new_privs = BPF_CORE_READ(task, atomic_flags) >> PFA_NO_NEW_PRIVS & 1;
}

static __always_inline void note_start(__u32 tgid)
{
	note_image();
	if (started)
		return;
	note_confinement();
	first_tgid = tgid;
	started = 1;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 tgid = task->tgid;
	__u64 thread = (__u64)tgid << 32 | (__u32)old_pid, parent;
	struct scratch *s = get_scratch();
	struct proc p = {};
	struct place exe;

	if (!s || !current_in_scope())
		return 0;
	parent = current_program();
	if (!next_program(s, &p, tgid))
		return 0;
	note_start(tgid);
	exe = file_place(BPF_CORE_READ(bprm, file));
	emit_program(s, &p, parent, exe);
	emit_place(exe, WIRE_KIND_EXEC, p.program);
	emit_exec_names(s, bprm, p.program, thread);
	return 0;
}
