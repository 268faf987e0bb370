/* SPDX-License-Identifier: BSD-2-Clause */
/* The union of records, and in how many runs what was seen. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/record.h"

#define ID_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define CONST_RECORDS(...) ((const struct record *const[]){ __VA_ARGS__ })

static uint32_t program(struct record_builder *b, uint32_t parent, const char *exe, const char *arg)
{
	_cleanup_free_ char *comm = xstrdup("comm"), *path = xstrdup(exe);
	struct record_program p = { .parent = parent,
				    .pid = rand() % 1000,
				    .comm = comm,
				    .exe = path,
				    .start_ns = (uint64_t)rand() };
	uint32_t index;

	strvec_push(&p.argv, exe);
	strvec_push(&p.argv, arg);
	index = record_add_program(b, &p);
	strvec_release(&p.argv);
	return index;
}

static void file(struct record_builder *b, const char *path, uint32_t kinds, uint32_t program,
		 uint64_t first_ns)
{
	const struct record_access_key key = {
		.source = RECORD_FILE, .path = path, .path_len = strlen(path), .on_image = true
	};

	record_add_access(b, &key, kinds, program, first_ns);
}

static void called(struct record_builder *b, const char *path, uint32_t program, size_t call)
{
	const struct record_use use = { .program = program,
					.call = (uint16_t)call,
					.kinds = RECORD_EXEC };
	const struct record_access_key key = {
		.source = RECORD_FILE, .path = path, .path_len = strlen(path), .on_image = true
	};

	record_add_use(b, &key, &use);
}

/* A run on @kernel in which /bin/app ran /bin/child with @arg and read /etc/@arg. */
static struct record *a_run(const char *kernel, const char *arg, const char *started)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record *rec = record_builder_record(b);
	_cleanup_free_ char *path = xasprintf("/etc/%s", arg);
	uint32_t app = program(b, 0, "/bin/app", "serve"), child;

	child = program(b, app, "/bin/child", arg);
	rec->image_id = xstrdup(ID_A);
	strvec_push(&rec->diff_ids, ID_B);
	strvec_push(&rec->diff_ids, ID_C);
	rec->kernel = xstrdup(kernel);
	rec->arch = xstrdup("x86_64");
	rec->started = xstrdup(started);
	rec->duration_ns = strlen(arg);
	rec->confinement = (struct record_confinement){
		.known = true, .seccomp = true, .bounding = strlen(arg), .effective = 1
	};
	strvec_push(&rec->unseen, "io_uring is not seen");
	rec->loss.ring_full = 1;
	file(b, "/bin/app", RECORD_EXEC, app, strlen(arg));
	file(b, path, RECORD_READ, child, 7);
	file(b, "/bin/app", RECORD_EXEC, child, 8);
	called(b, "/bin/app", app, 59);
	called(b, "/bin/app", child, strlen(arg));
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 0, 10, 0);
	record_add_caller(b, RECORD_NATIVE, 0, child);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, (uint32_t)strlen(arg), 1, 1);
	record_add_capability(b, (uint32_t)strlen(arg), true, -1);
	return record_builder_finish(b);
}

static const struct record_access *access_of(const struct record *rec, const char *path)
{
	for (size_t i = 0; i < rec->n_accesses; i++)
		if (!strcmp(rec->accesses[i].path, path))
			return &rec->accesses[i];
	return NULL;
}

static struct record *merged(const struct record *const *records, size_t n)
{
	struct record *rec = NULL;
	struct err err = ERR_INIT;

	if (!ok(!record_merge(records, n, &rec, &err), "%zu records can be merged", n))
		printf("# %s\n", err.msg);
	return rec;
}

static void test_union(const struct record *rec)
{
	const struct record_access *app = access_of(rec, "/bin/app");

	is_int(rec->n_programs, 3, "the same program of two runs is one, another's child is not");
	is_int(rec->programs[2].parent, 0, "parents are those of the union");
	is_int(rec->n_accesses, 3, "files of both");
	is_int(app->runs, 2, "in both runs");
	is_int(app->n_programs, 3, "by its programs");
	is_int(app->first_ns, 2, "the earliest time stays");
	ok(app->n_uses == 3 && app->uses[0].program == 0 && app->uses[0].call == 59 &&
		   app->uses[1].program == 1 && app->uses[1].call == 2 &&
		   app->uses[2].program == 2 && app->uses[2].call == 4,
	   "by the calls of both, of the programs of the union");
	is_int(access_of(rec, "/etc/us")->runs, 1, "in one run");
	is_int(access_of(rec, "/etc/them")->programs[0], 2, "by the program of the union");
	is_int(rec->n_syscalls, 3, "calls of both");
	ok(rec->syscalls[0].count == 20 && rec->syscalls[0].runs == 2 &&
		   rec->syscalls[0].n_programs == 2,
	   "calls are added up, with who called");
	ok(rec->syscalls[1].refused == 1 && rec->syscalls[1].runs == 1, "one had this call");
	is_int(rec->n_capabilities, 2, "capabilities of both");
}

