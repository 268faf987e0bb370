/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Places (dentry and mount), how to get at them, and their paths. */
#pragma once

#define S_IFMT 0170000 /* linux/stat.h */
#define S_IFDIR 0040000
#define SB_NOUSER (1ul << 31)	   /* linux/fs.h: never mounted by a user: pipes, memfds */
#define OVERLAYFS_MAGIC 0x794c7630 /* linux/magic.h */
#define AT_FDCWD -100

struct place {
	struct dentry *dentry;
	struct vfsmount *mnt;
};

static __always_inline struct place place_of(const struct path *path)
{
	return (struct place){ BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt) };
}

static __always_inline struct fs_struct *current_fs(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(task, fs);
}

static __always_inline struct place current_cwd(void)
{
	struct fs_struct *fs = current_fs();

	return place_of(__builtin_preserve_access_index(&fs->pwd));
}

static __always_inline struct place current_root(void)
{
	struct fs_struct *fs = current_fs();

	return place_of(__builtin_preserve_access_index(&fs->root));
}

static __always_inline struct file *fd_file(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = KREAD(task, files, fdt);
	struct file **slots = KREAD(table, fd), *file = NULL;

	if (fd >= KREAD(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), slots + fd);
	return file;
}

static __always_inline struct place file_place(struct file *file)
{
	return place_of(__builtin_preserve_access_index(&file->f_path));
}

static __always_inline struct place fd_place(__s32 fd)
{
	struct file *file;

	if (fd == AT_FDCWD)
		return current_cwd();
	file = fd_file(fd);
	return file ? file_place(file) : (struct place){};
}

static __always_inline struct mount *real_mount(struct vfsmount *mnt)
{
	return container_of(mnt, struct mount, mnt);
}

/*
 * The image's file system is one of its own (overlay), or a directory of the host's (vfs, btrfs).
 * In the first case the device tells it; in the second a walk up must also come to its root.
 */
static __always_inline bool on_image_dev(struct scratch *s, struct dentry *d)
{
	return KREAD(d, d_sb, s_dev) == s->image.dev;
}

/*
 * Not in any tree: a pipe, a memfd, a namespace. What was found by its handle has no parent either,
 * but ought to.
 */
static __always_inline bool nowhere(struct dentry *d)
{
	if (KREAD(d, d_sb, s_flags) & SB_NOUSER)
		return true;
	return KREAD(d, d_parent) == d && KREAD(d, d_sb, s_root) != d &&
	       !(KREAD(d, d_flags) & DCACHE_DISCONNECTED);
}

/*
 * The same of a place that paths begin at. A directory is in a tree, whatever it looks like: the
 * root of a network file system's mount is not its superblock's. Hot: what has a parent, as nearly
 * all have, costs one read.
 */
static __always_inline bool begins_nowhere(struct dentry *d)
{
	return KREAD(d, d_parent) == d && nowhere(d) &&
	       (KREAD(d, d_inode, i_mode) & S_IFMT) != S_IFDIR;
}

/* A place as numbers, never kernel pointers: those are used again, and files would be lost. */
static __always_inline void hash_place(struct scratch *s, struct key128 *h, struct place p)
{
	struct mount *m = real_mount(p.mnt);
	struct dentry *d = p.dentry;
	__u32 dev = KREAD(d, d_sb, s_dev);

	hash_add(h, KREAD(d, d_inode, i_ino));
	hash_add(h, KREAD(d, d_parent, d_inode, i_ino));
	/* The name keeps hard links in one directory apart. */
	hash_add(h, (__u64)dev << 32 | KREAD(d, d_name.hash));
	/* A volume may be mounted twice. */
	if (dev != s->image.dev || !s->image.is_whole)
		hash_add(h, KREAD(m, mnt_id));
}

/* What climb() and walk() return; above zero: bytes written, and these. */
#define WALK_CUT (1 << 30)
#define WALK_CROSSED (1 << 29)
#define WALK_LEN (WALK_CROSSED - 1)
enum { CLIMB_ON, CLIMB_END, CLIMB_CUT };

