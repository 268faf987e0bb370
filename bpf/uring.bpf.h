/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * io_uring: no syscall shows what a ring's request opens. Its results come later and elsewhere, so
 * these look-ups are recorded as asked, as if they succeeded.
 */
#pragma once

/* linux/io_uring.h */
#define IORING_OP_SENDMSG 9
#define IORING_OP_CONNECT 16
#define IORING_OP_OPENAT 18
#define IORING_OP_STATX 21
#define IORING_OP_SEND 26
#define IORING_OP_OPENAT2 28
#define IORING_OP_RENAMEAT 35
#define IORING_OP_UNLINKAT 36
#define IORING_OP_MKDIRAT 37
#define IORING_OP_SYMLINKAT 38
#define IORING_OP_LINKAT 39
#define IORING_OP_SETXATTR 42
#define IORING_OP_GETXATTR 44
#define IORING_OP_SEND_ZC 47
#define IORING_OP_SENDMSG_ZC 48
#define IORING_OP_BIND 56
#define AT_SYMLINK_NOFOLLOW 0x100

#define URING_IN_ROOT (1u << 31) /* a flag for ask_uring() */

/* One path of a request. A function of its own: verified once, alone. */
__noinline int ask_uring(__u64 name, __s32 dfd, __u32 kinds, __u32 flags)
{
	struct asked a = { .kinds = kinds, .flags = flags };
	struct filename *filename = (struct filename *)name;
	bool in_root = flags & URING_IN_ROOT;
	struct scratch *s = get_scratch();
	struct place from;
	long len;

	if (!s)
		return 0;
	a.program = s->me.program;
	len = read_kernel_string(s, BPF_CORE_READ(filename, name));
	if (len < 0)
		return 0;
	from = len && string_is_absolute(s) && !in_root ? current_root() : fd_place(dfd);
	a.len = len;
	a.flags &= WIRE_FOLLOW;
	if (len)
		emit_lookup(s, &a, from);
	else
		emit_place(s, from, kinds, a.program);
	return 0;
}

#define ASK_URING(cmd, name, dfd, kinds, flags)                                                    \
	ask_uring((__u64)BPF_CORE_READ(cmd, name), BPF_CORE_READ(cmd, dfd), kinds, flags)

