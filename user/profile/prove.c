/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evaluates a seccomp profile: libseccomp compiles it to the classic BPF that the kernel would run
 * (linux/filter.h, linux/seccomp.h), and that is run here.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/profile.h"

#define MAX_INSTRUCTIONS 65536
#define MAX_ARGS 6
#define X32_NR 0x40000000u

struct profile_filter {
	struct sock_filter *code;
	size_t n;
};

static int bad(struct err *err, const char *what)
{
	return err_class_set(err, ERR_FAILURE, EINVAL, "the seccomp profile: %s", what);
}

static int parse_action(const cJSON *rule, uint32_t *ret, struct err *err)
{
	const char *action = json_str(rule, "action", "");

	if (!strcmp(action, "SCMP_ACT_ALLOW"))
		*ret = SCMP_ACT_ALLOW;
	else if (!strcmp(action, "SCMP_ACT_ERRNO"))
		*ret = SCMP_ACT_ERRNO((uint32_t)json_u64(rule, "errnoRet", EPERM));
	else
		return bad(err, "an action that is neither to allow nor an errno");
	return 0;
}

static int parse_op(const char *op, enum scmp_compare *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} ops[] = {
		{ "SCMP_CMP_NE", SCMP_CMP_NE },
		{ "SCMP_CMP_LT", SCMP_CMP_LT },
		{ "SCMP_CMP_LE", SCMP_CMP_LE },
		{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
		{ "SCMP_CMP_GE", SCMP_CMP_GE },
		{ "SCMP_CMP_GT", SCMP_CMP_GT },
		{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!strcmp(ops[i].name, op)) {
			*ret = ops[i].op;
			return 0;
		}
	}
	return bad(err, "an unknown comparison");
}

static int parse_args(const cJSON *rule, struct scmp_arg_cmp *ret, unsigned int *ret_n,
		      struct err *err)
{
	const cJSON *arg;

	*ret_n = 0;
	cJSON_ArrayForEach (arg, json_get(rule, "args")) {
		uint64_t index = json_u64(arg, "index", MAX_ARGS);

		if (*ret_n == MAX_ARGS || index >= MAX_ARGS)
			return bad(err, "too many arguments");
		ret[*ret_n].arg = (unsigned int)index;
		ret[*ret_n].datum_a = json_u64(arg, "value", 0);
		ret[*ret_n].datum_b = json_u64(arg, "valueTwo", 0);
		if (parse_op(json_str(arg, "op", ""), &ret[(*ret_n)++].op, err) < 0)
			return -EINVAL;
	}
	return 0;
}

