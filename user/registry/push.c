/* SPDX-License-Identifier: BSD-2-Clause */
/* A record into the registry: its blobs, its manifest, and where others find it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "registry/artifact.h"
#include "registry/gzip.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/log.h"

#define BLOB_TRIES 4
#define MANIFEST_TRIES 5
#define INDEX_TRIES 6

struct digest registry_record_digest(const struct record *rec)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	record_to_json(rec, &text);
	return sha256_of(text.buf, text.len);
}

/* --- blobs --- */

/* 1: it is there. */
static int has(struct registry *r, const char *path, struct err *err)
{
	const struct client_call call = { .method = "HEAD", .url = path, .accept = MANIFEST_TYPE };
	_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
	int result = client_call(r, &call, &answer, err);

	if (result < 0)
		return result;
	if (answer.status == 404)
		return 0;
	return answer.status == 200 ? 1 : client_refused(r, &answer, path, err);
}

/* Where to send it. */
static int begin_upload(struct registry *r, const struct digest *digest, char **ret,
			struct err *err)
{
	const struct client_call call = { .method = "POST", .url = "blobs/uploads/" };
	_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
	_cleanup_free_ char *base = client_url(r, call.url);
	_cleanup_free_ char *place = NULL;
	int result = client_call(r, &call, &answer, err);

	if (result < 0)
		return result;
	if (answer.status != 202)
		return client_refused(r, &answer, "it takes no upload", err);
	place = answer.location ? web_resolve(base, answer.location) : NULL;
	if (!place)
		return err_class_set(err, ERR_ENGINE, EPROTO,
				     "registry %s: it does not say where to upload to", r->host);
	*ret = xasprintf("%s%cdigest=sha256%%3A%s", place, strchr(place, '?') ? '&' : '?',
			 digest_hex(digest));
	return 0;
}

static int upload(struct registry *r, const struct digest *digest, const void *data, size_t len,
		  struct err *err)
{
	_cleanup_free_ char *place = NULL;
	_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
	int result = begin_upload(r, digest, &place, err);
	const struct client_call call = { .method = "PUT",
					  .url = place,
					  .body = data,
					  .len = len,
					  .type = "application/octet-stream",
					  .once = true,
					  .show = true };

	if (result < 0)
		return result;
	result = client_call(r, &call, &answer, err);
	if (result < 0)
		return result;
	if (answer.status != 201)
		return client_refused(r, &answer, "the upload was not taken", err);
	if (answer.digest && strcmp(answer.digest, digest->str) != 0)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "registry %s: it has %.80s of what was sent as %s", r->host,
				     answer.digest, digest->str);
	return 0;
}

/* An upload that broke off is of no use: begun again, it has another place. */
static int put_blob(struct registry *r, const struct digest *digest, const void *data, size_t len,
		    struct err *err)
{
	_cleanup_free_ char *path = xasprintf("blobs/%s", digest->str);

	for (unsigned int try = 0;; try++) {
		struct err why = ERR_INIT;
		int result = has(r, path, &why);

		if (result > 0)
			return 0;
		if (!result)
			result = upload(r, digest, data, len, &why);
		if (!result)
			return 0;
		if (try + 1 == BLOB_TRIES ||
		    (result != -ECONNRESET && result != -ETIMEDOUT && result != -EPROTO &&
		     result != -EAGAIN && result != -EINVAL && result != -ENOENT)) {
			*err = why;
			return result;
		}
		log_debug("registry: another upload: %s", why.msg);
		result = cancel_wait(-1, 200 << try, err);
		if (result < 0)
			return result;
	}
}

/* --- manifests --- */

static int put_manifest_once(struct registry *r, const char *reference, const char *type,
			     const struct strbuf *text, bool *ret_listed, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("manifests/%s", reference);
	const struct client_call call = {
		.method = "PUT", .url = path, .type = type, .body = text->buf, .len = text->len
	};
	_cleanup_answer_ struct web_answer answer = WEB_ANSWER_INIT;
	struct digest is = sha256_of(text->buf, text->len);
	int result = client_call(r, &call, &answer, err);

	if (result < 0)
		return result;
	if (answer.status != 201)
		return client_refused(r, &answer, "it does not take the artifact", err);
	if (answer.digest && strcmp(answer.digest, is.str) != 0)
		return err_class_set(err, ERR_ENGINE, EBADMSG,
				     "registry %s: it has %.80s of what was sent as %s", r->host,
				     answer.digest, is.str);
	*ret_listed = answer.subject && !strcmp(answer.subject, r->manifest.str);
	return 0;
}

/*
 * docker-registry 2.8 reads what another connection is just writing, though it is the same: it then
 * finds a blob missing (404) or another digest (400).
 */
static int put_manifest(struct registry *r, const char *reference, const char *type,
			const struct strbuf *text, bool *ret_listed, struct err *err)
{
	for (unsigned int try = 0;; try++) {
		struct err why = ERR_INIT;
		int result = put_manifest_once(r, reference, type, text, ret_listed, &why);

		if (!result)
			return 0;
		if ((result != -ENOENT && result != -EINVAL) || try + 1 == MANIFEST_TRIES) {
			*err = why;
			return result;
		}
		log_debug("registry: once more: %s", why.msg);
		result = cancel_wait(-1, 100 << try, err);
		if (result < 0)
			return result;
	}
}

