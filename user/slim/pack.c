/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The archive is written front to back and once: a layer's header, which says its size and its
 * digest, is filled in when its bytes are there; what names all digests comes last. The file is
 * unlinked from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slim/documents.h"
#include "slim/layer.h"
#include "slim/plan.h"
#include "slim/tar.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/slim.h"

static int rewind_fd(int fd, struct err *err)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? err_set(err, errno, "cannot rewind the archive") : 0;
}

/* A layer at the position of @fd, as a member of the archive that is named by its digest. */
static int write_layer(const struct slim_set *set, const struct plan_layer *layer,
		       const struct slim_opts *opts, int fd, uint64_t *bytes, struct blob *ret,
		       struct err *err)
{
	_cleanup_(tar_free) struct tar *tar = NULL;
	_cleanup_free_ char *name = NULL;
	off_t start = lseek(fd, TAR_BLOCK, SEEK_CUR);
	int r;

	if (start < 0)
		return err_set(err, errno, "cannot write the archive");
	r = tar_new(fd, true, &tar, err);
	if (!r)
		r = layer_write(set, layer, opts, tar, bytes, err);
	if (!r)
		r = tar_finish(tar, &ret->digest, &ret->size, err);
	if (r < 0)
		return err_wrap(err, "layer %u", layer->original);
	name = blob_path(&ret->digest);
	return tar_pwrite_header(fd, start - TAR_BLOCK, name, ret->size, err);
}

static int make_config(const struct slim_set *set, size_t which, const struct slim_opts *opts,
		       struct slim_result *result, struct strbuf *ret, struct err *err)
{
	const struct image_config *config = image_config(set->v[which].img);
	_cleanup_strbuf_ struct strbuf edited = STRBUF_INIT;
	int r = 0;

	if (opts->edits)
		r = slim_config_edit(config->bytes, config->len, opts->edits, &edited,
				     &result->absent, err);
	else
		strbuf_add(&edited, config->bytes, config->len);
	return r < 0 ? r
		     : slim_config_patch(edited.buf, edited.len, result->layers, result->n_layers,
					 set->layers == SLIM_SQUASH, "slimtrace " SLIMTRACE_VERSION,
					 ret, err);
}

static struct blob blob_of(const struct strbuf *text)
{
	return (struct blob){ .digest = sha256_of(text->buf, text->len), .size = text->len };
}

static int put_dir(struct tar *tar, const char *name, struct err *err)
{
	return tar_header(tar, &(struct tar_entry){ .name = name, .mode = S_IFDIR | 0755 }, err);
}

static int put_text(struct tar *tar, const char *name, const struct strbuf *text, struct err *err)
{
	return tar_file(tar, name, text->buf, text->len, err);
}

static int put_blob(struct tar *tar, const struct blob *blob, const struct strbuf *text,
		    struct err *err)
{
	_cleanup_free_ char *name = blob_path(&blob->digest);

	return put_text(tar, name, text, err);
}

/* What the archive is made of. */
struct parts {
	struct blob *layers, config, manifest;
	size_t n_layers;
	struct strbuf config_text, manifest_text, index_text, docker_text, layout_text;
};

static void parts_release(struct parts *p)
{
	free(p->layers);
	strbuf_release(&p->config_text);
	strbuf_release(&p->manifest_text);
	strbuf_release(&p->index_text);
	strbuf_release(&p->docker_text);
	strbuf_release(&p->layout_text);
}

static void make_documents(struct parts *p, const struct strvec *tags)
{
	p->config = blob_of(&p->config_text);
	document_manifest(&p->config, p->layers, p->n_layers, &p->manifest_text);
	p->manifest = blob_of(&p->manifest_text);
	document_index(&p->manifest, tags, &p->index_text);
	document_docker(&p->config, p->layers, p->n_layers, tags, &p->docker_text);
	strbuf_addstr(&p->layout_text, "{\"imageLayoutVersion\":\"1.0.0\"}\n");
}

