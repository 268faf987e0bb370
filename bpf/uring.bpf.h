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

static __always_inline void ask_uring(struct scratch *s, struct asked *a, int dfd,
				      struct filename *name)
{
	long len = read_kernel_string(s, BPF_CORE_READ(name, name));

	a->program = current_program();
	a->len = len;
	if (len > 0)
		emit_lookup(s, a, string_is_absolute(s) ? current_root() : fd_place(dfd));
	else if (len == 0)
		emit_place(fd_place(dfd), a->kinds, a->program);
}

static __always_inline void uring_open(struct scratch *s, void *cmd)
{
	struct io_open *open = cmd;
	__u32 flags = BPF_CORE_READ(open, how.flags);
	struct asked a = { .kinds = open_kinds(flags) };

	if (open_follows(flags))
		a.flags = WIRE_FOLLOW;
	ask_uring(s, &a, BPF_CORE_READ(open, dfd), BPF_CORE_READ(open, filename));
}

static __always_inline void uring_statx(struct scratch *s, void *cmd)
{
	struct io_statx *statx = cmd;
	struct asked a = { .kinds = WIRE_KIND_STAT };

	if (!(BPF_CORE_READ(statx, flags) & AT_SYMLINK_NOFOLLOW))
		a.flags = WIRE_FOLLOW;
	ask_uring(s, &a, BPF_CORE_READ(statx, dfd), BPF_CORE_READ(statx, filename));
}

static __always_inline void uring_unlink(struct scratch *s, void *cmd)
{
	struct io_unlink *unlink = cmd;
	struct asked a = { .kinds = WIRE_KIND_DELETE };

	ask_uring(s, &a, BPF_CORE_READ(unlink, dfd), BPF_CORE_READ(unlink, filename));
}

static __always_inline void uring_mkdir(struct scratch *s, void *cmd)
{
	struct io_mkdir *mkdir = cmd;
	struct asked a = { .kinds = WIRE_KIND_CREATE };

	ask_uring(s, &a, BPF_CORE_READ(mkdir, dfd), BPF_CORE_READ(mkdir, filename));
}

/* struct io_link has the same fields. */
static __always_inline void uring_rename(struct scratch *s, void *cmd, bool link)
{
	struct io_rename *rename = cmd;
	struct asked from = { .kinds = link ? WIRE_KIND_READ : WIRE_KIND_DELETE };
	struct asked to = { .kinds = WIRE_KIND_CREATE };

	ask_uring(s, &from, BPF_CORE_READ(rename, old_dfd), BPF_CORE_READ(rename, oldpath));
	ask_uring(s, &to, BPF_CORE_READ(rename, new_dfd), BPF_CORE_READ(rename, newpath));
}

/* Before 6.2 the tracepoint was io_uring_submit_sqe: user space sets the name that is there. */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb *req)
{
	struct scratch *s;
	void *cmd;
	__u8 op;

	if (!current_in_scope() || !bpf_core_field_exists(req->cmd) || !current_program())
		return 0;
	s = get_scratch();
	if (!s)
		return 0;
	cmd = __builtin_preserve_access_index(&req->cmd);
	op = BPF_CORE_READ(req, opcode);
	if (op == IORING_OP_OPENAT || op == IORING_OP_OPENAT2)
		uring_open(s, cmd);
	else if (op == IORING_OP_STATX)
		uring_statx(s, cmd);
	else if (op == IORING_OP_UNLINKAT)
		uring_unlink(s, cmd);
	else if (op == IORING_OP_MKDIRAT)
		uring_mkdir(s, cmd);
	else if (op == IORING_OP_RENAMEAT || op == IORING_OP_LINKAT)
		uring_rename(s, cmd, op == IORING_OP_LINKAT);
	return 0;
}
