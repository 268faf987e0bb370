/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which target a task belongs to: the one whose cgroup it is in, or below. Everything else that is
 * asked of the current task comes with the answer, in the scratch.
 */
#pragma once

#define V1                                                                                         \
	(1ull << 63) /* tells ids of the two hierarchies apart: both count from small numbers      \
		      */

/*
 * A cgroup as a key: its kernfs id, which is what bpf_get_current_cgroup_id() gives for v2 (whose
 * hierarchy is number 0). 0 for a cgroup in a hierarchy that we do not look at.
 */
static __always_inline __u64 cgroup_key(struct cgroup *cg)
{
	__u64 id = BPF_CORE_READ(cg, kn, id);

	if (BPF_CORE_READ(cg, root, hierarchy_id) == 0)
		return id;
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return 0;
	if (BPF_CORE_READ(cg, root, subsys_mask) &
	    (1u << bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id)))
		return id | V1;
	return 0;
}

/* The task's cgroup in the pids hierarchy, which is the v2 one where v1 is not used. */
static __always_inline struct cgroup *pids_cgroup(struct task_struct *task)
{
	struct cgroup_subsys_state *css = NULL, **all;
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return NULL;
	all = __builtin_preserve_access_index(&set->subsys[0]);
	all += bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	if (bpf_probe_read_kernel(&css, sizeof(css), all))
		return NULL;
	return BPF_CORE_READ(css, cgroup);
}

static __always_inline __u64 task_key_v1(struct task_struct *task)
{
	struct cgroup *cg = pids_cgroup(task);

	return cg ? BPF_CORE_READ(cg, kn, id) | V1 : 0;
}

/* Whether the cgroup may be a target's. */
static __always_inline bool in_filter(__u64 key)
{
	return filter[key & (FILTER_SIZE - 1)];
}

/* The number of the target whose cgroup this is; 0: nobody's. */
static __always_inline __u32 cgroup_target(__u64 key)
{
	__u32 *number = in_filter(key) ? bpf_map_lookup_elem(&scopes, &key) : NULL;

	return number ? *number : 0;
}

/*
 * The v2 hierarchy is there on hybrid hosts too, and a target's tasks are told by it from the first
 * one on that is put there. Before, and where it is not used, it is the v1 pids hierarchy.
 */
static __always_inline __u32 task_target(struct task_struct *task)
{
	__u32 number = cgroup_target(BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id));

	return number || !n_v1 ? number : cgroup_target(task_key_v1(task));
}

/*
 * Looks the current task, whose v2 cgroup is @key, up: what it belongs to and runs. Returns the
 * target's number. What is found by the v2 cgroup holds until a process or a cgroup changes: most
 * syscalls are made by the process that made the one before on this CPU. (v1 has its cgroups for
 * each thread.) A function of its own: verified once, alone.
 */
__noinline int find_me(__u64 key)
{
	struct scratch *s = get_scratch();
	__u64 age = procs_age + 1; /* before looking: what changes meanwhile is looked up again */
	struct wire_target *t;
	struct wire_proc *p;
	__u32 number, tgid = bpf_get_current_pid_tgid() >> 32;

	if (!s)
		return 0;
	number = cgroup_target(key);
	s->me.age = number ? age : 0;
	if (!number && n_v1)
		number = cgroup_target(task_key_v1((struct task_struct *)bpf_get_current_task()));
	t = get_target(number);
	s->me.target = number;
	if (!number || !t)
		return 0;
	p = bpf_map_lookup_elem(&procs, &tgid);
	s->me.program = p ? p->program : 0;
	s->me.cgroup = key;
	s->me.tgid = tgid;
	s->image.root = t->image_root;
	s->image.dev = t->image_dev;
	s->image.is_whole = t->image_is_whole;
	return number;
}

/* The scratch, with the current task's target and program in it; NULL: it belongs to none. */
static __always_inline struct scratch *my_scratch(struct task_struct *me)
{
	__u64 key = my_cgroup(me);
	struct scratch *s;

	if (!in_filter(key) && !n_v1)
		return NULL;
	s = get_scratch();
	if (!s)
		return NULL;
	if (s->me.age == procs_age + 1 && s->me.cgroup == key && s->me.tgid == my_tgid(me))
		return s;
	return find_me(key) ? s : NULL;
}

static __always_inline __u32 mntns_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* After each change of procs and scopes: what CPUs know of them is old. */
static __always_inline void procs_changed(void)
{
	__sync_fetch_and_add(&procs_age, 1);
}

static __always_inline void add_proc(__u32 tgid, const struct wire_proc *p)
{
	struct wire_target *t;

	if (bpf_map_update_elem(&procs, &tgid, p, BPF_ANY)) {
		t = get_target(p->target);
		if (t)
			lose(t, WIRE_MAP_FULL);
	}
	procs_changed();
}