static int put_parts(struct tar *tar, const struct parts *p, struct err *err)
{
	int r;

	if ((r = put_blob(tar, &p->config, &p->config_text, err)) < 0 ||
	    (r = put_blob(tar, &p->manifest, &p->manifest_text, err)) < 0 ||
	    (r = put_text(tar, "oci-layout", &p->layout_text, err)) < 0 ||
	    (r = put_text(tar, "index.json", &p->index_text, err)) < 0)
		return r;
	return put_text(tar, "manifest.json", &p->docker_text, err);
}

/* The directories that the blobs are in. */
static int start_archive(int fd, struct err *err)
{
	_cleanup_(tar_free) struct tar *tar = NULL;
	int r = tar_new(fd, false, &tar, err);

	if (!r)
		r = put_dir(tar, "blobs/", err);
	if (!r)
		r = put_dir(tar, "blobs/sha256/", err);
	return r < 0 ? r : tar_finish_open(tar, err);
}

static int end_archive(const struct parts *p, int fd, struct err *err)
{
	_cleanup_(tar_free) struct tar *tar = NULL;
	int r = tar_new(fd, false, &tar, err);

	if (!r)
		r = put_parts(tar, p, err);
	if (!r)
		r = tar_finish(tar, NULL, NULL, err);
	return r < 0 ? r : rewind_fd(fd, err);
}

static bool is_new(const struct blob *blobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(blobs[i].digest.str, blobs[n].digest.str))
			return false;
	return true;
}

static int write_layers(const struct slim_set *set, const struct plan *plan,
			const struct slim_opts *opts, struct parts *p, int fd,
			struct slim_result *ret, struct err *err)
{
	uint64_t bytes = 0;

	p->layers = xcalloc(plan->n, sizeof(*p->layers));
	ret->layers = xcalloc(plan->n, sizeof(*ret->layers));
	for (size_t i = 0; i < plan->n; i++) {
		off_t start = lseek(fd, 0, SEEK_CUR);
		int r = write_layer(set, &plan->layers[i], opts, fd, &bytes, &p->layers[i], err);

		if (r < 0)
			return r;
		/* Two that are the same are one member. */
		if (!is_new(p->layers, i) &&
		    (lseek(fd, start, SEEK_SET) < 0 || ftruncate(fd, start) < 0))
			return err_set(err, errno, "cannot write the archive");
		ret->layers[i] = (struct slim_layer){ .diff_id = p->layers[i].digest,
						      .size = p->layers[i].size,
						      .original = plan->layers[i].original };
		ret->n_layers = p->n_layers = i + 1;
	}
	return 0;
}

static int pack(const struct slim_set *set, size_t which, const struct slim_opts *opts,
		struct parts *p, int fd, struct slim_result *ret, struct err *err)
{
	struct plan plan;
	int r = start_archive(fd, err);

	if (r < 0)
		return r;
	plan_make(set, which, &plan);
	r = write_layers(set, &plan, opts, p, fd, ret, err);
	plan_release(&plan);
	if (!r)
		r = make_config(set, which, opts, ret, &p->config_text, err);
	if (r < 0)
		return r;
	make_documents(p, opts->tags);
	ret->image_id = p->config.digest;
	return end_archive(p, fd, err);
}

void slim_result_release(struct slim_result *result)
{
	free(result->layers);
	strvec_release(&result->absent);
	*result = (struct slim_result){ 0 };
}

int slim_pack(const struct slim_set *set, size_t which, const struct slim_opts *opts, int *ret_fd,
	      struct slim_result *ret, struct err *err)
{
	struct parts p = { .config_text = STRBUF_INIT,
			   .manifest_text = STRBUF_INIT,
			   .index_text = STRBUF_INIT,
			   .docker_text = STRBUF_INIT,
			   .layout_text = STRBUF_INIT };
	struct slim_result result = { 0 };
	_cleanup_close_ int fd = io_open_unlinked(opts->tmpdir, err);
	int r = fd < 0 ? fd : 0;

	if (!r)
		r = pack(set, which, opts, &p, fd, &result, err);
	parts_release(&p);
	if (r < 0) {
		slim_result_release(&result);
		io_hint_tmpdir(err);
		return err_wrap(err, "cannot pack the image");
	}
	*ret_fd = TAKE_FD(fd);
	*ret = result;
	return 0;
}
