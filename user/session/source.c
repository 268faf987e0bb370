/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the image's content is read from. With the overlay2 driver on this host, the engine's own
 * layer directories are read in place, and a build costs what the slim image costs. Anything else
 * (another driver, another host, a mount namespace without the engine's directories) takes the
 * archive that the engine saves.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define CONFIG_MAX (16u << 20)

/* LowerDir is topmost first, and all of it lies below UpperDir, the image's last layer. */
static int layer_dirs(const cJSON *inspect, struct strvec *ret)
{
	const char *upper = json_str(inspect, "GraphDriver.Data.UpperDir", NULL);
	const char *lower = json_str(inspect, "GraphDriver.Data.LowerDir", "");
	const char *p = lower + strlen(lower);

	if (strcmp(json_str(inspect, "GraphDriver.Name", ""), "overlay2") != 0 || !upper)
		return -ENOTSUP;
	while (p > lower) {
		const char *end = p;

		while (p > lower && p[-1] != ':')
			p--;
		strvec_push_len(ret, p, (size_t)(end - p));
		if (p > lower)
			p--;
	}
	strvec_push(ret, upper);
	return 0;
}

/* The configuration's bytes, where the engine's image store has them. */
static int read_config(struct run *run, struct strbuf *ret, struct err *err)
{
	_cleanup_(json_free) cJSON *info = NULL;
	_cleanup_free_ char *path = NULL;
	const char *root;
	int r = engine_info(run->engine, &info, err);

	if (r < 0)
		return r;
	root = json_str(info, "DockerRootDir", NULL);
	if (!root || *root != '/' || !digest_valid(run->image_id))
		return err_set(err, ENOENT, "the engine does not tell its root directory");
	path = xasprintf("%s/image/overlay2/imagedb/content/sha256/%s", root,
			 run->image_id + strlen("sha256:"));
	return io_read_file(AT_FDCWD, path, CONFIG_MAX, ret, err);
}

static int open_dirs(struct run *run, struct err *err)
{
	_cleanup_strvec_ struct strvec dirs = STRVEC_INIT;
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT;
	int r;

	if (layer_dirs(run->inspect, &dirs) < 0)
		return err_class_set(err, ERR_FAILURE, ENOTSUP,
				     "the storage driver is '%s', not overlay2",
				     json_str(run->inspect, "GraphDriver.Name", "?"));
	r = run_check_layers(err);
	if (!r)
		r = read_config(run, &config, err);
	if (r < 0)
		return r;
	return image_open_dirs(run->image_id, config.buf, config.len, &dirs, &run->img, err);
}

static void show_saved(uint64_t bytes, void *ctx)
{
	char buf[16];

	(void)ctx;
	progress_update("saving the image: %s", format_bytes(buf, bytes));
}

/* FROM scratch, and nothing but ENV and the like: some engines cannot save that. */
static bool has_no_layers(const struct run *run)
{
	const cJSON *root = json_get(run->inspect, "RootFS");

	return root && !cJSON_GetArraySize(json_get(root, "Layers"));
}

static int open_archive(struct run *run, struct err *err)
{
	_cleanup_close_ int fd = io_open_unlinked(run->tmpdir, err);
	int r;

	if (fd < 0)
		return fd;
	r = engine_image_save(run->engine, run->image_id, fd, show_saved, NULL, err);
	if (r < 0) {
		io_hint_tmpdir(err);
		err_wrap(err, "cannot save the image");
		return has_no_layers(run)
			       ? err_hint(err, "it has no layers: there is no file in it")
			       : r;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(err, errno, "cannot read the saved image");
	return image_open_archive(TAKE_FD(fd), json_str(run->inspect, "Architecture", NULL),
				  run->tmpdir, &run->img, err);
}

int run_open_image(struct run *run, struct err *err)
{
	struct err why = ERR_INIT;

	if (run->img)
		return 0; /* it came from a file */
	if (open_dirs(run, &why) == 0)
		return 0;
	/*
	 * Of another driver, or without root, that is how it is; else there is something to mount,
	 * or to add.
	 */
	log_at(why.code == ENOTSUP || geteuid() != 0 ? LOG_DEBUG : LOG_INFO,
	       "saving the image to read it, as its layers cannot be read in place: %s", why.msg);
	return open_archive(run, err);
}
