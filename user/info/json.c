/* SPDX-License-Identifier: BSD-2-Clause */
/* For programs: all of it. Numbers of bytes are numbers, paths survive not being UTF-8. */
#include <string.h>

#include "info/info.h"

static void add_path(cJSON *obj, const char *key, const struct image_entry *e)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

	image_entry_path(e, &path);
	json_add_bytes(obj, key, path.buf, path.len);
}

static uint64_t size_of(const struct image_entry *e)
{
	return e->type == ENTRY_FILE ? e->size : 0;
}

static void add_changes(const struct info_layer *l, const struct info_view *view, cJSON *obj)
{
	static const char *const kinds[] = { "added", "changed", "deleted" };
	cJSON *array = json_add(obj, "changes", json_array());
	size_t n = 0;

	for (size_t i = 0; i < l->n_changes && n < view->changes_max; i++) {
		const struct info_change *c = &l->changes[i];
		cJSON *one;

		if (!(view->kinds >> c->kind & 1))
			continue;
		one = json_append(array, json_object());
		add_path(one, "path", c->e);
		json_add_str(one, "kind", kinds[c->kind]);
		json_add_int(one, "size", (int64_t)size_of(c->e));
		if (c->same)
			json_add_bool(one, "same_content", true);
		n++;
	}
}

static void add_layers(const struct info *info, const struct info_view *view, cJSON *ret)
{
	static const char *const counts[] = { "added", "changed", "deleted" };
	cJSON *array = json_add(ret, "layers", json_array());

	for (size_t i = 0; i < info->n_layers; i++) {
		const struct info_layer *l = &info->layers[i];
		cJSON *obj;

		if (view->layer >= 0 && (size_t)view->layer != i)
			continue;
		obj = json_append(array, json_object());
		json_add_int(obj, "index", (int64_t)i);
		json_add_str(obj, "diff_id", l->diff_id.str);
		json_add_str(obj, "created_by", l->created_by ? l->created_by : "");
		json_add_int(obj, "size", (int64_t)l->size);
		for (size_t k = 0; k < 3; k++) {
			cJSON *one = json_add(obj, counts[k], json_object());

			json_add_int(one, "files", (int64_t)l->n[k]);
			json_add_int(one, "bytes", (int64_t)l->bytes[k]);
		}
		json_add_int(obj, "same_content_files", (int64_t)l->same);
		json_add_int(obj, "same_content_bytes", (int64_t)l->same_bytes);
		add_changes(l, view, obj);
	}
}

static void add_total(cJSON *obj, const char *key, const struct info_total *t)
{
	cJSON *one = json_add(obj, key, json_object());

	json_add_int(one, "files", (int64_t)t->files);
	json_add_int(one, "bytes", (int64_t)t->bytes);
}

static void add_duplicates(const struct info *info, const struct info_view *view, cJSON *ret)
{
	cJSON *array = json_add(ret, "duplicates", json_array());

	for (size_t i = 0; i < info->n_duplicates && i < view->list_max; i++) {
		const struct info_duplicate *d = &info->duplicates[i];
		cJSON *one = json_append(array, json_object()), *paths;

		json_add_int(one, "size", (int64_t)d->size);
		json_add_int(one, "count", (int64_t)d->n);
		json_add_int(one, "wasted", (int64_t)(d->size * (d->n - 1)));
		paths = json_add(one, "files", json_array());
		for (size_t j = 0; j < d->n; j++)
			add_path(json_append(paths, json_object()), "path", d->entries[j]);
	}
}

static void add_findings(const struct info *info, cJSON *ret)
{
	for (int kind = 0; kind < INFO_FINDS; kind++) {
		cJSON *array = json_add(ret, info_find_name((enum info_find)kind), json_array());

		for (size_t i = 0; i < info->finds[kind].n; i++) {
			const struct info_finding *f = &info->finds[kind].v[i];
			cJSON *one = json_append(array, json_object());
			char mode[8];

			snprintf(mode, sizeof(mode), "%04o", f->e->mode & 07777);
			add_path(one, "path", f->e);
			json_add_str(one, "mode", mode);
			json_add_int(one, "uid", f->e->uid);
			json_add_int(one, "gid", f->e->gid);
			json_add_int(one, "layer", f->e->layer);
			if (f->hidden)
				json_add_int(one, "hidden_by_layer", f->e->gone);
			if (f->note)
				json_add_bytes(one, "note", f->note, strlen(f->note));
		}
	}
}

static void add_packages(const struct info *info, cJSON *ret)
{
	cJSON *array = json_add(ret, "packages", json_array());

	for (size_t i = 0; i < info->n_packages; i++) {
		const struct info_package *p = &info->packages[i];
		cJSON *one = json_append(array, json_object());

		json_add_str(one, "manager", p->manager);
		json_add_bytes(one, "name", p->name, strlen(p->name));
		json_add_bytes(one, "version", p->version, strlen(p->version));
	}
	json_add_strvec(ret, "package_databases_not_read", &info->unread);
}

void info_json(const struct info *info, const struct info_view *view, cJSON *ret)
{
	cJSON *wasted;

	json_add_str(ret, "image", info->name);
	json_add_str(ret, "image_id", image_id(info->img));
	json_add_str(ret, "architecture", image_config(info->img)->arch);
	json_add_str(ret, "platform_os", image_config(info->img)->os);
	if (info->os)
		json_add_bytes(ret, "os", info->os, strlen(info->os));
	json_add_int(ret, "size", (int64_t)info->size);
	json_add_int(ret, "visible_size", (int64_t)image_total_size(info->img));
	wasted = json_add(ret, "wasted", json_object());
	json_add_int(wasted, "bytes", (int64_t)info_wasted(info));
	add_total(wasted, "overwritten", &info->overwritten);
	add_total(wasted, "deleted", &info->deleted);
	if (!info->no_duplicates)
		add_total(wasted, "duplicated", &info->duplicated);
	cJSON_AddNumberToObject(ret, "efficiency", info_efficiency(info));
	add_layers(info, view, ret);
	if (!info->no_duplicates)
		add_duplicates(info, view, ret);
	add_findings(info, ret);
	json_add_strvec(ret, "secret_names", &info->secrets);
	add_packages(info, ret);
}
