/* SPDX-License-Identifier: BSD-2-Clause */
/* From what stays to images that the engine has: all of a set, since they may share layers. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/slim.h"

static double seconds_since(uint64_t start_ms)
{
	return (double)(clock_mono_ms() - start_ms) / 1000;
}

/* --- the base image --- */

/* How many of the image's layers, from the bottom, are all that @inspect has; 0 for others. */
static size_t layers_below(const struct image *img, const cJSON *inspect)
{
	const cJSON *layer, *layers = json_path(inspect, "RootFS.Layers");
	size_t n = 0;

	if ((size_t)cJSON_GetArraySize(layers) >= image_layer_count(img))
		return 0;
	cJSON_ArrayForEach (layer, layers) {
		if (!cJSON_IsString(layer) ||
		    strcmp(layer->valuestring, image_layer(img, n)->diff_id.str) != 0)
			return 0;
		n++;
	}
	return n;
}

static bool has_name(const cJSON *item)
{
	const cJSON *tags = json_get(item, "RepoTags");

	return cJSON_IsArray(tags) && cJSON_IsString(tags->child) &&
	       strcmp(tags->child->valuestring, "<none>:<none>") != 0;
}

/* The largest image with a name, on this engine, that this one has all layers of. */
static int base_on_engine(struct run *run, size_t *ret, struct strbuf *ret_name, struct err *err)
{
	_cleanup_(json_free) cJSON *list = NULL;
	const cJSON *item;
	int r = engine_image_list(run->engine, &list, err);

	cJSON_ArrayForEach (item, list) {
		_cleanup_(json_free) cJSON *inspect = NULL;
		struct err gone = ERR_INIT; /* or anything else: it is none then */
		const char *id = json_str(item, "Id", NULL);
		size_t n;

		if (!id || !has_name(item) ||
		    engine_image_inspect(run->engine, id, &inspect, &gone) < 0)
			continue;
		n = layers_below(run->img, inspect);
		if (n <= *ret)
			continue;
		*ret = n;
		strbuf_reset(ret_name);
		strbuf_addstr(ret_name, json_get(item, "RepoTags")->child->valuestring);
	}
	return r;
}

static int find_base(struct run *run, size_t *ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT;
	size_t base = 0;
	int r = base_on_engine(run, &base, &name, err);

	if (r < 0)
		return r;
	if (base) {
		log_info("the base of '%s' is '%s', %zu layer%s", run->opts->image, name.buf, base,
			 base == 1 ? "" : "s");
	} else {
		base = slim_base_layers(run->img);
		log_info("the base of '%s' is its first %zu layer%s, going by its history",
			 run->opts->image, base, base == 1 ? "" : "s");
	}
	*ret = base;
	return 0;
}

/* --- one image --- */

static void show_packed(uint64_t bytes, void *ctx)
{
	const struct run *run = ctx;
	char done[16], all[16];

	progress_update("%s of %s", format_bytes(done, bytes),
			format_bytes(all, run->report->slim_bytes));
}

static bool same_layers(const cJSON *layers, const struct slim_result *packed)
{
	const cJSON *layer;
	size_t i = 0;

	cJSON_ArrayForEach (layer, layers) {
		if (i >= packed->n_layers || !cJSON_IsString(layer) ||
		    strcmp(layer->valuestring, packed->layers[i].diff_id.str) != 0)
			return false;
		i++;
	}
	return i == packed->n_layers;
}

/* What the engine says it has must be what was packed. */
static int check_loaded(struct run *run, const struct slim_result *packed, struct err *err)
{
	_cleanup_(json_free) cJSON *inspect = NULL;
	int r = engine_image_inspect(run->engine, run->tags.v[0], &inspect, err);

	if (r < 0)
		return err_wrap(err, "the engine took the slim image but does not show it");
	if (!same_layers(json_path(inspect, "RootFS.Layers"), packed))
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "image '%s' is not the one that was loaded", run->tags.v[0]);
	run->report->slim_id = xstrdup(json_str(inspect, "Id", ""));
	run->report->slim_image = xstrdup(run->tags.v[0]);
	return 0;
}

