/* SPDX-License-Identifier: BSD-2-Clause */
/* What several runs did, in one record; and in how many of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/record.h"

struct merging {
	struct record_builder *builder;
	uint32_t *map; /* of the record being added: its indices -> the merged ones */
	struct record_loss *loss;
};

static uint32_t runs_of(uint32_t runs)
{
	return runs ? runs : 1;
}

static void add_saturated(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

/* --- programs --- */

/* A program without a known parent has itself for one. */
static uint32_t merge_program(struct merging *m, const struct record_program *p, uint32_t parent)
{
	struct record_program copy = *p;

	copy.parent = parent;
	return record_add_program(m->builder, &copy);
}

static void merge_programs(struct merging *m, const struct record *rec)
{
	m->map = xreallocarray(m->map, rec->n_programs + 1, sizeof(*m->map));
	for (uint32_t i = 0; i < rec->n_programs; i++) {
		const struct record_program *p = &rec->programs[i];

		m->map[i] = merge_program(m, p, p->parent == i ? UINT32_MAX : m->map[p->parent]);
		if (m->map[i] == RECORD_NO_PROGRAM)
			add_saturated(&m->loss->map_full, 1);
	}
}

/* --- what they did --- */

static void merge_uses(struct merging *m, const struct record_access_key *key,
		       const struct record_access *a)
{
	for (size_t i = 0; i < a->n_uses; i++) {
		struct record_use use = a->uses[i];

		use.program = m->map[use.program];
		if (use.program != RECORD_NO_PROGRAM)
			record_add_use(m->builder, key, &use);
	}
}

static void merge_access(struct merging *m, const struct record_access *a)
{
	const struct record_access_key key = { .source = a->source,
					       .path = a->path,
					       .path_len = a->path_len,
					       .error = a->error,
					       .follow = a->follow,
					       .on_image = a->on_image,
					       .before = a->before };
	bool added = false;

	for (size_t i = 0; i < a->n_programs; i++) {
		uint32_t program = m->map[a->programs[i]];

		if (program != RECORD_NO_PROGRAM &&
		    record_add_access(m->builder, &key, a->kinds, program, a->first_ns))
			added = true;
	}
	if (added)
		merge_uses(m, &key, a);
	if (added)
		record_add_access_runs(m->builder, &key, runs_of(a->runs));
	else
		add_saturated(&m->loss->map_full, 1);
}

static void merge_syscall(struct merging *m, const struct record_syscall *s)
{
	record_add_syscall(m->builder, s->phase, s->abi, s->nr, s->count, s->refused);
	record_add_syscall_runs(m->builder, s->phase, s->abi, s->nr, runs_of(s->runs));
	for (size_t i = 0; i < s->n_programs && s->phase == RECORD_APP; i++) {
		uint32_t program = m->map[s->programs[i]];

		if (program != RECORD_NO_PROGRAM)
			record_add_caller(m->builder, s->abi, s->nr, program);
	}
}

static void merge_lists(struct merging *m, const struct record *rec)
{
	merge_programs(m, rec);
	for (size_t i = 0; i < rec->n_accesses; i++)
		merge_access(m, &rec->accesses[i]);
	for (size_t i = 0; i < rec->n_syscalls; i++)
		merge_syscall(m, &rec->syscalls[i]);
	for (size_t i = 0; i < rec->n_arguments; i++)
		record_add_arguments(m->builder, rec->arguments[i].abi, rec->arguments[i].nr,
				     rec->arguments[i].used, rec->arguments[i].value);
	for (size_t i = 0; i < rec->n_capabilities; i++)
		record_add_capability(m->builder, rec->capabilities[i].cap,
				      rec->capabilities[i].granted, rec->capabilities[i].nr);
	for (size_t i = 0; i < rec->n_sockets; i++)
		if (!record_add_socket(m->builder, &rec->sockets[i]))
			add_saturated(&m->loss->map_full, 1);
}

/* --- the run --- */

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void keep_common(struct strvec *layers, const struct strvec *other)
{
	size_t n = 0;

	while (n < layers->n && n < other->n && !strcmp(layers->v[n], other->v[n]))
		n++;
	while (layers->n > n)
		free(layers->v[--layers->n]);
}

static void add_once(struct strvec *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], text))
			return;
	strvec_push(list, text);
}

