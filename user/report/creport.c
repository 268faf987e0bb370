/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * creport.json. The keys above "slimtrace" are docker-slim's (its pkg/report ContainerReport), with
 * the same meaning: tools that read its report read this one.
 */
#include "report/accounting.h"
#include "report/fan.h"
#include "report/files.h"
#include "report/unasked.h"
#include "report/uses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/sha1.h"
#include "slimtrace/base/sysname.h"

#define BLOCK (64u << 10)
#define MAX_HOLES (16u << 20)
#define CREPORT_VERSION "ov/container/1.1" /* of docker-slim's document */

static const char *file_type(enum entry_type type)
{
	switch (type) {
	case ENTRY_FILE:
		return "file";
	case ENTRY_DIR:
		return "dir";
	case ENTRY_SYMLINK:
		return "symlink";
	case ENTRY_CHAR:
	case ENTRY_BLOCK:
	case ENTRY_FIFO:
	case ENTRY_SOCKET:
		break;
	}
	return "unknown";
}

/* Go's os.FileMode: what is not of rwx has bits of its own, and letters before "rwxrwxrwx". */
static uint32_t go_mode(const struct image_entry *e)
{
	static const uint32_t types[] = {
		[ENTRY_DIR] = 1u << 31,	  [ENTRY_SYMLINK] = 1u << 27,
		[ENTRY_BLOCK] = 1u << 26, [ENTRY_CHAR] = 1u << 26 | 1u << 21,
		[ENTRY_FIFO] = 1u << 25,  [ENTRY_SOCKET] = 1u << 24,
		[ENTRY_FILE] = 0,
	};
	uint32_t mode = types[e->type] | (e->mode & 0777);

	mode |= e->mode & 04000 ? 1u << 23 : 0;
	mode |= e->mode & 02000 ? 1u << 22 : 0;
	mode |= e->mode & 01000 ? 1u << 20 : 0;
	return mode;
}

static void add_mode(cJSON *file, uint32_t mode)
{
	static const char letters[] = "dalTLDpSugct", bits[] = "rwxrwxrwx";
	char text[sizeof(letters) + sizeof(bits)];
	size_t n = 0;

	for (unsigned int i = 0; letters[i]; i++)
		if (mode & 1u << (31 - i))
			text[n++] = letters[i];
	if (!n)
		text[n++] = '-';
	for (unsigned int i = 0; bits[i]; i++)
		text[n++] = mode & 0400u >> i ? bits[i] : '-';
	text[n] = '\0';
	json_add_str(file, "mode", text);
	json_add_int(file, "modex", mode);
}

static void add_flags(cJSON *file, uint32_t kinds)
{
	cJSON *flags = json_object();

	if (kinds & (RECORD_READ | RECORD_MAP))
		json_add_bool(flags, "R", true);
	if (kinds & RECORD_WRITE)
		json_add_bool(flags, "W", true);
	if (kinds & RECORD_EXEC)
		json_add_bool(flags, "X", true);
	json_add(file, "flags", flags);
}

static void hash_hole(struct sha1 *sha, uint64_t len)
{
	static const char zeros[BLOCK];

	for (; len; len -= len < BLOCK ? len : BLOCK)
		sha1_update(sha, zeros, len < BLOCK ? (size_t)len : BLOCK);
}

/* "sha1_hash": of all content; none of a file of which parts stay, or that is mostly a hole. */
static int add_hash(cJSON *file, const struct image *img, const struct keep *keep,
		    const struct image_entry *e, struct err *err)
{
	_cleanup_(image_file_close) struct image_file *f = NULL;
	_cleanup_(sha1_free) struct sha1 *sha = sha1_new();
	uint64_t pos = 0, holes = 0, offset;
	char hex[SHA1_HEX + 1];
	const void *data;
	size_t len;
	int r;

	if (e->type != ENTRY_FILE || keep_size(keep, e) != e->size)
		return 0;
	r = image_file_open(img, e, &f, err);
	while (!r && (r = image_file_block(f, &data, &len, &offset, err)) == 1) {
		holes += offset - pos;
		if (holes > MAX_HOLES)
			return 0;
		hash_hole(sha, offset - pos);
		sha1_update(sha, data, len);
		pos = offset + len;
		r = cancel_check(err);
	}
	if (r < 0 || e->size - pos > MAX_HOLES)
		return r < 0 ? r : 0;
	hash_hole(sha, e->size - pos);
	sha1_final(sha, hex);
	json_add_str(file, "sha1_hash", hex);
	return 0;
}

