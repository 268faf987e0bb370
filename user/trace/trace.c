/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/trace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <time.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/wire.h"
#include "trace/collect.h"
#include "trace/loader.h"
#include "trace/skel.h"

#define CONTAINER_ID_LEN 64
/*
 * The kernel side wakes the reader for what may be waited for and when much has gathered; what
 * is between is read this often, for trace_counts().
 */
#define GATHER_MS 100
#define X32_BIT 0x40000000u /* asm/unistd.h: libseccomp's numbers have it too */

struct trace {
	struct programs programs;
	struct ring_buffer *ring;
	pthread_t thread; /* drains the ring buffer */
	bool running;	  /* there is one */
	int stop_fd;	  /* asks it to end */
	int news_fd;	  /* readable: something came that trace_wait_listen() looks at */
	pthread_mutex_t lock;
	struct collector collector; /* locked */
	uint64_t wall_ns, boot_ns;  /* the same moment on two clocks */
	bool finished;
};

static int on_event(void *ctx, void *data, size_t len)
{
	struct trace *t = ctx;
	bool news;

	pthread_mutex_lock(&t->lock);
	news = collector_add(&t->collector, data, len);
	pthread_mutex_unlock(&t->lock);
	if (news)
		eventfd_write(t->news_fd, 1);
	return 0;
}

static void *drain(void *ctx)
{
	struct trace *t = ctx;
	struct pollfd fds[] = { { .fd = ring_buffer__epoll_fd(t->ring), .events = POLLIN },
				{ .fd = t->stop_fd, .events = POLLIN } };

	while (!fds[1].revents) {
		if (poll(fds, ARRAY_SIZE(fds), GATHER_MS) < 0) {
			if (errno != EINTR)
				log_debug("poll: %s", strerror(errno));
			continue;
		}
		ring_buffer__consume(t->ring);
	}
	return NULL;
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

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int open_fds(struct trace *t, struct err *err)
{
	t->stop_fd = eventfd(0, EFD_CLOEXEC);
	t->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->stop_fd < 0 || t->news_fd < 0)
		return err_set(err, errno, "cannot make an event descriptor");
	return 0;
}

static struct trace *trace_new(void)
{
	struct trace *t = xcalloc(1, sizeof(*t));

	t->stop_fd = t->news_fd = -1;
	pthread_mutex_init(&t->lock, NULL);
	collector_init(&t->collector);
	t->wall_ns = wall_ns();
	t->boot_ns = clock_boot_ns();
	return t;
}

static int check_id(const char *id, struct err *err)
{
	if (!id || strspn(id, "0123456789abcdef") != CONTAINER_ID_LEN || id[CONTAINER_ID_LEN])
		return err_set(err, EINVAL, "'%s' is not the full ID of a container", id ? id : "");
	return 0;
}

