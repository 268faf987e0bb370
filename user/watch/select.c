/* SPDX-License-Identifier: BSD-2-Clause */
/* Which containers are wanted, and which of those run already. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/path.h"
#include "watch/watch.h"

#define SHORTEST_ID 4 /* what begins an ID and is shorter is taken for a name */

static bool wants_some(const struct watch_opts *opts)
{
	return opts->containers.n || opts->images.n || opts->labels.n;
}

/* "/name", as the engine writes it. */
static const char *name_of(const cJSON *inspect)
{
	const char *name = json_str(inspect, "Name", "");

	return *name == '/' ? name + 1 : name;
}

static bool is_container(const char *wanted, const char *id, const char *name)
{
	size_t len = strlen(wanted);

	return !strcmp(wanted, name) || (len >= SHORTEST_ID && !strncmp(wanted, id, len));
}

static bool by_container(const struct watch_opts *opts, const struct watched *w)
{
	for (size_t i = 0; i < opts->containers.n; i++)
		if (is_container(opts->containers.v[i], w->id, name_of(w->inspect)))
			return true;
	return false;
}

static bool same_id(const char *a, const char *b)
{
	const char *x = strchr(a, ':'), *y = strchr(b, ':');

	return *a && !strcmp(x ? x + 1 : a, y ? y + 1 : b);
}

/* By what it is now, or by its name, which may have moved on to another image since. */
static bool is_image(struct watch *watch, const char *wanted, const struct watched *w)
{
	const char *name = json_str(w->inspect, "Config.Image", "");
	_cleanup_(json_free) cJSON *image = NULL;
	size_t len = strlen(wanted);
	struct err ignored = ERR_INIT;

	if (!strcmp(name, wanted) ||
	    (!strncmp(name, wanted, len) && !strcmp(name + len, ":latest")))
		return true;
	return engine_image_inspect(watch->engine, wanted, &image, &ignored) == 0 &&
	       same_id(json_str(image, "Id", ""), json_str(w->inspect, "Image", ""));
}

static bool by_image(struct watch *watch, const struct watched *w)
{
	const struct strvec *images = &watch->opts->images;

	for (size_t i = 0; i < images->n; i++)
		if (is_image(watch, images->v[i], w))
			return true;
	return false;
}

/* "KEY" or "KEY=VALUE" */
static bool has_label(const cJSON *labels, const char *wanted)
{
	const char *equals = strchr(wanted, '=');
	_cleanup_free_ char *key =
		equals ? xmemdup(wanted, (size_t)(equals - wanted)) : xstrdup(wanted);
	const cJSON *label = json_get(labels, key);

	return cJSON_IsString(label) && (!equals || !strcmp(label->valuestring, equals + 1));
}

static bool by_label(const struct watch_opts *opts, const struct watched *w)
{
	const cJSON *labels = json_path(w->inspect, "Config.Labels");

	for (size_t i = 0; i < opts->labels.n; i++)
		if (has_label(labels, opts->labels.v[i]))
			return true;
	return false;
}

static void ask_engine(struct watch *watch, struct watched *w)
{
	struct err err = ERR_INIT;

	if (!watch->engine || w->inspect)
		return;
	if (engine_container_inspect(watch->engine, w->id, &w->inspect, &err) < 0) {
		log_debug("container %.12s: %s", w->id, err.msg);
		return;
	}
	if (engine_image_inspect(watch->engine, json_str(w->inspect, "Image", ""), &w->image,
				 &err) < 0)
		log_debug("container %.12s: %s", w->id, err.msg);
}

bool watch_wants(struct watch *watch, struct watched *w)
{
	const struct watch_opts *opts = watch->opts;
	bool wanted;

	ask_engine(watch, w);
	if (w->inspect && *name_of(w->inspect))
		w->name = xstrdup(name_of(w->inspect));
	else
		w->name = xasprintf("%.12s", w->id);
	if (!wants_some(opts) && !opts->cgroups.n)
		return true;
	wanted = w->inspect && (by_container(opts, w) || by_image(watch, w) || by_label(opts, w));
	if (!w->inspect && wants_some(opts))
		log_info("container %s is not recorded: the engine does not know it, or no more",
			 w->name);
	else if (!wanted)
		log_debug("container '%s' is not wanted", w->name);
	return wanted;
}

