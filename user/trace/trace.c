/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/trace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <time.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "trace/many.h"
#include "trace/skel.h"
#include "trace/state.h"

/*
 * The kernel side wakes the reader for what may be waited for and when much has gathered; what
 * is between is read this often, for trace_counts().
 */
#define GATHER_MS 100

/* --- the reader --- */

static void tell(struct trace *t, const struct target *target, bool over)
{
	struct trace_news *news;
	struct wire_target wt;
	struct err err = ERR_INIT;

	ALLOC_GROW(t->news, t->n_news + 1, t->cap_news);
	news = &t->news[t->n_news++];
	*news = (struct trace_news){ .over = over, .target = target->number };
	if (target_read(&t->programs, target->number, &wt, &err) == 0)
		memcpy(news->id, wt.id, sizeof(wt.id));
	eventfd_write(t->news_fd, 1);
}

void trace_begin(struct trace *t, struct target *target)
{
	target->known = true;
	target->stray = t->stray;
	target->missed = programs_missed(&t->programs);
	t->n_spare--;
	tell(t, target, false);
}

void trace_end(struct trace *t, struct target *target)
{
	target->told = true;
	tell(t, target, true);
}

/* Who is told news of a target is told first that there is one. */
static void take_event(struct trace *t, struct target *target, const struct event *ev)
{
	bool news = collector_add(&target->collector, ev);

	if (!t->opts.container_id && !target->known)
		trace_begin(t, target);
	if (ev->type == WIRE_GONE && !target->told)
		trace_end(t, target);
	t->seen += ev->type != WIRE_PROGRAM;
	if (news)
		eventfd_write(t->news_fd, 1);
}

static int on_event(void *ctx, void *data, size_t len)
{
	struct trace *t = ctx;
	struct target *target = NULL;
	struct event ev;
	int r;

	pthread_mutex_lock(&t->lock);
	r = decode_event(data, len, &ev);
	if (!r && ev.target <= WIRE_TARGETS)
		target = t->targets[ev.target];
	if (target)
		take_event(t, target, &ev);
	else
		t->stray++;
	pthread_mutex_unlock(&t->lock);
	return 0;
}

static void drain_once(struct trace *t)
{
	struct err err = ERR_INIT;
	uint64_t wanted;

	pthread_mutex_lock(&t->lock);
	wanted = t->wanted_drains;
	pthread_mutex_unlock(&t->lock);
	if (t->opts.container_id)
		ring_buffer__consume(t->ring);
	else
		many_consume(t);
	if (!t->opts.container_id && trace_make_spare(t, &err) < 0)
		log_warn("%s", err.msg);
	pthread_mutex_lock(&t->lock);
	t->drains = wanted;
	pthread_cond_broadcast(&t->drained);
	pthread_mutex_unlock(&t->lock);
}

static void *drain(void *ctx)
{
	struct trace *t = ctx;
	struct pollfd fds[] = { { .fd = ring_buffer__epoll_fd(t->ring), .events = POLLIN },
				{ .fd = t->stop_fd, .events = POLLIN },
				{ .fd = t->wake_fd, .events = POLLIN } };
	eventfd_t ignored;

	while (!fds[1].revents) {
		if (poll(fds, ARRAY_SIZE(fds), GATHER_MS) < 0) {
			if (errno != EINTR)
				log_debug("poll: %s", strerror(errno));
			continue;
		}
		eventfd_read(t->wake_fd, &ignored);
		drain_once(t);
	}
	return NULL;
}

void trace_settle(struct trace *t)
{
	uint64_t mine;

	pthread_mutex_lock(&t->lock);
	mine = ++t->wanted_drains;
	eventfd_write(t->wake_fd, 1);
	while (t->running && t->drains < mine)
		pthread_cond_wait(&t->drained, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

static int start_thread(struct trace *t, struct err *err)
{
	int r = pthread_create(&t->thread, NULL, drain, t);

	if (r)
		return err_set(err, r, "cannot start the tracer's thread");
	t->running = true;
	return 0;
}

static void stop_thread(struct trace *t)
{
	if (!t->running)
		return;
	eventfd_write(t->stop_fd, 1);
	pthread_join(t->thread, NULL);
	t->running = false;
}

/* --- opening --- */

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int open_fds(struct trace *t, struct err *err)
{
	t->stop_fd = eventfd(0, EFD_CLOEXEC);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->stop_fd < 0 || t->wake_fd < 0 || t->news_fd < 0)
		return err_set(err, errno, "cannot make an event descriptor");
	return 0;
}

static struct trace *trace_new(const struct trace_opts *opts)
{
	struct trace *t = xcalloc(1, sizeof(*t));

	t->opts = *opts;
	t->stop_fd = t->wake_fd = t->news_fd = -1;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->drained, NULL);
	t->wall_ns = wall_ns();
	t->boot_ns = clock_boot_ns();
	return t;
}