/* Over the mount point that @w's mount hides, or the end: this was the topmost mount. */
static __always_inline int climb_mount(struct climb *w)
{
	struct mount *m = (struct mount *)w->mount, *over = KREAD(m, mnt_parent);

	if (over == m)
		return CLIMB_END;
	w->dentry = (__u64)KREAD(m, mnt_mountpoint);
	w->mount = (__u64)over;
	w->top = (__u64)KREAD(over, mnt.mnt_root);
	w->crossed = WALK_CROSSED;
	return CLIMB_ON;
}

/*
 * One level up, the name that was left written. A global function without arguments: the verifier
 * looks at it once, and a deep walk costs it a few instructions a level.
 */
__noinline int climb(void)
{
	struct scratch *s = get_scratch();
	struct dentry *d, *up;
	__u32 at;
	long len;

	if (!s || s->climb.dentry == s->image.root)
		return CLIMB_END;
	if (s->climb.dentry == s->climb.top)
		return climb_mount(&s->climb);
	d = (struct dentry *)s->climb.dentry;
	up = KREAD(d, d_parent);
	if (up == d) /* found by its handle, and without a path: not the root of anything */
		return KREAD(d, d_sb, s_root) == d ? CLIMB_END : CLIMB_CUT;
	at = s->climb.at;
	if (at > EVENT_BYTES - 1 || at - s->climb.start > WIRE_WALK_MAX - WIRE_NAME_MAX)
		return CLIMB_CUT;
	OPAQUE(at);
	at &= EVENT_BYTES - 1;
	len = bpf_probe_read_kernel_str(s->bytes + at, WIRE_NAME_MAX, KREAD(d, d_name.name));
	if (len <= 1)
		return CLIMB_CUT;
	s->climb.at = at + len;
	s->climb.dentry = (__u64)up;
	return CLIMB_ON;
}

/*
 * Writes the path of @dentry into the scratch from byte @at on, leaf first. Inside the image's
 * file system it goes up to that one's own root, so that a bind mount does not hide where a file
 * comes from; anywhere else it crosses mounts, up to the root of the container, so that a file in
 * a volume has the path that the process sees.
 */
__noinline int walk(__u64 dentry, __u64 mnt, __u32 at)
{
	struct dentry *d = (struct dentry *)dentry;
	struct mount *m = real_mount((struct vfsmount *)mnt);
	struct scratch *s = get_scratch();
	int r = CLIMB_ON;

	if (!s)
		return 0;
	s->climb.dentry = dentry;
	s->climb.mount = (__u64)m;
	s->climb.top = 0; /* the root of the mount that the walk is in, when it is to be crossed */
	if (!s->image.is_whole || !on_image_dev(s, d))
		s->climb.top = (__u64)KREAD(m, mnt.mnt_root);
	s->climb.start = s->climb.at = at;
	s->climb.crossed = 0;
	for (int i = 0; i < WIRE_WALK_DEPTH && r == CLIMB_ON; i++)
		r = climb();
	return (s->climb.at - at) | s->climb.crossed | (r == CLIMB_END ? 0 : WALK_CUT);
}

/*
 * Walks @p into the scratch from byte @at on and returns the length. Sets bits in @flags, and
 * counts a walk that was cut.
 */
static __always_inline __u32 walk_place(struct scratch *s, struct place p, __u32 at, __u32 *flags)
{
	__u32 r = walk((__u64)p.dentry, (__u64)p.mnt, at);
	__u32 len = r & WALK_LEN;

	if (r & WALK_CUT) {
		*flags |= WIRE_TRUNCATED;
		count_loss(WIRE_PATH_CUT);
	}
	if (!(r & WALK_CROSSED) && on_image_dev(s, p.dentry))
		*flags |= WIRE_ON_IMAGE;
	return len > WIRE_WALK_MAX ? WIRE_WALK_MAX : len;
}

/*
 * Before 6.5 an overlay inode pointed to its lower one; since then the lower layers are in
 * ovl_entry (kernel commit 0af950f57fef "ovl: move ovl_entry into ovl_inode").
 */
