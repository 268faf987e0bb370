/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Capabilities that the kernel asked for. Only the newest kernels have this tracepoint. */
#pragma once

/* A fault's registers have an error code where a syscall's have its number: a small lie at worst.
 */
static __always_inline __u32 asking_call(void)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	__u32 nr = BPF_CORE_READ(regs, orig_ax);

	return my_abi(get_me(), nr) == ABI_NATIVE && nr < WIRE_NO_CALL ? nr : WIRE_NO_CALL;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(on_cap, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *capable, int cap, int ret)
{
	struct scratch *s = my_scratch(get_me());
	struct wire_cap asked = { .cap = cap, .granted = ret == 0 };
	struct task_struct *task;
	__u8 one = 1;

	if (!s || !s->me.program)
		return 0;
	/* Overlayfs works with its mounter's credentials: those are not the process's. */
	task = (struct task_struct *)bpf_get_current_task();
	if (BPF_CORE_READ(task, real_cred) != cred)
		return 0;
	asked.target = s->me.target;
	asked.nr = asking_call();
	if (!bpf_map_lookup_elem(&caps, &asked) &&
	    bpf_map_update_elem(&caps, &asked, &one, BPF_ANY))
		count_loss(WIRE_MAP_FULL);
	return 0;
}
