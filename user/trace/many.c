/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/many.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "trace/skel.h"
#include "trace/sweep.h"

/*
 * How many targets wait for containers: a burst of so many is caught while the reader sleeps. Each
 * has a table for each processor, so there are fewer on large machines.
 */
#define MAX_SPARE 8u
#define MIN_SPARE 4u
#define SPARE_CPUS 64u

/* --- spare targets --- */

static size_t wanted_spare(void)
{
	int cpus = libbpf_num_possible_cpus();
	unsigned int n = SPARE_CPUS / (unsigned int)(cpus > 0 ? cpus : 1);

	return n < MIN_SPARE ? MIN_SPARE : n > MAX_SPARE ? MAX_SPARE : n;
}

/* A number that nobody has, or 0. Locked. */
static uint32_t free_number(const struct trace *t)
{
	for (uint32_t i = 1; i <= WIRE_TARGETS; i++)
		if (!t->taken[i])
			return i;
	return 0;
}

/* The reader makes targets, and so does who attaches to what runs. */
static uint32_t take_number(struct trace *t)
{
	uint32_t number;

	pthread_mutex_lock(&t->lock);
	number = free_number(t);
	t->taken[number] = number != 0;
	pthread_mutex_unlock(&t->lock);
	return number;
}

static void put_target(struct trace *t, uint32_t number, struct target *target)
{
	pthread_mutex_lock(&t->lock);
	if (target)
		target->stray = t->stray;
	t->targets[number] = target;
	t->taken[number] = target != NULL;
	pthread_mutex_unlock(&t->lock);
}

int trace_make_target(struct trace *t, struct target **ret, struct err *err)
{
	uint32_t number = take_number(t);
	struct target *target = NULL;
	int r;

	if (!number)
		return err_set(err, ENOSPC, "more than %d containers at a time", WIRE_TARGETS);
	r = target_new(&t->programs, &t->opts, number, &target, err);
	put_target(t, number, target);
	if (!r)
		*ret = target;
	return r;
}

static int put_spare(struct trace *t, const struct target *target, struct err *err)
{
	pthread_mutex_lock(&t->lock);
	t->n_spare++;
	pthread_mutex_unlock(&t->lock);
	if (bpf_map_update_elem(bpf_map__fd(t->programs.skel->maps.spare), NULL, &target->number,
				BPF_ANY) < 0)
		return err_set(err, errno, "cannot tell the kernel of a target");
	return 0;
}

static bool has_room(struct trace *t)
{
	bool room;

	pthread_mutex_lock(&t->lock);
	room = t->n_spare < wanted_spare() && free_number(t);
	pthread_mutex_unlock(&t->lock);
	return room;
}

int trace_make_spare(struct trace *t, struct err *err)
{
	int r = 0;

	while (!r && has_room(t)) {
		struct target *target = NULL;

		r = trace_make_target(t, &target, err);
		if (!r)
			r = put_spare(t, target, err);
	}
	return r;
}

void trace_recycle(struct trace *t, struct target *target)
{
	size_t forgotten = target_forget_seen(&t->programs, target->number);

	pthread_mutex_lock(&t->lock);
	t->seen -= forgotten < t->seen ? forgotten : t->seen;
	pthread_mutex_unlock(&t->lock);
	put_target(t, target->number, NULL);
	target_free(target);
}

/* --- what no event told of --- */

#define CHECK_MS 1000

/*
 * That a container begins and that it is over are events, and those may have found the ring buffer
 * full. The kernel's own word has not.
 */
static void check_target(struct trace *t, struct target *target)
{
	struct err ignored = ERR_INIT;
	struct wire_target wt;

	if (target_read(&t->programs, target->number, &wt, &ignored) < 0)
		return;
	if (wt.cgroups && wt.id[0] && !target->known)
		trace_begin(t, target);
	if (!wt.cgroups && target->had_cgroups && !target->told)
		trace_end(t, target);
	target->had_cgroups = target->known && wt.cgroups;
}

static void check_targets(struct trace *t)
{
	uint64_t now = clock_mono_ms();

	if (now < t->checked_ms + CHECK_MS)
		return;
	t->checked_ms = now;
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < ARRAY_SIZE(t->targets); i++)
		if (t->targets[i])
			check_target(t, t->targets[i]);
	pthread_mutex_unlock(&t->lock);
}

/* --- forgetting --- */

/* When so many programs are known that are not known to run, it is looked which do. */
#define MANY_PROGRAMS 4096

