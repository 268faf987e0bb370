/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The names by which a program that runs now was asked for: its own, its interpreters'. */
#pragma once

static __always_inline struct asked asked_exec(__u64 program, long len)
{
	return (struct asked){
		.program = program, .kinds = WIRE_KIND_EXEC, .flags = WIRE_FOLLOW, .len = len
	};
}

/* The string in the scratch: symlinks on the way to what the kernel executed are needed too. */
static __always_inline void emit_exec_string(struct scratch *s, __u64 program, long len)
{
	struct asked a = asked_exec(program, len);

	emit_lookup(s, &a, string_is_absolute(s) ? current_root() : current_cwd());
}

/* A name of the kernel's. A function of its own: verified once, alone. */
__noinline int emit_exec_name(__u64 name, __u64 program)
{
	struct scratch *s = get_scratch();
	long len;

	if (!s)
		return 0;
	len = read_kernel_string(s, (const char *)name);
	if (len > 0)
		emit_exec_string(s, program, len);
	return 0;
}

static __always_inline void hash_name(struct scratch *s, long len)
{
	hash_begin(&s->hash, WIRE_PROGRAM, 0);
	hash_string(len);
}

enum { CHAIN_ON, CHAIN_END };

/*
 * One argument of the new program. Verified once, alone.
 *
 * A script's interpreter may be a script itself, and so on, five times. Of all of them the kernel
 * keeps the first and the last name, but its arguments have all: "c [ARG] b [ARG] a", for a script
 * a that b interprets, which c does. An absolute path among them is a name, or an argument that
 * looks like one.
 */
__noinline int chain_step(__u64 program, __u32 i)
{
	struct scratch *s = get_scratch();
	long len;

	if (!s || s->chain.at >= s->chain.end)
		return CHAIN_END;
	len = read_user_string(s, s->chain.at);
	if (len < 0)
		return CHAIN_END;
	s->chain.at += len + 1;
	hash_name(s, len);
	if (s->hash.a == s->chain.script.a && s->hash.b == s->chain.script.b)
		return CHAIN_END;
	if (i && len && string_is_absolute(s))
		emit_exec_string(s, program, len);
	return CHAIN_ON;
}

#define CHAIN_MAX 10 /* five names, each with an argument: fs/exec.c, exec_binprm() */

static __always_inline void emit_chain(struct scratch *s, const char *script, __u64 program)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	long len = read_kernel_string(s, script);
	int r = CHAIN_ON;

	if (len < 0)
		return;
	hash_name(s, len);
	s->chain.script = s->hash;
	s->chain.at = BPF_CORE_READ(task, mm, arg_start);
	s->chain.end = BPF_CORE_READ(task, mm, arg_end);
	for (__u32 i = 0; i < CHAIN_MAX && r == CHAIN_ON; i++)
		r = chain_step(program, i);
}

/* The place that was saved at the entry, as a file that was executed. */
static __always_inline void emit_exec_saved(struct scratch *s, const struct saved_base *base,
					    __u64 program)
{
	__u32 at = sizeof(s->access), len = base->walk_len;

	hash_begin(&s->hash, WIRE_FILE, program);
	hash_add(&s->hash, base->id.a);
	hash_add(&s->hash, base->id.b);
	OPAQUE(len);
	if (was_seen(s) || len > WIRE_WALK_MAX)
		return;
	bpf_probe_read_kernel(s->bytes + at, len, base->walk);
	fill_header(s, WIRE_FILE, program, base->flags);
	fill_access(s, WIRE_KIND_EXEC, 0);
	s->h.walk_len = len;
	output_once(s, at + len);
}

/*
 * execveat() with a directory: the name is "/dev/fd/<number>/<path>" and the descriptor may be
 * closed by now. The directory was walked when the call was entered. With AT_EMPTY_PATH the name
 * ends at the number, and what was walked is the file.
 */
static __always_inline void emit_execat_name(struct scratch *s, const char *name, __u64 program,
					     __u64 thread)
{
	struct saved_base *base = bpf_map_lookup_elem(&saved, &thread);
	__u32 at = sizeof("/dev/fd/") - 1;
	char prefix[20] = {};
	struct asked a;
	long len = 0;

	if (!base)
		return;
	bpf_probe_read_kernel_str(prefix, sizeof(prefix), name);
	for (; at < sizeof(prefix) - 1; at++)
		if (prefix[at] == '/' || prefix[at] == 0)
			break;
	if (prefix[at] == '/')
		len = read_kernel_string(s, name + at + 1);
	if (len > 0) {
		a = asked_exec(program, len);
		emit_lookup_saved(s, &a, base);
	} else if (len == 0) {
		emit_exec_saved(s, base, program);
	}
}

static __always_inline void emit_exec_names(struct scratch *s, struct linux_binprm *bprm,
					    __u64 program, __u64 thread)
{
	const char *name = BPF_CORE_READ(bprm, filename), *interp = BPF_CORE_READ(bprm, interp);

	if (bpf_core_field_exists(bprm->fdpath) && BPF_CORE_READ(bprm, fdpath))
		emit_execat_name(s, name, program, thread);
	else
		emit_exec_name((__u64)name, program);
	if (interp != name) { /* a script's interpreter */
		emit_exec_name((__u64)interp, program);
		emit_chain(s, name, program);
	}
	bpf_map_delete_elem(&saved, &thread);
}
