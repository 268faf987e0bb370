/* SPDX-License-Identifier: BSD-2-Clause */
/* The record's JSON form: nothing is lost on the way and back, nothing wrong comes in. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../lib/growth.h"
#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/record.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void add_programs(struct record_builder *b)
{
	char comm[] = "nginx", exe[] = "/usr/sbin/nginx\xff";
	struct record_program p = { .pid = 4711, .comm = comm, .exe = exe, .start_ns = 0 };

	strvec_push(&p.argv, "nginx");
	strvec_push(&p.argv, "-g");
	strvec_push(&p.argv, "\"\xc3\xa9\" \\\n");
	strvec_push(&p.argv, "\xfe");
	record_add_program(b, &p);
	p.entry = RECORD_EXECED;
	p.parent = 1;
	p.argv_truncated = true;
	p.start_ns = UINT64_MAX;
	record_add_program(b, &p);
	strvec_release(&p.argv);
}

static void use(struct record_builder *b, const struct record_access_key *key, uint32_t program,
		uint32_t call, uint32_t kinds)
{
	const struct record_use u = { .program = program,
				      .call = (uint16_t)call,
				      .kinds = (uint16_t)kinds };

	record_add_use(b, key, &u);
}

static void add_accesses(struct record_builder *b)
{
	struct record_access_key key = { .source = RECORD_FILE,
					 .path = "/etc/nginx/nginx.conf",
					 .path_len = 21,
					 .on_image = true };

	record_add_access(b, &key, RECORD_READ | RECORD_MAP, 0, 9007199254740993u);
	record_add_access(b, &key, RECORD_READ, 1, UINT64_MAX);
	use(b, &key, 0, SYS_openat, RECORD_READ);
	use(b, &key, 0, SYS_mmap, RECORD_MAP);
	use(b, &key, 0, SYS_open, RECORD_READ);
	use(b, &key, 1, SYS_openat, RECORD_READ);
	key = (struct record_access_key){ .source = RECORD_LOOKUP,
					  .path = "/a/../\x80\xff",
					  .path_len = 8,
					  .error = ENOENT,
					  .follow = true };
	record_add_access(b, &key, (1u << RECORD_KINDS) - 1, 1, 1);
	use(b, &key, 1, RECORD_COMPAT * RECORD_CALLS + 5, RECORD_READ);
	use(b, &key, 1, RECORD_X32 * RECORD_CALLS + 59, RECORD_STAT);
	use(b, &key, 1, RECORD_CALLS - 1, RECORD_STAT | RECORD_READ);
	use(b, &key, 1, RECORD_URING + 18, RECORD_READ);
	use(b, &key, 1, RECORD_USERS - 1, RECORD_CONNECT);
}

static void add_others(struct record_builder *b)
{
	struct record_socket s = { .use = RECORD_LISTEN,
				   .family = AF_INET,
				   .protocol = IPPROTO_TCP,
				   .port = 8080,
				   .addr = { 127, 0, 0, 1 } };

	record_add_syscall(b, RECORD_RUNTIME, RECORD_NATIVE, 0, 18446744073709551615u, 0);
	record_add_syscall(b, RECORD_APP, RECORD_COMPAT, 4, 2, 1);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 1023, 1, 0);
	record_add_caller(b, RECORD_NATIVE, 1023, 1);
	record_add_caller(b, RECORD_NATIVE, 1023, 0);
	record_add_arguments(b, RECORD_NATIVE, 41, 3, (const uint32_t[]){ 2, 1, 9 });
	record_add_arguments(b, RECORD_X32, 0x40000010, 2, (const uint32_t[]){ 0, UINT32_MAX, 0 });
	for (uint32_t i = 0; i <= RECORD_MAX_TUPLES; i++)
		record_add_arguments(b, RECORD_NATIVE, 157, 1, (const uint32_t[]){ i, 0, 0 });
	record_add_capability(b, 10, true, -1);
	record_add_capability(b, 63, false, 9);
	record_add_socket(b, &s);
	s.use = RECORD_CONNECTED;
	s.family = AF_INET6;
	s.protocol = 250;
	record_add_socket(b, &s);
}

static struct record *sample(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record *rec = record_builder_record(b);

	rec->image_id = xstrdup(DIGEST_A);
	strvec_push(&rec->diff_ids, DIGEST_B);
	strvec_push(&rec->diff_ids, DIGEST_A);
	rec->kernel = xstrdup("6.18.0");
	rec->arch = xstrdup("x86_64");
	rec->started = xstrdup("2026-11-23T22:08:20Z");
	rec->duration_ns = 12345678901234567890u;
	rec->confinement = (struct record_confinement){
		.known = true, .seccomp = true, .bounding = UINT64_MAX, .effective = 0xa80425fb
	};
	strvec_push(&rec->unseen, "io_uring requests are not seen");
	rec->loss.path_truncated = UINT64_MAX;
	rec->loss.ring_full = 3;
	add_programs(b);
	add_accesses(b);
	add_others(b);
	return record_builder_finish(b);
}

static void test_round_trip(void)
{
	_cleanup_(record_free) struct record *rec = sample(), *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct err err = ERR_INIT;

	record_to_json(rec, &text);
	if (!ok(!record_from_json(text.buf, text.len, &back, &err), "what was written is read")) {
		printf("# %s\n", err.msg);
		return;
	}
	record_to_json(back, &again);
	is_str(again.buf, text.buf, "and is the same when written again");
	is_int(back->accesses[0].path_len, 8, "a path that is no text keeps its length");
	is_str(back->accesses[0].path, "/a/../\x80\xff", "and its bytes");
	ok(back->accesses[1].first_ns == 9007199254740993u, "64 bits survive");
	is_int(back->accesses[1].n_programs, 2, "programs of an access");
	is_int(back->accesses[1].n_uses, 4, "its calls");
	is_int(back->accesses[0].n_uses, 5, "those of all ABIs, of rings, and without a name");
	is_str(back->programs[1].argv.v[3], "\xfe", "an argument that is no text");
	is_str(back->programs[0].exe, "/usr/sbin/nginx\xff", "an executable likewise");
	is_int(back->programs[0].pid, 4711, "pid");
	ok(back->programs[1].argv_truncated && back->programs[1].start_ns == UINT64_MAX, "flags");
	ok(back->loss.path_truncated == UINT64_MAX && back->loss.ring_full == 3, "loss counters");
	ok(back->duration_ns == 12345678901234567890u, "duration");
	is_str(back->image_id, DIGEST_A, "image");
	is_str(back->unseen.v[0], "io_uring requests are not seen", "unseen");
	is_int(back->sockets[0].addr[0], 127, "an address");
	ok(back->confinement.known && back->confinement.seccomp &&
		   !back->confinement.no_new_privileges &&
		   back->confinement.bounding == UINT64_MAX &&
		   back->confinement.effective == 0xa80425fb,
	   "confinement");
	ok(back->syscalls[2].refused == 1 || back->syscalls[1].refused == 1, "refused calls");
	is_int(back->n_arguments, 2 + RECORD_MAX_TUPLES + 1, "arguments, and that there were more");
	is_int(back->arguments[0].value[2], 0, "what is not meant is not kept");
	is_int(back->arguments[0].value[1], 1, "what is meant is");
	is_int(back->arguments[1].used, 0, "too many: none of them is all");
}

static void test_empty(void)
{
	_cleanup_(record_free) struct record *rec = record_new(), *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct err err = ERR_INIT;

	record_to_json(rec, &text);
	ok(!record_from_json(text.buf, text.len, &back, &err), "an empty record is read");
	if (!back)
		return;
	record_to_json(back, &again);
	is_str(again.buf, text.buf, "and is the same when written again");
	is_str(back->image_id, NULL, "what is absent stays absent");
}

static void test_names(void)
{
	_cleanup_(record_free) struct record *rec = sample();
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	record_to_json(rec, &text);
	ok(strstr(text.buf, "\"CAP_NET_BIND_SERVICE\""), "capabilities have names");
	ok(strstr(text.buf, "\"ENOENT\""), "errors have names");
	ok(strstr(text.buf, "\"127.0.0.1\""), "addresses are text");
#if defined(__x86_64__)
	ok(strstr(text.buf, "\"write\""), "syscalls have the name of their ABI");
	ok(strstr(text.buf, "\"syscalls\":{\"map\":{\"mmap\":[0]},"
			    "\"read\":{\"open\":[0],\"openat\":[0,1]}}"),
	   "so have those of a use, with who made them");
	ok(strstr(text.buf, "\"read\":{\"1023\":[0],\"compat/open\":[0],\"io_uring/openat\":[0]}"),
	   "with the ABI before it, or a number");
#endif
}

/* A call that is not known here is passed over: another libseccomp wrote it. */
static void test_unknown_call(void)
{
	static const char *const wrong[] = { "",
					     "no_such_call",
					     "1024",
					     "compat/1024",
					     "io_uring/256",
					     "io_uring/none",
					     "arm/open",
					     "-1",
					     "99999999999999999999",
					     "compat/",
					     "x32/compat/open" };
	_cleanup_(record_free) struct record *rec = sample(), *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, other = STRBUF_INIT;
	static const char mapped[] = "\"map\":{\"mmap\":[0]}";
	struct err err = ERR_INIT;
	const char *at;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		is_int(record_call_find(wrong[i]), -1, "no call: %s", wrong[i]);
	record_to_json(rec, &text);
	at = strstr(text.buf, mapped);
	if (!ok(at, "a use and its call"))
		return;
	strbuf_add(&other, text.buf, (size_t)(at - text.buf));
	strbuf_addstr(&other, "\"map\":{\"mmap_of_tomorrow\":[0]}");
	strbuf_addstr(&other, at + strlen(mapped));
	ok(!record_from_json(other.buf, other.len, &back, &err), "a record with another is read");
	is_int(back ? back->accesses[1].n_uses : 0, 3, "without that call");
}

