/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * creport.json, monitors.fan: files by process, as the file monitor of docker-slim tells them. It
 * counts events; we record each kind of use once a program, so its "reads", "writes" and "execs"
 * are 0 or 1 here. A process is several programs when it executes others, and has one list.
 */
#include "report/fan.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/text.h"

/* "cmd": the command line, its arguments with blanks between, as far as it was seen. */
static void add_command(cJSON *proc, const struct record_program *p)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < p->argv.n; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", p->argv.v[i]);
	json_add_str(proc, "cmd", text.buf);
}

/*
 * By program, the PID of the process's parent. An exec makes a program, but no process; parents
 * stand before their children. 0: what started it is none of the container's.
 */
static int *find_parents(const struct record *rec)
{
	int *ret = xcalloc(rec->n_programs + 1, sizeof(*ret));

	for (size_t i = 0; i < rec->n_programs; i++) {
		uint32_t parent = rec->programs[i].parent;

		if (parent == i)
			continue;
		ret[i] = rec->programs[parent].pid == rec->programs[i].pid
				 ? ret[parent]
				 : rec->programs[parent].pid;
	}
	return ret;
}

static cJSON *process_json(const struct record_program *p, int parent)
{
	cJSON *proc = json_object();

	json_add_int(proc, "pid", p->pid);
	json_add_str(proc, "name", p->comm);
	json_add_str(proc, "path", p->exe);
	add_command(proc, p);
	json_add_int(proc, "ppid", parent);
	return proc;
}

/* An exec in the same process is told under the pid once more: the last one wins. */
static void add_processes(cJSON *fan, const struct record *rec)
{
	cJSON *processes = json_add(fan, "processes", json_object());
	_cleanup_(strmap_free) struct strmap *last = strmap_new(); /* by pid: program + 1 */
	_cleanup_free_ int *parents = find_parents(rec);

	for (size_t i = 0; i < rec->n_programs; i++)
		strmap_put_len(last, &rec->programs[i].pid, sizeof(int), (void *)(i + 1));
	if (rec->n_programs)
		json_add(fan, "main_process", process_json(rec->programs, parents[0]));
	for (size_t i = 0; i < rec->n_programs; i++) {
		const struct record_program *p = &rec->programs[i];
		_cleanup_free_ char *key = xasprintf("%d", p->pid);

		if ((size_t)strmap_get_len(last, &p->pid, sizeof(p->pid)) == i + 1)
			json_add(processes, key, process_json(p, parents[i]));
	}
}

/* By program, the object that the files of its process are in. */
static cJSON **add_file_lists(cJSON *fan, const struct record *rec)
{
	cJSON *by_pid = json_add(fan, "process_files", json_object());
	_cleanup_(strmap_free) struct strmap *lists = strmap_new();
	cJSON **ret = xcalloc(rec->n_programs + 1, sizeof(*ret));

	for (size_t i = 0; i < rec->n_programs; i++) {
		const int *pid = &rec->programs[i].pid;
		_cleanup_free_ char *key = xasprintf("%d", *pid);

		ret[i] = strmap_get_len(lists, pid, sizeof(*pid));
		if (ret[i])
			continue;
		ret[i] = json_add(by_pid, key, json_object());
		strmap_put_len(lists, pid, sizeof(*pid), ret[i]);
	}
	return ret;
}

/* Kinds of use of which it is not known whose they were: all did it. */
static uint32_t kinds_of_all(const struct record_access *a)
{
	uint32_t known = 0;

	for (size_t i = 0; i < a->n_uses; i++)
		known |= a->uses[i].kinds;
	return a->kinds & ~known;
}

/* What one program did. Both lists ascend by program: @at is where the search in the uses goes on.
 */
static uint32_t kinds_by(const struct record_access *a, uint32_t program, size_t *at)
{
	uint32_t kinds = 0;

	while (*at < a->n_uses && a->uses[*at].program < program)
		++*at;
	for (; *at < a->n_uses && a->uses[*at].program == program; ++*at)
		kinds |= a->uses[*at].kinds;
	return kinds;
}

/* A file of a process. */
struct file_use {
	cJSON *list;
	char *path;
	size_t path_len;
	size_t event, events;
	uint32_t kinds;
};

struct file_uses {
	struct file_use *v;
	size_t n, cap;
	struct strmap *index; /* its list and its path -> place + 1 */
};

static struct file_use *find_use(struct file_uses *uses, cJSON *list, const struct record_access *a)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;
	size_t place;

	strbuf_add(&key, &list, sizeof(list));
	strbuf_add(&key, a->path, a->path_len);
	place = (size_t)strmap_get_len(uses->index, key.buf, key.len);
	if (place)
		return &uses->v[place - 1];
	ALLOC_GROW(uses->v, uses->n + 1, uses->cap);
	uses->v[uses->n++] =
		(struct file_use){ .list = list, .path = a->path, .path_len = a->path_len };
	strmap_put_len(uses->index, key.buf, key.len, (void *)uses->n);
	return &uses->v[uses->n - 1];
}

/* Of a path that is no UTF-8 the bytes are spelled out, as everywhere: what looks so is not told
 * apart. */
static void add_file_use(const struct file_use *use)
{
	_cleanup_strbuf_ struct strbuf key = STRBUF_INIT;
	cJSON *f = json_object();

	json_add_int(f, "event_count", (int64_t)use->events);
	json_add_int(f, "first_eid", (int64_t)use->event);
	json_add_int(f, "reads", !!(use->kinds & (RECORD_READ | RECORD_MAP)));
	json_add_int(f, "writes", !!(use->kinds & RECORD_WRITE));
	json_add_int(f, "execs", !!(use->kinds & RECORD_EXEC));
	json_add_bytes(f, "path", use->path, use->path_len);
	cJSON_DeleteItemFromObjectCaseSensitive(f, "path");
	if (utf8_valid(use->path, use->path_len))
		strbuf_add(&key, use->path, use->path_len);
	else
		text_add_safe(&key, use->path, use->path_len);
	json_add(use->list, key.buf, f);
}

static void add_access(struct file_uses *uses, cJSON *const *lists, const struct record_access *a,
		       size_t event)
{
	uint32_t all = kinds_of_all(a);
	size_t at = 0;

	for (size_t i = 0; i < a->n_programs; i++) {
		struct file_use *use = find_use(uses, lists[a->programs[i]], a);

		use->event = use->event ? use->event : event;
		use->events++;
		use->kinds |= all | kinds_by(a, a->programs[i], &at);
	}
}

void report_add_fan(cJSON *monitors, const struct record *rec)
{
	cJSON *fan = json_add(monitors, "fan", json_object());
	struct file_uses uses = { .index = strmap_new() };
	_cleanup_free_ cJSON **lists = NULL;

	json_add_int(fan, "event_count", (int64_t)rec->n_accesses);
	add_processes(fan, rec);
	lists = add_file_lists(fan, rec);
	for (size_t i = 0; i < rec->n_accesses; i++)
		if (rec->accesses[i].source == RECORD_FILE)
			add_access(&uses, lists, &rec->accesses[i], i + 1);
	for (size_t i = 0; i < uses.n; i++)
		add_file_use(&uses.v[i]);
	strmap_free(uses.index);
	free(uses.v);
}
