/* SPDX-License-Identifier: BSD-2-Clause */
/* The Dockerfile that an image could have been made from: its history, undone. */
#include "report/dockerfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/report.h"

#define MAX_VALUES (256u << 10)
/* What FROM gives an image that has none. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool sets_health(const char *created_by)
{
	static const char nop[] = " #(nop) ", name[] = "HEALTHCHECK ";
	const char *p = strstr(created_by, nop);

	p = p ? p + strlen(nop) : created_by;
	return !strncmp(p + strspn(p, " "), name, strlen(name));
}

static void look_ahead(struct df *df, const cJSON *history, size_t skip)
{
	const cJSON *item;
	size_t n = 0;

	cJSON_ArrayForEach (item, history) {
		const char *created_by = json_str(item, "created_by", "");

		df->healths += n++ >= skip && sets_health(created_by);
		df->classic |= strstr(created_by, " #(nop) ") != NULL;
		df->buildah |= df_is_source(created_by);
	}
}

/* Of an entry that has no command, what else it tells: "Imported from -", "store paths: ..." */
static const char *command_of(const cJSON *item)
{
	const char *command = json_str(item, "created_by", "");

	return *command ? command : json_str(item, "comment", "");
}

static void add_steps(struct df *df, const cJSON *json, size_t skip)
{
	const cJSON *item, *history = json_get(json, "history");
	const cJSON *id = json_path(json, "rootfs.diff_ids")
				  ? json_path(json, "rootfs.diff_ids")->child
				  : NULL;
	size_t n = 0;

	look_ahead(df, history, skip);
	cJSON_ArrayForEach (item, history) {
		bool empty = json_bool(item, "empty_layer", false);
		const char *diff_id = !empty && id && cJSON_IsString(id) ? id->valuestring : NULL;

		if (n++ >= skip)
			df_step(df, command_of(item),
				!strcmp(json_str(item, "author", ""), "kaniko"), empty || !diff_id,
				diff_id);
		if (!empty && id)
			id = id->next;
	}
	for (; id; id = id->next)
		if (cJSON_IsString(id))
			df_step(df, "", false, false, id->valuestring);
}

static void write_all(struct df *df, const cJSON *json, const struct dockerfile_parent *parent,
		      struct strbuf *ret)
{
	if (!strmap_get(df->made.env, "PATH"))
		df_map_set(df->made.env, "PATH", DEFAULT_PATH, strlen(DEFAULT_PATH));
	add_steps(df, json, parent ? parent->n_history : 0);
	df_rest(df);
	if (df->frontend)
		strbuf_addstr(ret, "# syntax=docker/dockerfile:1\n");
	strbuf_addf(ret,
		    "# reverse-engineered by slimtrace; file:, dir:, multi: and layer: stand for\n"
		    "# content of which the history does not tell the name\n\nFROM %s\n\n",
		    parent ? parent->name : "scratch");
	strbuf_add(ret, df->out->buf, df->out->len);
}

int report_dockerfile(const char *config, size_t len, const struct dockerfile_parent *parent,
		      struct strbuf *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *json = NULL;
	_cleanup_strbuf_ struct strbuf body = STRBUF_INIT;
	struct df df = { .out = &body };
	int r = json_parse_max(config, len, "the image's configuration", MAX_VALUES, &json, err);

	if (r < 0)
		return r;
	df.args = strmap_new();
	df_config_read(&df.real, json_get(json, "config"));
	df_config_read(&df.made, parent ? parent->config : NULL);
	/* Triggers have run by then. */
	strvec_release(&df.made.onbuild);
	write_all(&df, json, parent, ret);
	df_config_release(&df.real);
	df_config_release(&df.made);
	strmap_free_with(df.args, free);
	return 0;
}

size_t report_history_prefix(const struct image_config *config, const struct strvec *created_by)
{
	_cleanup_(json_free) cJSON *json = NULL;
	struct err ignored = ERR_INIT;
	const cJSON *item;
	size_t n = 0;

	if (json_parse_max(config->bytes, config->len, "it", MAX_VALUES, &json, &ignored) < 0)
		return 0;
	cJSON_ArrayForEach (item, json_get(json, "history")) {
		if (n == created_by->n)
			return n;
		if (strcmp(json_str(item, "created_by", ""), created_by->v[n]) != 0)
			return 0;
		n++;
	}
	return 0;
}