static bool note_program(const void *key, const void *value, void *ctx)
{
	struct wire_proc p;

	(void)key;
	memcpy(&p, value, sizeof(p));
	strmap_put_len(ctx, &p.program, sizeof(p.program), ctx);
	return false;
}

static bool any(const void *key, const void *value, void *ctx)
{
	(void)key;
	(void)value;
	(void)ctx;
	return true;
}

/*
 * What was written is remembered so that it is not written again. When there is little room left,
 * that is for what is long over, as a rule.
 */
static void forget_seen(struct trace *t)
{
	struct bpf_map *map = t->programs.skel->maps.seen;
	bool full;

	pthread_mutex_lock(&t->lock);
	full = t->seen > bpf_map__max_entries(map) / 4 * 3;
	if (full)
		t->seen = 0;
	pthread_mutex_unlock(&t->lock);
	if (full)
		log_debug("%zu events forgotten", sweep(map, any, NULL));
}

/* Marks what each target knows. Returns whether it is time to look which of that is over. */
static bool mark_programs(struct trace *t)
{
	size_t n = 0;

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < ARRAY_SIZE(t->targets); i++)
		if (t->targets[i])
			n += collector_mark(&t->targets[i]->collector);
	pthread_mutex_unlock(&t->lock);
	return n > MANY_PROGRAMS + 2 * t->running_programs;
}

static void forget_programs(struct trace *t, const struct strmap *running)
{
	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < ARRAY_SIZE(t->targets); i++)
		if (t->targets[i])
			collector_forget(&t->targets[i]->collector, running);
	pthread_mutex_unlock(&t->lock);
	t->running_programs = strmap_count(running);
}

/*
 * The kernel's numbers of programs are forgotten when no process runs them and all that they did
 * was read: so who runs is asked before reading. What was not known, and marked, before may be new.
 */
void many_consume(struct trace *t)
{
	_cleanup_(strmap_free) struct strmap *running = mark_programs(t) ? strmap_new() : NULL;

	if (running)
		sweep(t->programs.skel->maps.procs, note_program, running);
	ring_buffer__consume(t->ring);
	if (running)
		forget_programs(t, running);
	forget_seen(t);
	check_targets(t);
}

/* --- news --- */

int trace_news_fd(const struct trace *t)
{
	return t->news_fd;
}

bool trace_next(struct trace *t, struct trace_news *ret)
{
	eventfd_t drop;
	bool found;

	eventfd_read(t->news_fd, &drop); /* before looking: later news wake us */
	pthread_mutex_lock(&t->lock);
	found = t->told_news < t->n_news;
	if (found)
		*ret = t->news[t->told_news++];
	if (t->told_news == t->n_news)
		t->told_news = t->n_news = 0;
	else
		eventfd_write(t->news_fd, 1);
	pthread_mutex_unlock(&t->lock);
	return found;
}

uint64_t trace_crowded(const struct trace *t)
{
	return __atomic_load_n(&t->programs.skel->bss->crowded, __ATOMIC_RELAXED);
}

/* --- records --- */

static struct target *find_target(struct trace *t, uint32_t number)
{
	return number && number <= WIRE_TARGETS ? t->targets[number] : NULL;
}

static int no_target(struct err *err)
{
	return err_set(err, ENOENT, "no such target");
}

int trace_snapshot(struct trace *t, uint32_t number, struct record **ret, struct err *err)
{
	struct target *target;
	int r;

	trace_settle(t);
	pthread_mutex_lock(&t->lock);
	target = find_target(t, number);
	r = target ? trace_fill(t, target, err) : no_target(err);
	if (!r)
		*ret = record_builder_snapshot(target->collector.builder);
	pthread_mutex_unlock(&t->lock);
	return r;
}

int trace_take(struct trace *t, uint32_t number, struct record **ret, struct err *err)
{
	struct target *target = find_target(t, number);
	int r;

	if (!target)
		return no_target(err);
	target_leave(&t->programs, number);
	trace_settle(t);
	pthread_mutex_lock(&t->lock);
	r = trace_fill(t, target, err);
	if (!r)
		*ret = record_builder_finish(target->collector.builder);
	pthread_mutex_unlock(&t->lock);
	trace_recycle(t, target);
	return r;
}

void trace_drop(struct trace *t, uint32_t number)
{
	struct target *target = find_target(t, number);

	if (!target)
		return;
	target_leave(&t->programs, number);
	trace_settle(t);
	trace_recycle(t, target);
}
