/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace info: an image is opened, looked at, and its Dockerfile written. Nothing is run. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

static bool is_archive(const char *image)
{
	static const char *const starts[] = { "/", "./", "../" };
	static const char *const ends[] = { ".tar",	".tgz",	   ".tar.gz",
					    ".tar.zst", ".tar.xz", ".tar.bz2" };
	size_t len = strlen(image);
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(image, starts[i], strlen(starts[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (len > strlen(ends[i]) && !strcasecmp(image + len - strlen(ends[i]), ends[i]) &&
		    stat(image, &st) == 0 && S_ISREG(st.st_mode))
			return true;
	return false;
}

/* GOARCH of this machine: of an image for several it is taken, else the first. */
static const char *host_arch(void)
{
	static struct utsname u;

	if (uname(&u) < 0)
		return NULL;
	return !strcmp(u.machine, "x86_64")    ? "amd64"
	       : !strcmp(u.machine, "aarch64") ? "arm64"
					       : u.machine;
}

static int open_file(const char *path, const char *arch, struct image **ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		err_set(err, code, "cannot open the image archive '%s'", path);
		err->class = ERR_IMAGE;
		return -code;
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		err_class_set(err, ERR_IMAGE, EINVAL, "'%s' is no file", path);
		return err_hint(err, "it has to be what 'docker save' writes, or a tar of an OCI "
				     "layout");
	}
	return image_open_archive(fd, arch, io_tmpdir(), ret, err);
}

static int look_at_file(const struct look_opts *opts, struct look *ret, struct err *err)
{
	int r = open_file(opts->image, host_arch(), &ret->img, err);

	if (r == -ENOENT && err->class == ERR_IMAGE) {
		struct err second = ERR_INIT;

		if (open_file(opts->image, NULL, &ret->img, &second) == 0)
			return 0;
	}
	return r < 0 ? err_wrap(err, "'%s'", opts->image) : 0;
}

/* Through the same doors as a build: layer directories where they can be read, else an archive. */
static int look_at_image(const struct look_opts *opts, struct engine *engine, struct look *ret,
			 struct err *err)
{
	struct run run = { .engine = engine };
	struct err ignored = ERR_INIT;
	int r = engine_image_inspect(engine, opts->image, &run.inspect, err);

	if (r < 0)
		return r;
	run.image_id = json_str(run.inspect, "Id", "");
	r = digest_valid(run.image_id)
		    ? run_make_tmpdir(&run.tmpdir, err)
		    : err_class_set(err, ERR_ENGINE, EPROTO, "the engine tells no ID of image '%s'",
				    opts->image);
	if (!r)
		r = run_open_image(&run, err);
	ret->img = run.img;
	if (run.tmpdir)
		io_remove_tree(AT_FDCWD, run.tmpdir, &ignored);
	free(run.tmpdir);
	json_free(run.inspect);
	return r;
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
	bool archive = is_archive(opts->image);
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
		r = look_at_image(opts, engine, ret, err);
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
