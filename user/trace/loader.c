/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/loader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cap.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/wire.h"
#include "trace/skel.h"
#include "trace/table.h"
#include "trace/types.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define BTF_MAX (64u << 20)
#define DEFAULT_RING (16u << 20)
#define MAX_RING (1u << 30)

const struct optional_program optional_programs[N_OPTIONAL] = {
	[OPTIONAL_URING] = {
		"io_uring", "files that programs open through io_uring",
		"This kernel does not show what programs open through io_uring.",
	},
	[OPTIONAL_CAP] = {
		"capabilities", "which capabilities the kernel checked",
		"This kernel does not show which capabilities it checked.",
	},
	[OPTIONAL_INTERPRETER] = {
		"interpreters", "which ELF interpreter the kernel started a program with",
		"This kernel does not show which ELF interpreters it starts programs with; what the "
		"image's executables name is taken for them.",
	},
};

/* libbpf's first warning says why something failed. Its messages come without a context. */
static pthread_mutex_t words_lock = PTHREAD_MUTEX_INITIALIZER;
static char kept_words[160];

static void forget_words(void)
{
	pthread_mutex_lock(&words_lock);
	kept_words[0] = '\0';
	pthread_mutex_unlock(&words_lock);
}

static void keep_words(const char *text)
{
	static const char prefix[] = "libbpf: ";

	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	pthread_mutex_lock(&words_lock);
	if (!kept_words[0])
		snprintf(kept_words, sizeof(kept_words), "%s", text);
	pthread_mutex_unlock(&words_lock);
}

static void copy_words(char *ret, size_t size)
{
	pthread_mutex_lock(&words_lock);
	snprintf(ret, size, "%s", kept_words);
	pthread_mutex_unlock(&words_lock);
}

__attribute__((format(printf, 2, 0))) static int on_message(enum libbpf_print_level level,
							    const char *fmt, va_list ap)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (level == LIBBPF_DEBUG)
		return 0;
	strbuf_vaddf(&text, fmt, ap);
	if (text.len && text.buf[text.len - 1] == '\n')
		strbuf_setlen(&text, text.len - 1);
	log_debug("%s", text.buf);
	if (level == LIBBPF_WARN)
		keep_words(text.buf);
	return 0;
}

int programs_check_kernel(struct err *err)
{
	static const struct cap_need needs[] = { TRACE_CAPS };

	libbpf_set_print(on_message);
	if (geteuid() != 0) {
		err_class_set(err, ERR_KERNEL, EPERM, "watching a container needs root");
		return err_hint(err, "run it with sudo");
	}
	if (cap_check(needs, ARRAY_SIZE(needs), err) < 0)
		return -err->code;
	if (access(BTF_PATH, R_OK) < 0) {
		err_class_set(err, ERR_KERNEL, errno,
			      "this kernel does not describe its types: %s: %s", BTF_PATH,
			      strerror(errno));
		return err_hint(err,
				"it takes a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those "
				"of all current distributions are, and /sys mounted");
	}
	return 0;
}

int programs_read_btf(struct strbuf *ret, struct err *err)
{
	return io_read_file(AT_FDCWD, BTF_PATH, BTF_MAX, ret, err);
}

/* Kernels before 5.11 count maps against this limit; later ones do not care. */
static void raise_memlock(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		log_debug("cannot raise the limit of locked memory: %s", strerror(errno));
}

static struct bpf_program *optional_program(struct slimtrace_bpf *skel, enum optional which)
{
	switch (which) {
	case OPTIONAL_URING:
		return skel->progs.on_uring_submit;
	case OPTIONAL_CAP:
		return skel->progs.on_cap;
	case OPTIONAL_INTERPRETER:
		return skel->progs.on_interpreter;
	case N_OPTIONAL:
		break;
	}
	return NULL;
}

/*
 * The kernel's types have one of this name for each tracepoint. Names stand between NULs there, and
 * looking for one among the bytes is much quicker than having libbpf read them all.
 */
static bool has_tracepoint(const struct strbuf *btf, const char *name)
{
	char type[64];
	int len = snprintf(type, sizeof(type), "%cbtf_trace_%s", 0, name);

	return memmem(btf->buf, btf->len, type, (size_t)len + 1) != NULL;
}

/* Something that programs may use. Its name, too, stands between NULs. */
static bool has_name(const struct strbuf *btf, const char *name)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%c%s", 0, name);

	return memmem(btf->buf, btf->len, text, (size_t)len + 1) != NULL;
}

