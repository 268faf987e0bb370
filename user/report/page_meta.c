/* SPDX-License-Identifier: BSD-2-Clause */
/* What report.html shows besides files. */
#include "report/page.h"

#include <string.h>

#include "report/files.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sysname.h"

#define MAX_ARGS 64

/* As names of files are written: what is no UTF-8 as \xNN. */
static cJSON *text_item(const char *text)
{
	_cleanup_strbuf_ struct strbuf quoted = STRBUF_INIT;

	report_page_string(text ? text : "", text ? strlen(text) : 0, &quoted);
	return cJSON_CreateRaw(quoted.buf);
}

static void add_text(cJSON *obj, const char *key, const char *text)
{
	json_add(obj, key, text_item(text));
}

static void add_names(cJSON *meta)
{
	cJSON *reasons = json_add(meta, "reasons", json_array());
	cJSON *kinds = json_add(meta, "kinds", json_array());
	cJSON *types = json_add(meta, "types", json_array());

	for (unsigned int i = 0; i < KEEP_REASONS; i++)
		json_append(reasons, cJSON_CreateString(keep_reason_name(i)));
	for (unsigned int i = 0; i < RECORD_KINDS; i++)
		json_append(kinds, cJSON_CreateString(record_kind_name(1u << i)));
	for (unsigned int i = ENTRY_FILE; i <= ENTRY_SOCKET; i++)
		json_append(types, cJSON_CreateString(report_type_name(i)));
}

/* Names of the calls that used something, by number. */
static void add_calls(cJSON *meta, const struct report_uses *uses, const struct record *rec)
{
	cJSON *names = json_add(meta, "calls", json_object());
	bool told[RECORD_USERS] = { 0 };

	for (size_t i = 0; uses->n && i < uses->start[uses->n]; i++) {
		const struct record_access *a = &rec->accesses[uses->access[i]];

		for (size_t j = 0; j < a->n_uses; j++) {
			_cleanup_free_ char *name = NULL, *key = NULL;
			uint16_t call = a->uses[j].call;

			if (told[call])
				continue;
			told[call] = true;
			key = xasprintf("%u", call);
			name = record_call_name(call);
			json_add_str(names, key, name);
		}
	}
}

static void add_layers(cJSON *meta, const struct image *img)
{
	cJSON *layers = json_add(meta, "layers", json_array());

	for (size_t i = 0; i < image_layer_count(img); i++)
		add_text(json_append(layers, json_object()), "command",
			 image_layer(img, i)->created_by);
}

/* How many paths of the image each of the first @n programs used. */
static size_t *count_uses(const struct report_uses *uses, const struct record *rec, size_t n)
{
	size_t *used = xcalloc(n + 1, sizeof(*used));
	_cleanup_free_ size_t *last = xcalloc(n + 1, sizeof(*last));

	for (size_t id = 0; id < uses->n; id++)
		for (size_t i = uses->start[id]; i < uses->start[id + 1]; i++) {
			const struct record_access *a = &rec->accesses[uses->access[i]];

			for (size_t j = 0; j < a->n_programs && a->programs[j] < n; j++) {
				used[a->programs[j]] += last[a->programs[j]] != id + 1;
				last[a->programs[j]] = id + 1;
			}
		}
	return used;
}

static void add_program(cJSON *programs, const struct record_program *p, size_t used)
{
	static const char *const entries[] = { [RECORD_ENTRYPOINT] = "",
					       [RECORD_EXECED] = "a command put in",
					       [RECORD_HEALTH] = "the health check" };
	cJSON *one = json_append(programs, json_object()), *argv;

	json_add_int(one, "parent", p->parent);
	json_add_int(one, "pid", p->pid);
	add_text(one, "entry", entries[p->entry]);
	add_text(one, "comm", p->comm);
	add_text(one, "exe", p->exe);
	json_add(one, "start", cJSON_CreateNumber((double)p->start_ns / 1e9));
	json_add_int(one, "used", (int64_t)used);
	argv = json_add(one, "argv", json_array());
	for (size_t i = 0; i < p->argv.n && i < MAX_ARGS; i++)
		json_append(argv, text_item(p->argv.v[i]));
	json_add_bool(one, "cut", p->argv_truncated || p->argv.n > MAX_ARGS);
}

static void add_programs(cJSON *meta, const struct report_uses *uses, const struct record *rec)
{
	cJSON *programs = json_add(meta, "programs", json_array());
	size_t n = rec->n_programs < PAGE_PROGRAMS ? rec->n_programs : PAGE_PROGRAMS;
	_cleanup_free_ size_t *used = count_uses(uses, rec, n);

	json_add_int(meta, "n_programs", (int64_t)rec->n_programs);
	for (size_t i = 0; i < n; i++)
		add_program(programs, &rec->programs[i], used[i]);
}

