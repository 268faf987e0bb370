/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching what runs already: its cgroups, its processes, and what they hold. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cap.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "trace/adopt.h"
#include "trace/skel.h"
#include "trace/state.h"

#define V1_KEY (1ull << 63) /* as in scope.bpf.h */
#define OWN_NUMBER                                                                                 \
	(1ull << 63)	       /* of a program that got its number here: the kernel's are smaller */
#define MAX_MEMBERS (1u << 16) /* processes: as many as the kernel's table has room for */
#define MAX_MOUNTINFO (64u << 20) /* bytes */
#define MAX_ROUNDS 16		  /* over all tasks, until no new one is found */

struct attaching {
	struct trace *t;
	struct target *target;
	const struct trace_running *what;
	int first;	   /* its first process; 0: there is none yet */
	uint64_t ns;	   /* when it is watched from */
	uint32_t *pids;	   /* of its processes so far */
	uint64_t *numbers; /* of the programs that they run */
	size_t n, cap, cap_numbers;
	bool counted; /* among the targets that are told by their v1 cgroup */
};

/* --- walks over all tasks --- */

/* Runs @prog over them; what it writes is appended to @ret. */
static int walk_tasks(struct bpf_program *prog, struct strbuf *ret, struct err *err)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	_cleanup_close_ int fd = -1;
	int r = 0;

	if (!link)
		return err_set(err, errno, "cannot walk over the tasks");
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		r = err_set(err, errno, "cannot walk over the tasks");
	else
		r = io_read_fd(fd, MAX_MEMBERS * sizeof(uint32_t), ret, err);
	bpf_link__destroy(link);
	return r;
}

static void ask_about(struct attaching *a, bool join)
{
	struct slimtrace_bpf__bss *bss = a->t->programs.skel->bss;

	bss->attaching.target = a->target->number;
	bss->attaching.tgid = (uint32_t)a->first;
	bss->attaching.own = a->what->cgroup != NULL;
	bss->attaching.join = join;
}

/* --- cgroups --- */

/* The key of a cgroup's directory: see cgroup_key() in scope.bpf.h. kernfs tells its id as an
 * inode's. */
static int key_of(const char *path, uint64_t *ret, struct err *err)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) < 0 || statfs(path, &fs) < 0)
		return err_class_set(err, ERR_USAGE, errno, "cannot watch cgroup '%s': %s", path,
				     strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC)
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "'%s' is no directory of a cgroup hierarchy", path);
	*ret = st.st_ino | (fs.f_type == CGROUP_SUPER_MAGIC ? V1_KEY : 0);
	return 0;
}

/*
 * Whether the mount with @id has the pids hierarchy: proc_pid_mountinfo(5). The BPF side knows no
 * other one of v1, and their ids are small numbers all alike.
 */
static bool is_pids_mount(const char *mountinfo, uint64_t id)
{
	_cleanup_free_ char *copy = xstrdup(mountinfo);
	char *line, *rest = copy;

	while ((line = strsep(&rest, "\n"))) {
		char *word, *options = strrchr(line, ' ');

		if (strtoull(line, NULL, 10) != id || !options)
			continue;
		for (options++; (word = strsep(&options, ","));)
			if (!strcmp(word, "pids"))
				return true;
	}
	return false;
}

static int check_pids(const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT;
	struct statx st;
	int r = io_read_file(AT_FDCWD, "/proc/self/mountinfo", MAX_MOUNTINFO, &mounts, err);

	if (r < 0)
		return r;
	if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID) ||
	    is_pids_mount(mounts.buf, st.stx_mnt_id))
		return 0; /* who cannot tell is believed */
	err_class_set(err, ERR_USAGE, EINVAL, "'%s' is in a hierarchy of another controller", path);
	return err_hint(err, "of cgroup v1 it takes the directory below that of pids, as in "
			     "/sys/fs/cgroup/pids");
}

