/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/profile.h"

#define DEFAULT_CAPS 0xa80425fbull /* Docker's */
#define SYS_ADMIN (1ull << 21)

static struct err err;

struct call {
	const char *name;
	enum record_phase phase;
	enum record_abi abi;
	uint64_t count, refused;
};

static struct record *make_record(const struct call *calls, size_t n, bool seccomp, uint64_t caps)
{
	struct record_builder *b = record_builder_new();
	struct record *rec;

	for (size_t i = 0; i < n; i++)
		record_add_syscall(b, calls[i].phase, calls[i].abi,
				   (uint32_t)sysname_number(calls[i].abi, calls[i].name),
				   calls[i].count, calls[i].refused);
	rec = record_builder_finish(b);
	record_builder_free(b);
	rec->confinement = (struct record_confinement){
		.known = true, .seccomp = seccomp, .bounding = caps, .effective = caps
	};
	return rec;
}

static const struct call calls[] = {
	{ "openat", RECORD_APP, RECORD_NATIVE, 5, 0 },
	{ "clone", RECORD_APP, RECORD_NATIVE, 2, 1 },
	{ "clone3", RECORD_APP, RECORD_NATIVE, 3, 3 },
	{ "unshare", RECORD_APP, RECORD_NATIVE, 1, 1 },
	{ "stat64", RECORD_APP, RECORD_COMPAT, 1, 0 },
	{ "mount", RECORD_RUNTIME, RECORD_NATIVE, 9, 0 },
	{ "fstatfs", RECORD_CONFINED, RECORD_NATIVE, 1, 0 },
	{ "statmount", RECORD_APP, RECORD_NATIVE, 1, 0 },
};

static const struct profile_call *find(const struct profile_calls *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i].name, name))
			return &c->v[i];
	return NULL;
}

static void test_decision(void)
{
	_cleanup_profile_calls_ struct profile_calls c;
	struct record *rec = make_record(calls, ARRAY_SIZE(calls), true, DEFAULT_CAPS);

	profile_calls((const struct record *const *)&rec, 1, false, &c);
	ok(find(&c, "openat") && find(&c, "openat")->count == 5, "what was called");
	ok(find(&c, "openat")->sources == (PROFILE_APP | PROFILE_RUNTIME), "and all its sources");
	ok(find(&c, "clone")->count == 1 && find(&c, "clone")->conditional,
	   "calls that were refused do not count, and clone makes no namespaces");
	ok(!find(&c, "clone3") && !find(&c, "unshare"), "what was always refused stays refused");
	ok(c.withheld.n == 2 && !strcmp(c.withheld.v[0], "clone3"), "and is told");
	ok(!find(&c, "mount"), "what the runtime called before the filter is not needed");
	ok(find(&c, "fstatfs")->sources & PROFILE_RUNTIME_SEEN, "what it called after it is");
	ok(find(&c, "rt_sigreturn") && find(&c, "exit_group"), "signals and the end");
	ok(find(&c, "setresuid"), "crun's calls");
	ok(find(&c, "clock_gettime"), "the time, which the vDSO may tell here");
	ok(c.abis == (1 << RECORD_NATIVE | 1 << RECORD_COMPAT), "the ABIs that were used");
	ok(find(&c, "statmount") != NULL, "a call newer than libseccomp has its name");
	ok(c.warnings.n == 0, "nothing to warn of");
	record_free(rec);
}

static void test_unconfined(void)
{
	_cleanup_profile_calls_ struct profile_calls c, lifted;
	static const struct call bad[] = { { "mount", RECORD_APP, RECORD_NATIVE, 1, 0 },
					   { "read", RECORD_APP, RECORD_NATIVE, 1, 0 } };
	struct record *rec = make_record(bad, 2, false, DEFAULT_CAPS);

	profile_calls((const struct record *const *)&rec, 1, false, &c);
	ok(!find(&c, "mount") && find(&c, "read"),
	   "without a filter, the default one is thought of");
	ok(c.warnings.n == 1 && strstr(c.warnings.v[0], "mount"), "which is told");
	rec->confinement.bounding |= SYS_ADMIN;
	profile_calls((const struct record *const *)&rec, 1, false, &lifted);
	ok(find(&lifted, "mount") != NULL, "with the capability it would not be blocked");
	record_free(rec);
}

static void test_union(void)
{
	_cleanup_profile_calls_ struct profile_calls c;
	static const struct call one[] = { { "mkdir", RECORD_APP, RECORD_NATIVE, 1, 1 } },
				 two[] = { { "mkdir", RECORD_APP, RECORD_NATIVE, 4, 0 } };
	struct record *recs[] = { make_record(one, 1, true, 0), make_record(two, 1, true, 0) };

	profile_calls((const struct record *const *)recs, 2, false, &c);
	ok(find(&c, "mkdir") && find(&c, "mkdir")->count == 4 && !c.withheld.n,
	   "allowed in one run: allowed");
	record_free(recs[0]);
	record_free(recs[1]);
}

/* 20 that are known to be dangerous: none of them was called. */
static const char *const dangerous[] = {
	"ptrace",
	"kexec_load",
	"mount",
	"umount2",
	"bpf",
	"init_module",
	"delete_module",
	"reboot",
	"swapon",
	"pivot_root",
	"setns",
	"unshare",
	"perf_event_open",
	"open_by_handle_at",
	"keyctl",
	"add_key",
	"userfaultfd",
	"iopl",
	"process_vm_writev",
	"acct",
};

static int eval(const struct profile_filter *f, enum record_abi abi, const char *name, uint64_t arg)
{
	const uint64_t args[6] = { arg };

	return profile_filter_eval(f, abi, (uint32_t)sysname_number(abi, name), args);
}