static int check_id(const char *id, struct err *err)
{
	if (id && (strspn(id, "0123456789abcdef") != WIRE_ID_LEN || id[WIRE_ID_LEN]))
		return err_set(err, EINVAL, "'%s' is not the full ID of a container", id);
	return 0;
}

/* The one container whose ID was given. */
static int add_only(struct trace *t, struct err *err)
{
	const uint32_t number = ONLY_TARGET;
	int r = target_new(&t->programs, &t->opts, number, &t->targets[number], err);

	if (!r && bpf_map_update_elem(bpf_map__fd(t->programs.skel->maps.ids), t->opts.container_id,
				      &number, BPF_ANY) < 0)
		r = err_set(err, errno, "cannot tell the kernel of a container");
	return r;
}

static int start_watching(struct trace *t, struct err *err)
{
	int r = t->opts.container_id ? add_only(t, err) : trace_make_spare(t, err);

	if (!r)
		r = programs_attach(&t->programs, err);
	if (r < 0)
		return r;
	t->ring = ring_buffer__new(bpf_map__fd(t->programs.skel->maps.events), on_event, t, NULL);
	if (!t->ring)
		return err_set(err, errno, "cannot map the ring buffer");
	return t->opts.stall ? 0 : start_thread(t, err);
}

int trace_open(const struct trace_opts *opts, struct trace **ret, struct err *err)
{
	_cleanup_(trace_free) struct trace *t = trace_new(opts);
	int r = check_id(opts->container_id, err);

	if (!r)
		r = open_fds(t, err);
	if (!r)
		r = programs_load(opts, &t->programs, err);
	/* The kernel's types were read for it: the memory would stay with malloc(), unused. */
	malloc_trim(0);
	if (!r)
		r = start_watching(t, err);
	if (!r)
		*ret = TAKE_PTR(t);
	return r;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	stop_thread(t);
	ring_buffer__free(t->ring);
	programs_release(&t->programs);
	for (size_t i = 0; i < ARRAY_SIZE(t->targets); i++)
		target_free(t->targets[i]);
	pthread_cond_destroy(&t->drained);
	pthread_mutex_destroy(&t->lock);
	close_fd(t->stop_fd);
	close_fd(t->wake_fd);
	close_fd(t->news_fd);
	free(t->news);
	free(t);
}

/* --- the one container, while it runs --- */

static struct target *only(struct trace *t)
{
	return t->targets[ONLY_TARGET];
}

static uint64_t sum_lost(const struct trace *t, const struct wire_target *wt)
{
	uint64_t sum = t->targets[ONLY_TARGET]->collector.too_many + t->stray;

	for (int i = 0; i < WIRE_LOSSES; i++)
		sum += wt->lost[i];
	return sum;
}

void trace_counts(struct trace *t, struct trace_counts *ret)
{
	const struct collector *c = &only(t)->collector;
	struct wire_target wt = { .started = 0 };
	struct trace_counts counts = { 0 };
	struct err err = ERR_INIT;

	if (!t->finished)
		counts.syscalls = target_count_syscalls(only(t));
	target_read(&t->programs, ONLY_TARGET, &wt, &err);
	pthread_mutex_lock(&t->lock);
	counts.files = c->files;
	counts.lookups = c->lookups;
	counts.programs = record_builder_record(c->builder)->n_programs;
	counts.lost = sum_lost(t, &wt);
	/* The event may have found the ring buffer full, or wait in it: the flag does not. */
	counts.started = c->first_ns || wt.started;
	pthread_mutex_unlock(&t->lock);
	*ret = counts;
}