static int add_scope(struct attaching *a, uint64_t key, struct err *err)
{
	struct slimtrace_bpf__bss *bss = a->t->programs.skel->bss;

	bss->filter[key % ARRAY_SIZE(bss->filter)] = 1;
	if (bpf_map_update_elem(bpf_map__fd(a->t->programs.skel->maps.scopes), &key,
				&a->target->number, BPF_ANY) < 0)
		return err_set(err, errno, "cannot tell the kernel of a cgroup");
	__atomic_fetch_add(&bss->procs_age, 1, __ATOMIC_RELAXED);
	return 0;
}

/* A directory with all below it, whether somebody is in them or not. */
static int add_tree(struct attaching *a, struct err *err)
{
	char *paths[] = { (char *)(uintptr_t)a->what->cgroup, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *e;
	int r = 0;

	if (!fts)
		return err_set(err, errno, "cannot read '%s'", a->what->cgroup);
	while (!r && (e = fts_read(fts))) {
		uint64_t key;

		if (e->fts_info != FTS_D)
			continue;
		r = key_of(e->fts_path, &key, err);
		if (!r)
			r = add_scope(a, key, err);
	}
	fts_close(fts);
	return r;
}

static int own_cgroup(struct attaching *a, struct wire_target *wt, struct err *err)
{
	uint64_t key = 0;
	int r = key_of(a->what->cgroup, &key, err);

	if (r < 0)
		return r;
	if (key & V1_KEY)
		r = check_pids(a->what->cgroup, err);
	*(key & V1_KEY ? &wt->cgroup_v1 : &wt->cgroup_v2) = key;
	wt->cgroups = 1;
	wt->counted_v1 = !r && key & V1_KEY;
	if (wt->counted_v1 && !a->counted)
		__atomic_fetch_add(&a->t->programs.skel->bss->n_v1, 1, __ATOMIC_RELAXED);
	a->counted = wt->counted_v1;
	return r;
}

/* What the kernel is told of it before any task is asked. */
static int describe(struct attaching *a, struct err *err)
{
	const struct trace_running *what = a->what;
	struct wire_target wt = { .no_runtime = !what->id,
				  .started = a->first != 0,
				  .first_tgid = (uint32_t)a->first };
	int r = what->cgroup ? own_cgroup(a, &wt, err) : 0;

	if (r < 0)
		return r;
	if (what->id)
		memcpy(wt.id, what->id, strnlen(what->id, sizeof(wt.id)));
	return target_write(&a->t->programs, a->target->number, &wt, err);
}

static int find_container(struct attaching *a, struct err *err)
{
	_cleanup_strbuf_ struct strbuf nothing = STRBUF_INIT;
	struct wire_target wt = { .cgroups = 0 };
	int r;

	ask_about(a, false);
	r = walk_tasks(a->t->programs.skel->progs.find_container, &nothing, err);
	if (!r)
		r = target_read(&a->t->programs, a->target->number, &wt, err);
	if (r < 0)
		return r;
	if (!wt.image_dev)
		return err_class_set(err, ERR_APP, ESRCH, "process %d has ended", a->first);
	if (!wt.cgroups)
		return err_class_set(
			err, ERR_KERNEL, ENOENT,
			"process %d is in no cgroup with the container's ID in its name: "
			"nothing tells the container's processes from others",
			a->first);
	return 0;
}

/* --- processes --- */

static int procs_fd(const struct attaching *a)
{
	return bpf_map__fd(a->t->programs.skel->maps.procs);
}

/* Whether the process still runs what it was found with. */
static bool runs_still(const struct attaching *a, uint32_t pid, uint64_t number)
{
	struct wire_proc p;

	return bpf_map_lookup_elem(procs_fd(a), &pid, &p) == 0 && p.program == number;
}

/*
 * From now on what it does is a program's. One that began after the kernel knew of the cgroup has
 * its program already; one that was another target's is this one's now.
 */
static int number_member(struct attaching *a, uint32_t pid)
{
	struct wire_proc p = { .program = OWN_NUMBER | (a->t->adopted + 1),
			       .target = a->target->number },
			 old;

	if (bpf_map_lookup_elem(procs_fd(a), &pid, &old) == 0 && old.target == p.target)
		return 0;
	if (bpf_map_update_elem(procs_fd(a), &pid, &p, BPF_ANY) < 0)
		return -errno;
	a->t->adopted++;
	ALLOC_GROW(a->pids, a->n + 1, a->cap);
	ALLOC_GROW(a->numbers, a->n + 1, a->cap_numbers);
	a->pids[a->n] = pid;
	a->numbers[a->n++] = p.program;
	return 0;
}

static int number_members(struct attaching *a, bool join, struct err *err)
{
	_cleanup_strbuf_ struct strbuf found = STRBUF_INIT;
	int r;

	ask_about(a, join);
	r = walk_tasks(a->t->programs.skel->progs.find_members, &found, err);
	for (size_t at = 0; !r && at + sizeof(uint32_t) <= found.len; at += sizeof(uint32_t)) {
		uint32_t pid;

		memcpy(&pid, found.buf + at, sizeof(pid));
		if (pid == (uint32_t)getpid())
			r = err_class_set(err, ERR_USAGE, ELOOP, "it is where slimtrace runs");
		else if (number_member(a, pid) < 0)
			r = err_set(err, errno, "cannot tell the kernel of process %u", pid);
	}
	__atomic_fetch_add(&a->t->programs.skel->bss->procs_age, 1, __ATOMIC_RELAXED);
	return r;
}

/*
 * Processes got their numbers first, so that nothing is taken for the runtime's once their cgroups
 * are watched; then those get theirs that were forked meanwhile.
 */
static int watch_members(struct attaching *a, struct err *err)
{
	int r = a->what->cgroup ? add_tree(a, err) : 0;
	size_t before;

	for (int i = 0; !r && i < MAX_ROUNDS; i++) {
		before = a->n;
		r = number_members(a, true, err);
		if (i && a->n == before)
			break;
	}
	return r;
}

/* --- what they hold --- */

static int by_start(const void *left, const void *right)
{
	const struct adopted *a = *(struct adopted *const *)left,
			     *b = *(struct adopted *const *)right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static uint64_t number_of(const struct attaching *a, int pid)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->pids[i] == (uint32_t)pid)
			return a->numbers[i];
	return 0;
}

