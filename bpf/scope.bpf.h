/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which tasks are the container's: those in the cgroup whose name has the container's ID, or below
 * it. The cgroup does not exist when we are attached: it is recognised when it is made.
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

static __always_inline bool in_children(__u64 key)
{
	return has_children && bpf_map_lookup_elem(&children, &key);
}

static __always_inline __u64 task_key_v1(struct task_struct *task)
{
	struct cgroup_subsys_state *css, **all;
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return 0;
	all = __builtin_preserve_access_index(&set->subsys[0]);
	all += bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	if (bpf_probe_read_kernel(&css, sizeof(css), all))
		return 0;
	return BPF_CORE_READ(css, cgroup, kn, id) | V1;
}

/*
 * The v2 hierarchy is looked at from the first task on that is put there; it is there on hybrid
 * hosts too. Before, and where it is not used, it is the v1 pids hierarchy.
 */
static __always_inline bool task_in_scope(struct task_struct *task)
{
	__u64 key;

	if (cgroup_v2) {
		key = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
		if (key == cgroup_v2 || in_children(key))
			return true;
	}
	if (!cgroup_v1 || use_v2)
		return false;
	key = task_key_v1(task);
	return key == cgroup_v1 || in_children(key);
}

/* The same for the current task, the fast way: this is what every syscall of the host pays. */
static __always_inline bool me_in_scope(struct task_struct *me)
{
	if (use_v2) {
		__u64 key = my_cgroup(me);

		return key == cgroup_v2 || in_children(key);
	}
	if (!cgroup_v1 && !cgroup_v2)
		return false;
	return task_in_scope((struct task_struct *)bpf_get_current_task());
}

static __always_inline bool current_in_scope(void)
{
	return me_in_scope(get_me());
}

#define ID_LEN 64

/* An inlined memcmp() == 0, without a branch that the verifier would follow both ways. */
#define SAME(a, b, len)                                                                            \
	({                                                                                         \
		char diff_ = 0;                                                                    \
		for (int i_ = 0; i_ < (len); i_++)                                                 \
			diff_ |= (a)[i_] ^ (b)[i_];                                                \
		diff_ == 0;                                                                        \
	})

/*
 * Whether a cgroup's name is the ID, alone or between what engines put around it:
 * docker-<ID>.scope, libpod-<ID>, cri-containerd-<ID>.scope. Not libpod-conmon-<ID>: that is the
 * monitor's.
 */
static __always_inline bool name_matches(const char *name)
{
	char buf[128], id[ID_LEN], before[8] = {};
	long len = bpf_probe_read_kernel_str(buf, sizeof(buf), name) - 1;
	char suffix[6];

	if (len < ID_LEN)
		return false;
	if (!bpf_probe_read_kernel(suffix, sizeof(suffix), name + len - sizeof(suffix)) &&
	    SAME(suffix, ".scope", 6))
		len -= sizeof(suffix);
	if (len < ID_LEN || bpf_probe_read_kernel(id, ID_LEN, name + len - ID_LEN))
		return false;
	if (!SAME(id, settings.id, ID_LEN))
		return false;
	len -= ID_LEN;
	if (len == 0)
		return true;
	if (bpf_probe_read_kernel(before, 1, name + len - 1) || before[0] != '-')
		return false;
	return len < 7 || bpf_probe_read_kernel(before, 7, name + len - 7) ||
	       !SAME(before, "conmon-", 7);
}

static __always_inline void add_child(__u64 key)
{
	__u8 one = 1;

	if (bpf_map_update_elem(&children, &key, &one, BPF_ANY))
		count_loss(WIRE_MAP_FULL);
	has_children = 1;
}

/* Made again when the container is restarted: all begins anew, its file system too. */
static __always_inline void container_made(__u64 key)
{
	if (key & V1)
		cgroup_v1 = key;
	else
		cgroup_v2 = key;
	image_dev = started = ended = 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cg, const char *path)
{
	__u64 key = cgroup_key(cg), parent;
	struct cgroup_subsys_state *up;

	if (!key)
		return 0;
	up = BPF_CORE_READ(cg, self.parent);
	parent = cgroup_key(container_of(up, struct cgroup, self));
	if (parent && (parent == cgroup_v2 || parent == cgroup_v1 || in_children(parent)))
		add_child(key);
	else if (name_matches(BPF_CORE_READ(cg, kn, name)))
		container_made(key);
	return 0;
}

static __always_inline __u32 mntns_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* After each change of procs: what CPUs know of it is old. */
static __always_inline void procs_changed(void)
{
	__sync_fetch_and_add(&procs_age, 1);
}

static __always_inline void add_proc(__u32 tgid, const struct proc *p)
{
	if (bpf_map_update_elem(&procs, &tgid, p, BPF_ANY))
		count_loss(WIRE_MAP_FULL);
	procs_changed();
}

/*
 * A process that @by puts into the container runs the runtime's code until it executes something
 * inside. It may execute outside first: runc runs a sealed copy of itself. What is outside: the
 * mount namespaces of who put it there and of its parent. (Its own is the container's already
 * when a runtime joined the namespaces first, as for docker exec.)
 */
static __always_inline void mark_runtime(struct task_struct *task, struct task_struct *by)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct proc p = { .execed = started };

	if (bpf_map_lookup_elem(&procs, &tgid))
		return;
	p.outside[0] = mntns_of(BPF_CORE_READ(task, real_parent));
	p.outside[1] = (__u32)BPF_CORE_READ(by, tgid) == tgid ? p.outside[0] : mntns_of(by);
	add_proc(tgid, &p);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cg, const char *path, struct task_struct *task)
{
	__u64 key = cgroup_key(cg);

	if (!key || (key != cgroup_v2 && key != cgroup_v1 && !in_children(key)))
		return 0;
	if (!(key & V1))
		use_v2 = 1;
	mark_runtime(task, (struct task_struct *)bpf_get_current_task());
	return 0;
}
