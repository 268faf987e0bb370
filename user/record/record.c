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