/* What descends from the first process came with the container; the rest was put there later. */
static enum record_entry entry_of(const struct attaching *a, struct adopted *const *all, size_t n,
				  int pid)
{
	for (size_t i = n; i-- > 0;) {
		if (all[i]->pid != pid)
			continue;
		if (pid == a->first)
			return RECORD_ENTRYPOINT;
		pid = all[i]->parent;
	}
	return pid == a->first || !a->what->id ? RECORD_ENTRYPOINT : RECORD_EXECED;
}

static void mark_execed(struct attaching *a, uint32_t pid)
{
	struct wire_proc p = { .program = number_of(a, (int)pid),
			       .execed = 1,
			       .target = a->target->number };

	if (runs_still(a, pid, p.program))
		bpf_map_update_elem(procs_fd(a), &pid, &p, BPF_EXIST);
}

static void add_adopted(struct attaching *a, struct adopted **all, size_t n)
{
	qsort(all, n, sizeof(*all), by_start);
	pthread_mutex_lock(&a->t->lock);
	for (size_t i = 0; i < n; i++) {
		enum record_entry entry = entry_of(a, all, n, all[i]->pid);

		if (entry == RECORD_EXECED)
			mark_execed(a, (uint32_t)all[i]->pid);
		collector_adopt(&a->target->collector, all[i], number_of(a, all[i]->pid),
				number_of(a, all[i]->parent), entry, a->ns);
	}
	pthread_mutex_unlock(&a->t->lock);
}

