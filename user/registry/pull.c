/* SPDX-License-Identifier: BSD-2-Clause */
/* All records of an image: where they are listed, and each of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/artifact.h"
#include "registry/gzip.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/url.h"

#define MAX_PAGES 10000
#define MAX_TAGS 10000000
#define MAX_PAGE (32u << 20)

/* --- pages --- */

struct pages {
	struct registry *r;
	const char *what, *accept;
	struct strvec *ret;
	size_t tags;
	int (*take)(struct pages *p, const struct strbuf *text, struct err *err);
};

/* A registry that leads in circles, or on for ever, is given up. */
static int next_page(const struct pages *p, char **url, const char *link, unsigned int n,
		     struct err *err)
{
	_cleanup_free_ char *next = link ? artifact_next_link(link) : NULL, *absolute = NULL;

	if (!next) {
		free(*url);
		*url = NULL;
		return 0;
	}
	absolute = web_resolve(*url, next);
	if (!absolute || !web_same_origin(absolute, p->r->base))
		return err_class_set(err, ERR_ENGINE, EPROTO,
				     "registry %s: the next page of %s is elsewhere", p->r->host,
				     p->what);
	if (!strcmp(absolute, *url) || n == MAX_PAGES || p->tags > MAX_TAGS)
		return err_class_set(err, ERR_ENGINE, ELOOP, "registry %s: %s has no end",
				     p->r->host, p->what);
	free(*url);
	*url = TAKE_PTR(absolute);
	return 0;
}

/* 1: all of them were read; 0: the registry knows no such list. */
static int read_pages(struct pages *p, const char *path, struct err *err)
{
	_cleanup_free_ char *url = client_url(p->r, path);

	for (unsigned int n = 1; url; n++) {
		const struct client_call call = {
			.method = "GET", .url = url, .accept = p->accept, .max = MAX_PAGE
		};
		_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
		int result = client_call(p->r, &call, &answer, err);

		if (result < 0)
			return result;
		if (n == 1 &&
		    (answer.status == 404 || answer.status == 400 || answer.status == 405 ||
		     answer.status == 406 || answer.status == 501))
			return 0;
		if (answer.status != 200)
			return client_refused(p->r, &answer, p->what, err);
		result = p->take(p, &answer.body, err);
		if (result >= 0)
			result = next_page(p, &url, answer.link, n, err);
		if (result < 0) {
			err->class = ERR_ENGINE;
			return err_wrap(err, "registry %s", p->r->host);
		}
	}
	return 1;
}

static int take_index(struct pages *p, const struct strbuf *text, struct err *err)
{
	return artifact_index_parse(text, p->ret, err);
}

static int take_tags(struct pages *p, const struct strbuf *text, struct err *err)
{
	int n = artifact_tags_parse(text, &p->r->manifest, p->ret, err);

	p->tags += n > 0 ? (size_t)n : 0;
	return n;
}

/* --- all places --- */

/*
 * Digests of artifacts by the Referrers API, 1, or by the index that stands in for it, 0.
 */
static int ask_index(struct registry *r, struct strvec *ret, struct err *err)
{
	_cleanup_free_ char *tag = artifact_index_tag(&r->manifest);
	_cleanup_free_ char *fallback = xasprintf("manifests/%s", tag);
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
	struct pages p = { .r = r,
			   .what = "the list of artifacts",
			   .accept = INDEX_TYPE,
			   .ret = ret,
			   .take = take_index };
	int result;

	strbuf_addf(&path, "referrers/%s?artifactType=", r->manifest.str);
	url_add(&path, REGISTRY_ARTIFACT_TYPE);
	result = read_pages(&p, path.buf, err);
	if (result)
		return result;
	result = read_pages(&p, fallback, err);
	return result < 0 ? result : 0;
}

/* Also with the API: what was pushed before it came. Who may not see the tags does without, then.
 */