/* One kept entry, with the kinds of all uses of it. */
static int add_file(const struct report *report, const struct image *img, const struct keep *keep,
		    const struct record *rec, const struct image_entry *e, struct strbuf *ret,
		    struct err *err)
{
	_cleanup_(json_free) cJSON *file = json_object();
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	uint32_t kinds = report_kinds_of(&report->uses, e, rec);
	int r;

	image_entry_path(e, &path);
	json_add_str(file, "file_type", file_type(e->type));
	json_add_bytes(file, "file_path", path.buf, path.len);
	add_mode(file, go_mode(e));
	if (e->target)
		json_add_str(file, "link_ref", e->target);
	if (kinds)
		add_flags(file, kinds);
	json_add_int(file, "file_size",
		     (int64_t)(e->type == ENTRY_FILE ? keep_size(keep, e) : e->size));
	r = add_hash(file, img, keep, e, err);
	if (r < 0)
		return err_wrap(err, "'%s'", path.buf);
	json_add_int(file, "uid", e->uid);
	json_add_int(file, "gid", e->gid);
	json_add_int(file, "layer", e->layer);
	report_add_reasons(file, keep_reasons(keep, e));
	json_print(file, false, ret);
	strbuf_setlen(ret, ret->len - 1); /* its newline */
	return 0;
}

static int flush(struct strbuf *text, const struct report_sink *sink, struct err *err)
{
	int r = sink->write(text->buf, text->len, sink->ctx, err);

	strbuf_reset(text);
	return r;
}

/* The list of files, one a line: with very many, the rest of the document is nothing beside it. */
static int write_files(const struct report *report, const struct image *img,
		       const struct keep *keep, const struct record *rec, struct strbuf *text,
		       const struct report_sink *sink, struct err *err)
{
	const char *separator = "";
	int r = 0;

	strbuf_addstr(text, "\"image\":\t{\n\t\t\"files\":\t[");
	for (uint32_t id = 0; !r && id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);

		if (!keep_has(keep, e))
			continue;
		strbuf_addf(text, "%s\n\t\t\t", separator);
		separator = ",";
		r = add_file(report, img, keep, rec, e, text, err);
		if (!r && text->len >= BLOCK)
			r = flush(text, sink, err);
	}
	strbuf_addstr(text, "\n\t\t]\n\t},\n\t");
	return r;
}

/* monitors.pt: syscalls, as the ptrace monitor of docker-slim tells them. */
static void add_pt(cJSON *monitors, const struct record *rec)
{
	cJSON *pt = json_add(monitors, "pt", json_object());
	cJSON *stats = json_add(pt, "syscall_stats", json_object());
	uint64_t total = 0, kinds = 0;

	json_add_bool(pt, "enabled", true);
	json_add_str(pt, "arch_name", rec->arch ? rec->arch : "");
	for (size_t i = 0; i < rec->n_syscalls; i++) {
		const struct record_syscall *s = &rec->syscalls[i];
		_cleanup_free_ char *name = sysname_of(s->abi, s->nr),
				    *key = xasprintf("%u", s->nr);
		cJSON *stat;

		if (s->phase != RECORD_APP || s->abi != RECORD_NATIVE)
			continue;
		stat = json_add(stats, key, json_object());
		json_add_int(stat, "num", s->nr);
		json_add_str(stat, "name", name ? name : "unknown");
		json_add_int(stat, "count", (int64_t)s->count);
		total += s->count;
		kinds++;
	}
	json_add_int(pt, "syscall_count", (int64_t)total);
	json_add_int(pt, "syscall_num", (int64_t)kinds);
}

static void add_probes(cJSON *ours, const struct probe_report *probes)
{
	cJSON *array = json_add(ours, "probes", json_array());

	for (size_t i = 0; i < probes->n; i++) {
		const struct probe_result *p = &probes->v[i];
		cJSON *one = json_append(array, json_object());

		json_add_str(one, "source", probe_source_name(p->source));
		json_add_str(one, "method", p->method);
		json_add_bytes(one, "resource", p->resource, strlen(p->resource));
		json_add_str(one, "protocol", probe_protocol_name(p->protocol));
		if (probe_is_tls(p->protocol))
			json_add_bool(one, "certificate_verified", false);
		json_add_int(one, "port", p->port);
		json_add_int(one, "status", p->status);
		if (p->http_version)
			json_add_int(one, "http_version", p->http_version);
		json_add_int(one, "bytes", (int64_t)p->bytes);
		json_add(one, "seconds", cJSON_CreateNumber(p->seconds));
		json_add_bool(one, "failed", p->failed);
		if (p->error[0])
			json_add_str(one, "error", p->error);
	}
}

