/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Cgroups as they come and go. A container's cgroup does not exist when we are attached: it is
 * recognised when it is made, by its name, which has the container's ID.
 */
#pragma once

/* An inlined memcmp() == 0, without a branch that the verifier would follow both ways. */
#define SAME(a, b, len)                                                                            \
	({                                                                                         \
		char diff_ = 0;                                                                    \
		for (int i_ = 0; i_ < (len); i_++)                                                 \
			diff_ |= (a)[i_] ^ (b)[i_];                                                \
		diff_ == 0;                                                                        \
	})

/* Likewise without branches: 0 when all are hexadecimal digits. */
static __always_inline __u32 not_hex(const struct id *id)
{
	__u32 bad = 0;

	for (int i = 0; i < WIRE_ID_LEN; i++) {
		__u32 c = (__u8)id->hex[i];
		__u32 digit = (c - '0') | ('9' - c), letter = (c - 'a') | ('f' - c);

		bad |= digit & letter & (1u << 31); /* both have a negative term */
	}
	return bad;
}

static __always_inline bool is_wanted(const struct id *id)
{
	return settings.id[0] ? SAME(id->hex, settings.id, WIRE_ID_LEN) : !not_hex(id);
}

/*
 * Whether a cgroup's name is an ID's 64 characters, alone or between what engines put around them:
 * docker-<ID>.scope, libpod-<ID>, cri-containerd-<ID>.scope. Not libpod-conmon-<ID>: that is the
 * monitor's.
 */
static __always_inline bool read_any_id(const char *name, struct id *ret)
{
	char buf[128], before[8] = {};
	long len = bpf_probe_read_kernel_str(buf, sizeof(buf), name) - 1;
	char suffix[6];

	if (len < WIRE_ID_LEN)
		return false;
	if (!bpf_probe_read_kernel(suffix, sizeof(suffix), name + len - sizeof(suffix)) &&
	    SAME(suffix, ".scope", 6))
		len -= sizeof(suffix);
	if (len < WIRE_ID_LEN || bpf_probe_read_kernel(ret, sizeof(*ret), name + len - WIRE_ID_LEN))
		return false;
	len -= WIRE_ID_LEN;
	if (len == 0)
		return true;
	if (bpf_probe_read_kernel(before, 1, name + len - 1) || before[0] != '-')
		return false;
	return len < 7 || bpf_probe_read_kernel(before, 7, name + len - 7) ||
	       !SAME(before, "conmon-", 7);
}

/* The same, of a container that is wanted. */
static __always_inline bool read_id(const char *name, struct id *ret)
{
	return read_any_id(name, ret) && is_wanted(ret);
}

static __always_inline void add_scope(__u64 key, struct wire_target *t, __u32 number)
{
	filter[key & (FILTER_SIZE - 1)] = 1;
	if (bpf_map_update_elem(&scopes, &key, &number, BPF_ANY))
		lose(t, WIRE_MAP_FULL);
	procs_changed();
}

/* An event that is about a target, and of no process. */
static __always_inline void tell(__u32 number, __u32 type)
{
	struct wire_header h = { .type = type, .target = number, .ns = bpf_ktime_get_boot_ns() };
	struct wire_target *t;

	if (!bpf_ringbuf_output(&events, &h, sizeof(h), BPF_RB_FORCE_WAKEUP)) {
		__sync_fetch_and_add(&written, 1);
		return;
	}
	t = get_target(number);
	if (t)
		lose(t, WIRE_RING_FULL);
}

static __always_inline void count_v1(struct wire_target *t, int by)
{
	t->counted_v1 = by > 0;
	__sync_fetch_and_add(&n_v1, by);
}

/* From now on the target's tasks are told by their v2 cgroup. */
static __always_inline void use_v2(struct wire_target *t)
{
	t->use_v2 = 1;
	if (t->counted_v1)
		count_v1(t, -1);
}

/*
 * The target for a container whose cgroup is made: a runtime makes one in each hierarchy. When one
 * container is watched, and it is restarted, all begins anew, its file system too; when all are,
 * each start is a target of its own.
 */
