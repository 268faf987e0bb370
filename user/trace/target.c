/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/target.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "trace/skel.h"
#include "trace/sweep.h"

#define FILTER_SIZE sizeof(((struct slimtrace_bpf__bss *)0)->filter)
#define FILTER_MANY 1024    /* flags */
#define X32_BIT 0x40000000u /* asm/unistd.h: libseccomp's numbers have it too */

/* --- what is in the kernel --- */

int target_read(const struct programs *p, uint32_t number, struct wire_target *ret, struct err *err)
{
	if (bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.targets), &number, ret) < 0)
		return err_set(err, errno, "cannot read what the kernel knows of a container");
	return 0;
}

int target_write(const struct programs *p, uint32_t number, const struct wire_target *wt,
		 struct err *err)
{
	if (bpf_map_update_elem(bpf_map__fd(p->skel->maps.targets), &number, wt, BPF_ANY) < 0)
		return err_set(err, errno, "cannot tell the kernel of a container");
	return 0;
}

static int make_counts(const struct programs *p, struct target *t, struct err *err)
{
	t->counts = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "counts_of", sizeof(uint32_t),
				   sizeof(struct wire_counts), WIRE_PHASES * WIRE_ABIS * WIRE_EDGES,
				   NULL);
	if (t->counts < 0)
		return err_set(err, errno, "cannot make a table for counting");
	if (bpf_map_update_elem(bpf_map__fd(p->skel->maps.counts), &t->number, &t->counts,
				BPF_ANY) < 0)
		return err_set(err, errno, "cannot give the kernel a table for counting");
	return 0;
}

int target_new(const struct programs *p, const struct trace_opts *opts, uint32_t number,
	       struct target **ret, struct err *err)
{
	_cleanup_(target_free) struct target *t = xcalloc(1, sizeof(*t));
	const struct wire_target nothing = { .cgroups = 0 };
	int r;

	t->number = number;
	t->counts = -1;
	t->missed = programs_missed(p);
	collector_init(&t->collector);
	record_builder_bound(t->collector.builder,
			     opts->record_bytes ? opts->record_bytes : RECORD_MAX_BYTES);
	if (opts->fold)
		record_builder_fold(t->collector.builder);
	r = target_write(p, number, &nothing, err);
	if (!r)
		r = make_counts(p, t, err);
	if (!r)
		*ret = TAKE_PTR(t);
	return r;
}

void target_free(struct target *t)
{
	if (!t)
		return;
	collector_release(&t->collector);
	if (t->counts >= 0)
		close(t->counts);
	free(t);
}

/* --- its syscalls --- */

typedef void (*syscall_fn)(void *ctx, enum record_phase phase, enum record_abi abi, uint32_t nr,
			   uint64_t count, uint64_t refused);

/* Adds one phase, ABI and edge of all CPUs to @ret (WIRE_CALLS entries). */
static int read_counts(const struct target *t, uint32_t index, struct wire_counts *per_cpu,
		       int n_cpus, uint64_t *ret)
{
	if (bpf_map_lookup_elem(t->counts, &index, per_cpu) < 0)
		return -errno;
	for (int cpu = 0; cpu < n_cpus; cpu++)
		for (int nr = 0; nr < WIRE_CALLS; nr++)
			ret[nr] += per_cpu[cpu].n[nr];
	return 0;
}

/*
 * A call shows at both of its edges, or only at its entry (exit; it never returned), or only at
 * its exit (seccomp refused it): the larger count is the number of calls, and as many as the
 * exits are more were refused.
 */
static int each_of_abi(const struct target *t, enum record_phase phase, enum record_abi abi,
		       struct wire_counts *per_cpu, int n_cpus, syscall_fn fn, void *ctx)
{
	uint64_t entered[WIRE_CALLS] = { 0 }, exited[WIRE_CALLS] = { 0 };
	int r = read_counts(t, wire_counts_index(phase, abi, WIRE_ENTERED), per_cpu, n_cpus,
			    entered);

	if (!r)
		r = read_counts(t, wire_counts_index(phase, abi, WIRE_EXITED), per_cpu, n_cpus,
				exited);
	for (uint32_t nr = 0; nr < WIRE_CALLS && !r; nr++)
		if (entered[nr] || exited[nr])
			fn(ctx, phase, abi, abi == RECORD_X32 ? nr | X32_BIT : nr,
			   entered[nr] > exited[nr] ? entered[nr] : exited[nr],
			   exited[nr] > entered[nr] ? exited[nr] - entered[nr] : 0);
	return r;
}

/* Calls @fn for each syscall that was made. */
static int each_syscall(const struct target *t, syscall_fn fn, void *ctx)
{
	int n_cpus = libbpf_num_possible_cpus(), r = 0;
	_cleanup_free_ struct wire_counts *per_cpu = NULL;

	if (n_cpus <= 0)
		return n_cpus;
	per_cpu = xcalloc((size_t)n_cpus, sizeof(*per_cpu));
	for (int i = 0; i < WIRE_PHASES * WIRE_ABIS && !r; i++)
		r = each_of_abi(t, (enum record_phase)(i / WIRE_ABIS),
				(enum record_abi)(i % WIRE_ABIS), per_cpu, n_cpus, fn, ctx);
	return r;
}

