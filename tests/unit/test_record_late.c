/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of what was watched late, for long, and more than once. */
#include <stdlib.h>

#include "../lib/tap.h"
#include "slimtrace/record.h"
#include "trace/collect.h"

static struct record_program named(char *comm, int pid, uint32_t parent)
{
	return (struct record_program){ .parent = parent, .pid = pid, .comm = comm, .exe = comm };
}

static void add(struct record_builder *b, const char *path, uint32_t program, bool before)
{
	const struct record_access_key key = { .source = RECORD_FILE,
					       .path = path,
					       .path_len = strlen(path),
					       .on_image = true,
					       .before = before };

	record_add_access(b, &key, RECORD_READ, program, 5);
}

static void test_fold(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	char sh[] = "sh", ls[] = "ls";
	struct record_program first = named(sh, 1, UINT32_MAX), again = named(sh, 2, UINT32_MAX),
			      child = named(ls, 3, 0), sibling = named(ls, 4, 0),
			      grandchild = named(ls, 5, 1);

	record_builder_fold(b);
	is_int(record_add_program(b, &first), 0, "a program");
	is_int(record_add_program(b, &again), 0, "an equal one is the same");
	is_int(record_add_program(b, &child), 1, "another one");
	is_int(record_add_program(b, &sibling), 1, "its equal");
	is_int(record_add_program(b, &grandchild), 2, "another parent makes another");
	child.entry = RECORD_EXECED;
	is_int(record_add_program(b, &child), 3, "and so does how it came");
	strvec_push(&sibling.argv, "-l");
	is_int(record_add_program(b, &sibling), 4, "and an argument");
	is_int(record_builder_record(b)->programs[1].pid, 3, "the first one's number stays");
	strvec_release(&sibling.argv);
}

static void test_before(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record *rec = record_builder_record(b);
	char sh[] = "sh";
	struct record_program p = named(sh, 1, 0);

	record_add_program(b, &p);
	add(b, "/held", 0, true);
	add(b, "/both", 0, true);
	add(b, "/both", 0, false);
	add(b, "/seen", 0, false);
	add(b, "/seen", 0, true);
	is_int(rec->n_accesses, 3, "when it was seen does not make it another access");
	ok(rec->accesses[0].before, "held when it began");
	ok(!rec->accesses[1].before && !rec->accesses[2].before, "seen in use, whichever is first");
}

static struct record *late(bool attached, bool before)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	char sh[] = "sh";
	struct record_program p = named(sh, 1, 0);

	record_add_program(b, &p);
	add(b, "/f", 0, before);
	record_builder_record(b)->attached = attached;
	return record_builder_finish(b);
}

static void check_merge(bool a, bool b, bool want_attached, bool want_before)
{
	struct record *one = late(a, a), *two = late(b, b), *both = NULL;
	struct err err = ERR_INIT;

	ok(record_merge((const struct record *const[]){ one, two }, 2, &both, &err) == 0, "merged");
	ok(both->attached == want_attached, "attached: %d and %d", a, b);
	ok(both->accesses[0].before == want_before, "before: %d and %d", a, b);
	record_free(one);
	record_free(two);
	record_free(both);
}

static void test_round_trip(void)
{
	struct record *rec = late(true, true), *back = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;

	record_to_json(rec, &text);
	ok(record_from_json(text.buf, text.len, &back, &err) == 0, "read back: %s", err.msg);
	ok(back && back->attached && back->accesses[0].before, "with what is said of it");
	record_free(rec);
	record_free(back);
	rec = late(false, false);
	strbuf_reset(&text);
	record_to_json(rec, &text);
	ok(!strstr(text.buf, "attached") && !strstr(text.buf, "before"), "otherwise nothing is");
	record_free(rec);
}

