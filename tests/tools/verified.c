/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads the tracer's programs, as the tracer does, and tells what that cost: for each program its
 * instructions and how many the verifier looked at ("-" when this kernel has no place for it).
 *
 *	verified	NAME<TAB>INSTRUCTIONS<TAB>VERIFIED, one program a line
 *
 * Exit status 1, and the end of the verifier's log on stderr, when they cannot be loaded. The
 *kernel tells the figure in its log since 5.2, in the program's information only since 5.16.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "trace/loader.h"
#include "trace/skel.h"

#define MAX_PROGRAMS 32
#define STATS_ONLY 4	      /* linux/bpf_verifier.h: BPF_LOG_STATS */
#define EACH_INSTRUCTION 1    /* BPF_LOG_LEVEL1 */
#define STATS_LOG (64u << 10) /* bytes */
#define FULL_LOG (16u << 20)  /* bytes; 5.10 takes no more */
#define SHOWN_LOG (6u << 10)  /* of it, from its end */

static const struct trace_opts nobody = {
	.container_id = "0000000000000000000000000000000000000000000000000000000000000000",
	.ring_bytes = 4096,
};

struct logs {
	char *text[MAX_PROGRAMS];
	size_t n;
};

static void logs_release(struct logs *logs)
{
	for (size_t i = 0; i < logs->n; i++)
		free(logs->text[i]);
	logs->n = 0;
}

static void ask_for_logs(struct programs *p, struct logs *logs, unsigned int level, size_t size)
{
	struct bpf_program *prog = NULL;

	while ((prog = bpf_object__next_program(p->skel->obj, prog)) && logs->n < MAX_PROGRAMS) {
		char *text = xcalloc(1, size);

		logs->text[logs->n++] = text;
		bpf_program__set_log_level(prog, level);
		bpf_program__set_log_buf(prog, text, size);
	}
}

/* "processed 1234 insns (limit 1000000) ..." */
static long processed(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtol(at + strlen("processed "), NULL, 10) : -1;
}

static void print_programs(const struct programs *p, const struct logs *logs)
{
	struct bpf_program *prog = NULL;

	for (size_t i = 0; (prog = bpf_object__next_program(p->skel->obj, prog)) && i < logs->n;
	     i++) {
		printf("%s\t", bpf_program__name(prog));
		if (bpf_program__autoload(prog))
			printf("%zu\t%ld\n", bpf_program__insn_cnt(prog), processed(logs->text[i]));
		else
			printf("-\t-\n");
	}
}

static int load(const struct strbuf *btf, unsigned int without, unsigned int level, size_t size,
		struct logs *logs, struct programs *p, struct err *err)
{
	int r = programs_open(&nobody, btf, without, p, err);

	if (r < 0)
		return r;
	ask_for_logs(p, logs, level, size);
	r = slimtrace_bpf__load(p->skel);
	return r < 0 ? err_set(err, -r, "the kernel refused the programs") : 0;
}

/* What the verifier said last of the program that it refused: the last one with a log. */
static void print_refusal(const struct strbuf *btf)
{
	struct err err = ERR_INIT;
	struct programs p = { 0 };
	struct logs logs = { 0 };

	load(btf, 0, EACH_INSTRUCTION, FULL_LOG, &logs, &p, &err);
	for (size_t i = logs.n; i-- > 0;) {
		size_t len = strlen(logs.text[i]);

		if (!len)
			continue;
		fprintf(stderr, "%s\n", logs.text[i] + (len > SHOWN_LOG ? len - SHOWN_LOG : 0));
		break;
	}
	programs_release(&p);
	logs_release(&logs);
}

/* Those that the tracer itself does without here, as a mask. */
static int find_missing(unsigned int *ret, struct err *err)
{
	struct programs p = { 0 };
	int r = programs_load(&nobody, &p, err);

	if (r < 0)
		return r;
	*ret = 0;
	for (int i = 0; i < N_OPTIONAL; i++)
		*ret |= p.present[i] ? 0 : 1u << i;
	programs_release(&p);
	return 0;
}

int main(void)
{
	_cleanup_strbuf_ struct strbuf btf = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct programs p = { 0 };
	struct logs logs = { 0 };
	unsigned int without = 0;
	int r = programs_check_kernel(&err);

	if (!r)
		r = programs_read_btf(&btf, &err);
	if (!r)
		r = find_missing(&without, &err);
	if (!r)
		r = load(&btf, without, STATS_ONLY, STATS_LOG, &logs, &p, &err);
	if (!r)
		print_programs(&p, &logs);
	else
		fprintf(stderr, "%s\n", err.msg);
	programs_release(&p);
	logs_release(&logs);
	if (r < 0 && btf.len)
		print_refusal(&btf);
	return r < 0;
}
