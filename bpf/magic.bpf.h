/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Links that only their process can follow: what "/proc/self/cwd" is cannot be told later. So a
 * look-up through such a link is told a second time, from the place that the link stands for.
 */
#pragma once

enum { MAGIC_NONE, MAGIC_CWD, MAGIC_ROOT, MAGIC_FD };
#define MAGIC_BYTES 64 /* "/proc/thread-self/fd/2147483647/" and some */

/* The current process's number in its own namespace. */
static __always_inline __u32 own_number(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]);
	return upid.nr;
}

/* A letter of the string in the scratch. */
static __always_inline char letter(const char *text, __u32 at)
{
	OPAQUE(at);
	return text[at & (MAGIC_BYTES - 1)];
}

/* Reads a number at @at; its end is where it was left. Above all others: there is none. */
static __always_inline __u32 magic_number(const char *text, __u32 *at)
{
	__u32 number = 0, i = *at, start = i;

	for (int n = 0; n < 10; n++) {
		char c = letter(text, i);

		if (c < '0' || c > '9')
			break;
		number = number * 10 + (c - '0');
		i++;
	}
	*at = i;
	return i == start ? (__u32)-1 : number;
}

/* Whether @word, of at most eight letters, is at @at, which is left after it then. */
static __always_inline bool magic_word(const char *text, __u32 *at, const char *word, __u32 len)
{
	for (__u32 i = 0; i < len; i++)
		if (letter(text, *at + i) != word[i])
			return false;
	*at += len;
	return true;
}

#define WORD(text, at, word) magic_word(text, at, word, sizeof(word) - 1)

static __always_inline bool magic_own(const char *text, __u32 *at)
{
	if (WORD(text, at, "/dev/"))
		return true;
	if (!WORD(text, at, "/proc/"))
		return false;
	WORD(text, at, "thread-");
	if (WORD(text, at, "self/"))
		return true;
	return magic_number(text, at) == own_number() && WORD(text, at, "/");
}

/* What the string in the scratch begins with, and where that ends. Verified once, alone. */
__noinline int find_magic(void)
{
	struct scratch *s = get_scratch();
	int magic = MAGIC_NONE;
	const char *text;
	__u32 at = 0;
	char end;

	if (!s)
		return MAGIC_NONE;
	text = s->bytes + sizeof(s->access);
	if (!magic_own(text, &at))
		return MAGIC_NONE;
	if (text[1] == 'p' && WORD(text, &at, "cwd"))
		magic = MAGIC_CWD;
	else if (text[1] == 'p' && WORD(text, &at, "root"))
		magic = MAGIC_ROOT;
	else if (WORD(text, &at, "fd/"))
		magic = MAGIC_FD;
	if (magic == MAGIC_FD)
		s->job.magic_fd = magic_number(text, &at);
	s->job.magic_end = at;
	end = letter(text, at);
	return end == 0 || end == '/' ? magic : MAGIC_NONE;
}

static __always_inline bool may_be_magic(struct scratch *s)
{
	const char *text = s->bytes + sizeof(s->access);

	return text[0] == '/' && text[2] != 0 &&
	       ((text[1] == 'p' && text[2] == 'r' && text[5] == '/') ||
		(text[1] == 'd' && text[2] == 'e' && text[5] == 'f'));
}

static __always_inline struct place magic_place(struct scratch *s, int magic)
{
	if (magic == MAGIC_CWD)
		return current_cwd();
	if (magic == MAGIC_ROOT)
		return current_root();
	return fd_place(s->job.magic_fd);
}

/* @user is where the string came from. Nothing behind the link: it is about the place itself. */
static __always_inline void ask_magic(__u64 user, struct asked *a)
{
	struct scratch *s = get_scratch();
	struct place place;
	int magic;
	long len;

	if (!s || !may_be_magic(s))
		return;
	magic = find_magic();
	if (magic == MAGIC_NONE)
		return;
	place = magic_place(s, magic);
	if (!place.dentry || nowhere(place.dentry))
		return;
	len = read_user_string(s, user + s->job.magic_end);
	if (len > 1) {
		a->len = len;
		emit_lookup(s, a, place);
	} else if (!a->error && (len == 1 || (a->flags & WIRE_FOLLOW))) {
		emit_place(s, place, a->kinds, a->program);
	}
}
