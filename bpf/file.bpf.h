/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a syscall did with files. Its struct job is in the scratch; called at its exit. */
#pragma once

#define O_ACCMODE 03 /* asm-generic/fcntl.h; the same on x86 for all of these */
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_NOFOLLOW 0400000
#define O_PATH 010000000
#define O_TMPFILE 020200000

#define RESOLVE_IN_ROOT 0x10 /* linux/openat2.h */
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20

/* linux/mount.h */
#define MS_MGC_VAL 0xC0ED0000u /* old programs have it there */
#define MS_MGC_MSK 0xffff0000u
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4

#define Q_QUOTAON 0x800002 /* linux/quota.h; the type of quota is in the lowest eight bits */

#define EPERM 1
#define EINTR 4
#define EBADF 9
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EINVAL 22
#define ENAMETOOLONG 36
#define ENOSYS 38
#define ERESTARTSYS 512 /* linux/errno.h: from here on user space sees EINTR or a restart */

static __always_inline __u64 arg(struct scratch *s, __u32 i)
{
	return s->job.args[i & 7];
}

/* Whether a call that failed may have looked its path up. */
static __always_inline bool may_be_asked(__s32 error)
{
	return error != EFAULT && error != ENOSYS && error != ENAMETOOLONG;
}

/*
 * Errors that can come from before the path was read (seccomp gives what it likes, mostly EPERM and
 * EACCES): when it cannot be read then, it need not have been.
 */
static __always_inline bool may_be_unread(__s32 error)
{
	return error == EINVAL || error == EPERM || error == EACCES || error == EBADF ||
	       error == ENOMEM;
}

static __always_inline struct wire_call *job_call(struct scratch *s)
{
	__u32 index = s->job.index;

	return bpf_map_lookup_elem(&calls, &index);
}

static __always_inline bool follows(struct scratch *s, const struct wire_path_arg *p)
{
	bool set = arg(s, p->flags) & p->mask;

	return p->follow == WIRE_ALWAYS || (p->follow == WIRE_UNLESS && !set) ||
	       (p->follow == WIRE_WHEN && set);
}

