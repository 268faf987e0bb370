/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The ELF interpreter (PT_INTERP): the kernel opens and maps it by itself. A new program begins in
 * it, so its file is that of the mapping where the first instruction is.
 */
#pragma once

struct found_file {
	__u64 dentry, mnt;
};

static long note_mapping(struct task_struct *task, struct vm_area_struct *vma,
			 struct found_file *ret)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct place place;

	if (!file)
		return 0;
	place = file_place(file);
	ret->dentry = (__u64)place.dentry;
	ret->mnt = (__u64)place.mnt;
	return 0;
}

/* After on_exec, which stands before it. bpf_find_vma() is of 5.17, bpf_task_pt_regs() of 5.15. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_interpreter, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(me);
	struct found_file found = {};
	__u64 program;

	program = current_in_scope() ? current_program() : 0;
	if (!program)
		return 0;
	if (bpf_find_vma(me, regs->ip, note_mapping, &found, 0)) /* somebody holds the mappings */
		count_loss(WIRE_PATH_FAULT);
	/* A static program begins in itself. */
	if (found.dentry && found.dentry != (__u64)BPF_CORE_READ(bprm, file, f_path.dentry))
		emit_file(found.dentry, found.mnt, WIRE_KIND_MAP, program);
	return 0;
}
