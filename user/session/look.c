/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace info: an image is opened, looked at, and its Dockerfile written. Nothing is run. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

/* Of an image for others only, any is better than none. */
static int look_at_file(const struct look_opts *opts, struct look *ret, struct err *err)
{
	int r = archive_open(opts->image, opts->platform, io_tmpdir(), &ret->img, err);
	struct err second = ERR_INIT;

	if (r == -ENOENT && err->class == ERR_IMAGE && !opts->platform &&
	    archive_open_any(opts->image, io_tmpdir(), &ret->img, &second) == 0)
		return 0;
	return r;
}

/* Through the same doors as a build: layer directories where they can be read, else an archive. */
static int open_image(struct engine *engine, const char *name, struct image **ret, struct err *err)
{
	struct run run = { .engine = engine };
	struct err ignored = ERR_INIT;
	int r = engine_image_inspect(engine, name, &run.inspect, err);

	if (r < 0)
		return r;
	run.image_id = json_str(run.inspect, "Id", "");
	r = digest_valid(run.image_id)
		    ? run_make_tmpdir(&run.tmpdir, err)
		    : err_class_set(err, ERR_ENGINE, EPROTO, "the engine tells no ID of image '%s'",
				    name);
	if (!r)
		r = run_open_image(&run, err);
	*ret = run.img;
	if (run.tmpdir)
		io_remove_tree(AT_FDCWD, run.tmpdir, &ignored);
	free(run.tmpdir);
	json_free(run.inspect);
	return r;
}

int run_open_any(const struct engine_opts *opts, const char *name, struct image **ret,
		 struct err *err)
{
	_cleanup_(engine_free) struct engine *engine = NULL;
	int r;

	if (archive_is(name))
		return archive_open(name, NULL, io_tmpdir(), ret, err);
	r = engine_open(opts, &engine, err);
	return r < 0 ? r : open_image(engine, name, ret, err);
}

/* Beside what a build of this image has left; who may not write there is told so. */
static void write_dockerfile(const struct look_opts *opts, struct look *look)
{
	_cleanup_free_ char *dir = xasprintf("%s/.images/%s/artifacts", opts->state_path,
					     image_id(look->img) + strlen("sha256:"));
	_cleanup_close_ int dirfd = -1;
	struct err err = ERR_INIT;
	int r = io_mkdir_p(dir, 0700, &err);

	if (!r) {
		dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = dirfd < 0 ? err_set(&err, errno, "cannot open '%s'", dir)
			      : io_write_atomic(dirfd, "Dockerfile.fat", 0600, look->dockerfile.buf,
						look->dockerfile.len, &err);
	}
	if (r < 0)
		log_warn("Dockerfile.fat is not kept (--dockerfile says where else): %s", err.msg);
	else
		look->artifact = xasprintf("%s/Dockerfile.fat", dir);
}

int session_look(const struct look_opts *opts, struct look *ret, struct err *err)
{
	_cleanup_(engine_free) struct engine *engine = NULL;
	bool archive = archive_is(opts->image);
	struct err ignored = ERR_INIT;
	int r = 0;

	ret->dockerfile = STRBUF_INIT;
	ret->info.name = xstrdup(opts->image);
	progress_phase("reading");
	if (archive)
		r = look_at_file(opts, ret, err);
	if (!r)
		r = engine_open(&opts->engine, &engine, archive ? &ignored : err);
	if (archive && r < 0 && ret->img)
		r = 0; /* an archive is read without one, but for its parent's name */
	else if (!archive && !r)
		r = open_image(engine, opts->image, &ret->img, err);
	if (!r && opts->platform)
		r = platform_fits(opts->platform, opts->image, image_config(ret->img)->os,
				  image_config(ret->img)->arch, err);
	if (!r)
		r = info_gather(ret->img, &opts->info, &ret->info, err);
	if (!r)
		r = run_dockerfile(engine, ret->img, &ret->dockerfile, &ret->parent, err);
	progress_clear();
	if (!r && !opts->keep_nothing)
		write_dockerfile(opts, ret);
	return r;
}

void session_look_release(struct look *look)
{
	info_release(&look->info);
	strbuf_release(&look->dockerfile);
	image_free(look->img);
	free(look->parent);
	free(look->artifact);
}
