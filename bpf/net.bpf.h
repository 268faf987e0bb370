/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sockets: what was bound, listened on and connected; paths of AF_UNIX sockets. */
#pragma once

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define S_IFSOCK 0140000
#define EINPROGRESS 115
#define SUN_PATH_MAX 108 /* linux/un.h: UNIX_PATH_MAX */

enum { USE_LISTEN, USE_BIND, USE_CONNECTED }; /* enum record_socket_use */

static __always_inline struct sock *fd_sock(__u32 fd)
{
	struct file *file = fd_file(fd);
	struct socket *sock;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	sock = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(sock, sk);
}

/* The scratch's socket event, whose address, port and family are set, once for each program. */
static __always_inline void emit_socket(struct scratch *s, struct sock *sk, __u32 use)
{
	__u64 *addr = (__u64 *)s->socket.addr, program = s->job.program;
	__u8 protocol = BPF_CORE_READ(sk, sk_protocol);

	s->socket.use = use;
	s->socket.protocol = protocol;
	s->socket.pad[0] = s->socket.pad[1] = 0;
	hash_begin(&s->hash, WIRE_SOCKET, program);
	hash_add(&s->hash, addr[0]);
	hash_add(&s->hash, addr[1]);
	hash_add(&s->hash,
		 (__u64)s->socket.family << 32 | s->socket.port << 16 | use << 8 | protocol);
	if (was_seen(s))
		return;
	fill_header(s, WIRE_SOCKET, program, 0);
	output_once(s, sizeof(s->socket));
}

/* The socket's own address: the port is the real one also when 0 was asked for. */
static __always_inline void emit_local(struct scratch *s, struct sock *sk, __u32 use)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u32 v4 = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);

	__builtin_memset(s->socket.addr, 0, sizeof(s->socket.addr));
	s->socket.family = family;
	s->socket.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (family == AF_INET)
		__builtin_memcpy(s->socket.addr, &v4, sizeof(v4));
	else if (family == AF_INET6)
		BPF_CORE_READ_INTO(&s->socket.addr, sk, __sk_common.skc_v6_rcv_saddr);
	else
		return;
	emit_socket(s, sk, use);
}

/* An address of the process: struct sockaddr_in or sockaddr_in6 (linux/in.h, linux/in6.h). */
static __always_inline void emit_remote(struct scratch *s, struct sock *sk, __u64 user)
{
	struct sockaddr_in sa = {};
	__u64 from = user + 4;
	__u32 size = 4;

	if (bpf_probe_read_user(&sa, sizeof(sa), (void *)user)) {
		count_loss(WIRE_PATH_FAULT);
		return;
	}
	if (sa.sin_family == AF_INET6) {
		from = user + 8;
		size = 16;
	} else if (sa.sin_family != AF_INET) {
		return;
	}
	__builtin_memset(s->socket.addr, 0, sizeof(s->socket.addr));
	bpf_probe_read_user(s->socket.addr, size, (void *)from);
	s->socket.family = sa.sin_family;
	s->socket.port = __builtin_bswap16(sa.sin_port);
	emit_socket(s, sk, USE_CONNECTED);
}

/*
 * Reads the path in a struct sockaddr_un of @size bytes as a look-up's string; no NUL need end it.
 * Abstract and unnamed ones have none: 0. Negative when it cannot be read.
 */
static __always_inline long read_sun_path(struct scratch *s, __u64 addr, __u32 size, bool of_kernel)
{
	char *to = s->bytes + sizeof(s->access);
	__u32 len = size - sizeof(__u16);

	if (size <= sizeof(__u16))
		return 0;
	OPAQUE(len);
	if (len > SUN_PATH_MAX)
		len = SUN_PATH_MAX;
	if (of_kernel ? bpf_probe_read_kernel(to, len, (void *)(addr + sizeof(__u16)))
		      : bpf_probe_read_user(to, len, (void *)(addr + sizeof(__u16))))
		return -1;
	to[len] = 0;
	/* Where it really ends: copied onto itself. */
	return read_kernel_string(s, to);
}

