/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/record.h"

#include <stdlib.h>

#include "slimtrace/base/alloc.h"

bool record_loss_any(const struct record_loss *loss)
{
	return loss->ring_full || loss->map_full || loss->path_fault || loss->path_truncated ||
	       loss->prog_missed || loss->decode;
}

static const char *const kind_names[RECORD_KINDS] = {
	"exec", "map",	"read",	    "write", "create", "delete",
	"stat", "list", "readlink", "chdir", "change", "connect",
};

const char *record_kind_name(uint32_t kind)
{
	for (unsigned int i = 0; i < RECORD_KINDS; i++)
		if (kind == 1u << i)
			return kind_names[i];
	return NULL;
}

struct record *record_new(void)
{
	return xcalloc(1, sizeof(struct record));
}

static void free_program(struct record_program *p)
{
	free(p->comm);
	free(p->exe);
	strvec_release(&p->argv);
}

void record_free(struct record *rec)
{
	if (!rec)
		return;
	for (size_t i = 0; i < rec->n_programs; i++)
		free_program(&rec->programs[i]);
	for (size_t i = 0; i < rec->n_accesses; i++) {
		free(rec->accesses[i].path);
		free(rec->accesses[i].programs);
		free(rec->accesses[i].uses);
	}
	free(rec->programs);
	free(rec->accesses);
	for (size_t i = 0; i < rec->n_syscalls; i++)
		free(rec->syscalls[i].programs);
	free(rec->syscalls);
	free(rec->arguments);
	free(rec->capabilities);
	free(rec->sockets);
	free(rec->image_id);
	free(rec->kernel);
	free(rec->arch);
	free(rec->started);
	strvec_release(&rec->diff_ids);
	strvec_release(&rec->unseen);
	free(rec);
}

/* --- copies --- */

static void copy_array(void *ret, const void *from, size_t n, size_t size)
{
	*(void **)ret = n ? xmemdup(from, n * size) : NULL;
}

#define COPY_ARRAY(to, from, member)                                                               \
	copy_array(&(to)->member, (from)->member, (from)->n_##member, sizeof(*(from)->member))

static char *copy_text(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct strvec copy_strvec(const struct strvec *from)
{
	struct strvec to = STRVEC_INIT;

	strvec_extend(&to, from);
	return to;
}

static void copy_lists(struct record *to, const struct record *from)
{
	COPY_ARRAY(to, from, programs);
	for (size_t i = 0; i < from->n_programs; i++) {
		to->programs[i].comm = copy_text(from->programs[i].comm);
		to->programs[i].exe = copy_text(from->programs[i].exe);
		to->programs[i].argv = copy_strvec(&from->programs[i].argv);
	}
	COPY_ARRAY(to, from, accesses);
	for (size_t i = 0; i < from->n_accesses; i++) {
		to->accesses[i].path = xmemdup(from->accesses[i].path, from->accesses[i].path_len);
		COPY_ARRAY(&to->accesses[i], &from->accesses[i], programs);
		COPY_ARRAY(&to->accesses[i], &from->accesses[i], uses);
	}
	COPY_ARRAY(to, from, syscalls);
	for (size_t i = 0; i < from->n_syscalls; i++)
		COPY_ARRAY(&to->syscalls[i], &from->syscalls[i], programs);
	COPY_ARRAY(to, from, arguments);
	COPY_ARRAY(to, from, capabilities);
	COPY_ARRAY(to, from, sockets);
}

struct record *record_copy(const struct record *from)
{
	struct record *to = record_new();

	*to = *from;
	to->image_id = copy_text(from->image_id);
	to->kernel = copy_text(from->kernel);
	to->arch = copy_text(from->arch);
	to->started = copy_text(from->started);
	to->diff_ids = copy_strvec(&from->diff_ids);
	to->unseen = copy_strvec(&from->unseen);
	copy_lists(to, from);
	return to;
}
