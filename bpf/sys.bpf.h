/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The two edges of every syscall. Counting needs both (see wire.h); files are looked at on the way
 * out: the number and the arguments are still there, the kernel has read the path, so it is in
 * memory, and the result is known.
 */
#pragma once

#define PHASE_RUNTIME 0 /* enum record_phase */
#define PHASE_APP 1
#define PHASE_CONFINED 2

/* True for this processor's first one of its kind. */
static __always_inline bool count(struct scratch *s, __u64 program, __u32 abi, __u32 nr, __u32 edge)
{
	__u32 number = s->me.target;
	void *table = bpf_map_lookup_elem(&counts, &number);
	__u32 phase = program ? PHASE_APP : is_filtered() ? PHASE_CONFINED : PHASE_RUNTIME, index;
	struct wire_counts *c;

	/* The call that loads the filter was not under it, and what it refuses is not needed. */
	if (!table || (phase == PHASE_CONFINED && edge == WIRE_EXITED))
		return false;
	index = wire_counts_index(phase, abi, edge);
	c = bpf_map_lookup_elem(table, &index);

	OPAQUE(nr);
	return c && !c->n[nr & (WIRE_CALLS - 1)]++;
}

static __always_inline void emit_first(struct scratch *s, __u64 program, __u32 abi, __u32 nr)
{
	__builtin_memset(s->values.value, 0, sizeof(s->values.value));
	s->values.nr = nr;
	s->values.abi = abi;
	s->values.used = 0;
	__builtin_memset(s->values.pad, 0, sizeof(s->values.pad));
	fill_header(s, WIRE_VALUES, program, 0);
	output(s, sizeof(s->values));
}

static __always_inline struct wire_call *find_call(__u32 abi, __u32 nr, __u32 *ret_index)
{
	*ret_index = abi * WIRE_CALLS + (nr & (WIRE_CALLS - 1));
	return bpf_map_lookup_elem(&calls, ret_index);
}

/*
 * What a call's path counts from and will not when the call is over: execveat's directory may be
 * closed by then, chdir's and chroot's replaced.
 */
static __always_inline struct place place_to_save(const struct wire_call *call, __u64 first_arg)
{
	if (call->action == WIRE_CHDIR)
		return current_cwd();
	if (call->action == WIRE_CHROOT || call->action == WIRE_PIVOT)
		return current_root();
	if (call->action == WIRE_EXEC && call->path[0].dirfd != WIRE_NO_ARG)
		return fd_place(first_arg);
	return (struct place){};
}

/* A new program has no registers of the call that began it: which one it was is noted before. */
static __always_inline void note_exec(__u32 index)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct wire_proc *p = bpf_map_lookup_elem(&procs, &tgid);

	if (p)
		p->call = index + 1;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long id)
{
	__u32 nr = id, index, abi;
	struct wire_call *call;
	__u64 program, args[6];
	struct task_struct *me = get_me();
	struct scratch *s = my_scratch(me);

	if (!s)
		return 0;
	abi = my_abi(me, nr);
	nr &= ~X32_SYSCALL_BIT;
	if (nr >= WIRE_CALLS)
		return 0;
	program = s->me.program;
	if (count(s, program, abi, nr, WIRE_ENTERED) && program)
		emit_first(s, program, abi, nr);
	call = find_call(abi, nr, &index);
	if (call && call->action == WIRE_EXEC)
		note_exec(index);
	if (!call || !program)
		return 0;
	if (call->action != WIRE_CHDIR && call->action != WIRE_CHROOT &&
	    call->action != WIRE_PIVOT && call->action != WIRE_EXEC)
		return 0;
	read_args(args, regs, abi);
	save_base(s, place_to_save(call, args[0]), 0);
	if (call->action == WIRE_PIVOT)
		save_base(s, current_cwd(), SAVED_CWD);
	return 0;
}

static __always_inline void act(struct scratch *s, const struct wire_call *call)
{
	__u32 action = call->action;

	if (action == WIRE_OPEN || action == WIRE_OPENAT2 || action == WIRE_CREAT) {
		do_open(s, call);
	} else if (action == WIRE_PATH) {
		ask(0);
		ask(1);
	} else if (action == WIRE_EXEC) {
		forget_places();
		ask(0);
	} else if (action == WIRE_FD) {
		do_fd(s, call);
	} else if (action == WIRE_MMAP) {
		do_mmap(s, call);
	} else if (action == WIRE_CHDIR || action == WIRE_FCHDIR || action == WIRE_CHROOT ||
		   action == WIRE_PIVOT) {
		do_chdir(s, call);
	} else if (action == WIRE_MOUNT) {
		do_mount(s, call);
	} else if (action == WIRE_FSCONFIG) {
		do_fsconfig(s, call);
	} else if (action == WIRE_QUOTA) {
		do_quota(s, call);
	} else if (action != WIRE_NOTHING && action != WIRE_FORK) {
		do_socket(action);
	}
}