int trace_open(const struct trace_opts *opts, struct trace **ret, struct err *err)
{
	_cleanup_(trace_free) struct trace *t = trace_new();
	int r = check_id(opts->container_id, err);

	if (!r)
		r = open_fds(t, err);
	if (!r)
		r = programs_load(opts, &t->programs, err);
	/* The kernel's types were read for it: the memory would stay with malloc(), unused. */
	malloc_trim(0);
	if (r < 0)
		return r;
	t->ring = ring_buffer__new(bpf_map__fd(t->programs.skel->maps.events), on_event, t, NULL);
	if (!t->ring)
		return err_set(err, errno, "cannot map the ring buffer");
	if (!opts->stall)
		r = start_thread(t, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(t);
	return 0;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	stop_thread(t);
	ring_buffer__free(t->ring);
	programs_release(&t->programs);
	collector_release(&t->collector);
	pthread_mutex_destroy(&t->lock);
	if (t->stop_fd >= 0)
		close(t->stop_fd);
	if (t->news_fd >= 0)
		close(t->news_fd);
	free(t);
}

/* Adds one phase, ABI and edge of all CPUs to @ret (WIRE_CALLS entries). */
static int read_counts(struct trace *t, uint32_t index, struct wire_counts *per_cpu, int n_cpus,
		       uint64_t *ret)
{
	int fd = bpf_map__fd(t->programs.skel->maps.counts);

	if (bpf_map_lookup_elem(fd, &index, per_cpu) < 0)
		return -errno;
	for (int cpu = 0; cpu < n_cpus; cpu++)
		for (int nr = 0; nr < WIRE_CALLS; nr++)
			ret[nr] += per_cpu[cpu].n[nr];
	return 0;
}

typedef void (*syscall_fn)(void *ctx, enum record_phase phase, enum record_abi abi, uint32_t nr,
			   uint64_t count, uint64_t refused);

/*
 * A call shows at both of its edges, or only at its entry (exit; it never returned), or only at
 * its exit (seccomp refused it): the larger count is the number of calls, and as many as the
 * exits are more were refused.
 */
static int each_of_abi(struct trace *t, enum record_phase phase, enum record_abi abi,
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
static int each_syscall(struct trace *t, syscall_fn fn, void *ctx)
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

static uint64_t sum_lost(struct trace *t)
{
	uint64_t sum = t->collector.undecodable + t->collector.too_many;

	for (int i = 0; i < WIRE_LOSSES; i++)
		sum += t->programs.skel->bss->lost[i];
	return sum;
}

void trace_counts(struct trace *t, struct trace_counts *ret)
{
	struct trace_counts c = { 0 };

	if (!t->finished)
		each_syscall(t, count_syscall, &c.syscalls);
	pthread_mutex_lock(&t->lock);
	c.files = t->collector.files;
	c.lookups = t->collector.lookups;
	c.programs =
		t->collector.builder ? record_builder_record(t->collector.builder)->n_programs : 0;
	c.lost = sum_lost(t);
	/* The event may have found the ring buffer full, or wait in it: the flag does not. */
	c.started = t->collector.first_ns ||
		    (!t->finished &&
		     __atomic_load_n(&t->programs.skel->bss->started, __ATOMIC_RELAXED));
	pthread_mutex_unlock(&t->lock);
	*ret = c;
}

/* 1: it listens, 0: not yet, -ESRCH: it never will. */
static int look_for_listener(struct trace *t, uint16_t port)
{
	bool found, ended;

	pthread_mutex_lock(&t->lock);
	found = collector_listens(&t->collector, port);
	ended = t->collector.ended;
	pthread_mutex_unlock(&t->lock);
	/* The event may have found the ring buffer full: the flag has not. */
	ended = ended || __atomic_load_n(&t->programs.skel->bss->ended, __ATOMIC_RELAXED);
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
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = t->collector.n_ports < max ? t->collector.n_ports : max;
	if (n)
		memcpy(ports, t->collector.ports, n * sizeof(*ports));
	pthread_mutex_unlock(&t->lock);
	return n;
}

void trace_listen_addresses(struct trace *t, uint16_t port, struct strvec *ret)
{
	pthread_mutex_lock(&t->lock);
	collector_addresses(&t->collector, port, ret);
	pthread_mutex_unlock(&t->lock);
}

static void add_syscall(void *ctx, enum record_phase phase, enum record_abi abi, uint32_t nr,
			uint64_t count, uint64_t refused)
{
	record_add_syscall(ctx, phase, abi, nr, count, refused);
}

static void add_capabilities(struct trace *t)
{
	const uint8_t *caps = t->programs.skel->bss->caps;

	for (uint32_t i = 0; i < WIRE_CAPABILITIES * 2 * WIRE_CALLS; i++) {
		uint32_t row = i / WIRE_CALLS, nr = i % WIRE_CALLS;

		if (caps[i])
			record_add_capability(t->collector.builder, row / 2, row % 2,
					      nr == WIRE_NO_CALL ? -1 : (int)nr);
	}
}

static void fill_confinement(struct trace *t, struct record_confinement *ret)
{
	const typeof(t->programs.skel->bss->confinement) *c = &t->programs.skel->bss->confinement;

	*ret = (struct record_confinement){
		.known = t->programs.skel->bss->started,
		.seccomp = c->seccomp,
		.no_new_privileges = c->no_new_privs,
		.bounding = c->bounding,
		.effective = c->effective,
	};
}

static void fill_loss(struct trace *t, struct record_loss *loss)
{
	const __u64 *lost = t->programs.skel->bss->lost;

	*loss = (struct record_loss){
		.ring_full = lost[WIRE_RING_FULL],
		.map_full = lost[WIRE_MAP_FULL] + t->collector.too_many,
		.path_fault = lost[WIRE_PATH_FAULT],
		.path_truncated = lost[WIRE_PATH_CUT],
		.prog_missed = programs_missed(&t->programs),
		.decode = t->collector.undecodable,
	};
}

static void set_string(char **p, char *value)
{
	free(*p);
	*p = value;
}

static void fill_times(struct trace *t, struct record *rec, uint64_t end_ns)
{
	uint64_t first = t->collector.first_ns ? t->collector.first_ns : t->boot_ns;
	time_t wall = (time_t)((t->wall_ns + (first - t->boot_ns)) / 1000000000u);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&wall, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	set_string(&rec->started, xstrdup(text));
	rec->duration_ns = t->collector.first_ns && end_ns > first ? end_ns - first : 0;
}

static void fill_host(struct trace *t, struct record *rec)
{
	struct utsname host;

	if (uname(&host) == 0) {
		set_string(&rec->kernel, xstrdup(host.release));
		set_string(&rec->arch, xstrdup(host.machine));
	}
	rec->capabilities_unseen = !t->programs.present[OPTIONAL_CAP];
	for (int i = 0; i < N_OPTIONAL; i++)
		if (!t->programs.present[i])
			strvec_push(&rec->unseen, optional_programs[i].unseen);
}

int trace_finish(struct trace *t, struct record **ret, struct err *err)
{
	uint64_t end_ns = clock_boot_ns();
	struct record *rec;
	int r;

	if (t->finished)
		return err_set(err, EALREADY, "the trace is finished already");
	programs_detach(&t->programs);
	stop_thread(t);
	ring_buffer__consume(t->ring);
	r = each_syscall(t, add_syscall, t->collector.builder);
	if (r < 0)
		return err_set(err, -r, "cannot read the syscall counters");
	add_capabilities(t);
	rec = record_builder_record(t->collector.builder);
	fill_loss(t, &rec->loss);
	fill_confinement(t, &rec->confinement);
	fill_times(t, rec, end_ns);
	fill_host(t, rec);
	log_debug("%llu events written, %llu read",
		  (unsigned long long)t->programs.skel->bss->written,
		  (unsigned long long)t->collector.events);
	t->finished = true;
	*ret = record_builder_finish(t->collector.builder);
	return 0;
}
