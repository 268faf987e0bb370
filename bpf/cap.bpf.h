/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Capabilities that the kernel asked for. Only the newest kernels have this tracepoint. */
#pragma once

SEC("tp_btf/cap_capable")
int BPF_PROG(on_cap, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *capable, int cap, int ret)
{
	struct task_struct *task;

	if (!current_in_scope() || !current_program())
		return 0;
	/* Overlayfs works with its mounter's credentials: those are not the process's. */
	task = (struct task_struct *)bpf_get_current_task();
	if (BPF_CORE_READ(task, real_cred) != cred)
		return 0;
	caps[(cap * 2 + (ret == 0)) & 127] = 1;
	return 0;
}