/* An unsorted document with the same access twice: the record is as if the tracer had made it. */
static void test_merge(void)
{
	_cleanup_(record_free) struct record *rec = sample(), *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, mixed = STRBUF_INIT, again = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL;
	struct err err = ERR_INIT;
	cJSON *accesses;

	record_to_json(rec, &text);
	if (!ok(!json_parse(text.buf, text.len, "sample", &doc, &err), "the sample is JSON"))
		return;
	accesses = json_get(doc, "accesses");
	json_append(accesses, cJSON_Duplicate(cJSON_GetArrayItem(accesses, 0), true));
	json_append(accesses, cJSON_DetachItemFromArray(accesses, 0));
	json_print(doc, false, &mixed);
	ok(!record_from_json(mixed.buf, mixed.len, &back, &err), "any order is read");
	if (!back)
		return;
	record_to_json(back, &again);
	is_str(again.buf, text.buf, "and gives the record");
}

struct wrong {
	const char *from, *to, *message;
};

static const struct wrong wrongs[] = {
	{ "\"version\":1", "\"version\":2",
	  "the record: 'version' is 2, and only 1 is understood" },
	{ "\"version\":1", "\"v\":1", "'version' is not a number" },
	{ "\"image\":", "\"x\":", "image: 'diff_ids' is not an array" },
	{ "\"id\":\"sha256:a", "\"id\":\"sha256:A", "image: 'id' is 'sha256:Aa" },
	{ DIGEST_B, "sha256:b", "'diff_ids' has 'sha256:b', which is not a digest" },
	{ "\"parent\":0", "\"parent\":1", "programs[0]: 'parent' is not a number from 0 to 0" },
	{ "\"parent\":1", "\"parent\":1.5", "programs[1]: 'parent' is not a number from 0 to 1" },
	{ "\"pid\":4711", "\"pid\":-1", "programs[0]: 'pid'" },
	{ "\"pid\":4711", "\"pid\":2147483648", "programs[0]: 'pid'" },
	{ "\"entrypoint\"", "\"entry\"", "programs[0]: 'entry' is 'entry'" },
	{ "\"comm\":\"nginx\"", "\"comm\":1", "programs[0]: 'comm' is not a string" },
	{ "\"bytes_hex\":\"fe\"", "\"bytes_hex\":\"fg\"", "programs[0]: 'bytes'" },
	{ "\"bytes_hex\":\"fe\"", "\"bytes_hex\":\"f\"", "programs[0]: 'bytes'" },
	{ "\"bytes_hex\":\"fe\"", "\"bytes_hex\":\"00\"", "a string, or one with a NUL" },
	{ "\"argv_truncated\":false", "\"argv_truncated\":0", "'argv_truncated' is not true" },
	{ "\"start_ns\":\"0\"", "\"start_ns\":\"18446744073709551616\"", "'start_ns'" },
	{ "\"source\":\"file\"", "\"source\":\"files\"", "accesses[1]: 'source' is 'files'" },
	{ "\"/etc/nginx/nginx.conf\"", "\"etc/nginx/nginx.conf\"", "not an absolute path" },
	{ "\"/etc/nginx/nginx.conf\"", "\"\"", "not an absolute path" },
	{ "\"map\",\"read\"", "\"map\",\"reed\"", "accesses[0]: 'kinds' has 'reed'" },
	{ "\"map\",\"read\"", "\"map\",3", "accesses[0]: 'kinds' has ''" },
	{ "\"error\":2", "\"error\":4096", "accesses[0]: 'error' is not a number" },
	{ "\"follow\":true", "\"follow\":null", "accesses[0]: 'follow' is not true or false" },
	{ "\"programs\":[0,1]", "\"programs\":[0,2]", "ascending indices below 2" },
	{ "\"programs\":[0,1]", "\"programs\":[1,1]", "ascending indices below 2" },
	{ "\"programs\":[0,1]", "\"programs\":[0.5]", "ascending indices below 2" },
	{ "\"programs\":[0,1]", "\"programs\":[-1]", "ascending indices below 2" },
	{ "\"programs\":[0,1]", "\"programs\":[\"0\"]", "ascending indices below 2" },
	{ "\"programs\":[0,1]", "\"programs\":[]", "'programs' is empty" },
	{ "\"map\":{\"mmap\":[0]}", "\"map\":\"mmap\"", "'syscalls' of 'map' is not an object" },
	{ "\"map\":{\"mmap\":[0]}", "\"map\":{\"mmap\":0}",
	  "'syscalls' of 'map' has a call without an array" },
	{ "\"map\":{\"mmap\":[0]}", "\"map\":{\"mmap\":[2]}",
	  "'syscalls' of 'map' has no place in 'programs'" },
	{ "\"map\":{\"mmap\":[0]}", "\"map\":{\"mmap\":[-1]}", "no place in 'programs'" },
	{ "\"map\":{\"mmap\":[0]}", "\"map\":{\"mmap\":[\"0\"]}", "no place in 'programs'" },
	{ "\"map\":{\"mmap\":[0]}", "\"map\":{\"unknown\":[2]}", "no place in 'programs'" },
	{ "\"map\":{\"mmap\":[0]}", "\"write\":{\"mmap\":[0]}",
	  "'syscalls' of 'write' are of a kind that 'kinds' has not" },
	{ "\"map\":{\"mmap\":[0]}", "\"\":{\"mmap\":[0]}", "'syscalls' of '' are" },
	{ "\"syscalls\":{", "\"syscalls\":3,\"x\":{", "'syscalls' is not an object" },
	{ "\"abi\":\"compat\"", "\"abi\":\"arm\"", "'abi' is 'arm'" },
	{ "\"nr\":1023", "\"nr\":4294967296", "'nr' is not a number" },
	{ "\"cap\":63", "\"cap\":64", "'cap' is not a number from 0 to 63" },
	{ "\"port\":8080", "\"port\":65536", "'port' is not a number" },
	{ "\"127.0.0.1\"", "\"127.0.0.256\"", "is no address of family 2" },
	{ "\"family\":2,", "\"family\":1,", "'family' is 1" },
	{ "\"ring_full\":\"3\"", "\"ring_full\":\"x\"", "loss: 'ring_full'" },
	{ "\"unseen\":[", "\"unseen\":[1,", "'unseen' has an element that is not a string" },
	{ "\"sockets\":[", "\"sockets\":[7,", "sockets[0]: 'use'" },
	{ "\"sockets\":[", "\"socks\":[", "'sockets' is not an array" },
	{ "{", "[{", "the record is not valid JSON" },
};