static __always_inline void uring_open(struct io_open *cmd)
{
	__u32 flags = BPF_CORE_READ(cmd, how.flags), how = open_follows(flags) ? WIRE_FOLLOW : 0;

	if (BPF_CORE_READ(cmd, how.resolve) & RESOLVE_IN_ROOT)
		how |= URING_IN_ROOT;
	ASK_URING(cmd, filename, dfd, open_kinds(flags), how);
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

/* What the link points to is text. */
static __always_inline void uring_symlink(struct io_link *cmd)
{
	ASK_URING(cmd, newpath, new_dfd, WIRE_KIND_CREATE, 0);
}

static __always_inline void uring_xattr(struct io_xattr *cmd, __u32 kinds)
{
	ask_uring((__u64)BPF_CORE_READ(cmd, filename), AT_FDCWD, kinds, WIRE_FOLLOW);
}

/*
 * The path in a struct sockaddr_un of the kernel's, or of the process's. A function of its own:
 * verified once, alone.
 */
__noinline int ask_uring_address(__u64 addr, __u32 size, __u32 kinds, __u32 of_kernel)
{
	struct asked a = { .kinds = kinds };
	struct scratch *s = get_scratch();
	__u16 family = 0;
	long len;

	if (!s || !addr)
		return 0;
	if (of_kernel)
		bpf_probe_read_kernel(&family, sizeof(family), (void *)addr);
	else
		bpf_probe_read_user(&family, sizeof(family), (void *)addr);
	if (family != AF_UNIX)
		return 0;
	len = read_sun_path(s, addr, size, of_kernel);
	if (len <= 0)
		return 0;
	a.program = s->me.program;
	a.len = len;
	if (kinds & WIRE_KIND_CONNECT)
		a.flags = WIRE_FOLLOW;
	emit_lookup(s, &a, string_is_absolute(s) ? current_root() : current_cwd());
	return 0;
}

static __always_inline void uring_connect(struct io_connect *cmd)
{
	ask_uring_address((__u64)BPF_CORE_READ(cmd, addr), BPF_CORE_READ(cmd, addr_len),
			  WIRE_KIND_CONNECT, false);
}

/*
 * The kernel has copied the address already: into a struct io_async_msghdr, which begins with a
 * pointer, or, on some, as it is. A pointer's lowest bits are not AF_UNIX.
 */
static __always_inline void uring_bind(struct io_kiocb *req)
{
	struct io_async_msghdr *io = BPF_CORE_READ(req, async_data);
	struct io_bind *cmd = (void *)__builtin_preserve_access_index(&req->cmd);
	__u64 addr = (__u64)io;
	__u16 family = 0;

	if (!bpf_core_type_exists(struct io_bind) || !io)
		return;
	bpf_probe_read_kernel(&family, sizeof(family), io);
	if (family != AF_UNIX)
		addr = (__u64)__builtin_preserve_access_index(&io->addr);
	ask_uring_address(addr, BPF_CORE_READ(cmd, addr_len), WIRE_KIND_CREATE, true);
}

/* Before 6.10 a request to send kept the address that it was given. */
struct io_sr_msg___before {
	void *addr;
	int addr_len;
} __attribute__((preserve_access_index));

/* Likewise; older kernels copy it later. */
static __always_inline void uring_send(struct io_kiocb *req, bool message)
{
	struct io_async_msghdr *io = BPF_CORE_READ(req, async_data);
	struct io_sr_msg *cmd = (void *)__builtin_preserve_access_index(&req->cmd);
	struct io_sr_msg___before *before = (void *)cmd;
	struct user_msghdr *m;

	if (io) {
		ask_uring_address((__u64)BPF_CORE_READ(io, msg.msg_name),
				  BPF_CORE_READ(io, msg.msg_namelen), WIRE_KIND_CONNECT, true);
	} else if (message) {
		m = BPF_CORE_READ(cmd, umsg);
		ask_uring_address((__u64)BPF_CORE_READ_USER(m, msg_name),
				  BPF_CORE_READ_USER(m, msg_namelen), WIRE_KIND_CONNECT, false);
	} else if (bpf_core_field_exists(before->addr)) {
		ask_uring_address((__u64)BPF_CORE_READ(before, addr),
				  BPF_CORE_READ(before, addr_len), WIRE_KIND_CONNECT, false);
	}
}

/* A function of its own: verified once, alone. */
__noinline int do_uring_socket(__u64 request, __u32 op)
{
	struct io_kiocb *req = (struct io_kiocb *)request;

	if (op == IORING_OP_CONNECT)
		uring_connect((void *)__builtin_preserve_access_index(&req->cmd));
	else if (op == IORING_OP_BIND)
		uring_bind(req);
	else if (op == IORING_OP_SEND || op == IORING_OP_SEND_ZC)
		uring_send(req, false);
	else if (op == IORING_OP_SENDMSG || op == IORING_OP_SENDMSG_ZC)
		uring_send(req, true);
	return 0;
}

/* As a number: a global function takes no typed pointer. */
static __always_inline __u64 first_arg(void *ctx)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), ctx);
	return number;
}

/* Before 6.2 the tracepoint was io_uring_submit_sqe: user space sets the name that is there. */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_submit, struct io_kiocb *req)
{
	struct scratch *s = my_scratch(get_me());
	void *cmd;
	__u8 op;

	if (!s || !s->me.program || !bpf_core_field_exists(req->cmd))
		return 0;
	cmd = __builtin_preserve_access_index(&req->cmd);
	op = BPF_CORE_READ(req, opcode);
	s->call = WIRE_URING + op + 1;
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
	else if (op == IORING_OP_SYMLINKAT)
		uring_symlink(cmd);
	else if (op == IORING_OP_SETXATTR)
		uring_xattr(cmd, WIRE_KIND_CHANGE);
	else if (op == IORING_OP_GETXATTR)
		uring_xattr(cmd, WIRE_KIND_STAT);
	else
		do_uring_socket(first_arg(ctx), op);
	return 0;
}
