/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The ELF interpreter (PT_INTERP): the kernel opens and maps it by itself. A new program begins in
 * it, so its file is that of the mapping where the first instruction is.
 */
#pragma once

struct found_file {
	__u64 dentry, mnt;
};

/*
 * A mapping of a file in an overlay is one of the layer's file. Since Linux 6.8 that file's path is
 * the one in the layer, and the one that the process sees stands behind it; before, it was the
 * file's. Which files have something behind them a flag tells whose number has changed; that what
 * stands there is a place in an overlay tells it too.
 */
static __always_inline struct place seen_place(struct file *file)
{
	struct backing_file *backing = container_of(file, struct backing_file, file);
	struct place seen;
	struct dentry *d;

	if (bpf_core_field_exists(backing->user_path)) {
		seen = place_of(__builtin_preserve_access_index(&backing->user_path));
		d = seen.dentry;
		if (BPF_CORE_READ(d, d_sb, s_magic) == OVERLAYFS_MAGIC)
			return seen;
	}
	return file_place(file);
}

static long note_mapping(struct task_struct *task, struct vm_area_struct *vma,
			 struct found_file *ret)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct place place;

	if (!file)
		return 0;
	place = seen_place(file);
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
	struct scratch *s = my_scratch(get_me());
	struct found_file found = {};
	__u64 program = s ? s->me.program : 0;

	if (!program)
		return 0;
	if (bpf_find_vma(me, regs->ip, note_mapping, &found, 0)) /* somebody holds the mappings */
		count_loss(WIRE_PATH_FAULT);
	/* A static program begins in itself. */
	if (found.dentry && found.dentry != (__u64)BPF_CORE_READ(bprm, file, f_path.dentry))
		emit_file(found.dentry, found.mnt, WIRE_KIND_MAP, program);
	return 0;
}