/* 1: it listens, 0: not yet, -ESRCH: it never will. */
static int look_for_listener(struct trace *t, uint16_t port)
{
	struct wire_target wt = { .ended = 0 };
	struct err err = ERR_INIT;
	bool found, ended;

	/* The event may have found the ring buffer full: the flag has not. */
	target_read(&t->programs, ONLY_TARGET, &wt, &err);
	pthread_mutex_lock(&t->lock);
	found = collector_listens(&only(t)->collector, port);
	ended = only(t)->collector.ended || wt.ended;
	pthread_mutex_unlock(&t->lock);
	return found ? 1 : ended ? -ESRCH : 0;
}

int trace_wait_listen(struct trace *t, uint16_t port, int timeout_ms, struct err *err)
{
	uint64_t now = clock_mono_ms(), end = now + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
	eventfd_t drop;

	for (;;) {
		int r;

		eventfd_read(t->news_fd, &drop); /* before looking: later news wake us */
		r = look_for_listener(t, port);
		if (r)
			return r > 0 ? 1 : 0;
		now = clock_mono_ms();
		if (now >= end)
			return 0;
		r = cancel_wait(t->news_fd, (int)(end - now), err);
		if (r < 0)
			return r;
	}
}

size_t trace_listening(struct trace *t, uint16_t *ports, size_t max)
{
	const struct collector *c = &only(t)->collector;
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = c->n_ports < max ? c->n_ports : max;
	if (n)
		memcpy(ports, c->ports, n * sizeof(*ports));
	pthread_mutex_unlock(&t->lock);
	return n;
}

uint64_t trace_listen_since(struct trace *t, uint16_t port)
{
	uint64_t ns;

	pthread_mutex_lock(&t->lock);
	ns = collector_listen_since(&only(t)->collector, port);
	pthread_mutex_unlock(&t->lock);
	return ns;
}

void trace_listen_addresses(struct trace *t, uint16_t port, struct strvec *ret)
{
	pthread_mutex_lock(&t->lock);
	collector_addresses(&only(t)->collector, port, ret);
	pthread_mutex_unlock(&t->lock);
}

/* --- records --- */

static void set_string(char **p, char *value)
{
	free(*p);
	*p = value;
}

static void fill_times(const struct trace *t, const struct collector *c, struct record *rec)
{
	uint64_t end = clock_boot_ns(), first = c->first_ns ? c->first_ns : t->boot_ns;
	time_t wall = (time_t)((t->wall_ns + (first - t->boot_ns)) / 1000000000u);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&wall, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	set_string(&rec->started, xstrdup(text));
	rec->duration_ns = c->first_ns && end > first ? end - first : 0;
}

static void fill_host(const struct trace *t, struct record *rec)
{
	struct utsname host;

	if (uname(&host) == 0) {
		set_string(&rec->kernel, xstrdup(host.release));
		set_string(&rec->arch, xstrdup(host.machine));
	}
	rec->capabilities_unseen = !t->programs.present[OPTIONAL_CAP];
	strvec_release(&rec->unseen);
	for (int i = 0; i < N_OPTIONAL; i++)
		if (!t->programs.present[i])
			strvec_push(&rec->unseen, optional_programs[i].unseen);
}

int trace_fill(struct trace *t, struct target *target, struct err *err)
{
	struct record *rec = record_builder_record(target->collector.builder);
	int r = target_fill(&t->programs, target, err);

	if (r < 0)
		return r;
	rec->loss.decode += t->stray - target->stray;
	fill_times(t, &target->collector, rec);
	fill_host(t, rec);
	return 0;
}

int trace_finish(struct trace *t, struct record **ret, struct err *err)
{
	int r;

	if (t->finished)
		return err_set(err, EALREADY, "the trace is finished already");
	programs_detach(&t->programs);
	stop_thread(t);
	ring_buffer__consume(t->ring);
	r = trace_fill(t, only(t), err);
	if (r < 0)
		return r;
	log_debug("%llu events written, %llu read",
		  (unsigned long long)t->programs.skel->bss->written,
		  (unsigned long long)(only(t)->collector.events + t->stray));
	t->finished = true;
	*ret = record_builder_finish(only(t)->collector.builder);
	return 0;
}
