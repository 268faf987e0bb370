/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run left that was killed before it could clean up: containers, images taken from files,
 * temporary directories, half-written artifacts. All of them carry the name of the process that
 * made them (owner.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/owner.h"
#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"

#define TMP_PREFIX "slimtrace-run-"

int run_make_tmpdir(char **ret, struct err *err)
{
	_cleanup_free_ char *prefix = xasprintf(TMP_PREFIX "%s", owner_name());

	return io_mkdtemp_as(prefix, ret, err);
}

char *run_artifacts_name(void)
{
	return xasprintf(RUN_ARTIFACTS_PREFIX "%s", owner_name());
}

/* --- files --- */

/* A directory of ours whose maker is gone. Names in a place that all can write to prove nothing. */
static bool is_left(int dirfd, const char *name, const char *prefix, bool random_end)
{
	const char *owner = name + strlen(prefix), *end;
	struct stat st;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	end = random_end ? strrchr(owner, '-') : owner + strlen(owner);
	return end && owner_is_dead(owner, (size_t)(end - owner)) &&
	       !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid();
}

/* Removes what is left at @dirfd itself; the descriptor is taken over. */
static void clean_dir(int dirfd, const char *prefix, bool random_end, size_t *count)
{
	DIR *dir = fdopendir(dirfd);
	const struct dirent *entry;

	if (!dir) {
		close(dirfd);
		return;
	}
	while ((entry = readdir(dir))) {
		struct err err = ERR_INIT;

		if (!is_left(dirfd, entry->d_name, prefix, random_end))
			continue;
		if (io_remove_tree(dirfd, entry->d_name, &err) < 0)
			log_warn("%s", err.msg);
		else
			(*count)++;
	}
	closedir(dir);
}

static void clean_tmp(size_t *count)
{
	int fd = open(io_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		clean_dir(fd, TMP_PREFIX, true, count);
}

/* STATE/.images/ID/.artifacts.OWNER */
static void clean_state(const char *state_path, size_t *count)
{
	_cleanup_free_ char *path = xasprintf("%s/.images", state_path);
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int fd = *entry->d_name == '.'
				 ? -1
				 : openat(dirfd(dir), entry->d_name,
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			clean_dir(fd, RUN_ARTIFACTS_PREFIX, false, count);
	}
	if (dir)
		closedir(dir);
}

/* --- containers --- */

/* Labels have dots in their names, which json_path() takes for steps. */
static bool container_is_left(const cJSON *state, bool kept_too)
{
	const cJSON *labels = json_path(state, "Config.Labels");
	const cJSON *owner = json_get(labels, OWNER_LABEL);

	if (!cJSON_IsString(owner) ||
	    !owner_is_dead(owner->valuestring, strlen(owner->valuestring)))
		return false;
	return kept_too || !json_get(labels, OWNER_LABEL_KEEP);
}

static int clean_container(struct engine *e, const char *id, bool kept_too, size_t *count,
			   struct err *err)
{
	_cleanup_(json_free) cJSON *state = NULL;
	int r = engine_container_inspect(e, id, &state, err);

	if (r == -ENOENT) /* somebody was faster */
		return 0;
	if (r < 0 || !container_is_left(state, kept_too))
		return r;
	r = engine_container_remove(e, id, err);
	*count += r >= 0;
	return r;
}

static int clean_containers(struct engine *e, bool kept_too, size_t *count, struct err *err)
{
	_cleanup_strvec_ struct strvec ids = STRVEC_INIT;
	int r = engine_container_list(e, OWNER_LABEL, &ids, err);

	for (size_t i = 0; !r && i < ids.n; i++)
		r = clean_container(e, ids.v[i], kept_too, count, err);
	return r;
}

/* --- images --- */

static bool image_is_left(const char *name)
{
	const char *owner = strstr(name, RUN_IMPORT_PREFIX), *end;

	/* Podman calls it "localhost/slimtrace-import:...". */
	if (!owner || (owner != name && owner[-1] != '/'))
		return false;
	owner += strlen(RUN_IMPORT_PREFIX);
	end = strrchr(owner, '.');
	return end && owner_is_dead(owner, (size_t)(end - owner));
}

/* Images that killed runs took from files. */
static int clean_images(struct engine *e, size_t *count, struct err *err)
{
	_cleanup_(json_free) cJSON *list = NULL;
	const cJSON *item, *tag;
	int r = engine_image_list(e, &list, err);

	cJSON_ArrayForEach (item, list)
		cJSON_ArrayForEach (tag, json_get(item, "RepoTags"))
			if (cJSON_IsString(tag) && image_is_left(tag->valuestring) && r >= 0) {
				r = engine_image_remove(e, tag->valuestring, err);
				*count += r >= 0;
			}
	return r < 0 ? r : 0;
}

static int clean_engine(struct engine *e, bool kept_too, struct clean_result *ret, struct err *err)
{
	int r = clean_containers(e, kept_too, &ret->containers, err);

	return r < 0 ? r : clean_images(e, &ret->images, err);
}

void run_clean_before(struct run *run)
{
	struct clean_result done = { 0 };
	struct err err = ERR_INIT;

	clean_tmp(&done.directories);
	clean_state(run->opts->state_path, &done.directories);
	if (clean_engine(run->engine, false, &done, &err) < 0)
		log_debug("what killed runs left cannot be looked for: %s", err.msg);
	if (done.containers || done.directories || done.images)
		log_info("removed what a killed run left: %zu container%s, %zu director%s, %zu "
			 "image%s",
			 done.containers, done.containers == 1 ? "" : "s", done.directories,
			 done.directories == 1 ? "y" : "ies", done.images,
			 done.images == 1 ? "" : "s");
}

int session_clean(const struct clean_opts *opts, struct clean_result *ret, struct err *err)
{
	_cleanup_(engine_free) struct engine *e = NULL;
	int r;

	*ret = (struct clean_result){ 0 };
	clean_tmp(&ret->directories);
	clean_state(opts->state_path, &ret->directories);
	r = engine_open(&opts->engine, &e, err);
	return r < 0 ? r : clean_engine(e, opts->kept_too, ret, err);
}