static int ask_tags(struct registry *r, bool has_api, struct strvec *ret, struct err *err)
{
	struct pages p = { .r = r,
			   .what = "the list of tags",
			   .accept = "application/json",
			   .ret = ret,
			   .take = take_tags };
	struct err why = ERR_INIT;
	int result = read_pages(&p, "tags/list?n=1000", &why);

	if (result == -EACCES && has_api) {
		log_debug("registry: %s", why.msg);
		return 0;
	}
	if (result < 0)
		*err = why;
	return result < 0 ? result : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct registry_artifact *)a)->digest.str,
		      ((const struct registry_artifact *)b)->digest.str);
}

/* What was listed, and removed since, is no more. */
static int take_manifest(struct registry *r, const char *reference, struct strmap *seen,
			 bool keep_going, struct registry_artifacts *ret, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("manifests/%s", reference);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct registry_artifact a = { 0 };
	struct digest want = { "" };
	bool by_digest = digest_valid(reference);
	int result;

	if (by_digest && strmap_get(seen, reference))
		return 0;
	if (by_digest)
		memcpy(want.str, reference, sizeof(want.str));
	result = client_get(r, path, MANIFEST_TYPE, by_digest ? &want : NULL, MAX_MANIFEST, &text,
			    err);
	if (result == -ENOENT) {
		log_debug("registry: %s is listed, but not there", reference);
		return 0;
	}
	if (result < 0)
		return result;
	result = artifact_parse(r, &text, &a, err);
	if (result < 0 && keep_going) {
		log_warn("%s is left out, it is no record: %s", reference, err->msg);
		*err = ERR_INIT;
		return 0;
	}
	if (result < 0) {
		err_wrap(err, "artifact %s", reference);
		return err_hint(err, "--keep-going leaves it out");
	}
	if (!result || strmap_put(seen, a.digest.str, ret)) {
		registry_artifact_release(&a);
		return 0;
	}
	ALLOC_GROW(ret->v, ret->n + 1, ret->cap);
	ret->v[ret->n++] = a;
	return 0;
}

static int take_all(struct registry *r, const struct strvec *names, bool keep_going,
		    struct registry_artifacts *ret, struct err *err)
{
	_cleanup_(strmap_free) struct strmap *seen = strmap_new();
	int result = 0;

	for (size_t i = 0; !result && i < names->n; i++) {
		progress_update("%zu of %zu", i + 1, names->n);
		result = take_manifest(r, names->v[i], seen, keep_going, ret, err);
	}
	return result;
}

int registry_list(struct registry *r, bool keep_going, struct registry_artifacts *ret,
		  struct err *err)
{
	_cleanup_strvec_ struct strvec names = STRVEC_INIT;
	int result = ask_index(r, &names, err);

	if (result >= 0)
		result = ask_tags(r, result > 0, &names, err);
	if (!result)
		result = take_all(r, &names, keep_going, ret, err);
	if (result < 0)
		registry_artifacts_release(ret);
	else if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return result;
}

/* --- one --- */

int registry_fetch(struct registry *r, const struct registry_artifact *a, struct record **ret,
		   struct err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/%s", a->layer.str);
	_cleanup_strbuf_ struct strbuf packed = STRBUF_INIT, text = STRBUF_INIT;
	int result = client_get(r, path, NULL, &a->layer, a->size, &packed, err);

	if (result < 0)
		return err_wrap(err, "record %.19s", a->digest.str);
	if (a->gzip)
		result = gzip_unpack(&packed, RECORD_MAX_BYTES, &text, err);
	if (!result)
		result = record_from_json(a->gzip ? text.buf : packed.buf,
					  a->gzip ? text.len : packed.len, ret, err);
	if (result < 0) {
		err_wrap(err, "record %.19s", a->digest.str);
		err->class = ERR_FAILURE;
		err->code = EBADMSG;
		return -EBADMSG;
	}
	return 0;
}