static int get_index(struct registry *r, const char *tag, struct strbuf *ret, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("manifests/%s", tag);
	int result = client_get(r, path, INDEX_TYPE, NULL, MAX_MANIFEST, ret, err);

	return result == -ENOENT ? 0 : result;
}

/*
 * The list that the specification has for registries without the Referrers API is read, added to
 * and written, and nothing keeps others from doing so meanwhile: until it is found in it, and with
 * all that was ever seen in it. What is lost all the same has its tag.
 */
static int list_for_others(struct registry *r, const struct registry_artifact *a, size_t size,
			   struct err *err)
{
	_cleanup_free_ char *tag = artifact_index_tag(&r->manifest);
	_cleanup_(json_free) cJSON *seen = json_array();

	for (unsigned int try = 0; try < INDEX_TRIES; try++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, next = STRBUF_INIT;
		bool listed;
		uint8_t chance = 0;
		int result = get_index(r, tag, &text, err);

		if (!result)
			result = artifact_index_add(&text, a, size, seen, &next, err);
		if (result <= 0)
			return result;
		if (next.len > MAX_MANIFEST)
			return err_class_set(err, ERR_FAILURE, EFBIG, "it is too long");
		result = put_manifest(r, tag, INDEX_TYPE, &next, &listed, err);
		if (result < 0)
			return result;
		if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
			chance = 0;
		result = cancel_wait(-1, (int)(chance << try) / 8, err);
		if (result < 0)
			return result;
	}
	return err_class_set(err, ERR_FAILURE, EBUSY, "others write it all the time");
}

static int put_artifact(struct registry *r, struct registry_artifact *a,
			const struct digest *record, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *path = NULL, *tag = artifact_tag(&r->manifest, record);
	struct err why = ERR_INIT;
	bool listed = false;
	int result;

	artifact_make(r, a, &text);
	a->digest = sha256_of(text.buf, text.len);
	path = xasprintf("manifests/%s", a->digest.str);
	result = has(r, path, err);
	if (result < 0)
		return result;
	a->existed = result > 0;
	/* Also when it is there: who began it may not have come to its end. */
	result = put_manifest(r, a->digest.str, MANIFEST_TYPE, &text, &listed, err);
	if (result < 0 || listed)
		return result;
	result = put_manifest(r, tag, MANIFEST_TYPE, &text, &listed, err);
	if (result < 0)
		return result;
	result = list_for_others(r, a, text.len, &why);
	if (result == -EINTR) {
		*err = why;
		return result;
	}
	if (result < 0)
		log_warn("the record is in the registry, but not in the list for other tools: %s",
			 why.msg);
	return 0;
}

/* --- annotations --- */

int registry_annotation_check(const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return err_class_set(err, ERR_USAGE, EINVAL, "annotation '%s' is not KEY=VALUE",
				     text);
	if (!strncmp(text, "io.slimtrace.", 13))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "annotation '%.*s': io.slimtrace. is our own",
				     (int)(equals - text), text);
	return 0;
}

static void annotate(struct registry_artifact *a, const char *key, const char *value)
{
	if (value && *value && !registry_annotation(a, key))
		strvec_pushf(&a->annotations, "%s=%s", key, value);
}

static void annotate_all(struct registry_artifact *a, const struct record *rec,
			 const struct digest *digest, const struct strvec *annotations)
{
	_cleanup_free_ char *runs = xasprintf("%u", rec->runs ? rec->runs : 1);

	if (annotations)
		strvec_extend(&a->annotations, annotations);
	annotate(a, RECORD_DIGEST_KEY, digest->str);
	annotate(a, "io.slimtrace.record.runs", runs);
	annotate(a, "io.slimtrace.record.kernel", rec->kernel);
	annotate(a, "io.slimtrace.record.arch", rec->arch);
	annotate(a, "org.opencontainers.image.created", rec->started);
	strvec_sort(&a->annotations);
}

int registry_push(struct registry *r, const struct record *rec, const struct strvec *annotations,
		  struct registry_artifact *ret, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, packed = STRBUF_INIT;
	struct digest empty = sha256_of(EMPTY_BLOB, strlen(EMPTY_BLOB)), record;
	struct registry_artifact a = { .gzip = true };
	int result;

	record_to_json(rec, &text);
	record = sha256_of(text.buf, text.len);
	gzip_pack(&text, &packed);
	a.layer = sha256_of(packed.buf, packed.len);
	a.size = packed.len;
	annotate_all(&a, rec, &record, annotations);
	result = put_blob(r, &empty, EMPTY_BLOB, strlen(EMPTY_BLOB), err);
	if (!result)
		result = put_blob(r, &a.layer, packed.buf, packed.len, err);
	if (!result)
		result = put_artifact(r, &a, &record, err);
	if (result < 0)
		registry_artifact_release(&a);
	else
		*ret = a;
	return result;
}
