/* SPDX-License-Identifier: BSD-2-Clause */
/* What the last run of an image said about paths of it: a search in its files.jsonl. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/strmap.h"

#define LIST_MAX (1u << 30)
#define MAX_LINKS 40 /* as the kernel follows: linux/namei.h */

struct why {
	const struct why_opts *opts;
	cJSON *inspect; /* of the image */
	struct strbuf list;
	struct strmap *lines; /* path -> its line, a cJSON */
};

static void free_line(void *line)
{
	cJSON_Delete(line);
}

/* What the engine would tell of the image in a file, as far as it is of interest here. */
static int inspect_file(const struct why_opts *opts, cJSON **ret, struct err *err)
{
	_cleanup_(image_free) struct image *img = NULL;
	int r = archive_open(opts->image, NULL, io_tmpdir(), &img, err);
	cJSON *layers;

	if (r < 0)
		return r;
	*ret = json_object();
	json_add_str(*ret, "Id", image_id(img));
	layers = json_add(json_add(*ret, "RootFS", json_object()), "Layers", json_array());
	for (size_t i = 0; i < image_layer_count(img); i++)
		json_append(layers, cJSON_CreateString(image_layer(img, i)->diff_id.str));
	return 0;
}

static int inspect(const struct why_opts *opts, cJSON **ret, struct err *err)
{
	_cleanup_(engine_free) struct engine *engine = NULL;
	int r;

	if (archive_is(opts->image))
		return inspect_file(opts, ret, err);
	r = engine_open(&opts->engine, &engine, err);
	return r < 0 ? r : engine_image_inspect(engine, opts->image, ret, err);
}

/* --- the list --- */

static int read_list(struct why *w, struct err *err)
{
	const char *id = json_str(w->inspect, "Id", "");
	_cleanup_free_ char *path = NULL;
	int r;

	if (!digest_valid(id))
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "the engine tells no ID for image '%s'", w->opts->image);
	path = xasprintf("%s/.images/%s/artifacts/files.jsonl", w->opts->state_path,
			 id + strlen("sha256:"));
	r = io_read_file(AT_FDCWD, path, LIST_MAX, &w->list, err);
	if (r != -ENOENT)
		return r;
	err_class_set(err, ERR_USAGE, ENOENT, "nothing is known of image '%s': there is no '%s'",
		      w->opts->image, path);
	return err_hint(err, "run 'slimtrace build %s' first, with the same --state-path",
			w->opts->image);
}

static int index_list(struct why *w, struct err *err)
{
	const char *p = w->list.buf, *end = p + w->list.len;

	for (size_t n = 1; p < end; n++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline ? (size_t)(newline - p) : (size_t)(end - p);
		_cleanup_free_ char *path = NULL;
		cJSON *line = NULL;
		int r = json_parse(p, len, "files.jsonl", &line, err);

		if (r < 0)
			return err_wrap(err, "line %zu", n);
		path = json_bytes(line, "path", NULL);
		cJSON_Delete(strmap_put(w->lines, path ? path : "", line));
		p += len + 1;
	}
	return 0;
}

/* --- a path --- */

/*
 * What @path leads to: links on the way are followed, one that is the last component is not, for
 * it is asked about itself.
 */
static char *resolve(const struct why *w, const char *path)
{
	char *now = path_normalize(path);
	size_t done = 0, links = 0;

	while (now[done]) {
		size_t next = done + 1 + strcspn(now + done + 1, "/");
		_cleanup_free_ char *prefix = xstrndup(now, next), *target = NULL, *joined = NULL;
		const cJSON *line = strmap_get(w->lines, prefix);

		target = line ? json_bytes(line, "target", NULL) : NULL;
		if (!target || !now[next] || ++links > MAX_LINKS) {
			done = next;
			continue;
		}
		joined = *target == '/'
				 ? xasprintf("%s%s", target, now + next)
				 : xasprintf("%.*s/%s%s", (int)done, now, target, now + next);
		free(now);
		now = path_normalize(joined);
		done = 0;
	}
	return now;
}

static const char *diff_id_of(const struct why *w, const cJSON *line)
{
	const cJSON *layer = cJSON_GetArrayItem(json_path(w->inspect, "RootFS.Layers"),
						(int)json_u64(line, "layer", 0));

	return cJSON_IsString(layer) ? layer->valuestring : NULL;
}

static int tell(const struct why *w, const char *asked, cJSON *ret_array, struct strbuf *ret_text,
		struct err *err)
{
	_cleanup_free_ char *path = *asked == '/' ? resolve(w, asked) : NULL;
	const cJSON *line = path ? strmap_get(w->lines, path) : NULL;
	cJSON *copy;

	if (!line) {
		err_class_set(err, ERR_USAGE, ENOENT, "image '%s' has no '%s'", w->opts->image,
			      asked);
		return err_hint(err, *asked == '/' ? "the record tells whether the run made it or "
						     "looked for it in vain"
						   : "give it as it is in the image, from '/'");
	}
	report_why(line, diff_id_of(w, line), ret_text);
	copy = json_append(ret_array, cJSON_Duplicate(line, true));
	json_add_str(copy, "diff_id", diff_id_of(w, line) ? diff_id_of(w, line) : "");
	return 0;
}

static int tell_all(const struct why *w, cJSON *ret_array, struct strbuf *ret_text, struct err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < w->opts->paths->n; i++) {
		if (i)
			strbuf_addch(ret_text, '\n');
		r = tell(w, w->opts->paths->v[i], ret_array, ret_text, err);
	}
	return r;
}

int session_why(const struct why_opts *opts, struct strbuf *ret_text, struct strbuf *ret_json,
		struct err *err)
{
	struct why w = { .opts = opts, .list = STRBUF_INIT, .lines = strmap_new() };
	_cleanup_(json_free) cJSON *array = json_array();
	int r = inspect(opts, &w.inspect, err);

	if (!r)
		r = read_list(&w, err);
	if (!r)
		r = index_list(&w, err);
	if (!r)
		r = tell_all(&w, array, ret_text, err);
	json_print(array, true, ret_json);
	json_free(w.inspect);
	strbuf_release(&w.list);
	strmap_free_with(w.lines, free_line);
	return r;
}