static void add_sources(cJSON *call, uint32_t sources)
{
	static const char *const names[] = { "app",    "runtime-seen", "runtime-known",
					     "signal", "init",	       "vdso" };
	cJSON *array = json_add(call, "sources", json_array());

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sources & 1u << i)
			json_append(array, cJSON_CreateString(names[i]));
}

static void add_callers(cJSON *call, const struct strvec *callers)
{
	cJSON *array = callers->n ? json_add(call, "first_by", json_array()) : NULL;

	for (size_t i = 0; i < callers->n; i++)
		json_add_bytes(json_append(array, json_object()), "exe", callers->v[i],
			       strlen(callers->v[i]));
}

static void add_seccomp(cJSON *ours, const struct report *r)
{
	cJSON *obj = json_add(ours, "seccomp", json_object()), *array;

	json_add_str(obj, "file", r->seccomp ? r->seccomp : "");
	array = json_add(obj, "calls", json_array());
	for (size_t i = 0; i < r->calls.n; i++) {
		const struct profile_call *c = &r->calls.v[i];
		cJSON *call = json_append(array, json_object());

		json_add_str(call, "name", c->name);
		json_add_u64(call, "count", c->count);
		add_sources(call, c->sources);
		if (c->conditional)
			json_add_bool(call, "conditional", true);
		add_callers(call, &c->callers);
	}
	json_add_strvec(obj, "withheld", &r->calls.withheld);
}

static void add_commands(cJSON *ours, const struct report *r)
{
	static const char *const health[] = {
		[HEALTH_NONE] = "none", [HEALTH_OK] = "healthy", [HEALTH_FAILED] = "unhealthy"
	};
	cJSON *obj = json_add(ours, "commands", json_object());

	json_add_int(obj, "exec", (int64_t)r->execs.n);
	json_add_int(obj, "exec_failed", (int64_t)r->execs.failed);
	json_add_int(obj, "host_exec", (int64_t)r->host_execs.n);
	json_add_int(obj, "host_exec_failed", (int64_t)r->host_execs.failed);
	json_add_str(ours, "health", health[r->health]);
}

static void add_loss(cJSON *ours, const struct record_loss *loss)
{
	cJSON *obj = json_add(ours, "loss", json_object());

	json_add_u64(obj, "ring_full", loss->ring_full);
	json_add_u64(obj, "map_full", loss->map_full);
	json_add_u64(obj, "path_fault", loss->path_fault);
	json_add_u64(obj, "path_truncated", loss->path_truncated);
	json_add_u64(obj, "prog_missed", loss->prog_missed);
	json_add_u64(obj, "decode", loss->decode);
}

static void add_times(cJSON *ours, const struct report_times *t)
{
	cJSON *obj = json_add(ours, "seconds", json_object());

	json_add(obj, "prepare", cJSON_CreateNumber(t->prepare));
	json_add(obj, "observe", cJSON_CreateNumber(t->observe));
	json_add(obj, "decide", cJSON_CreateNumber(t->decide));
	json_add(obj, "pack", cJSON_CreateNumber(t->pack));
	json_add(obj, "load", cJSON_CreateNumber(t->load));
	json_add(obj, "total", cJSON_CreateNumber(t->total));
}

/* Of an image that was not made there is nothing to tell. */
static void add_slim(cJSON *ours, const struct report *r)
{
	json_add_str(ours, "slim_image", r->slim_image ? r->slim_image : "");
	json_add_str(ours, "slim_image_id", r->slim_id ? r->slim_id : "");
}

void report_add_run(cJSON *ours, const struct report *r)
{
	json_add_int(ours, "version", 1);
	json_add_str(ours, "tool", SLIMTRACE_VERSION);
	json_add_str(ours, "image", r->image);
	add_slim(ours, r);
	json_add_int(ours, "fat_bytes", (int64_t)r->fat_bytes);
	json_add_int(ours, "slim_bytes", (int64_t)r->slim_bytes);
	json_add_int(ours, "fat_files", (int64_t)r->fat_files);
	json_add_int(ours, "slim_files", (int64_t)r->slim_files);
	json_add_int(ours, "fat_layer_bytes", (int64_t)report_layer_bytes(r));
	json_add_int(ours, "exit_status", r->exit_status);
	json_add_strvec(ours, "warnings", &r->warnings);
	report_add_unasked(ours, r);
	if (r->calls.n)
		add_seccomp(ours, r);
	add_loss(ours, &r->loss);
	add_probes(ours, &r->probes);
	add_commands(ours, r);
	add_times(ours, &r->times);
}