/* Switches off what this kernel has no way to show, and finds the tracepoint that was renamed. */
static void choose_optional(struct programs *p, const struct strbuf *btf)
{
	struct bpf_program *uring = p->skel->progs.on_uring_submit;

	p->present[OPTIONAL_CAP] = has_tracepoint(btf, "cap_capable");
	p->present[OPTIONAL_INTERPRETER] = has_name(btf, "BPF_FUNC_find_vma");
	p->present[OPTIONAL_URING] = has_tracepoint(btf, "io_uring_submit_req");
	if (!p->present[OPTIONAL_URING] && has_tracepoint(btf, "io_uring_submit_sqe") &&
	    types_give_request("btf_trace_io_uring_submit_sqe"))
		p->present[OPTIONAL_URING] =
			!bpf_program__set_attach_target(uring, 0, "io_uring_submit_sqe");
	for (int i = 0; i < N_OPTIONAL; i++)
		bpf_program__set_autoload(optional_program(p->skel, (enum optional)i),
					  p->present[i]);
}

static int set_up(struct slimtrace_bpf *skel, const struct trace_opts *opts, struct err *err)
{
	size_t ring = opts->ring_bytes ? opts->ring_bytes : DEFAULT_RING;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	while (size < ring && size < MAX_RING)
		size *= 2;
	if (bpf_map__set_max_entries(skel->maps.events, (uint32_t)size) < 0)
		return err_set(err, EINVAL, "cannot make a ring buffer of %zu bytes", size);
	if (opts->small_maps) {
		bpf_map__set_max_entries(skel->maps.seen, 16);
		bpf_map__set_max_entries(skel->maps.procs, 4);
		bpf_map__set_max_entries(skel->maps.scopes, 3); /* its own ones, and one below */
	}
	if (opts->container_id)
		memcpy(skel->rodata->settings.id, opts->container_id, WIRE_ID_LEN);
	bpf_program__set_autoattach(skel->progs.find_container, false);
	bpf_program__set_autoattach(skel->progs.find_members, false);
	if (getrandom(skel->rodata->settings.seed, sizeof(skel->rodata->settings.seed), 0) < 0)
		return err_set(err, errno, "cannot get random bytes");
	return 0;
}

static int fill_calls(struct slimtrace_bpf *skel, struct err *err)
{
	size_t n = WIRE_ABIS * WIRE_CALLS;
	_cleanup_free_ struct wire_call *table = xcalloc(n, sizeof(*table));
	int fd = bpf_map__fd(skel->maps.calls);

	table_fill(table);
	for (uint32_t i = 0; i < n; i++)
		if ((table[i].action != WIRE_NOTHING || table[i].values) &&
		    bpf_map_update_elem(fd, &i, &table[i], 0) < 0)
			return err_set(err, errno, "cannot fill the table of syscalls");
	return 0;
}

static int load_failed(int r, struct err *err)
{
	char words[sizeof(kept_words)];

	copy_words(words, sizeof(words));
	err_class_set(err, ERR_KERNEL, -r, "the kernel refused the tracer's programs: %s%s%s",
		      strerror(-r), words[0] ? ": " : "", words);
	if (r == -EPERM || r == -EACCES)
		return err_hint(err, "the capabilities are there; in a container --security-opt "
				     "seccomp=unconfined and apparmor=unconfined allow bpf(2), and "
				     "kernels before 5.11 want --ulimit memlock=-1");
	return err_hint(err, "Linux 5.8 or later is needed; --log-level debug shows the "
			     "kernel's own words");
}

static int open_skeleton(const struct trace_opts *opts, struct programs *p, struct err *err)
{
	int r;

	forget_words();
	p->skel = slimtrace_bpf__open();
	if (!p->skel)
		return load_failed(-errno, err);
	r = set_up(p->skel, opts, err);
	if (r < 0)
		programs_release(p);
	return r;
}

static void switch_off(struct programs *p, unsigned int which)
{
	for (int i = 0; i < N_OPTIONAL; i++) {
		if (!(which & 1u << i))
			continue;
		p->present[i] = false;
		bpf_program__set_autoload(optional_program(p->skel, (enum optional)i), false);
	}
}

int programs_open(const struct trace_opts *opts, const struct strbuf *btf, unsigned int without,
		  struct programs *ret, struct err *err)
{
	int r = open_skeleton(opts, ret, err);