static void test_run(const struct record *rec)
{
	is_int(rec->runs, 2, "how many runs it is");
	is_str(rec->image_id, ID_A, "the image that both had");
	is_int(rec->diff_ids.n, 2, "and its layers");
	is_str(rec->kernel, "6.1, 6.12", "both kernels");
	is_str(rec->started, "2026-01-01T00:00:00Z", "the earlier start");
	is_int(rec->duration_ns, 4, "the longer duration");
	is_int(rec->confinement.bounding, 2 | 4, "capabilities that either had");
	is_int(rec->unseen.n, 1, "what is not seen is said once");
	is_int(rec->loss.ring_full, 2, "losses add up");
}

static void test_two(void)
{
	_cleanup_(record_free) struct record *a = a_run("6.1", "us", "2026-01-02T00:00:00Z");
	_cleanup_(record_free) struct record *b = a_run("6.12", "them", "2026-01-01T00:00:00Z");
	_cleanup_(record_free) struct record *both = merged(CONST_RECORDS(a, b), 2);
	_cleanup_(record_free) struct record *back = NULL, *more = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct err err = ERR_INIT;

	test_union(both);
	test_run(both);
	record_to_json(both, &text);
	if (ok(!record_from_json(text.buf, text.len, &back, &err), "it can be read back")) {
		record_to_json(back, &again);
		is_str(again.buf, text.buf, "and nothing is lost");
	}
	more = merged(CONST_RECORDS(both, a), 2);
	is_int(more->runs, 3, "merged again: all runs count");
	is_int(access_of(more, "/bin/app")->runs, 3, "for files");
	is_int(access_of(more, "/etc/us")->runs, 2, "that some had");
	is_int(more->syscalls[0].runs, 3, "and calls");
	is_int(more->n_programs, 3, "and nothing new is there");
}

/* Another build of the image has layers of its own above the common ones. */
static void test_other_image(void)
{
	_cleanup_(record_free) struct record *a = a_run("6.1", "us", "2026-01-02T00:00:00Z");
	_cleanup_(record_free) struct record *b = a_run("6.1", "us", "2026-01-02T00:00:00Z");
	_cleanup_(record_free) struct record *both = NULL;

	b->image_id[10] = 'b';
	b->diff_ids.v[1][10] = 'd';
	both = merged(CONST_RECORDS(a, b), 2);
	is_str(both->image_id, NULL, "no image that all had");
	is_int(both->diff_ids.n, 1, "the layers that all had");
	is_str(both->kernel, "6.1", "the same kernel is named once");
}

static void test_one(void)
{
	_cleanup_(record_free) struct record *a = a_run("6.1", "us", "2026-01-02T00:00:00Z");
	_cleanup_(record_free) struct record *one = merged(CONST_RECORDS(a), 1);

	is_int(one->runs, 1, "one record is one run");
	is_int(one->n_accesses, a->n_accesses, "with all that it has");
	is_int(one->accesses[0].runs, 1, "each once");
	ok(!a->runs && !a->accesses[0].runs, "the original is as it was");
}

static void test_architectures(void)
{
	_cleanup_(record_free) struct record *a = a_run("6.1", "us", "2026-01-02T00:00:00Z");
	_cleanup_(record_free) struct record *b = a_run("6.1", "us", "2026-01-02T00:00:00Z");
	struct record *both = NULL;
	struct err err = ERR_INIT;

	free(b->arch);
	b->arch = xstrdup("aarch64");
	ok(record_merge(CONST_RECORDS(a, b), 2, &both, &err) == -EINVAL && !both,
	   "other architectures have other calls");
	is_str(err.msg, "records of different architectures: x86_64 and aarch64", "and is told");
}

int main(void)
{
	test_two();
	test_other_image();
	test_one();
	test_architectures();
	return tap_done();
}