static void merge_confinement(struct record_confinement *c, const struct record_confinement *other)
{
	c->known &= other->known;
	c->seccomp &= other->seccomp;
	c->no_new_privileges &= other->no_new_privileges;
	c->bounding |= other->bounding;
	c->effective |= other->effective;
}

static void merge_loss(struct record_loss *sum, const struct record_loss *loss)
{
	add_saturated(&sum->ring_full, loss->ring_full);
	add_saturated(&sum->map_full, loss->map_full);
	add_saturated(&sum->path_fault, loss->path_fault);
	add_saturated(&sum->path_truncated, loss->path_truncated);
	add_saturated(&sum->prog_missed, loss->prog_missed);
	add_saturated(&sum->decode, loss->decode);
}

static char *copy_of(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void begin_run(struct record *to, const struct record *first)
{
	to->image_id = copy_of(first->image_id);
	strvec_extend(&to->diff_ids, &first->diff_ids);
	to->kernel = copy_of(first->kernel);
	to->arch = copy_of(first->arch);
	to->started = copy_of(first->started);
	to->confinement = first->confinement;
}

/* Several kernels are all named, once each. */
static void merge_kernel(struct record *to, const char *kernel)
{
	char *both;

	if (!kernel || (to->kernel && strstr(to->kernel, kernel)))
		return;
	both = to->kernel ? xasprintf("%s, %s", to->kernel, kernel) : xstrdup(kernel);
	free(to->kernel);
	to->kernel = both;
}

/* RFC 3339 in UTC sorts as text. */
static void merge_started(struct record *to, const char *started)
{
	if (!started || (to->started && strcmp(to->started, started) <= 0))
		return;
	free(to->started);
	to->started = xstrdup(started);
}

static void merge_run(struct record *to, const struct record *rec)
{
	if (__builtin_add_overflow(to->runs, runs_of(rec->runs), &to->runs))
		to->runs = UINT32_MAX;
	if (!same(to->image_id, rec->image_id)) {
		free(to->image_id);
		to->image_id = NULL;
	}
	keep_common(&to->diff_ids, &rec->diff_ids);
	merge_kernel(to, rec->kernel);
	merge_started(to, rec->started);
	if (rec->duration_ns > to->duration_ns)
		to->duration_ns = rec->duration_ns;
	merge_confinement(&to->confinement, &rec->confinement);
	to->attached |= rec->attached;
	to->capabilities_unseen |= rec->capabilities_unseen;
	for (size_t i = 0; i < rec->unseen.n; i++)
		add_once(&to->unseen, rec->unseen.v[i]);
	merge_loss(&to->loss, &rec->loss);
}

int record_merge(const struct record *const *records, size_t n, struct record **ret,
		 struct err *err)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record *to = record_builder_record(b);
	struct merging m = { .builder = b, .loss = &to->loss };
	int r = 0;

	record_builder_fold(b);
	begin_run(to, records[0]);
	for (size_t i = 0; !r && i < n; i++) {
		if (!same(records[i]->arch, records[0]->arch)) {
			r = err_class_set(err, ERR_USAGE, EINVAL,
					  "records of different architectures: %s and %s",
					  records[0]->arch ? records[0]->arch : "none",
					  records[i]->arch ? records[i]->arch : "none");
			continue;
		}
		merge_run(to, records[i]);
		merge_lists(&m, records[i]);
	}
	free(m.map);
	if (!r)
		*ret = record_builder_finish(b);
	return r;
}
