/* SPDX-License-Identifier: BSD-2-Clause */
#include "keep/exec.h"

/* Scripts the kernel follows from one execve (fs/exec.c, exec_binprm), the ELF file, its loader. */
#define INTERPRETERS_MAX (5 + 2)

/* One level. *@ret_next: the interpreter, NULL when there is none (or it is missing, too). */
static int keep_interpreter(struct keep *k, struct image_entry *e, size_t access,
			    struct image_entry **ret_next, struct err *err)
{
	struct exec_needs needs = { 0 };
	int r = image_exec_needs(k->img, e, &needs, err);

	if (r < 0)
		return r;
	*ret_next = NULL;
	if (needs.interpreter)
		*ret_next = keep_path(k, needs.interpreter, true, KEEP_INTERPRETER, access);
	exec_needs_release(&needs);
	return 0;
}

int keep_exec(struct keep *k, struct image_entry *e, size_t access, struct err *err)
{
	for (int i = 0; e && i < INTERPRETERS_MAX; i++) {
		int r;

		if (e->type != ENTRY_FILE || k->notes[e->id] & NOTE_EXEC)
			return 0;
		k->notes[e->id] |= NOTE_EXEC;
		r = keep_interpreter(k, e, access, &e, err);
		if (r < 0)
			return r;
	}
	return 0;
}