static __always_inline __u32 target_of_start(const struct id *id, bool v1)
{
	__u32 *known = bpf_map_lookup_elem(&ids, id), number = known ? *known : 0;
	struct wire_target *t = get_target(number);

	if (number && t && t->cgroups && !(v1 ? t->cgroup_v1 : t->cgroup_v2))
		return number;
	if (settings.id[0]) {
		if (t)
			t->image_dev = t->started = t->ended = 0;
		return number;
	}
	if (bpf_map_pop_elem(&spare, &number)) {
		__sync_fetch_and_add(&crowded, 1);
		return 0;
	}
	t = get_target(number);
	if (!t || bpf_map_update_elem(&ids, id, &number, BPF_ANY))
		return 0;
	__builtin_memcpy(t->id, id->hex, WIRE_ID_LEN);
	tell(number, WIRE_MADE);
	return number;
}

static __always_inline void container_made(__u64 key, const struct id *id)
{
	bool v1 = key & V1;
	__u32 number = target_of_start(id, v1);
	struct wire_target *t = get_target(number);

	if (!number || !t)
		return;
	if (!(v1 ? t->cgroup_v1 : t->cgroup_v2))
		t->cgroups++;
	if (v1)
		t->cgroup_v1 = key;
	else
		t->cgroup_v2 = key;
	if (v1 && !t->use_v2 && !t->counted_v1)
		count_v1(t, 1);
	add_scope(key, t, number);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cg, const char *path)
{
	__u64 key = cgroup_key(cg);
	struct cgroup_subsys_state *up;
	struct wire_target *t;
	__u32 number;
	struct id id;

	if (!key)
		return 0;
	up = BPF_CORE_READ(cg, self.parent);
	number = cgroup_target(cgroup_key(container_of(up, struct cgroup, self)));
	t = get_target(number);
	if (number && t)
		add_scope(key, t, number);
	else if (read_id(BPF_CORE_READ(cg, kn, name), &id))
		container_made(key, &id);
	return 0;
}

/* A container is over when its own cgroups are gone, in both hierarchies. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cg, const char *path)
{
	__u64 key = cgroup_key(cg);
	__u32 number = key ? cgroup_target(key) : 0;
	struct wire_target *t = get_target(number);

	if (!number || !t)
		return 0;
	bpf_map_delete_elem(&scopes, &key);
	procs_changed();
	if (key == t->cgroup_v1) {
		t->cgroup_v1 = 0;
		if (t->counted_v1)
			count_v1(t, -1);
	} else if (key == t->cgroup_v2) {
		t->cgroup_v2 = 0;
	} else {
		return 0;
	}
	if (--t->cgroups == 0) {
		t->use_v2 = 0;
		tell(number, WIRE_GONE);
	}
	return 0;
}

/*
 * Whether what is put into the container now did not come with it. Where no runtime works, nobody
 * can tell.
 */
static __always_inline __u32 is_late(const struct wire_target *t)
{
	return t->started && !t->no_runtime;
}

/*
 * A process that @by puts into the container runs the runtime's code until it executes something
 * inside. It may execute outside first: runc runs a sealed copy of itself. What is outside: the
 * mount namespaces of who put it there and of its parent. (Its own is the container's already
 * when a runtime joined the namespaces first, as for docker exec.)
 */
static __always_inline void mark_runtime(struct task_struct *task, struct task_struct *by,
					 const struct wire_target *t, __u32 number)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct wire_proc p = { .execed = is_late(t), .target = number }, *old;

	old = bpf_map_lookup_elem(&procs, &tgid);
	if (old && old->target == number)
		return;
	p.outside[0] = mntns_of(BPF_CORE_READ(task, real_parent));
	p.outside[1] = (__u32)BPF_CORE_READ(by, tgid) == tgid ? p.outside[0] : mntns_of(by);
	add_proc(tgid, &p);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cg, const char *path, struct task_struct *task)
{
	__u64 key = cgroup_key(cg);
	__u32 number = key ? cgroup_target(key) : 0;
	struct wire_target *t = get_target(number);

	if (!number || !t)
		return 0;
	if (!(key & V1))
		use_v2(t);
	mark_runtime(task, (struct task_struct *)bpf_get_current_task(), t, number);
	return 0;
}
