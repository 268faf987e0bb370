/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images in files: "docker-archive:FILE", "oci-archive:FILE" and "oci:DIR", each with ":NAME" or
 * without, and a path alone. What is run has to be in the engine: it is loaded under a name of its
 * own, and removed at the end, unless the engine has the image already.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "session/owner.h"
#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/slim.h"

/* --- what is meant --- */

static bool is_path(const char *image)
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

bool archive_is(const char *image)
{
	enum slim_transport transport = SLIM_DOCKER_ARCHIVE;
	const char *rest = NULL;

	return slim_transport(image, &transport, &rest) == 0 || is_path(image);
}

/* A file may have a colon in its name: what is there as a whole is no name after it. */
static void split(const char *text, char **ret_path, const char **ret_name)
{
	size_t len = strcspn(text, ":");

	if (access(text, F_OK) == 0 || !text[len]) {
		*ret_path = xstrdup(text);
		*ret_name = NULL;
		return;
	}
	*ret_path = xstrndup(text, len);
	*ret_name = text[len + 1] ? text + len + 1 : NULL;
}

const char *session_arch(const char *platform)
{
	static struct utsname u;

	if (platform)
		return platform + strlen("linux/");
	if (uname(&u) < 0)
		return NULL;
	return !strcmp(u.machine, "x86_64")    ? "amd64"
	       : !strcmp(u.machine, "aarch64") ? "arm64"
					       : u.machine;
}

int session_platform_check(const char *platform, struct err *err)
{
	if (!strncmp(platform, "linux/", 6) && platform[6])
		return 0;
	err_class_set(err, ERR_USAGE, EINVAL, "--platform '%s': it is none of Linux", platform);
	return err_hint(err, "linux/ARCH or linux/ARCH/VARIANT, as linux/arm64 or linux/arm/v7");
}

int platform_fits(const char *platform, const char *image, const char *os, const char *arch,
		  struct err *err)
{
	size_t len = strcspn(platform + strlen("linux/"), "/");

	if (!strcmp(os, "linux") && strlen(arch) == len &&
	    !strncmp(platform + strlen("linux/"), arch, len))
		return 0;
	err_class_set(err, ERR_IMAGE, ENOENT, "'%s' is for %s/%s, not for %s", image, os, arch,
		      platform);
	return err_hint(err, "leave --platform out for the one that there is, or get the other: "
			     "docker pull --platform, skopeo copy --override-arch");
}

/* --- opening --- */

static int unusable(const char *image, struct err *err)
{
	/* Cut, damaged, or something else. */
	if (err->class == ERR_IMAGE && !err->hint[0] && (err->code == EIO || err->code == EBADMSG))
		err_hint(err, "is it all of what 'docker save', 'podman save' or 'skopeo copy' "
			      "writes? make it again, or compare its size");
	return err_wrap(err, "'%s'", image);
}

static int open_file(const char *path, bool oci, const struct image_choice *choice,
		     const char *tmpdir, struct image **ret, struct err *err)
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
				     "layout; a layout itself is oci:DIRECTORY");
	}
	return image_open_archive_of(fd, oci, choice, tmpdir, ret, err);
}

static int open_as(const char *image, const struct image_choice *wanted, const char *tmpdir,
		   struct image **ret, struct err *err)
{
	enum slim_transport transport = SLIM_DOCKER_ARCHIVE;
	struct image_choice choice = *wanted;
	_cleanup_free_ char *path = NULL;
	const char *rest = image;

	if (slim_transport(image, &transport, &rest) == 0)
		split(rest, &path, &choice.name);
	else
		path = xstrdup(image);
	return transport == SLIM_OCI_DIR
		       ? image_open_layout(path, &choice, tmpdir, ret, err)
		       : open_file(path, transport == SLIM_OCI_ARCHIVE, &choice, tmpdir, ret, err);
}

int archive_open(const char *image, const char *platform, const char *tmpdir, struct image **ret,
		 struct err *err)
{
	const struct image_choice choice = { .arch = session_arch(platform) };
	_cleanup_(image_free) struct image *img = NULL;
	const struct image_config *config;
	int r = open_as(image, &choice, tmpdir, &img, err);

	if (r < 0)
		return unusable(image, err);
	config = image_config(img);
	if (platform)
		r = platform_fits(platform, image, config->os, config->arch, err);
	if (!r)
		*ret = TAKE_PTR(img);
	return r;
}

int archive_open_any(const char *image, const char *tmpdir, struct image **ret, struct err *err)
{
	return open_as(image, &(struct image_choice){ 0 }, tmpdir, ret, err);
}

/* --- into the engine --- */

static int load(struct run *run, struct err *err)
{
	_cleanup_strvec_ struct strvec tags = STRVEC_INIT;
	_cleanup_free_ char *tag = xasprintf(RUN_IMPORT_PREFIX "%s.%.12s", owner_name(),
					     image_id(run->img) + strlen("sha256:"));
	_cleanup_close_ int fd = -1;
	int r;

	strvec_push_take(&tags, engine_image_name(run->engine, tag));
	progress_phase("importing");
	r = slim_export(run->img, &tags, run->tmpdir, &fd, err);
	if (!r)
		r = engine_image_load(run->engine, fd, err);
	if (r < 0)
		return r;
	run->imported = xstrdup(tags.v[0]);
	progress_done("%.12s", image_id(run->img) + strlen("sha256:"));
	return engine_image_inspect(run->engine, run->imported, &run->inspect, err);
}

int archive_import(struct run *run, struct err *err)
{
	struct err absent = ERR_INIT;
	int r = run_make_tmpdir(&run->tmpdir, err);

	if (!r)
		r = archive_open(run->opts->image, run->opts->platform, run->tmpdir, &run->img,
				 err);
	if (r < 0)
		return r;
	if (engine_image_inspect(run->engine, image_id(run->img), &run->inspect, &absent) == 0)
		return 0;
	return load(run, err);
}

void archive_forget(struct run *run)
{
	struct err err = ERR_INIT;

	if (run->imported && engine_image_remove(run->engine, run->imported, &err) < 0)
		log_warn("the imported image '%s' is left: %s", run->imported, err.msg);
	free(TAKE_PTR(run->imported));
}