static void test_wrong(void)
{
	_cleanup_(record_free) struct record *rec = sample();
	_cleanup_strbuf_ struct strbuf pretty = STRBUF_INIT, text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL;
	struct err parse_err = ERR_INIT;

	record_to_json(rec, &pretty);
	if (json_parse(pretty.buf, pretty.len, "sample", &doc, &parse_err) < 0)
		return;
	json_print(doc, false, &text);
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		_cleanup_strbuf_ struct strbuf bad = STRBUF_INIT;
		const char *at = strstr(text.buf, w->from);
		struct record *none = NULL;
		struct err err = ERR_INIT;

		if (!ok(at, "the sample has %s", w->from))
			continue;
		strbuf_add(&bad, text.buf, (size_t)(at - text.buf));
		strbuf_addstr(&bad, w->to);
		strbuf_addstr(&bad, at + strlen(w->from));
		ok(record_from_json(bad.buf, bad.len, &none, &err) < 0 && !none, "refused: %s",
		   w->to);
		if (!ok(strstr(err.msg, w->message) && err.class == ERR_USAGE, "and says why"))
			printf("# said '%s'\n", err.msg);
	}
}

static void test_cut(void)
{
	_cleanup_(record_free) struct record *rec = sample();
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t accepted = 0;

	record_to_json(rec, &text);
	for (size_t len = 0; len + 2 < text.len; len++) {
		struct record *none = NULL;
		struct err err = ERR_INIT;

		accepted += !record_from_json(text.buf, len, &none, &err);
		record_free(none);
	}
	is_int(accepted, 0, "no part of a document is a document");
}