static __always_inline void ask_unix(struct scratch *s, __u64 user, __u32 size, __u32 kinds)
{
	struct asked a = { .program = s->job.program, .kinds = kinds, .error = s->job.error };
	long len = read_sun_path(s, user, size, false);

	if (len < 0 && !may_be_unread(s->job.error))
		count_loss(WIRE_PATH_FAULT);
	if (len <= 0)
		return;
	a.len = len;
	if (kinds & WIRE_KIND_CONNECT)
		a.flags = WIRE_FOLLOW;
	emit_lookup(s, &a, string_is_absolute(s) ? current_root() : current_cwd());
}

/* The address that a call was given. A function of its own: verified once, alone. */
__noinline int ask_address(__u32 fd, __u64 user, __u32 size, __u32 kinds)
{
	struct scratch *s = get_scratch();
	struct sock *sk = fd_sock(fd);
	__u16 family;

	if (!s || !sk || !user || !may_be_asked(s->job.error))
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		ask_unix(s, user, size, kinds);
	else if (s->job.error && s->job.error != EINPROGRESS)
		return 0;
	else if (kinds & WIRE_KIND_CREATE)
		emit_local(s, sk, USE_BIND);
	else
		emit_remote(s, sk, user);
	return 0;
}

/*
 * struct msghdr begins with the address and its length; 32-bit callers have their own. A function
 * of its own: verified once, alone.
 */
__noinline int ask_message(__u64 user)
{
	struct scratch *s = get_scratch();
	__u32 m[3] = {}; /* native: a pointer of two words, then the length */

	if (!s || bpf_probe_read_user(m, sizeof(m), (void *)user))
		return 0;
	if (s->job.abi == ABI_NATIVE)
		ask_address(arg(s, 0), (__u64)m[1] << 32 | m[0], m[2], WIRE_KIND_CONNECT);
	else
		ask_address(arg(s, 0), m[0], m[1], WIRE_KIND_CONNECT);
	return 0;
}

#define UIO_MAXIOV 1024		/* linux/uio.h: more messages no call sends */
#define MMSGHDR_BYTES 64	/* struct mmsghdr (linux/socket.h) */
#define COMPAT_MMSGHDR_BYTES 32 /* struct compat_mmsghdr */

/* Those that were sent; the first one when that failed. */
static __always_inline void ask_messages(struct scratch *s)
{
	__u64 at = arg(s, 1), step = MMSGHDR_BYTES;
	__s64 n = s->job.error ? 1 : s->job.ret;

	if (s->job.abi != ABI_NATIVE)
		step = COMPAT_MMSGHDR_BYTES;
	for (int i = 0; i < UIO_MAXIOV; i++) {
		if (i >= n)
			break;
		ask_message(at + i * step);
	}
}

static __always_inline void do_listen(struct scratch *s)
{
	struct sock *sk = fd_sock(arg(s, 0));

	if (sk && !s->job.error)
		emit_local(s, sk, USE_LISTEN);
}

/* The socket actions. A function of its own: verified once, alone. */
__noinline int do_socket(__u32 action)
{
	struct scratch *s = get_scratch();

	if (!s)
		return 0;
	if (action == WIRE_BIND)
		ask_address(arg(s, 0), arg(s, 1), arg(s, 2), WIRE_KIND_CREATE);
	else if (action == WIRE_CONNECT)
		ask_address(arg(s, 0), arg(s, 1), arg(s, 2), WIRE_KIND_CONNECT);
	else if (action == WIRE_SENDTO)
		ask_address(arg(s, 0), arg(s, 4), arg(s, 5), WIRE_KIND_CONNECT);
	else if (action == WIRE_SENDMSG)
		ask_message(arg(s, 1));
	else if (action == WIRE_SENDMMSG)
		ask_messages(s);
	else if (action == WIRE_LISTEN)
		do_listen(s);
	return 0;
}