/* One that has ended meanwhile has taken what it held with it. */
static void adopt_members(struct attaching *a)
{
	_cleanup_free_ struct adopted **all = xcalloc(a->n + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		struct err err = ERR_INIT;

		if (adopt_process((int)a->pids[i], a->first, &all[n], &err) == 0) {
			n++;
			continue;
		}
		log_debug("%s", err.msg);
		if (kill((int)a->pids[i], 0) < 0 && errno == ESRCH &&
		    runs_still(a, a->pids[i], a->numbers[i]))
			bpf_map_delete_elem(procs_fd(a), &a->pids[i]);
	}
	if (n)
		add_adopted(a, all, n);
	for (size_t i = 0; i < n; i++)
		adopted_free(all[i]);
}

/* --- the whole --- */

/* Whether its start was seen, and it is not over. */
static bool is_watched(struct attaching *a)
{
	int fd = bpf_map__fd(a->t->programs.skel->maps.ids);
	struct err ignored = ERR_INIT;
	struct wire_target wt;
	uint32_t number;

	return bpf_map_lookup_elem(fd, a->what->id, &number) == 0 &&
	       target_read(&a->t->programs, number, &wt, &ignored) == 0 && wt.cgroups;
}

static int attach_container(struct attaching *a, struct err *err)
{
	int r = describe(a, err);

	if (!r && is_watched(a))
		return err_set(err, EEXIST, "it is watched already");
	if (!r)
		r = find_container(a, err);
	if (!r && bpf_map_update_elem(bpf_map__fd(a->t->programs.skel->maps.ids), a->what->id,
				      &a->target->number, BPF_ANY) < 0)
		r = err_set(err, errno, "cannot tell the kernel of a container");
	return r < 0 ? r : number_members(a, false, err);
}

/* One of its processes stands for a first one. */
static int attach_cgroup(struct attaching *a, struct err *err)
{
	int r = describe(a, err);

	if (!r)
		r = number_members(a, false, err);
	if (r < 0 || !a->n)
		return r;
	r = -ESRCH;
	for (size_t i = 0; i < a->n && r == -ESRCH; i++) {
		a->first = (int)a->pids[i];
		r = describe(a, err);
		if (!r)
			r = find_container(a, err);
	}
	if (r != -ESRCH)
		return r;
	a->first = 0; /* all of them ended meanwhile */
	return describe(a, err);
}

static int attach(struct attaching *a, struct err *err)
{
	int r = a->what->id ? attach_container(a, err) : attach_cgroup(a, err);

	if (!r)
		r = watch_members(a, err);
	if (!r)
		adopt_members(a);
	return r;
}

#define INIT_PID_NS 0xEFFFFFFCul /* linux/proc_ns.h: PROC_PID_INIT_INO, which no other one has */

/* The kernel tells processes by their numbers there, and /proc has to have the same ones. */
static int check_pid_namespace(struct err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == INIT_PID_NS)
		return 0;
	err_class_set(err, ERR_KERNEL, ESRCH,
		      "what runs already cannot be seen from a pid namespace of its own");
	return err_hint(err, "in a container: --pid=host, or --new-only");
}

int trace_attach(struct trace *t, const struct trace_running *what, uint32_t *ret_target,
		 struct err *err)
{
	static const struct cap_need needs[] = {
		{ CAP_SYS_PTRACE, CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
		  "to see in /proc what processes hold that run already" },
	};
	struct attaching a = { .t = t, .what = what, .first = what->pid, .ns = clock_boot_ns() };
	int r = cap_check(needs, ARRAY_SIZE(needs), err);

	if (!r)
		r = check_pid_namespace(err);
	if (r < 0)
		return r;
	r = trace_make_target(t, &a.target, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&t->lock);
	a.target->known = a.target->attached = true;
	if (!a.target->collector.first_ns)
		a.target->collector.first_ns = a.ns;
	pthread_mutex_unlock(&t->lock);
	r = attach(&a, err);
	free(a.pids);
	free(a.numbers);
	if (r < 0)
		trace_drop(t, a.target->number);
	else
		*ret_target = a.target->number;
	return r;
}
