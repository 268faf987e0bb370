/* SPDX-License-Identifier: BSD-2-Clause */
/* Record -> JSON, docs/record.md. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "record/names.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/base/text.h"
#include "slimtrace/record.h"

/* For words that have a table: a number beyond it is written as it is. */
static void add_name(cJSON *obj, const char *key, const struct names *names, unsigned int i)
{
	if (i < names->n)
		json_add(obj, key, cJSON_CreateString(names->v[i]));
	else
		json_add_int(obj, key, i);
}

static void add_name_if(cJSON *obj, const char *key, const char *name)
{
	if (name)
		json_add_str(obj, key, name);
}

/* An argument that is no text is an object, so that its bytes survive. */
static void add_argv(cJSON *obj, const struct strvec *argv)
{
	cJSON *array = json_add(obj, "argv", json_array());

	for (size_t i = 0; i < argv->n; i++) {
		const char *arg = argv->v[i];
		size_t len = strlen(arg);

		if (utf8_valid(arg, len))
			json_append(array, cJSON_CreateString(arg));
		else
			json_add_bytes(json_append(array, json_object()), "bytes", arg, len);
	}
}

static cJSON *program_json(const void *item)
{
	const struct record_program *p = item;
	cJSON *obj = json_object();

	json_add_int(obj, "parent", p->parent);
	json_add_int(obj, "pid", p->pid);
	add_name(obj, "entry", &record_entries, p->entry);
	json_add_bytes(obj, "comm", p->comm, strlen(p->comm));
	json_add_bytes(obj, "exe", p->exe, strlen(p->exe));
	add_argv(obj, &p->argv);
	json_add_bool(obj, "argv_truncated", p->argv_truncated);
	json_add_u64(obj, "start_ns", p->start_ns);
	return obj;
}

static void add_kinds(cJSON *obj, uint32_t kinds)
{
	cJSON *array = json_add(obj, "kinds", json_array());

	for (unsigned int i = 0; i < RECORD_KINDS; i++)
		if (kinds & 1u << i)
			json_append(array, cJSON_CreateString(record_kind_name(1u << i)));
}

static void add_programs(cJSON *obj, const char *key, const uint32_t *programs, size_t n)
{
	cJSON *array = json_add(obj, key, json_array());

	for (size_t i = 0; i < n; i++)
		json_append(array, cJSON_CreateNumber(programs[i]));
}

static void add_runs(cJSON *obj, uint32_t runs)
{
	if (runs)
		json_add_int(obj, "runs", runs);
}

static cJSON *access_json(const void *item)
{
	const struct record_access *a = item;
	cJSON *obj = json_object();

	add_name(obj, "source", &record_sources, a->source);
	json_add_bytes(obj, "path", a->path, a->path_len);
	add_kinds(obj, a->kinds);
	if (a->source == RECORD_LOOKUP) {
		json_add_int(obj, "error", a->error);
		add_name_if(obj, "error_name", a->error ? strerrorname_np(a->error) : NULL);
		json_add_bool(obj, "follow", a->follow);
	}
	json_add_bool(obj, "on_image", a->on_image);
	if (a->before)
		json_add_bool(obj, "before", true);
	json_add_u64(obj, "first_ns", a->first_ns);
	add_programs(obj, "programs", a->programs, a->n_programs);
	if (a->n_uses)
		json_add(obj, "syscalls", record_uses_json(a, a->n_programs));
	add_runs(obj, a->runs);
	return obj;
}

static cJSON *syscall_json(const void *item)
{
	const struct record_syscall *s = item;
	_cleanup_free_ char *name = sysname_of(s->abi, s->nr);
	cJSON *obj = json_object();

	add_name(obj, "phase", &record_phases, s->phase);
	add_name(obj, "abi", &record_abis, s->abi);
	json_add_int(obj, "nr", s->nr);
	add_name_if(obj, "name", name);
	json_add_u64(obj, "count", s->count);
	if (s->refused)
		json_add_u64(obj, "refused", s->refused);
	if (s->n_programs)
		add_programs(obj, "first_by", s->programs, s->n_programs);
	add_runs(obj, s->runs);
	return obj;
}

static cJSON *arguments_json(const void *item)
{
	const struct record_arguments *a = item;
	_cleanup_free_ char *name = sysname_of(a->abi, a->nr);
	cJSON *obj = json_object(), *args;

	add_name(obj, "abi", &record_abis, a->abi);
	json_add_int(obj, "nr", a->nr);
	add_name_if(obj, "name", name);
	args = json_add(obj, "args", json_object());
	for (int i = 0; i < RECORD_MAX_VALUES; i++) {
		char key[] = { (char)('0' + i), '\0' };

		if (a->used & 1u << i)
			json_add_int(args, key, a->value[i]);
	}
	return obj;
}