/* Numbers of socketcall(2)'s first argument (linux/net.h) as those of the calls they stand for. */
static __always_inline __u32 socketcall_nr(__u32 call)
{
	switch (call) {
	case 1: /* SYS_SOCKET */
		return 359;
	case 8: /* SYS_SOCKETPAIR */
		return 360;
	case 2: /* SYS_BIND */
		return 361;
	case 3: /* SYS_CONNECT */
		return 362;
	case 4: /* SYS_LISTEN */
		return 363;
	case 11: /* SYS_SENDTO */
		return 369;
	case 16: /* SYS_SENDMSG */
		return 370;
	}
	return 0;
}

#define NR_I386_MMAP2 192

/* i386's old mmap and its socketcall: replaces the arguments by those behind the pointer. */
static __always_inline struct wire_call *unpack_args(struct scratch *s,
						     const struct wire_call *call)
{
	__u32 packed[6] = {}, nr = call->pointer ? socketcall_nr(arg(s, 0)) : NR_I386_MMAP2;

	if (!nr)
		return NULL;
	/* As many as are there: socketcall's arguments may end at the end of a page. */
	for (int i = 0; i < 6; i++)
		if (bpf_probe_read_user(&packed[i], 4, (void *)(arg(s, call->pointer) + i * 4)))
			break;
	for (int i = 0; i < 6; i++)
		s->job.args[i] = packed[i];
	return find_call(ABI_COMPAT, nr, &s->job.index);
}

/* Once for the container, whoever calls. What was not permitted is not told: it is not needed. */
static __always_inline void emit_values(struct scratch *s, const struct wire_call *call)
{
	__u32 used = call->values;

	if (s->job.error == EPERM || s->job.error == EACCES || s->job.error == ENOSYS)
		return;
	for (__u32 i = 0; i < WIRE_MAX_VALUES; i++)
		s->values.value[i] = used & (1u << i) ? arg(s, i) : 0;
	s->values.nr = s->job.index & (WIRE_CALLS - 1);
	s->values.abi = s->job.abi;
	s->values.used = used;
	__builtin_memset(s->values.pad, 0, sizeof(s->values.pad));
	hash_begin(&s->hash, WIRE_VALUES, (__u64)s->me.target << 32 | s->job.index);
	hash_add(&s->hash, (__u64)s->values.value[0] << 32 | s->values.value[1]);
	hash_add(&s->hash, s->values.value[2]);
	if (was_seen(s))
		return;
	fill_header(s, WIRE_VALUES, s->job.program, 0);
	output_once(s, sizeof(s->values));
}

static __always_inline void begin_job(struct scratch *s, struct pt_regs *regs, __u32 abi, long ret)
{
	__s32 error = ret < 0 && ret >= -4095 ? -ret : 0;

	read_args(s->job.args, regs, abi);
	s->job.ret = ret;
	s->job.error = error >= ERESTARTSYS ? EINTR : error;
	s->job.abi = abi;
	s->job.kinds = 0;
	s->job.in_root = 0;
	s->job.absolute_only = 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	__u32 nr, index, abi;
	struct task_struct *me = get_me();
	struct scratch *s = my_scratch(me);
	struct wire_call *call;
	__u64 program;

	if (!s)
		return 0;
	nr = regs_nr(regs);
	abi = my_abi(me, nr);
	/* rt_sigreturn has put its caller's registers back: its number is -1 now. */
	nr &= ~X32_SYSCALL_BIT;
	if (nr >= WIRE_CALLS)
		return 0;
	call = find_call(abi, nr, &index);
	if (!call)
		return 0;
	/* The child of a fork, and a new program, which may have another ABI: they did not call. */
	if (ret == 0 && (call->action == WIRE_FORK || call->action == WIRE_EXEC))
		return 0;
	program = s->me.program;
	count(s, program, abi, nr, WIRE_EXITED);
	if (!program ||
	    ((call->action == WIRE_NOTHING || call->action == WIRE_FORK) && !call->values))
		return 0;
	begin_job(s, regs, abi, ret);
	s->job.index = index;
	s->call = index + 1;
	s->job.program = program;
	if (call->action == WIRE_ARGS)
		call = unpack_args(s, call);
	if (!call)
		return 0;
	if (call->values)
		emit_values(s, call);
	act(s, call);
	return 0;
}
