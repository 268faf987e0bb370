/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * io_uring: no syscall shows what a ring's request opens. Its results come later and elsewhere, so
 * these look-ups are recorded as asked, as if they succeeded.
 */
#pragma once

/* linux/io_uring.h */
#define IORING_OP_OPENAT 18
#define IORING_OP_STATX 21
#define IORING_OP_OPENAT2 28
#define IORING_OP_RENAMEAT 35
#define IORING_OP_UNLINKAT 36
#define IORING_OP_MKDIRAT 37
#define IORING_OP_LINKAT 39
#define AT_SYMLINK_NOFOLLOW 0x100

/* One path of a request. A function of its own: verified once, alone. */
__noinline int ask_uring(__u64 name, __s32 dfd, __u32 kinds, __u32 flags)
{
	struct asked a = { .program = current_program(), .kinds = kinds, .flags = flags };
	struct filename *filename = (struct filename *)name;
	struct scratch *s = get_scratch();
	struct place from;
	long len;

	if (!s)
		return 0;
	len = read_kernel_string(s, BPF_CORE_READ(filename, name));
	if (len < 0)
		return 0;
	from = len && string_is_absolute(s) ? current_root() : fd_place(dfd);
	a.len = len;
	if (len)
		emit_lookup(s, &a, from);
	else
		emit_place(from, kinds, a.program);
	return 0;
}

#define ASK_URING(cmd, name, dfd, kinds, flags)                                                    \
	ask_uring((__u64)BPF_CORE_READ(cmd, name), BPF_CORE_READ(cmd, dfd), kinds, flags)

static __always_inline void uring_open(struct io_open *cmd)
{
	__u32 flags = BPF_CORE_READ(cmd, how.flags);

	ASK_URING(cmd, filename, dfd, open_kinds(flags), open_follows(flags) ? WIRE_FOLLOW : 0);
}

static __always_inline void uring_statx(struct io_statx *cmd)
{
	bool follow = !(BPF_CORE_READ(cmd, flags) & AT_SYMLINK_NOFOLLOW);

	ASK_URING(cmd, filename, dfd, WIRE_KIND_STAT, follow ? WIRE_FOLLOW : 0);
}

static __always_inline void uring_unlink(struct io_unlink *cmd)
{
	ASK_URING(cmd, filename, dfd, WIRE_KIND_DELETE, 0);
}

static __always_inline void uring_mkdir(struct io_mkdir *cmd)
{
	ASK_URING(cmd, filename, dfd, WIRE_KIND_CREATE, 0);
}

static __always_inline void uring_rename(struct io_rename *cmd)
{
	ASK_URING(cmd, oldpath, old_dfd, WIRE_KIND_DELETE, 0);
	ASK_URING(cmd, newpath, new_dfd, WIRE_KIND_CREATE, 0);
}

static __always_inline void uring_link(struct io_link *cmd)
{
	ASK_URING(cmd, oldpath, old_dfd, WIRE_KIND_READ, 0);
	ASK_URING(cmd, newpath, new_dfd, WIRE_KIND_CREATE, 0);
}

/* Before 6.2 the tracepoint was io_uring_submit_sqe: user space sets the name that is there. */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb *req)
{
	void *cmd;
	__u8 op;

	if (!current_in_scope() || !bpf_core_field_exists(req->cmd) || !current_program())
		return 0;
	cmd = __builtin_preserve_access_index(&req->cmd);
	op = BPF_CORE_READ(req, opcode);
	if (op == IORING_OP_OPENAT || op == IORING_OP_OPENAT2)
		uring_open(cmd);
	else if (op == IORING_OP_STATX)
		uring_statx(cmd);
	else if (op == IORING_OP_UNLINKAT)
		uring_unlink(cmd);
	else if (op == IORING_OP_MKDIRAT)
		uring_mkdir(cmd);
	else if (op == IORING_OP_RENAMEAT)
		uring_rename(cmd);
	else if (op == IORING_OP_LINKAT)
		uring_link(cmd);
	return 0;
}
