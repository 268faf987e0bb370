/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which image another one was built from: one that is here under a name, whose layers and history
 * are the beginning of the other's. That it cannot be found out is no failure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/log.h"

#define MAX_IMAGES 1000 /* that are asked about */

void run_parent_release(struct run_parent *parent)
{
	free(parent->name);
	json_free(parent->inspect);
	*parent = (struct run_parent){ 0 };
}

/* The first name that is one: "<none>:<none>" is how none is written. */
static const char *name_of(const cJSON *image)
{
	const cJSON *tag;

	cJSON_ArrayForEach (tag, json_get(image, "RepoTags"))
		if (cJSON_IsString(tag) && !strchr(tag->valuestring, '<') &&
		    !strpbrk(tag->valuestring, " \t\r\n"))
			return tag->valuestring;
	return NULL;
}

/* Its layers are the first of @img's; its triggers would run again in a FROM. */
static bool may_be_parent(const cJSON *inspect, const struct image *img)
{
	const cJSON *id, *ids = json_path(inspect, "RootFS.Layers");
	size_t n = 0;

	if (cJSON_GetArraySize(json_path(inspect, "Config.OnBuild")) > 0)
		return false;
	cJSON_ArrayForEach (id, ids) {
		if (n >= image_layer_count(img) || !cJSON_IsString(id) ||
		    strcmp(id->valuestring, image_layer(img, n)->diff_id.str) != 0)
			return false;
		n++;
	}
	return n > 0;
}

static int history_prefix(struct engine *engine, const char *id, const struct image *img,
			  size_t *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *history = NULL;
	_cleanup_strvec_ struct strvec created = STRVEC_INIT;
	int r = engine_image_history(engine, id, &history, err);
	int n = r < 0 ? 0 : cJSON_GetArraySize(history);
	const cJSON *item;

	if (r < 0)
		return r;
	if (n > 0 && n < 10000) {
		_cleanup_free_ const char **texts = xcalloc((size_t)n, sizeof(*texts));
		size_t at = (size_t)n;

		cJSON_ArrayForEach (item, history)
			texts[--at] = json_str(item, "CreatedBy", "");
		for (size_t i = 0; i < (size_t)n; i++)
			strvec_push(&created, texts[i]);
	}
	*ret = created.n ? report_history_prefix(image_config(img), &created) : 0;
	return 0;
}

static int try_parent(struct engine *engine, const cJSON *image, const struct image *img,
		      struct run_parent *best, struct err *err)
{
	_cleanup_(json_free) cJSON *inspect = NULL;
	const char *id = json_str(image, "Id", ""), *name = name_of(image);
	size_t n = 0;
	int r;

	if (!name || !strcmp(id, image_id(img)))
		return 0;
	r = engine_image_inspect(engine, id, &inspect, err);
	if (r == -ENOENT) /* removed meanwhile */
		return 0;
	if (!r && may_be_parent(inspect, img))
		r = history_prefix(engine, id, img, &n, err);
	if (r < 0 || n <= best->n_history)
		return r;
	run_parent_release(best);
	best->name = xstrdup(name);
	best->n_history = n;
	best->inspect = TAKE_PTR(inspect);
	return 0;
}

int run_find_parent(struct engine *engine, const struct image *img, struct run_parent *ret,
		    struct err *err)
{
	_cleanup_(json_free) cJSON *images = NULL;
	const cJSON *image;
	size_t n = 0;
	int r = engine_image_list(engine, &images, err);

	cJSON_ArrayForEach (image, images) {
		if (r < 0 || n++ >= MAX_IMAGES)
			break;
		r = try_parent(engine, image, img, ret, err);
	}
	return r < 0 ? r : ret->name != NULL;
}

int run_dockerfile(struct engine *engine, const struct image *img, struct strbuf *ret,
		   char **ret_parent, struct err *err)
{
	const struct image_config *c = image_config(img);
	struct run_parent parent = { 0 };
	struct dockerfile_parent from;
	struct err why = ERR_INIT;
	int r = engine ? run_find_parent(engine, img, &parent, &why) : 0;

	if (r == -EINTR)
		*err = why;
	else if (r < 0)
		log_debug("the image that it was built from cannot be looked for: %s", why.msg);
	if (r != -EINTR) {
		from = (struct dockerfile_parent){ parent.name, parent.n_history,
						   json_get(parent.inspect, "Config") };
		r = report_dockerfile(c->bytes, c->len, parent.name ? &from : NULL, ret, err);
	}
	if (!r && ret_parent && parent.name)
		*ret_parent = xstrdup(parent.name);
	run_parent_release(&parent);
	return r;
}