/* A snapshot is what the record would be now, and building goes on as if none was made. */
static void test_snapshot(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record *rec = record_builder_record(b), *copy, *whole;
	char sh[] = "sh";
	struct record_program p = named(sh, 1, 0);

	strvec_push(&p.argv, "sh");
	record_add_program(b, &p);
	add(b, "/b", 0, false);
	add(b, "/a", 0, false);
	record_set_syscall(b, RECORD_APP, RECORD_NATIVE, 7, 3, 1);
	record_add_caller(b, RECORD_NATIVE, 7, 0);
	strvec_push(&rec->unseen, "something");
	copy = record_builder_snapshot(b);
	is_str(copy->accesses[0].path, "/a", "it is sorted");
	is_int(copy->syscalls[0].n_programs, 1, "with who called");
	is_str(copy->programs[0].argv.v[0], "sh", "and words");
	is_str(copy->unseen.v[0], "something", "and what is not seen");
	add(b, "/c", 0, false);
	add(b, "/b", 0, false);
	record_set_syscall(b, RECORD_APP, RECORD_NATIVE, 7, 9, 2);
	is_int(copy->n_accesses, 2, "what comes later is not in it");
	record_free(copy);
	whole = record_builder_finish(b);
	is_int(whole->n_accesses, 3, "but in the record");
	ok(whole->syscalls[0].count == 9 && whole->syscalls[0].refused == 2,
	   "a count that is set holds, and does not add up");
	record_free(whole);
	strvec_release(&p.argv);
}

static void event_of(struct collector *c, uint64_t program, enum wire_type type)
{
	const struct event ev = { .type = type,
				  .pid = (uint32_t)program,
				  .program = program,
				  .ns = 10,
				  .kinds = RECORD_READ,
				  .walk = "f",
				  .walk_len = 2 };

	collector_add(c, &ev);
}

/* Numbers of programs that ended are forgotten; what is new meanwhile is not. */
static void test_forget(void)
{
	_cleanup_(strmap_free) struct strmap *running = strmap_new();
	const uint64_t runs = 1;
	struct collector c;

	collector_init(&c);
	event_of(&c, 1, WIRE_PROGRAM);
	event_of(&c, 2, WIRE_PROGRAM);
	is_int(collector_mark(&c), 2, "two are known");
	strmap_put_len(running, &runs, sizeof(runs), running);
	event_of(&c, 3, WIRE_PROGRAM);
	collector_forget(&c, running);
	is_int(strmap_count(c.programs), 2, "the one that runs, and the new one");
	is_int(record_builder_record(c.builder)->n_programs, 3, "the record has all");
	event_of(&c, 1, WIRE_FILE);
	event_of(&c, 3, WIRE_FILE);
	is_int(record_builder_record(c.builder)->n_programs, 3, "they are known again");
	event_of(&c, 2, WIRE_FILE);
	is_int(record_builder_record(c.builder)->n_programs, 4, "the other one is not");
	collector_release(&c);
}

static void test_adopted(void)
{
	char exe[] = "/bin/server", path[] = "/lib/one.so";
	struct adopted_file file = { .path = path, .kinds = RECORD_MAP, .on_image = true };
	struct record_socket socket = {
		.use = RECORD_LISTEN, .family = 2, .protocol = 6, .port = 80
	};
	struct adopted a = { .pid = 7,
			     .comm = "server",
			     .exe = exe,
			     .files = &file,
			     .n_files = 1,
			     .sockets = &socket,
			     .n_sockets = 1 };
	const struct record *rec;
	struct collector c;

	collector_init(&c);
	collector_adopt(&c, &a, 100, 0, RECORD_ENTRYPOINT, 5000);
	collector_adopt(&c, &a, 200, 100, RECORD_EXECED, 5000);
	rec = record_builder_record(c.builder);
	is_int(rec->n_programs, 2, "programs");
	is_int(rec->programs[0].parent, 0, "no parent is known: itself");
	is_int(rec->programs[1].parent, 0, "the first one's child");
	is_int(rec->programs[1].entry, RECORD_EXECED, "how it came");
	is_str(rec->programs[0].exe, "/bin/server", "executable");
	ok(rec->n_accesses == 1 && rec->accesses[0].before && rec->accesses[0].n_programs == 2,
	   "what they hold");
	ok(collector_listens(&c, 80), "where they listen");
	event_of(&c, 100, WIRE_FILE);
	is_int(rec->n_programs, 2, "what comes later is theirs");
	collector_release(&c);
}

int main(void)
{
	test_fold();
	test_before();
	check_merge(true, true, true, true);
	check_merge(true, false, true, false);
	check_merge(false, false, false, false);
	test_round_trip();
	test_snapshot();
	test_forget();
	test_adopted();
	return tap_done();
}