static void report_packed(struct run *run, const struct slim_result *packed)
{
	struct report *rep = run->report;
	char size[16];
	uint64_t sum = 0;

	rep->layers = xcalloc(packed->n_layers, sizeof(*rep->layers));
	for (size_t i = 0; i < packed->n_layers; i++) {
		rep->layers[i] = (struct report_layer){ .diff_id = packed->layers[i].diff_id,
							.bytes = packed->layers[i].size };
		sum += packed->layers[i].size;
	}
	rep->n_layers = packed->n_layers;
	for (size_t i = 0; i < packed->absent.n; i++)
		run_warn(run, "the image has no %s", packed->absent.v[i]);
	if (packed->n_layers == 1)
		progress_done("one layer of %s", format_bytes(size, sum));
	else
		progress_done("%zu layers of %s", packed->n_layers, format_bytes(size, sum));
}

static int load(struct run *run, int fd, const struct slim_result *packed, struct err *err)
{
	uint64_t start_ms = clock_mono_ms();
	int r;

	progress_phase("loading");
	r = engine_image_load(run->engine, fd, err);
	if (!r)
		r = check_loaded(run, packed, err);
	run->report->times.load = seconds_since(start_ms);
	if (!r)
		progress_done("%s", run->tags.v[0]);
	return r;
}

static int write_outputs(struct run *run, int fd, struct err *err)
{
	const struct strvec *outputs = &run->opts->outputs;
	int r = 0;

	for (size_t i = 0; !r && i < outputs->n; i++) {
		progress_phase("writing");
		r = slim_output(fd, outputs->v[i], err);
		if (!r)
			progress_done("%s", outputs->v[i]);
	}
	return r;
}

static int make_one(struct run *run, const struct slim_set *set, size_t which, struct err *err)
{
	struct slim_opts opts = { .tags = &run->tags,
				  .tmpdir = run->tmpdir,
				  .edits = &run->opts->edits,
				  .plain_perms = run->opts->plain_perms,
				  .progress = show_packed,
				  .ctx = run };
	_cleanup_close_ int fd = -1;
	struct slim_result packed;
	uint64_t start_ms = clock_mono_ms();
	int r;

	progress_phase("packing");
	r = slim_pack(set, which, &opts, &fd, &packed, err);
	if (r < 0)
		return r;
	run->report->times.pack = seconds_since(start_ms);
	report_packed(run, &packed);
	r = write_outputs(run, fd, err);
	if (!r)
		r = load(run, fd, &packed, err);
	slim_result_release(&packed);
	return r;
}

/* --- the set --- */

/* What is shared makes packages used, of which the database then tells: this is shared too. */
static int find_shared(struct run *runs, struct slim_set *set, struct err *err)
{
	int r = 0;

	slim_share(set);
	for (size_t i = 0; !r && i < set->n; i++)
		r = keep_settle(set->v[i].keep, err);
	slim_share(set);
	for (size_t i = 0; i < set->n; i++)
		run_count(&runs[i]);
	return r;
}

/* A rule that matches nothing in any image is a mistake. */
static int find_perms(const struct slim_perms *perms, struct slim_set *set, struct err *err)
{
	_cleanup_free_ bool *used = xcalloc(perms->n, sizeof(*used));

	for (size_t i = 0; i < set->n; i++)
		slim_perms_find(&set->v[i], perms, used);
	for (size_t i = 0; i < perms->n; i++)
		if (!used[i])
			return err_class_set(err, ERR_USAGE, ENOENT,
					     "--path-perms: nothing that stays is '%s'",
					     perms->v[i].pattern);
	return 0;
}

static int make_all(struct run *runs, struct slim_set *set, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < set->n && set->layers == SLIM_BASE; i++)
		r = find_base(&runs[i], &set->v[i].base, err);
	if (r < 0)
		return r;
	r = find_shared(runs, set, err);
	if (!r)
		r = find_perms(&runs->opts->perms, set, err);
	for (size_t i = 0; !r && i < set->n; i++) {
		r = make_one(&runs[i], set, i, err);
		if (r < 0 && set->n > 1)
			return err_wrap(err, "image '%s'", runs[i].opts->image);
	}
	return r;
}

int run_make_images(struct run *runs, size_t n, struct err *err)
{
	struct slim_set set = { .layers = runs->opts->layers,
				.v = xcalloc(n, sizeof(*set.v)),
				.n = n };
	int r;

	for (size_t i = 0; i < n; i++)
		set.v[i] = (struct slim_source){ .img = runs[i].img, .keep = runs[i].keep };
	r = make_all(runs, &set, err);
	for (size_t i = 0; i < n; i++)
		strmap_free(set.v[i].perms);
	free(set.v);
	return r;
}