struct ovl_inode___before {
	struct inode *lower;
	struct inode vfs_inode;
} __attribute__((preserve_access_index));

/* Made while the container ran: it is in no layer of the image. Only where overlay's types tell. */
static __always_inline bool made_at_run_time(struct scratch *s, struct dentry *d)
{
	struct inode *inode = KREAD(d, d_inode);

	if (!inode || KREAD(d, d_sb, s_magic) != OVERLAYFS_MAGIC || !on_image_dev(s, d))
		return false;
	if (bpf_core_field_exists(struct ovl_inode, oe)) {
		struct ovl_inode *oi = container_of(inode, struct ovl_inode, vfs_inode);
		struct ovl_entry *oe = BPF_CORE_READ(oi, oe);

		return !oe || BPF_CORE_READ(oe, __numlower) == 0;
	}
	if (bpf_core_field_exists(struct ovl_inode___before, lower)) {
		struct ovl_inode___before *oi =
			container_of(inode, struct ovl_inode___before, vfs_inode);

		return !BPF_CORE_READ(oi, lower);
	}
	return false;
}

/* Before 6.5 a dentry had its own ovl_entry (see above), with other names in it. */
struct ovl_entry___before {
	unsigned int numlower;
	struct ovl_path lowerstack[0];
} __attribute__((preserve_access_index));

static __always_inline struct dentry *uppermost_lower(struct dentry *d, struct ovl_inode *oi)
{
	struct dentry *lower = NULL;

	if (bpf_core_field_exists(struct ovl_inode, oe)) {
		struct ovl_entry *oe = BPF_CORE_READ(oi, oe);

		if (oe && BPF_CORE_READ(oe, __numlower))
			bpf_core_read(&lower, sizeof(lower), &oe->__lowerstack[0].dentry);
	} else if (bpf_core_field_exists(struct ovl_entry___before, lowerstack)) {
		struct ovl_entry___before *oe = BPF_CORE_READ(d, d_fsdata);

		if (oe && BPF_CORE_READ(oe, numlower))
			bpf_core_read(&lower, sizeof(lower), &oe->lowerstack[0].dentry);
	}
	return lower;
}

/* The file of the image that is behind a file of an overlay that the container has mounted itself.
 */
static __always_inline struct dentry *behind_overlay(struct scratch *s, struct dentry *d)
{
	struct inode *inode = KREAD(d, d_inode);
	struct ovl_inode *oi = container_of(inode, struct ovl_inode, vfs_inode);
	struct dentry *real;

	if (!inode || !bpf_core_field_exists(struct ovl_inode, __upperdentry))
		return NULL;
	real = BPF_CORE_READ(oi, __upperdentry);
	if (!real)
		real = uppermost_lower(d, oi);
	return real && on_image_dev(s, real) ? real : NULL;
}

/* A file that the kernel resolved: once for each program, call and set of kinds. */
__noinline int emit_file(__u64 dentry, __u64 mnt, __u32 kinds, __u64 program)
{
	struct place p = { (struct dentry *)dentry, (struct vfsmount *)mnt };
	struct scratch *s = get_scratch();
	__u32 flags = 0, len;

	if (!s || !dentry || nowhere(p.dentry))
		return 0;
	if (made_at_run_time(s, p.dentry))
		kinds |= WIRE_KIND_CREATE;
	hash_begin(&s->hash, WIRE_FILE, program);
	hash_add(&s->hash, (__u64)s->call << 32 | kinds);
	hash_place(s, &s->hash, p);
	if (was_seen(s))
		return 0;
	len = walk_place(s, p, sizeof(s->access), &flags);
	fill_header(s, WIRE_FILE, program, flags);
	fill_access(s, kinds, 0);
	s->h.walk_len = len;
	output_once(s, sizeof(s->access) + len);
	return 0;
}

/* A function of its own: verified once, alone. */
__noinline int emit_behind(__u64 dentry, __u64 mnt, __u32 kinds, __u64 program)
{
	struct scratch *s = get_scratch();
	struct dentry *real = s ? behind_overlay(s, (struct dentry *)dentry) : NULL;

	if (real)
		emit_file((__u64)real, mnt, kinds, program);
	return 0;
}