void report_result(const struct report *r, const struct err *err, int exit_status,
		   struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = json_object();
	cJSON *failure;

	json_add_str(doc, "state", err || (r && r->failed_checks) ? "failed" : "done");
	json_add_int(doc, "exit_code", exit_status);
	if (err) {
		failure = json_add(doc, "error", json_object());
		json_add_str(failure, "message", err->msg);
		json_add_str(failure, "hint", err->hint);
	}
	if (r) {
		report_add_run(doc, r);
		json_add_str(doc, "image_id", r->image_id ? r->image_id : "");
		json_add_str(doc, "artifacts", r->artifacts ? r->artifacts : "");
		if (r->checks)
			json_add(doc, "checks", cJSON_Duplicate(r->checks, true));
	}
	json_print(doc, true, ret);
}

static void add_start_command(cJSON *doc, const struct image_config *config,
			      const struct record *rec)
{
	const struct record_program *app = rec->n_programs ? rec->programs : NULL;
	cJSON *start = json_add(doc, "start_command", json_object());

	json_add_str(start, "app_name", app ? app->exe : "");
	if (app && app->argv.n > 1) { /* without its name, and not there when there is none */
		struct strvec args = { .v = app->argv.v + 1, .n = app->argv.n - 1 };

		json_add_strvec(start, "app_args", &args);
	}
	json_add_strvec(start, "app_entrypoint", &config->entrypoint);
	json_add_strvec(start, "app_cmd", &config->cmd);
	json_add_str(start, "app_user", config->user ? config->user : "");
}

/* The members of @doc, without the braces around them. */
static void add_members(const cJSON *doc, struct strbuf *ret)
{
	static const char begin[] = "{\n\t", end[] = "\n}\n";
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	json_print(doc, true, &text);
	strbuf_add(ret, text.buf + strlen(begin), text.len - strlen(begin) - strlen(end));
}

static void add_system(cJSON *doc, const struct info_distro *distro, const struct record *rec)
{
	cJSON *system = json_add(doc, "system", json_object()), *of;

	json_add_str(system, "type", "Linux");
	json_add_str(system, "release", rec->kernel ? rec->kernel : "");
	if (!distro->pretty)
		return;
	of = json_add(system, "distro", json_object());
	json_add_str(of, "name", distro->name ? distro->name : "");
	json_add_str(of, "version", distro->version ? distro->version : "");
	json_add_str(of, "display_name", distro->pretty);
}

static void add_head(const struct report *report, const struct image *img, const struct record *rec,
		     struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = json_object();
	cJSON *monitors;

	json_add_str(doc, "document", "doc.report.container");
	json_add_str(doc, "version", CREPORT_VERSION);
	json_add_str(doc, "target_type", "container");
	json_add_str(doc, "image_id", report->image_id);
	add_start_command(doc, image_config(img), rec);
	add_system(doc, &report->distro, rec);
	monitors = json_add(doc, "monitors", json_object());
	report_add_fan(monitors, rec);
	add_pt(monitors, rec);
	add_members(doc, ret);
}

static void add_tail(const struct report *report, const struct image *img, const struct keep *keep,
		     struct strbuf *ret)
{
	_cleanup_(json_free) cJSON *doc = json_object();
	cJSON *ours = json_add(doc, "slimtrace", json_object());

	report_add_run(ours, report);
	report_add_rules(ours, keep);
	report_add_accounting(ours, img, keep, &report->owners);
	add_members(doc, ret);
}

int report_creport(const struct report *report, const struct image *img, const struct keep *keep,
		   const struct record *rec, const struct report_sink *sink, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r;

	strbuf_addstr(&text, "{\n\t");
	add_head(report, img, rec, &text);
	strbuf_addstr(&text, ",\n\t");
	r = write_files(report, img, keep, rec, &text, sink, err);
	if (r < 0)
		return r;
	add_tail(report, img, keep, &text);
	strbuf_addstr(&text, "\n}\n");
	return flush(&text, sink, err);
}
