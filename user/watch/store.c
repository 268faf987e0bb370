/* SPDX-License-Identifier: BSD-2-Clause */
/* Records as files, one a container. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "watch/watch.h"

#define NAME_MAX_BYTES 128 /* of a file's name, before the ID */

static const char *output_of(const struct watch *watch)
{
	return watch->opts->output ? watch->opts->output : WATCH_OUTPUT;
}

int watch_open_output(struct watch *watch, struct err *err)
{
	const char *path = output_of(watch);
	int r = io_mkdir_p(path, 0755, err);

	if (r < 0)
		return r;
	watch->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return watch->dir < 0 ? err_set(err, errno, "cannot open '%s'", path) : 0;
}

void watched_release(struct watched *w)
{
	free(w->name);
	free(w->file);
	json_free(w->inspect);
	json_free(w->image);
	*w = (struct watched){ .target = 0 };
}

/* --- the name of its file --- */

/* Names come from strangers: only what is harmless in a file's name stays. */
static void add_harmless(struct strbuf *ret, const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";

	for (size_t i = 0; i < NAME_MAX_BYTES && name[i]; i++) {
		bool first = !ret->len;

		strbuf_addch(ret,
			     strchr(good, name[i]) && !(first && name[i] == '.') ? name[i] : '_');
	}
}

/* NAME-ID.json; each start of a container has its own. */
static char *file_name(struct watch *watch, const struct watched *w)
{
	_cleanup_strbuf_ struct strbuf base = STRBUF_INIT;
	char *name;

	add_harmless(&base, w->name);
	if (*w->id && strncmp(w->id, w->name, 12) != 0)
		strbuf_addf(&base, "-%.12s", w->id);
	name = xasprintf("%s.json", base.buf);
	for (unsigned int i = 2; strvec_has(&watch->files, name); i++) {
		free(name);
		name = xasprintf("%s.%u.json", base.buf, i);
	}
	strvec_push(&watch->files, name);
	return name;
}

/* --- what the engine knows of it --- */

/* Some engines write an ID without what it is a hash of. */
static char *full_id(const char *id)
{
	return strchr(id, ':') ? xstrdup(id) : xasprintf("sha256:%s", id);
}

static void complete(const struct watched *w, struct record *rec)
{
	_cleanup_strvec_ struct strvec health = STRVEC_INIT;
	const char *id = json_str(w->inspect, "Image", "");
	struct err ignored = ERR_INIT;

	if (*id && !rec->image_id)
		rec->image_id = full_id(id);
	if (w->image && !rec->diff_ids.n)
		json_strvec(w->image, "RootFS.Layers", &rec->diff_ids, &ignored);
	if (w->inspect && engine_health_words(w->inspect, &health))
		record_mark_health(rec, &health);
}

/* --- telling --- */

static cJSON *description(const struct watch *watch, const struct watched *w,
			  const struct record *rec, bool last)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", output_of(watch), w->file);
	cJSON *item = json_object();

	json_add_str(item, "file", path);
	json_add_str(item, "name", w->name);
	if (*w->id)
		json_add_str(item, "container", w->id);
	if (w->inspect)
		json_add_str(item, "image", json_str(w->inspect, "Config.Image", ""));
	if (rec->image_id)
		json_add_str(item, "image_id", rec->image_id);
	json_add_bool(item, "attached", w->attached);
	json_add_bool(item, "over", last);
	json_add_bool(item, "complete", !record_loss_any(&rec->loss));
	json_add_int(item, "accesses", (int64_t)rec->n_accesses);
	json_add_int(item, "programs", (int64_t)rec->n_programs);
	return item;
}

/* As text until the end: a tree takes many times as much, and there may be very many of them. */
static void describe(struct watch *watch, struct watched *w, const struct record *rec, bool last)
{
	_cleanup_(json_free) cJSON *tree = description(watch, w, rec, last);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	cJSON *item;

	json_print(tree, false, &text);
	strbuf_setlen(&text, text.len - 1); /* its newline */
	item = cJSON_CreateRaw(text.buf);
	if (w->told)
		cJSON_ReplaceItemViaPointer(watch->result->records, w->told, item);
	else
		json_append(watch->result->records, item);
	w->told = item;
}

static void tell(const struct watch *watch, const struct watched *w, const struct record *rec)
{
	char paths[32];

	log_info("%s: %s paths by %zu program%s, in %s/%s", w->name,
		 format_count(paths, rec->n_accesses), rec->n_programs,
		 rec->n_programs == 1 ? "" : "s", output_of(watch), w->file);
	if (record_loss_any(&rec->loss))
		log_warn("%s: the record is incomplete", w->name);
}

int watch_store(struct watch *watch, struct watched *w, struct record *rec, bool last,
		struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r;

	complete(w, rec);
	if (!w->file)
		w->file = file_name(watch, w);
	record_to_json(rec, &text);
	r = io_write_atomic(watch->dir, w->file, 0644, text.buf, text.len, err);
	if (r < 0)
		return err_wrap(err, "the record of '%s'", w->name);
	tell(watch, w, rec);
	describe(watch, w, rec, last);
	return 0;
}
