/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is watched from its middle on: its cgroups are there already, and so are its processes.
 * Walks over all tasks, run by user space, find them where the kernel has them, whatever of /proc
 * and /sys/fs/cgroup user space can see.
 */
#pragma once

struct {
	__u32 target;
	__u32 tgid; /* its first process; 0: none is known */
	__u32 own;  /* its cgroups are known already */
	__u32 join; /* the cgroups of its processes become its own */
} attaching;

#define CGROUP_DEPTH 32

static __always_inline struct cgroup *parent_cgroup(struct cgroup *cg)
{
	struct cgroup_subsys_state *up = BPF_CORE_READ(cg, self.parent);

	return up ? container_of(up, struct cgroup, self) : NULL;
}

/* NULL on a host with v2 alone, where the pids hierarchy is that one. */
static __always_inline struct cgroup *v1_cgroup(struct task_struct *task)
{
	struct cgroup *cg = pids_cgroup(task);

	return cg && BPF_CORE_READ(cg, root, hierarchy_id) ? cg : NULL;
}

/* Whether a cgroup's name has the target's ID in it. A function of its own: verified once, alone.
 */
__noinline int has_id(__u64 name, __u32 number)
{
	struct wire_target *t = get_target(number);
	struct id id;

	return t && read_any_id((const char *)name, &id) && SAME(id.hex, t->id, WIRE_ID_LEN);
}

/*
 * The container's own cgroup is the one with its ID in the name; its first process may have moved
 * to one below. 0: there is none. What has another name may be shared with others.
 */
static __always_inline __u64 own_cgroup(struct cgroup *cg, __u32 number)
{
	for (int i = 0; i < CGROUP_DEPTH && cg; i++) {
		if (has_id((__u64)BPF_CORE_READ(cg, kn, name), number))
			return cgroup_key(cg);
		cg = parent_cgroup(cg);
	}
	return 0;
}

static __always_inline void note_cgroups(struct wire_target *t, struct task_struct *task)
{
	t->cgroup_v2 = own_cgroup(BPF_CORE_READ(task, cgroups, dfl_cgrp), attaching.target);
	t->cgroup_v1 = own_cgroup(v1_cgroup(task), attaching.target);
	t->cgroups = !!t->cgroup_v2 + !!t->cgroup_v1;
}

/* Of the target's first process: its root is the image, and its cgroups are the container's. */
SEC("iter/task")
int find_container(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct wire_target *t = get_target(attaching.target);

	if (!task || !t || (__u32)task->tgid != attaching.tgid || task->pid != task->tgid)
		return 0;
	note_image(NULL, t, BPF_CORE_READ(task, fs, root.dentry));
	if (!attaching.own)
		note_cgroups(t, task);
	return 0;
}

static __always_inline bool is_below(struct cgroup *cg, __u64 own)
{
	for (int i = 0; i < CGROUP_DEPTH && cg; i++) {
		if (cgroup_key(cg) == own)
			return true;
		cg = parent_cgroup(cg);
	}
	return false;
}

/* From the one that a task is in up to the target's own. Verified once, alone. */
__noinline int join_cgroups(__u64 cgroup, __u64 own, __u32 number)
{
	struct cgroup *cg = (struct cgroup *)cgroup;
	struct wire_target *t = get_target(number);
	__u64 key;

	for (int i = 0; i < CGROUP_DEPTH && cg && t; i++) {
		key = cgroup_key(cg);
		add_scope(key, t, number);
		if (key == own)
			break;
		cg = parent_cgroup(cg);
	}
	return 0;
}

#define PF_EXITING 4 /* linux/sched.h: its end was told already */

/* Writes the number of each process of the target. */
SEC("iter/task")
int find_members(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct wire_target *t = get_target(attaching.target);
	struct cgroup *v2, *v1;
	bool in_v2, in_v1;
	__u32 tgid;

	if (!task || !t || task->pid != task->tgid || task->flags & PF_EXITING)
		return 0;
	tgid = task->tgid;
	v2 = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	v1 = v1_cgroup(task);
	in_v2 = t->cgroup_v2 && is_below(v2, t->cgroup_v2);
	in_v1 = t->cgroup_v1 && is_below(v1, t->cgroup_v1);
	if (!in_v2 && !in_v1)
		return 0;
	if (attaching.join) {
		if (in_v2)
			join_cgroups((__u64)v2, t->cgroup_v2, attaching.target);
		if (in_v1)
			join_cgroups((__u64)v1, t->cgroup_v1, attaching.target);
		if (in_v2)
			use_v2(t);
		else if (!t->use_v2 && !t->counted_v1)
			count_v1(t, 1);
	}
	bpf_seq_write(ctx->meta->seq, &tgid, sizeof(tgid));
	return 0;
}