/* As runc does it: a rule that says what the default says is left out, libseccomp refuses it. */
static int add_rule(scmp_filter_ctx ctx, uint32_t fallback, const cJSON *rule, struct err *err)
{
	struct scmp_arg_cmp args[MAX_ARGS];
	const cJSON *name;
	uint32_t action = 0;
	unsigned int n = 0;
	int r = parse_action(rule, &action, err);

	if (!r)
		r = parse_args(rule, args, &n, err);
	if (r < 0 || action == fallback)
		return r;
	cJSON_ArrayForEach (name, json_get(rule, "names")) {
		int nr = cJSON_IsString(name) ? seccomp_syscall_resolve_name(name->valuestring)
					      : __NR_SCMP_ERROR;

		if (nr == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add_array(ctx, action, nr, n, args);
		if (r < 0)
			return err_set(err, -r, "the seccomp profile: the rule for '%s'",
				       name->valuestring);
	}
	return 0;
}

static int add_arch(scmp_filter_ctx ctx, const cJSON *name, struct err *err)
{
	static const struct {
		const char *name;
		uint32_t arch;
	} archs[] = {
		{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
		{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
		{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
		{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
		{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	};

	for (size_t i = 0; cJSON_IsString(name) && i < ARRAY_SIZE(archs); i++) {
		int r;

		if (strcmp(archs[i].name, name->valuestring) != 0)
			continue;
		r = seccomp_arch_add(ctx, archs[i].arch);
		return r < 0 && r != -EEXIST
			       ? err_set(err, -r, "the seccomp profile: '%s'", name->valuestring)
			       : 0;
	}
	return bad(err, "an unknown architecture");
}

static int add_archs(scmp_filter_ctx ctx, const cJSON *doc, struct err *err)
{
	const cJSON *lists[] = { json_get(doc, "architectures"), NULL }, *entry, *name;
	int r = 0;

	cJSON_ArrayForEach (entry, json_get(doc, "archMap")) {
		if (!r)
			r = add_arch(ctx, json_get(entry, "architecture"), err);
		cJSON_ArrayForEach (name, json_get(entry, "subArchitectures"))
			if (!r)
				r = add_arch(ctx, name, err);
	}
	cJSON_ArrayForEach (name, lists[0])
		if (!r)
			r = add_arch(ctx, name, err);
	return r;
}

static int read_code(int fd, struct profile_filter *ret, struct err *err)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size <= 0 || (size_t)size % sizeof(*ret->code) ||
	    (size_t)size / sizeof(*ret->code) > MAX_INSTRUCTIONS)
		return bad(err, "libseccomp compiled it to nothing that could be run");
	ret->n = (size_t)size / sizeof(*ret->code);
	ret->code = xmalloc((size_t)size);
	if (pread(fd, ret->code, (size_t)size, 0) != size)
		return err_set(err, errno, "cannot read the compiled seccomp profile");
	return 0;
}

static int compile(scmp_filter_ctx ctx, uint32_t fallback, const cJSON *doc,
		   struct profile_filter *ret, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
	const cJSON *rule;
	int r = fd < 0 ? err_set(err, errno, "cannot make a memory file") : 0;

	if (!r)
		r = add_archs(ctx, doc, err);
	cJSON_ArrayForEach (rule, json_get(doc, "syscalls"))
		if (!r)
			r = add_rule(ctx, fallback, rule, err);
	if (r < 0)
		return r;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return err_set(err, -r, "libseccomp cannot compile the seccomp profile");
	return read_code(fd, ret, err);
}

int profile_filter_open(const char *json, size_t len, struct profile_filter **ret, struct err *err)
{
	_cleanup_(json_free) cJSON *doc = NULL;
	struct profile_filter *filter;
	scmp_filter_ctx ctx;
	uint32_t fallback;
	int r = json_parse(json, len, "the seccomp profile", &doc, err);

	if (r < 0)
		return r;
	if (strcmp(json_str(doc, "defaultAction", ""), "SCMP_ACT_ERRNO") != 0)
		return bad(err, "its default action is no errno");
	fallback = SCMP_ACT_ERRNO((uint32_t)json_u64(doc, "defaultErrnoRet", EPERM));
	ctx = seccomp_init(fallback);
	if (!ctx)
		return err_set(err, ENOMEM, "libseccomp gives no filter");
	filter = xcalloc(1, sizeof(*filter));
	r = compile(ctx, fallback, doc, filter, err);
	seccomp_release(ctx);
	if (r < 0)
		profile_filter_free(filter);
	else
		*ret = filter;
	return r;
}

void profile_filter_free(struct profile_filter *filter)
{
	if (filter)
		free(filter->code);
	free(filter);
}

/* Jumps are forward only, so it ends. A program that leaves itself kills, as anything unknown does.
 */
static uint32_t run(const struct profile_filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0, word;
	bool taken;

	for (size_t pc = 0; pc < f->n; pc++) {
		const struct sock_filter *i = &f->code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k > sizeof(*data) - 4)
				return SECCOMP_RET_KILL_PROCESS;
			memcpy(&word, (const char *)data + i->k, sizeof(word));
			a = word;
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			taken = a == i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			taken = a >= i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			taken = a > i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			taken = a & i->k;
			break;
		default:
			return SECCOMP_RET_KILL_PROCESS;
		}
		pc += taken ? i->jt : i->jf;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* The kernel's name of an ABI (linux/audit.h): x32 is told by a bit of the number. */
static uint32_t audit_arch(enum record_abi abi)
{
	return sysname_arch(abi == RECORD_X32 ? RECORD_NATIVE : abi);
}

int profile_filter_eval(const struct profile_filter *filter, enum record_abi abi, uint32_t nr,
			const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)nr, .arch = audit_arch(abi) };
	uint32_t action;

	memcpy(data.args, args, sizeof(data.args));
	action = run(filter, &data);
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW)
		return 0;
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return (int)(action & SECCOMP_RET_DATA);
	return -1;
}

static bool is_withheld(const struct profile_calls *calls, const char *name)
{
	return strvec_has(&calls->withheld, name);
}

static int prove_call(const struct profile_filter *f, const struct record_syscall *s,
		      const struct profile_calls *calls, size_t *checked, struct err *err)
{
	uint64_t args[MAX_ARGS] = { 0 };
	_cleanup_free_ char *name = sysname_of(s->abi, s->nr);

	if (!name || s->phase == RECORD_RUNTIME || s->refused >= s->count ||
	    is_withheld(calls, name) || seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR)
		return 0;
	++*checked;
	for (size_t i = 0; i < calls->n; i++)
		if (calls->v[i].n_values && !strcmp(calls->v[i].name, name))
			args[calls->v[i].index] = calls->v[i].values[0];
	if (!profile_filter_eval(f, s->abi, s->nr, args))
		return 0;
	return err_class_set(err, ERR_FAILURE, EPROTO,
			     "the seccomp profile would refuse '%s', which was called", name);
}

int profile_seccomp_prove(const char *json, size_t len, const struct record *const *records,
			  size_t n, const struct profile_calls *calls, size_t *ret_checked,
			  struct err *err)
{
	_cleanup_(profile_filter_free) struct profile_filter *filter = NULL;
	size_t checked = 0;
	int r = profile_filter_open(json, len, &filter, err);

	for (size_t i = 0; !r && i < n; i++)
		for (size_t j = 0; !r && j < records[i]->n_syscalls; j++)
			r = prove_call(filter, &records[i]->syscalls[j], calls, &checked, err);
	if (!r)
		*ret_checked = checked;
	return r;
}