static cJSON *capability_json(const void *item)
{
	const struct record_capability *c = item;
	cJSON *obj = json_object();

	json_add_int(obj, "cap", c->cap);
	add_name_if(obj, "name", record_capability_name(c->cap));
	json_add_bool(obj, "granted", c->granted);
	if (c->nr >= 0) {
		_cleanup_free_ char *name = sysname_of(RECORD_NATIVE, (unsigned int)c->nr);

		json_add_int(obj, "nr", c->nr);
		add_name_if(obj, "syscall", name);
	}
	return obj;
}

static cJSON *socket_json(const void *item)
{
	const struct record_socket *s = item;
	char text[INET6_ADDRSTRLEN];
	cJSON *obj = json_object();

	add_name(obj, "use", &record_uses, s->use);
	json_add_int(obj, "family", s->family);
	json_add_int(obj, "protocol", s->protocol);
	add_name_if(obj, "protocol_name", protocol_name(s->protocol));
	add_name_if(obj, "address", inet_ntop(s->family, s->addr, text, sizeof(text)));
	json_add_int(obj, "port", s->port);
	return obj;
}

static void add_loss(cJSON *doc, const struct record_loss *loss)
{
	cJSON *obj = json_add(doc, "loss", json_object());

	for (size_t i = 0; i < RECORD_LOSSES; i++) {
		uint64_t n;

		memcpy(&n, (const char *)loss + record_losses[i].offset, sizeof(n));
		json_add_u64(obj, record_losses[i].name, n);
	}
}

static void add_confinement(cJSON *doc, const struct record_confinement *c)
{
	char bits[24];
	cJSON *obj;

	if (!c->known)
		return;
	obj = json_add(doc, "confinement", json_object());
	json_add_bool(obj, "seccomp", c->seccomp);
	json_add_bool(obj, "no_new_privileges", c->no_new_privileges);
	snprintf(bits, sizeof(bits), "%016" PRIx64, c->bounding);
	json_add_str(obj, "bounding", bits);
	snprintf(bits, sizeof(bits), "%016" PRIx64, c->effective);
	json_add_str(obj, "effective", bits);
}

static void add_run(cJSON *doc, const struct record *rec)
{
	cJSON *image = json_add(doc, "image", json_object()), *host;

	add_name_if(image, "id", rec->image_id);
	json_add_strvec(image, "diff_ids", &rec->diff_ids);
	host = json_add(doc, "host", json_object());
	add_name_if(host, "kernel", rec->kernel);
	add_name_if(host, "arch", rec->arch);
	add_runs(doc, rec->runs);
	if (rec->attached)
		json_add_bool(doc, "attached", true);
	add_name_if(doc, "started", rec->started);
	json_add_u64(doc, "duration_ns", rec->duration_ns);
	if (rec->capabilities_unseen)
		json_add_bool(doc, "capabilities_unseen", true);
	add_confinement(doc, &rec->confinement);
	add_loss(doc, &rec->loss);
	json_add_strvec(doc, "unseen", &rec->unseen);
}

/*
 * A list, one item a line, each made and written before the next one: there may be millions, and
 * as a tree they would take ten times the room of their text.
 */
static void add_list(struct strbuf *ret, const char *key, cJSON *(*to_json)(const void *item),
		     const void *items, size_t n, size_t size)
{
	strbuf_addf(ret, ",\n\t\"%s\":\t[", key);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(json_free) cJSON *item = to_json((const char *)items + i * size);

		strbuf_addstr(ret, i ? ",\n\t\t" : "\n\t\t");
		json_print(item, false, ret);
		strbuf_setlen(ret, ret->len - 1); /* its newline */
	}
	strbuf_addstr(ret, n ? "\n\t]" : "]");
}

#define ADD_LIST(key, item, member)                                                                \
	add_list(ret, key, item, rec->member, rec->n_##member, sizeof(*rec->member))

void record_to_json(const struct record *rec, struct strbuf *ret)
{
	static const char end[] = "\n}\n";
	_cleanup_(json_free) cJSON *doc = json_object();

	json_add_int(doc, "version", RECORD_VERSION);
	add_run(doc, rec);
	json_print(doc, true, ret);
	strbuf_setlen(ret, ret->len - strlen(end));
	ADD_LIST("programs", program_json, programs);
	ADD_LIST("accesses", access_json, accesses);
	ADD_LIST("syscalls", syscall_json, syscalls);
	ADD_LIST("arguments", arguments_json, arguments);
	ADD_LIST("capabilities", capability_json, capabilities);
	ADD_LIST("sockets", socket_json, sockets);
	strbuf_addstr(ret, end);
}