static __always_inline bool open_follows(__u32 flags)
{
	return !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

static __always_inline bool is_tmpfile(__u32 flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

static __always_inline __u32 open_kinds(__u32 flags)
{
	__u32 kinds = 0;

	if ((flags & O_PATH) || is_tmpfile(flags)) /* the latter's path is the directory's */
		return WIRE_KIND_STAT;
	if ((flags & O_ACCMODE) != 1)
		kinds |= WIRE_KIND_READ;
	if (flags & (O_ACCMODE | O_TRUNC))
		kinds |= WIRE_KIND_WRITE;
	if (flags & O_CREAT)
		kinds |= WIRE_KIND_CREATE;
	return kinds;
}

static __always_inline struct place arg_dir(struct scratch *s, const struct wire_path_arg *p)
{
	return p->dirfd == WIRE_NO_ARG ? current_cwd() : fd_place(arg(s, p->dirfd));
}

/* A call may have two places saved: the second is where relative paths counted from. */
#define SAVED_CWD (1ull << 63)

static __always_inline struct saved_base *saved_place(__u64 which)
{
	__u64 thread = bpf_get_current_pid_tgid() | which;

	return bpf_map_lookup_elem(&saved, &thread);
}

static __always_inline void forget_places(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&saved, &thread);
	thread |= SAVED_CWD;
	bpf_map_delete_elem(&saved, &thread);
}

/*
 * Emits the scratch's string, read from path argument @p, as a look-up from where it counts from.
 * chdir has changed where relative paths count from by now, chroot where absolute ones do, and
 * pivot_root both.
 */
static __always_inline void emit_path(struct scratch *s, const struct asked *a, __u32 action,
				      const struct wire_path_arg *p)
{
	bool absolute = string_is_absolute(s);
	struct saved_base *base = NULL;
	struct place from;

	if ((action == WIRE_CHDIR && !absolute) ||
	    ((action == WIRE_CHROOT || action == WIRE_PIVOT) && absolute))
		base = saved_place(0);
	else if (action == WIRE_PIVOT)
		base = saved_place(SAVED_CWD);
	if (base) {
		emit_lookup_saved(s, a, base);
		return;
	}
	if (absolute && !s->job.in_root)
		from = current_root();
	else
		from = arg_dir(s, p);
	emit_lookup(s, a, from);
}

/* No path: the call is about the descriptor itself (AT_EMPTY_PATH, futimens). */
static __always_inline void ask_empty(struct scratch *s, const struct wire_path_arg *p)
{
	if (!s->job.error && p->dirfd != WIRE_NO_ARG)
		emit_place(s, arg_dir(s, p), p->kinds, s->job.program);
}

static __always_inline struct asked asked_by_job(struct scratch *s, const struct wire_path_arg *p,
						 long len)
{
	struct asked a = { .program = s->job.program, .error = s->job.error, .len = len };

	if (s->job.kinds) {
		a.kinds = s->job.kinds;
		a.flags = open_follows(s->job.open_flags) ? WIRE_FOLLOW : 0;
	} else {
		a.kinds = p->kinds;
		a.flags = follows(s, p) ? WIRE_FOLLOW : 0;
	}
	return a;
}

/* The look-up of path argument @which of the job. A function of its own: verified once, alone. */
__noinline int ask(__u32 which)
{
	struct scratch *s = get_scratch();
	const struct wire_path_arg *p;
	struct wire_call *call;
	struct asked a;
	long len = 0;

	call = s ? job_call(s) : NULL;
	if (!call)
		return 0;
	p = which ? &call->path[1] : &call->path[0];
	if (p->path == WIRE_NO_ARG || !may_be_asked(s->job.error))
		return 0;
	if (arg(s, p->path))
		len = read_user_string(s, arg(s, p->path));
	if (len > 0) {
		if (s->job.absolute_only && !string_is_absolute(s))
			return 0;
		a = asked_by_job(s, p, len);
		emit_path(s, &a, call->action, p);
		ask_magic(arg(s, p->path), &a);
	} else if (len == 0) {
		ask_empty(s, p);
	} else if (!may_be_unread(s->job.error)) {
		count_loss(WIRE_PATH_FAULT);
	}
	return 0;
}

static __always_inline void read_open_how(struct scratch *s, __u64 user)
{
	__u64 how[3] = {}; /* struct open_how: flags, mode, resolve */

	if (bpf_probe_read_user(how, sizeof(how), (const void *)user) && !s->job.error)
		count_loss(WIRE_PATH_FAULT);
	s->job.open_flags = how[0];
	s->job.in_root = how[2] & RESOLVE_IN_ROOT;
}

static __always_inline void do_open(struct scratch *s, const struct wire_call *call)
{
	__u32 flags;

	if (call->action == WIRE_OPENAT2)
		read_open_how(s, arg(s, call->flags));
	else if (call->action == WIRE_CREAT)
		s->job.open_flags = O_CREAT | O_TRUNC | 1;
	else
		s->job.open_flags = arg(s, call->flags);
	flags = s->job.open_flags;
	s->job.kinds = open_kinds(flags);
	ask(0);
	/* O_TMPFILE's file has no name. Whether O_CREAT made the file is for emit_file() to see. */
	if (!s->job.error && !is_tmpfile(flags))
		emit_place(s, fd_place(s->job.ret), open_kinds(flags & ~O_CREAT), s->job.program);
}

static __always_inline void do_fd(struct scratch *s, const struct wire_call *call)
{
	if (!s->job.error)
		emit_place(s, fd_place(arg(s, call->fd)), call->kinds, s->job.program);
}

static __always_inline void do_mmap(struct scratch *s, const struct wire_call *call)
{
	if ((arg(s, 2) & PROT_EXEC) && !(arg(s, call->flags) & MAP_ANONYMOUS))
		do_fd(s, call);
}

/* What became the working or root directory is asked of the process, not of the string. */
static __always_inline void do_chdir(struct scratch *s, const struct wire_call *call)
{
	bool root = call->action == WIRE_CHROOT || call->action == WIRE_PIVOT;

	ask(0);
	ask(1);
	forget_places();
	if (!s->job.error)
		emit_place(s, root ? current_root() : current_cwd(), WIRE_KIND_CHDIR,
			   s->job.program);
}

/* A source that is no path of a directory may be a device's, or nothing but a name. */
static __always_inline void do_mount(struct scratch *s, const struct wire_call *call)
{
	__u32 flags = arg(s, call->flags);

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	ask(1);
	if ((flags & MS_REMOUNT) || (flags & MS_PROPAGATION))
		return;
	s->job.absolute_only = !(flags & (MS_BIND | MS_MOVE));
	ask(0);
}

/* A string may be the source, or one of a file system's own paths. */
static __always_inline void do_fsconfig(struct scratch *s, const struct wire_call *call)
{
	__u32 command = arg(s, call->flags);

	s->job.absolute_only = command == FSCONFIG_SET_STRING;
	if (command == FSCONFIG_SET_STRING || command == FSCONFIG_SET_PATH ||
	    command == FSCONFIG_SET_PATH_EMPTY)
		ask(0);
}

static __always_inline void do_quota(struct scratch *s, const struct wire_call *call)
{
	ask(0);
	if ((__u32)arg(s, call->flags) >> 8 == Q_QUOTAON)
		ask(1);
}

/*
 * At the entry of a call that changes what its path counts from. Fixed room for as many calls as
 * can be under way; an entry lives until the call's exit.
 */
static __always_inline void save_base(struct scratch *s, struct place base, __u64 which)
{
	__u64 thread = bpf_get_current_pid_tgid() | which;

	if (!base.dentry || begins_nowhere(base.dentry))
		return;
	s->saved.flags = 0;
	s->saved.id = (struct key128){};
	hash_place(s, &s->saved.id, base);
	s->saved.walk_len =
		walk_place(s, base, __builtin_offsetof(struct saved_base, walk), &s->saved.flags);
	if (bpf_map_update_elem(&saved, &thread, &s->saved, BPF_ANY))
		count_loss(WIRE_MAP_FULL);
}