static __always_inline void emit_place(struct scratch *s, struct place p, __u32 kinds,
				       __u64 program)
{
	struct dentry *d = p.dentry;

	emit_file((__u64)d, (__u64)p.mnt, kinds, program);
	if (d && KREAD(d, d_sb, s_magic) == OVERLAYFS_MAGIC && !on_image_dev(s, d))
		emit_behind((__u64)d, (__u64)p.mnt, kinds, program);
}

/* What the string of a look-up, at its place in the scratch, was asked for. */
struct asked {
	__u64 program;
	__u32 kinds, flags; /* WIRE_FOLLOW or none */
	__s32 error;
	__u32 len;
};

static __always_inline void hash_asked(struct scratch *s, const struct asked *a)
{
	hash_begin(&s->hash, WIRE_LOOKUP, a->program);
	hash_add(&s->hash, (__u64)a->kinds << 32 | a->flags);
	hash_add(&s->hash, (__u64)s->call << 32 | (__u32)a->error);
	hash_string(a->len);
}

static __always_inline void output_asked(struct scratch *s, const struct asked *a, __u32 flags,
					 __u32 walk_len)
{
	fill_header(s, WIRE_LOOKUP, a->program, a->flags | flags);
	fill_access(s, a->kinds, a->error);
	s->h.string_len = a->len;
	s->h.walk_len = walk_len;
	output_once(s, sizeof(s->access) + a->len + walk_len);
}

/* The string counts from @base. */
static __always_inline void emit_lookup(struct scratch *s, const struct asked *a, struct place base)
{
	__u32 flags = 0, len;

	if (!base.dentry || begins_nowhere(base.dentry))
		return;
	hash_asked(s, a);
	hash_place(s, &s->hash, base);
	if (was_seen(s))
		return;
	len = walk_place(s, base, sizeof(s->access) + a->len, &flags);
	output_asked(s, a, flags, len);
}

/* The string counts from a directory that was walked when the call was entered. */
static __always_inline void emit_lookup_saved(struct scratch *s, const struct asked *a,
					      const struct saved_base *base)
{
	__u32 at = sizeof(s->access) + a->len, len = base->walk_len;

	hash_asked(s, a);
	hash_add(&s->hash, base->id.a);
	hash_add(&s->hash, base->id.b);
	if (was_seen(s))
		return;
	OPAQUE(at);
	OPAQUE(len);
	if (at > EVENT_BYTES - WIRE_WALK_MAX || len > WIRE_WALK_MAX)
		return;
	bpf_probe_read_kernel(s->bytes + at, len, base->walk);
	output_asked(s, a, base->flags, len);
}

/* Makes @len right for hash_string(): zero up to the next multiple of eight. */
static __always_inline __u32 string_end(struct scratch *s, long len)
{
	__u32 n = len - 1;

	OPAQUE(n);
	n &= WIRE_STRING_MAX - 1;
	*(__u64 *)(s->bytes + sizeof(s->access) + n) = 0;
	return n;
}

/*
 * Reads a look-up's string; negative when it cannot be read, else its length without the NUL. The
 * helper counts the NUL, but of an empty string only since 6.16 (kernel commit "maccess: fix
 * strncpy_from_user_nofault() empty string handling").
 */
static __always_inline long read_user_string(struct scratch *s, __u64 user)
{
	long len = bpf_probe_read_user_str(s->bytes + sizeof(s->access), WIRE_STRING_MAX,
					   (const void *)user);

	return len < 0 ? -1 : (long)string_end(s, len ? len : 1);
}

static __always_inline long read_kernel_string(struct scratch *s, const char *str)
{
	long len = bpf_probe_read_kernel_str(s->bytes + sizeof(s->access), WIRE_STRING_MAX, str);

	return len <= 0 ? -1 : (long)string_end(s, len);
}

static __always_inline bool string_is_absolute(struct scratch *s)
{
	return s->bytes[sizeof(s->access)] == '/';
}
