/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a program in a small container of our own (box.h) and watches it with the tracer, on the
 *trace API alone: no engine, so it works in a guest that has none, and costs can be told apart.
 *
 *	observe [OPTIONS] -r ROOT -- PROGRAM [ARGUMENTS]
 *
 *	-r DIR		its root directory
 *	-c DIR		a cgroup to make for it [zero or more]; @ in it is the container's ID
 *	-i ID		the container's ID: 64 hexadecimal digits
 *	-m MODE		slimtrace (default), floor (empty programs on the same tracepoints), none
 *	-x		the program stays outside; what is watched is a process that does nothing
 *	-o FILE		the record is written there
 *	-s FILE		what the kernel says of each of our BPF programs:
 *NAME<TAB>RUNS<TAB>NANOSECONDS -t FILE		how long the program ran, and how long detaching
 *took afterwards: seconds
 *
 * Exit status: the program's; 128 + its signal; 1 when something else failed. SIGTERM is passed on.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "slimtrace/base/strbuf.h"
#include "slimtrace/record.h"
#include "slimtrace/trace.h"

#include "box.h"
#include "floor.h"

#define MAX_CGROUPS 8

enum mode { MODE_TRACE, MODE_FLOOR, MODE_NONE };

struct options {
	struct box box;
	char *cgroups[MAX_CGROUPS];
	const char *id, *record, *stats, *times;
	enum mode mode;
	bool outside;
};

static volatile pid_t child;

static void pass_on(int sig)
{
	if (child > 0)
		kill(child, sig);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		err(1, "cannot write %s", path);
	return f;
}

static _Noreturn void failed(const struct err *e)
{
	errx(1, "%s%s%s", e->msg, e->hint[0] ? "\n" : "", e->hint);
}

static void print_stats_of(FILE *f, int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
		fprintf(f, "%s\t%llu\t%llu\n", info.name, (unsigned long long)info.run_cnt,
			(unsigned long long)info.run_time_ns);
}

/* The programs that this process holds, whoever loaded them for it. */
static void print_stats(const char *path)
{
	DIR *dir = opendir("/proc/self/fd");
	FILE *f = create(path);
	struct dirent *e;

	if (!dir)
		err(1, "/proc/self/fd");
	while ((e = readdir(dir))) {
		char target[64] = "";

		if (readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1) > 0 &&
		    !strcmp(target, "anon_inode:bpf-prog"))
			print_stats_of(f, (int)strtol(e->d_name, NULL, 10));
	}
	closedir(dir);
	fclose(f);
}

static struct trace *open_trace(const struct options *o)
{
	struct trace_opts opts = { .container_id = o->id };
	struct err e = ERR_INIT;
	struct trace *t;

	if (trace_open(&opts, &t, &e) < 0)
		failed(&e);
	return t;
}

static struct record *finish_trace(struct trace *t)
{
	struct err e = ERR_INIT;
	struct record *rec;

	if (trace_finish(t, &rec, &e) < 0)
		failed(&e);
	return rec;
}

static void write_record(const struct record *rec, const char *path)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	FILE *f = create(path);

	record_to_json(rec, &text);
	if (fwrite(text.buf, 1, text.len, f) != text.len || fclose(f))
		err(1, "cannot write %s", path);
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void write_times(const char *path, double ran, double detached)
{
	FILE *f = create(path);
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	fprintf(f, "%.6f %.6f %.6f\n", ran, seconds(u.ru_utime) + seconds(u.ru_stime), detached);
	fclose(f);
}

/* Runs it to its end; returns its wait status. */
static int run_box(struct options *o)
{
	struct box outside = { .root = o->box.root, .argv = o->box.argv };
	pid_t other = o->outside ? box_hold(&o->box) : 0;
	int status;

	child = box_start(o->outside ? &outside : &o->box);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	child = 0;
	if (other) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	}
	return status;
}

static int observe(struct options *o)
{
	_cleanup_(trace_free) struct trace *t = NULL;
	_cleanup_(record_free) struct record *rec = NULL;
	_cleanup_close_ int stats = o->stats ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	size_t n = o->box.n_cgroups;
	struct floor_programs nothing = { .n = 0 };
	double start, end;
	int status;

	if (o->mode == MODE_TRACE)
		t = open_trace(o);
	else if (o->mode == MODE_FLOOR)
		floor_attach(&nothing);
	for (size_t i = 0; i < n; i++)
		box_make_cgroup(o->cgroups[i]);
	start = now();
	status = run_box(o);
	end = now();
	if (o->stats)
		print_stats(o->stats);
	if (t)
		rec = finish_trace(t);
	floor_detach(&nothing);
	if (o->times)
		write_times(o->times, end - start, now() - end);
	for (size_t i = n; i-- > 0;)
		box_remove_cgroup(o->cgroups[i]);
	if (rec && o->record)
		write_record(rec, o->record);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static enum mode mode_of(const char *name)
{
	if (!strcmp(name, "slimtrace"))
		return MODE_TRACE;
	if (!strcmp(name, "floor"))
		return MODE_FLOOR;
	if (!strcmp(name, "none"))
		return MODE_NONE;
	errx(2, "no mode '%s': slimtrace, floor or none", name);
}

/* "/sys/fs/cgroup/docker-@.scope" with the ID for the @. */
static char *with_id(const char *pattern, const char *id)
{
	const char *at = strchr(pattern, '@');
	char *s = NULL;
	int r;

	if (at)
		r = asprintf(&s, "%.*s%s%s", (int)(at - pattern), pattern, id, at + 1);
	else
		r = asprintf(&s, "%s", pattern);
	if (r < 0)
		err(1, "asprintf");
	return s;
}

static void parse(int argc, char **argv, struct options *o)
{
	size_t n = 0;
	int c;

	while ((c = getopt(argc, argv, "+r:c:i:m:xo:s:t:")) >= 0) {
		switch (c) {
		case 'r':
			o->box.root = optarg;
			break;
		case 'c':
			if (n == MAX_CGROUPS)
				errx(2, "more than %d cgroups", MAX_CGROUPS);
			o->cgroups[n++] = optarg;
			break;
		case 'i':
			o->id = optarg;
			break;
		case 'm':
			o->mode = mode_of(optarg);
			break;
		case 'x':
			o->outside = true;
			break;
		case 'o':
			o->record = optarg;
			break;
		case 's':
			o->stats = optarg;
			break;
		case 't':
			o->times = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (!o->box.root || optind == argc)
		errx(2, "usage: observe [OPTIONS] -r ROOT -- PROGRAM [ARGUMENTS]");
	o->box.argv = argv + optind;
	o->box.n_cgroups = n;
}

int main(int argc, char **argv)
{
	static struct options o = {
		.id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	};

	parse(argc, argv, &o);
	for (size_t i = 0; i < o.box.n_cgroups; i++)
		o.cgroups[i] = with_id(o.cgroups[i], o.id);
	o.box.cgroups = (const char *const *)o.cgroups;
	signal(SIGTERM, pass_on);
	return observe(&o);
}
