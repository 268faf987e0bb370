/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The current task, for what every syscall pays. A helper costs some ten nanoseconds on machines
 * whose returns are guarded against speculation; a load costs one. Since 5.11 one helper gives the
 * task with its type, and the rest is loads that the verifier knows to be safe. Before, and on
 * kernels without it, me() is NULL and each question is a helper.
 */
#pragma once

/*
 * KREAD() is BPF_CORE_READ() by plain loads, where the kernel can be told the type of any pointer
 * (bpf_rdonly_cast(), 6.2: no call is left of it). A load that faults gives 0 either way. A pointer
 * that was read so is not a number to the verifier: it cannot be given to a global function.
 */
extern void *bpf_rdonly_cast(void *obj, __u32 btf_id) __ksym __weak;
#define TYPED(p) ((typeof(p))bpf_rdonly_cast((void *)(p), bpf_core_type_id_kernel(typeof(*(p)))))
#define KREAD(p, ...)                                                                              \
	(settings.casts ? ___arrow(TYPED(p), __VA_ARGS__) : BPF_CORE_READ(p, __VA_ARGS__))

#define HAS_ME bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

static __always_inline struct task_struct *get_me(void)
{
	return HAS_ME ? bpf_get_current_task_btf() : NULL;
}

/* Its cgroup in the v2 hierarchy, as cgroup_key() gives it. */
static __always_inline __u64 my_cgroup(struct task_struct *me)
{
	return HAS_ME ? me->cgroups->dfl_cgrp->kn->id : bpf_get_current_cgroup_id();
}

static __always_inline __u32 my_tgid(struct task_struct *me)
{
	return HAS_ME ? me->tgid : bpf_get_current_pid_tgid() >> 32;
}

/* TS_COMPAT and its like: see arch.bpf.h. */
static __always_inline __u32 my_status(struct task_struct *me)
{
	struct task_struct *task;

	if (HAS_ME)
		return me->thread_info.status;
	task = (struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(task, thread_info.status);
}