static void count_syscall(void *ctx, enum record_phase phase, enum record_abi abi, uint32_t nr,
			  uint64_t count, uint64_t refused)
{
	(void)abi;
	(void)nr;
	(void)count;
	(void)refused;
	*(uint64_t *)ctx += phase == RECORD_APP;
}

uint64_t target_count_syscalls(const struct target *t)
{
	uint64_t n = 0;

	each_syscall(t, count_syscall, &n);
	return n;
}

static void set_syscall(void *ctx, enum record_phase phase, enum record_abi abi, uint32_t nr,
			uint64_t count, uint64_t refused)
{
	record_set_syscall(ctx, phase, abi, nr, count, refused);
}

/* --- its record --- */

static bool add_capability(const void *key, const void *value, void *ctx)
{
	struct target *t = ctx;
	struct wire_cap cap;

	(void)value;
	memcpy(&cap, key, sizeof(cap));
	if (cap.target == t->number)
		record_add_capability(t->collector.builder, cap.cap, cap.granted,
				      cap.nr == WIRE_NO_CALL ? -1 : (int)cap.nr);
	return false;
}

/* What is attached to later has changed what it holds since it began, or not: nobody can tell. */
static void fill_confinement(const struct target *t, const struct wire_target *wt,
			     struct record_confinement *ret)
{
	*ret = (struct record_confinement){
		.known = wt->started && !t->attached,
		.seccomp = wt->seccomp,
		.no_new_privileges = wt->no_new_privs,
		.bounding = wt->bounding,
		.effective = wt->effective,
	};
}

static void fill_loss(const struct programs *p, const struct target *t,
		      const struct wire_target *wt, struct record_loss *loss)
{
	*loss = (struct record_loss){
		.ring_full = wt->lost[WIRE_RING_FULL],
		.map_full = wt->lost[WIRE_MAP_FULL] + t->collector.too_many,
		.path_fault = wt->lost[WIRE_PATH_FAULT],
		.path_truncated = wt->lost[WIRE_PATH_CUT],
		.prog_missed = programs_missed(p) - t->missed,
	};
}

int target_fill(const struct programs *p, struct target *t, struct err *err)
{
	struct record *rec = record_builder_record(t->collector.builder);
	struct wire_target wt;
	int r = target_read(p, t->number, &wt, err);

	if (r < 0)
		return r;
	r = each_syscall(t, set_syscall, t->collector.builder);
	if (r < 0)
		return err_set(err, -r, "cannot read the syscall counters");
	sweep(p->skel->maps.caps, add_capability, t);
	rec->attached = t->attached;
	fill_loss(p, t, &wt, &rec->loss);
	fill_confinement(t, &wt, &rec->confinement);
	return 0;
}

/* --- its end --- */

static bool is_number(const void *key, const void *value, void *ctx)
{
	(void)key;
	return !memcmp(value, ctx, sizeof(uint32_t));
}

static bool is_process_of(const void *key, const void *value, void *ctx)
{
	struct wire_proc p;

	(void)key;
	memcpy(&p, value, sizeof(p));
	return p.target == *(const uint32_t *)ctx;
}

static bool is_cap_of(const void *key, const void *value, void *ctx)
{
	struct wire_cap cap;

	(void)value;
	memcpy(&cap, key, sizeof(cap));
	return cap.target == *(const uint32_t *)ctx;
}

static bool note_scope(const void *key, const void *value, void *ctx)
{
	uint8_t *filter = ctx;
	uint64_t id;

	(void)value;
	memcpy(&id, key, sizeof(id));
	filter[id % FILTER_SIZE] = 1;
	return false;
}

/*
 * Flags of cgroups that are gone cost every process of the machine a look into a table. Where there
 * are many, those that are of use are found anew. A cgroup that is made meanwhile has its flag
 * taken, for as long as it takes to look a second time: before anybody is in it.
 */
static void clean_filter(const struct programs *p)
{
	uint8_t *flags = p->skel->bss->filter, used[FILTER_SIZE] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < FILTER_SIZE; i++)
		n += flags[i];
	if (n < FILTER_MANY)
		return;
	sweep(p->skel->maps.scopes, note_scope, used);
	for (size_t i = 0; i < FILTER_SIZE; i++)
		if (!used[i])
			flags[i] = 0;
	programs_wait();
	sweep(p->skel->maps.scopes, note_scope, used);
	for (size_t i = 0; i < FILTER_SIZE; i++)
		if (used[i])
			flags[i] = 1;
}

void target_leave(const struct programs *p, uint32_t number)
{
	struct slimtrace_bpf__bss *bss = p->skel->bss;
	struct err err = ERR_INIT;
	struct wire_target wt;

	sweep(p->skel->maps.ids, is_number, &number);
	/* Twice: what was under way may have added to it meanwhile. */
	for (int i = 0; i < 2; i++) {
		sweep(p->skel->maps.scopes, is_number, &number);
		sweep(p->skel->maps.procs, is_process_of, &number);
		__atomic_fetch_add(&bss->procs_age, 1, __ATOMIC_RELAXED);
		programs_wait();
	}
	if (target_read(p, number, &wt, &err) == 0 && wt.counted_v1)
		__atomic_fetch_sub(&bss->n_v1, 1, __ATOMIC_RELAXED);
	clean_filter(p);
}

size_t target_forget_seen(const struct programs *p, uint32_t number)
{
	sweep(p->skel->maps.caps, is_cap_of, &number);
	return sweep(p->skel->maps.seen, is_number, &number);
}