/* Who called it first, on each processor: they are those who can have asked. */
static void add_callers(cJSON *obj, const struct record *rec, uint32_t nr)
{
	cJSON *array = json_add(obj, "first_by", json_array());

	for (size_t i = 0; i < rec->n_syscalls; i++) {
		const struct record_syscall *s = &rec->syscalls[i];

		if (s->phase != RECORD_APP || s->abi != RECORD_NATIVE || s->nr != nr)
			continue;
		for (size_t j = 0; j < s->n_programs; j++)
			if (s->programs[j] < rec->n_programs)
				add_text(json_append(array, json_object()), "exe",
					 rec->programs[s->programs[j]].exe);
	}
}

static void add_capabilities(cJSON *meta, const struct record *rec)
{
	cJSON *array = json_add(meta, "capabilities", json_array());

	json_add_bool(meta, "capabilities_unseen", rec->capabilities_unseen);
	for (size_t i = 0; i < rec->n_capabilities; i++) {
		const struct record_capability *c = &rec->capabilities[i];
		_cleanup_free_ char *call =
			c->nr >= 0 ? sysname_of(RECORD_NATIVE, (unsigned int)c->nr) : NULL;
		_cleanup_free_ char *number = xasprintf("capability %u", c->cap);
		const char *name = record_capability_name(c->cap);
		cJSON *one = json_append(array, json_object());

		json_add_str(one, "name", name ? name : number);
		json_add_bool(one, "granted", c->granted);
		if (call) {
			json_add_str(one, "syscall", call);
			add_callers(one, rec, (uint32_t)c->nr);
		}
	}
}

static void add_socket(cJSON *array, const struct record_socket *s)
{
	static const char *const uses[] = {
		[RECORD_LISTEN] = "listen", [RECORD_BIND] = "bind", [RECORD_CONNECTED] = "connect"
	};
	char address[RECORD_ADDRESS_MAX], protocol[RECORD_ADDRESS_MAX];
	cJSON *one = json_append(array, json_object());

	record_socket_address(s, address);
	record_socket_protocol(s, protocol);
	json_add_str(one, "use", uses[s->use]);
	json_add_str(one, "address", address);
	json_add_str(one, "protocol", protocol);
}

static void add_sockets(cJSON *meta, const struct record *rec)
{
	cJSON *array = json_add(meta, "sockets", json_array());

	json_add_int(meta, "n_sockets", (int64_t)rec->n_sockets);
	for (size_t i = 0; i < rec->n_sockets && i < PAGE_SOCKETS; i++)
		add_socket(array, &rec->sockets[i]);
}

/* A mark is known by how long before the end of the observation it was. */
static void add_mark(cJSON *marks, const char *name, uint64_t at, const struct report_marks *m,
		     const struct record *rec)
{
	uint64_t before = m->end_ns - at;

	if (at && at <= m->end_ns && before <= rec->duration_ns)
		json_add(marks, name,
			 cJSON_CreateNumber((double)(rec->duration_ns - before) / 1e9));
}

static void add_documents(cJSON *meta, const struct report *report)
{
	cJSON *array = json_add(meta, "documents", json_array());

	for (size_t i = 0; i < report->n_documents; i++) {
		cJSON *one = json_append(array, json_object());

		add_text(one, "name", report->documents[i].name);
		add_text(one, "text", report->documents[i].text);
	}
}

cJSON *report_page_meta(const struct report *report, const struct image *img,
			const struct keep *keep, const struct record *rec)
{
	cJSON *meta = json_object(), *marks;

	report_add_run(meta, report);
	report_add_rules(meta, keep);
	json_add_str(meta, "image_id", report->image_id ? report->image_id : "");
	json_add_str(meta, "kernel", rec->kernel ? rec->kernel : "");
	json_add_str(meta, "arch", rec->arch ? rec->arch : "");
	json_add_str(meta, "started", rec->started ? rec->started : "");
	json_add(meta, "duration", cJSON_CreateNumber((double)rec->duration_ns / 1e9));
	json_add_strvec(meta, "unseen", &rec->unseen);
	add_names(meta);
	add_calls(meta, &report->uses, rec);
	add_layers(meta, img);
	add_programs(meta, &report->uses, rec);
	add_capabilities(meta, rec);
	add_sockets(meta, rec);
	marks = json_add(meta, "marks", json_object());
	add_mark(marks, "ready", report->marks.ready_ns, &report->marks, rec);
	add_mark(marks, "serving", report->marks.serving_ns, &report->marks, rec);
	add_documents(meta, report);
	return meta;
}