	if (r < 0)
		return r;
	choose_optional(ret, btf);
	ret->skel->rodata->settings.casts = has_name(btf, "bpf_rdonly_cast");
	switch_off(ret, without);
	return 0;
}

static int try_load(const struct trace_opts *opts, const struct strbuf *btf, unsigned int without,
		    struct programs *p, struct err *err)
{
	int r = programs_open(opts, btf, without, p, err);

	if (r < 0)
		return r;
	r = slimtrace_bpf__load(p->skel);
	if (r < 0) {
		programs_release(p);
		return load_failed(r, err);
	}
	return 0;
}

/* What the verifier and libbpf say of a program that does not fit this kernel. */
static bool may_help_without(int r)
{
	return r == -EINVAL || r == -EACCES || r == -ENOENT || r == -ESRCH;
}

/* All of them, else all but one, else none of the optional ones: each mask once, fullest first. */
static int load_what_works(const struct trace_opts *opts, struct programs *p, struct err *err)
{
	static const unsigned int masks[] = { 0, 1u << OPTIONAL_URING, 1u << OPTIONAL_CAP,
					      1u << OPTIONAL_INTERPRETER, (1u << N_OPTIONAL) - 1 };
	_cleanup_strbuf_ struct strbuf btf = STRBUF_INIT;
	int r = programs_read_btf(&btf, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		r = try_load(opts, &btf, masks[i], p, err);
		if (!may_help_without(r))
			break;
	}
	return r;
}

int programs_load(const struct trace_opts *opts, struct programs *ret, struct err *err)
{
	struct programs p = { 0 };
	int r;

	r = programs_check_kernel(err);
	if (r < 0)
		return r;
	raise_memlock();
	r = load_what_works(opts, &p, err);
	if (r < 0)
		return r;
	r = fill_calls(p.skel, err);
	if (r < 0)
		programs_release(&p);
	else
		*ret = p;
	return r;
}

int programs_attach(struct programs *p, struct err *err)
{
	int r = slimtrace_bpf__attach(p->skel);

	return r < 0 ? load_failed(r, err) : 0;
}

/*
 * Programs run with preemption off: when all CPUs have been through the scheduler, which is what
 * this waits for, none is in the middle of one.
 */
void programs_wait(void)
{
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		log_debug("membarrier: %s", strerror(errno));
}

void programs_detach(struct programs *p)
{
	slimtrace_bpf__detach(p->skel);
	programs_wait();
}

void programs_release(struct programs *p)
{
	if (p->skel)
		slimtrace_bpf__destroy(p->skel);
	p->skel = NULL;
}

uint64_t programs_missed(const struct programs *p)
{
	struct bpf_program *prog = NULL;
	uint64_t missed = 0;

	while ((prog = bpf_object__next_program(p->skel->obj, prog))) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}

static const struct trace_opts nobody = {
	.container_id = "0000000000000000000000000000000000000000000000000000000000000000",
	.ring_bytes = 4096,
};

int programs_try_required(struct err *err)
{
	struct programs p = { 0 };
	int r = open_skeleton(&nobody, &p, err);

	if (r < 0)
		return r;
	for (int i = 0; i < N_OPTIONAL; i++)
		bpf_program__set_autoload(optional_program(p.skel, (enum optional)i), false);
	r = slimtrace_bpf__load(p.skel);
	programs_release(&p);
	return r < 0 ? load_failed(r, err) : 0;
}

static int try_alone(struct programs *p, enum optional which)
{
	_cleanup_strbuf_ struct strbuf btf = STRBUF_INIT;
	struct bpf_program *prog = NULL;
	struct err err = ERR_INIT;
	int r = programs_read_btf(&btf, &err);

	if (r < 0)
		return r;
	choose_optional(p, &btf);
	if (!p->present[which]) {
		keep_words("this kernel has no means to show it");
		return -ENOENT;
	}
	while ((prog = bpf_object__next_program(p->skel->obj, prog)))
		bpf_program__set_autoload(prog, prog == optional_program(p->skel, which));
	return slimtrace_bpf__load(p->skel);
}

int programs_try(enum optional which, char *why, size_t why_size)
{
	struct err err = ERR_INIT;
	struct programs p = { 0 };
	int r = open_skeleton(&nobody, &p, &err);

	if (r < 0)
		return r;
	r = try_alone(&p, which);
	programs_release(&p);
	if (r < 0)
		copy_words(why, why_size);
	if (r < 0 && !why[0])
		snprintf(why, why_size, "%s", strerror(-r));
	return r;
}