static void test_many(void)
{
	struct record_builder *b = record_builder_new();
	_cleanup_(record_free) struct record *rec = NULL, *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct record_program p = { .pid = 1 };
	struct err err = ERR_INIT;
	uint64_t start;

	record_add_program(b, &p);
	for (uint32_t i = 0; i < 100000; i++) {
		_cleanup_free_ char *path = xasprintf("/usr/lib/python3/dist-packages/m%u.py", i);
		struct record_access_key key = { .source = RECORD_LOOKUP,
						 .path = path,
						 .path_len = strlen(path) };

		record_add_access(b, &key, RECORD_STAT, 0, i);
	}
	rec = record_builder_finish(b);
	record_builder_free(b);
	start = clock_mono_ms();
	record_to_json(rec, &text);
	printf("# 100000 accesses: %zu bytes, written in %llu ms\n", text.len,
	       (unsigned long long)(clock_mono_ms() - start));
	start = clock_mono_ms();
	ok(!record_from_json(text.buf, text.len, &back, &err), "a long record is read");
	printf("# read in %llu ms\n", (unsigned long long)(clock_mono_ms() - start));
	is_int(back ? back->n_accesses : 0, 100000, "all of it");
}

static void write_and_read_uses(uint32_t programs, void *ctx)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	static const char path[] = "/usr/lib/libc.so.6";
	struct record_access_key key = { .path = path, .path_len = strlen(path) };
	_cleanup_(record_free) struct record *rec = NULL, *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct record_program p = { .pid = 1 };
	struct err err = ERR_INIT;

	(void)ctx;
	for (uint32_t i = 0; i < programs; i++) {
		record_add_program(b, &p);
		record_add_access(b, &key, RECORD_READ | RECORD_MAP, i, i);
		use(b, &key, i, SYS_openat, RECORD_READ);
		use(b, &key, i, SYS_mmap, RECORD_MAP);
		use(b, &key, i, SYS_open, RECORD_READ);
	}
	rec = record_builder_finish(b);
	record_to_json(rec, &text);
	ok(!record_from_json(text.buf, text.len, &back, &err),
	   "many programs of one file are read");
	is_int(back ? back->accesses[0].n_uses : 0, 3 * programs, "each of their calls");
}

/* Files that very many programs use, each by several calls: no list is scanned for each. */
static void test_many_uses(void)
{
	ok(growth_is_linear(write_and_read_uses, 25000, NULL), "not in quadratic time");
}

int main(void)
{
	test_round_trip();
	test_empty();
	test_names();
	test_unknown_call();
	test_merge();
	test_wrong();
	test_cut();
	test_many();
	test_many_uses();
	return tap_done();
}
