/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor of what a tracer on these tracepoints can cost: programs that do nothing, attached
 * where the real ones are. Header of one program (observe.c).
 */
#ifndef SLIMTRACE_TESTS_FLOOR_H
#define SLIMTRACE_TESTS_FLOOR_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FLOOR_MAX 16

struct floor_programs {
	int prog[FLOOR_MAX], link[FLOOR_MAX];
	size_t n;
};

static const char *const floor_required[] = { "sys_enter",	    "sys_exit",
					      "cgroup_mkdir",	    "cgroup_attach_task",
					      "sched_process_fork", "sched_process_exec",
					      "sched_process_exit", NULL };
static const char *const floor_optional[] = { "io_uring_submit_req", "cap_capable", NULL };

/* return 0; */
static int floor_load(const char *tracepoint, int btf_id)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP,
		    .attach_btf_id = (__u32)btf_id);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "floor", "GPL", code,
			       sizeof(code) / sizeof(code[0]), &opts);

	if (fd < 0)
		err(1, "cannot load an empty program for %s", tracepoint);
	return fd;
}

static void floor_attach_all(struct floor_programs *f, const char *const *names, bool required)
{
	for (; *names; names++) {
		int id = libbpf_find_vmlinux_btf_id(*names, BPF_TRACE_RAW_TP);

		if (id < 0 && required)
			errx(1, "this kernel has no tracepoint %s", *names);
		if (id < 0)
			continue;
		f->prog[f->n] = floor_load(*names, id);
		f->link[f->n] = bpf_raw_tracepoint_open(NULL, f->prog[f->n]);
		if (f->link[f->n] < 0)
			err(1, "cannot attach to %s", *names);
		f->n++;
	}
}

static void floor_attach(struct floor_programs *f)
{
	floor_attach_all(f, floor_required, true);
	floor_attach_all(f, floor_optional, false);
}

static void floor_detach(struct floor_programs *f)
{
	for (size_t i = 0; i < f->n; i++) {
		close(f->link[i]);
		close(f->prog[i]);
	}
	f->n = 0;
}

#endif