/* --- what runs already --- */

static bool is_watched(const struct watch *watch, const char *id)
{
	for (size_t i = 0; i < watch->n; i++)
		if (!strcmp(watch->all[i].id, id))
			return true;
	return false;
}

static int attach_container(struct watch *watch, const char *id, struct err *err)
{
	struct watched w = { .attached = true };
	struct trace_running running = { .id = w.id };
	size_t len = strlen(id);
	int r;

	if (len >= sizeof(w.id) || is_watched(watch, id))
		return 0;
	memcpy(w.id, id, len);
	if (!watch_wants(watch, &w)) {
		watched_release(&w);
		return 0;
	}
	running.pid = (int)json_i64(w.inspect, "State.Pid", 0);
	r = running.pid > 0 ? trace_attach(watch->trace, &running, &w.target, err) : 0;
	if (r == -ELOOP)
		log_info("%s: not watched: slimtrace runs in it", w.name);
	else if (r < 0)
		err_wrap(err, "container '%s'", w.name);
	if (r < 0 || running.pid <= 0) {
		watched_release(&w);
		/* Ended, or its start is news that was not taken yet. */
		return r == -ESRCH || r == -EEXIST || r == -ELOOP ? 0 : r;
	}
	log_info("%s: watched from now on; it runs already", w.name);
	watch_add(watch, &w);
	return 0;
}

static int attach_containers(struct watch *watch, struct err *err)
{
	_cleanup_strvec_ struct strvec ids = STRVEC_INIT;
	int r = engine_container_list_running(watch->engine, &ids, err);

	for (size_t i = 0; !r && i < ids.n; i++)
		r = attach_container(watch, ids.v[i], err);
	return r;
}

static int attach_cgroup(struct watch *watch, const char *path, struct err *err)
{
	const struct trace_running running = { .cgroup = path };
	struct watched w = { .attached = true };
	_cleanup_free_ char *clean = path_normalize(path);
	int r = trace_attach(watch->trace, &running, &w.target, err);

	if (r < 0)
		return err_wrap(err, "cgroup '%s'", path);
	w.name = xstrdup(path_basename(clean));
	log_info("%s: watched from now on", w.name);
	watch_add(watch, &w);
	return 0;
}

int watch_attach_running(struct watch *watch, struct err *err)
{
	const struct watch_opts *opts = watch->opts;

	return wants_some(opts) && !opts->new_only ? attach_containers(watch, err) : 0;
}

int watch_attach_cgroups(struct watch *watch, struct err *err)
{
	const struct strvec *cgroups = &watch->opts->cgroups;
	int r = 0;

	for (size_t i = 0; !r && i < cgroups->n; i++)
		r = attach_cgroup(watch, cgroups->v[i], err);
	return r;
}

void watch_tell_missing(const struct watch *watch)
{
	const struct strvec *wanted = &watch->opts->containers;

	for (size_t i = 0; i < wanted->n; i++) {
		bool found = false;

		for (size_t k = 0; k < watch->n && !found; k++)
			found = is_container(wanted->v[i], watch->all[k].id, watch->all[k].name);
		if (!found)
			log_info("%s: does not run yet, and is waited for", wanted->v[i]);
	}
}

/* --- the end --- */

static bool is_over(const struct watch *watch, const char *wanted)
{
	for (size_t i = 0; i + 1 < watch->over.n; i += 2)
		if (is_container(wanted, watch->over.v[i], watch->over.v[i + 1]))
			return true;
	return false;
}

bool watch_all_over(const struct watch *watch)
{
	const struct watch_opts *opts = watch->opts;

	if (opts->command || opts->images.n || opts->labels.n ||
	    (!opts->containers.n && !opts->cgroups.n))
		return false;
	for (size_t i = 0; i < opts->containers.n; i++)
		if (!is_over(watch, opts->containers.v[i]))
			return false;
	return watch->cgroups == opts->cgroups.n;
}
