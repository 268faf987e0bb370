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
#include "slimtrace/base/strmap.h"

#define LIST_MAX (1u << 30)
#define MAX_LINKS 40 /* as the kernel follows: linux/namei.h */

struct why {
	const struct why_opts *opts;
	cJSON *inspect; /* of the image */
	char *list_path;
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
	int r;

	if (!digest_valid(id))
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "the engine tells no ID for image '%s'", w->opts->image);
	w->list_path = xasprintf("%s/.images/%s/artifacts/files.jsonl", w->opts->state_path,
				 id + strlen("sha256:"));
	r = io_read_file(AT_FDCWD, w->list_path, LIST_MAX, &w->list, err);
	if (r == -EACCES)
		return err_hint(err, "root's runs are told to root: sudo slimtrace why %s ...",
				w->opts->image);
	if (r != -ENOENT)
		return r;
	err_class_set(err, ERR_USAGE, ENOENT, "nothing is known of image '%s': there is no '%s'",
		      w->opts->image, w->list_path);
	return err_hint(err, "run 'slimtrace build %s' first, with the same --state-path",
			w->opts->image);
}

static int take_line(struct why *w, const char *text, size_t len, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	cJSON *line = NULL;
	int r = json_parse(text, len, "it", &line, err);

	if (r < 0)
		return r;
	path = json_bytes(line, "path", NULL);
	if (!path) {
		cJSON_Delete(line);
		return err_class_set(err, ERR_FAILURE, EBADMSG, "it has no path");
	}
	cJSON_Delete(strmap_put(w->lines, path, line));
	return 0;
}

/* Each line ends, and of each image the root is among them: a list without that is cut, or none. */
static int index_list(struct why *w, struct err *err)
{
	const char *p = w->list.buf, *end = p + w->list.len;
	int r = 0;

	for (size_t n = 1; !r && p < end; n++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline ? (size_t)(newline - p) : (size_t)(end - p);

		r = take_line(w, p, len, err);
		if (r < 0)
			err_wrap(err, "'%s': line %zu", w->list_path, n);
		p += len + 1;
	}
	if (!r && (!strmap_get(w->lines, "/") || end[-1] != '\n'))
		r = err_class_set(err, ERR_FAILURE, EBADMSG,
				  "'%s' is no list of an image's files, or not all of it",
				  w->list_path);
	if (r < 0)
		err_hint(err, "it is damaged; 'slimtrace build %s' makes it anew", w->opts->image);
	return r;
}

/* --- a path --- */

static void pop(struct strbuf *path)
{
	const char *slash = strrchr(path->buf, '/');

	strbuf_setlen(path, slash ? (size_t)(slash - path->buf) : 0);
}

/*
 * What @path leads to, as the kernel walks it: ".." goes up from where a link has led. A link that
 * is the last component is not followed, for it is asked about itself; with a slash after it, it
 * is.
 */
static char *resolve(const struct why *w, const char *path)
{
	_cleanup_strbuf_ struct strbuf at = STRBUF_INIT; /* "": the root */
	_cleanup_free_ char *rest = xstrdup(path);
	const char *p = rest;
	size_t links = 0;

	while (*(p += strspn(p, "/"))) {
		size_t len = strcspn(p, "/");
		_cleanup_free_ char *target = NULL;
		char *joined;

		if (len == 2 && !strncmp(p, "..", 2)) {
			pop(&at);
		} else if (len != 1 || *p != '.') {
			strbuf_addch(&at, '/');
			strbuf_add(&at, p, len);
			target = json_bytes(strmap_get(w->lines, at.buf), "target", NULL);
		}
		p += len;
		if (!target || !*p || ++links > MAX_LINKS)
			continue;
		pop(&at);
		if (*target == '/')
			strbuf_reset(&at);
		joined = xasprintf("%s%s", target, p);
		free(rest);
		p = rest = joined;
	}
	return at.len ? strbuf_detach(&at, NULL) : xstrdup("/");
}

static const char *diff_id_of(const struct why *w, const cJSON *line)
{
	const cJSON *layer = cJSON_GetArrayItem(json_path(w->inspect, "RootFS.Layers"),
						(int)json_u64(line, "layer", 0));

	return cJSON_IsString(layer) ? layer->valuestring : NULL;
}

/* False: the image has no such path. */
static bool tell(const struct why *w, const char *asked, cJSON *ret_array, struct strbuf *ret_text)
{
	_cleanup_free_ char *path = *asked == '/' ? resolve(w, asked) : NULL;
	const cJSON *line = path ? strmap_get(w->lines, path) : NULL;
	cJSON *copy;

	if (!line)
		return false;
	if (ret_text->len)
		strbuf_addch(ret_text, '\n');
	report_why(line, diff_id_of(w, line), ret_text);
	copy = json_append(ret_array, cJSON_Duplicate(line, true));
	json_add_str(copy, "diff_id", diff_id_of(w, line) ? diff_id_of(w, line) : "");
	return true;
}

/* What there is of them is told, also when others are not there. */
static int tell_all(const struct why *w, cJSON *ret_array, struct strbuf *ret_text, struct err *err)
{
	_cleanup_strbuf_ struct strbuf missing = STRBUF_INIT;
	bool absolute = true;

	for (size_t i = 0; i < w->opts->paths->n; i++) {
		const char *asked = w->opts->paths->v[i];

		if (tell(w, asked, ret_array, ret_text))
			continue;
		strbuf_addf(&missing, "%s'%s'", missing.len ? ", " : "", asked);
		absolute &= *asked == '/';
	}
	if (!missing.len)
		return 0;
	err_class_set(err, ERR_USAGE, ENOENT, "image '%s' has no %s", w->opts->image, missing.buf);
	return err_hint(err, absolute ? "the record tells whether the run made it or looked for it "
					"in vain"
				      : "give it as it is in the image, from '/'");
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
	free(w.list_path);
	strbuf_release(&w.list);
	strmap_free_with(w.lines, free_line);
	return r;
}