static void test_filter(enum profile_format format, const char *what)
{
	_cleanup_profile_calls_ struct profile_calls c;
	struct record *rec = make_record(calls, ARRAY_SIZE(calls), true, DEFAULT_CAPS);
	const struct record *const records[] = { rec };
	_cleanup_(profile_filter_free) struct profile_filter *f = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	size_t checked = 0, refused = 0;

	profile_calls(records, 1, false, &c);
	profile_seccomp(&c, format, &text);
	profile_seccomp(&c, format, &again);
	ok(text.len == again.len && !memcmp(text.buf, again.buf, text.len), "%s: same bytes", what);
	is_int(profile_seccomp_prove(text.buf, text.len, records, 1, &c, &checked, &err), 0,
	       "%s: proven", what);
	is_int(checked, 4, "%s: as many calls as libseccomp knows", what);
	if (!ok(profile_filter_open(text.buf, text.len, &f, &err) == 0, "%s: compiles", what)) {
		printf("# %s\n", err.msg);
		record_free(rec);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dangerous); i++)
		refused += eval(f, RECORD_NATIVE, dangerous[i], 0) == EPERM;
	is_int(refused, ARRAY_SIZE(dangerous), "%s: the dangerous ones get EPERM", what);
	is_int(eval(f, RECORD_NATIVE, "clone", 0x00010000), 0, "%s: a thread", what);
	is_int(eval(f, RECORD_NATIVE, "clone", 0x10000000), ENOSYS, "%s: a user namespace", what);
	is_int(eval(f, RECORD_NATIVE, "clone3", 0), ENOSYS, "%s: clone3", what);
	is_int(eval(f, RECORD_NATIVE, "openat2", 0), 0, "%s: openat2 is newer runc's", what);
	is_int(eval(f, RECORD_NATIVE, "landlock_create_ruleset", 0), ENOSYS, "%s: a newer call",
	       what);
	is_int(profile_filter_eval(f, RECORD_NATIVE, 999, (uint64_t[6]){ 0 }), ENOSYS,
	       "%s: a call of the future", what);
	is_int(eval(f, RECORD_COMPAT, "stat64", 0), 0, "%s: i386", what);
	is_int(eval(f, RECORD_X32, "openat", 0), -1, "%s: x32 was not used", what);
	record_free(rec);
}

static void test_arg_filters(void)
{
	static const struct call sockets[] = { { "socket", RECORD_APP, RECORD_NATIVE, 2, 0 },
					       { "personality", RECORD_APP, RECORD_NATIVE, 1, 0 } };
	static const uint32_t inet[RECORD_MAX_VALUES] = { 2, 1 },
			      local[RECORD_MAX_VALUES] = { 1, 1 };
	struct record_builder *b = record_builder_new();
	_cleanup_(profile_filter_free) struct profile_filter *f = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_profile_calls_ struct profile_calls c;
	struct record *rec;

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		record_add_syscall(b, RECORD_APP, RECORD_NATIVE,
				   (uint32_t)sysname_number(RECORD_NATIVE, sockets[i].name), 1, 0);
	record_add_arguments(b, RECORD_NATIVE, (uint32_t)sysname_number(RECORD_NATIVE, "socket"), 3,
			     inet);
	record_add_arguments(b, RECORD_NATIVE, (uint32_t)sysname_number(RECORD_NATIVE, "socket"), 3,
			     local);
	rec = record_builder_finish(b);
	record_builder_free(b);
	profile_calls((const struct record *const *)&rec, 1, true, &c);
	profile_seccomp(&c, PROFILE_DOCKER, &text);
	if (ok(profile_filter_open(text.buf, text.len, &f, &err) == 0, "filters compile")) {
		is_int(eval(f, RECORD_NATIVE, "socket", 2), 0, "a family that was used");
		is_int(eval(f, RECORD_NATIVE, "socket", 0xdead00000001), 0, "an int is 32 bits");
		is_int(eval(f, RECORD_NATIVE, "socket", 17), ENOSYS, "a packet socket");
		is_int(eval(f, RECORD_NATIVE, "prctl", 38), 0, "what runtimes call");
		is_int(eval(f, RECORD_NATIVE, "prctl", 22), ENOSYS, "and no more");
		is_int(eval(f, RECORD_NATIVE, "personality", 8), 0,
		       "unknown values: the default's");
		is_int(eval(f, RECORD_NATIVE, "personality", 7), ENOSYS, "and no more");
	}
	record_free(rec);
}

static void test_prove_fails(void)
{
	static const struct call more[] = { { "mkdir", RECORD_APP, RECORD_NATIVE, 1, 0 } };
	_cleanup_profile_calls_ struct profile_calls c;
	struct record *less = make_record(NULL, 0, true, 0), *rec = make_record(more, 1, true, 0);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t checked = 0;

	profile_calls((const struct record *const *)&less, 1, false, &c);
	profile_seccomp(&c, PROFILE_DOCKER, &text);
	ok(profile_seccomp_prove(text.buf, text.len, (const struct record *const *)&rec, 1, &c,
				 &checked, &err) < 0,
	   "a profile that lacks a call is found out");
	is_str(err.msg, "the seccomp profile would refuse 'mkdir', which was called", "and told");
	record_free(less);
	record_free(rec);
}

int main(void)
{
	test_decision();
	test_unconfined();
	test_union();
	test_filter(PROFILE_DOCKER, "docker");
	test_filter(PROFILE_OCI, "oci");
	test_arg_filters();
	test_prove_fails();
	return tap_done();
}
