/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories and files that stay for the runtime and by the configuration, used or not. */
#include "keep/rules.h"

#include "slimtrace/base/alloc.h"

/*
 * What the runtime mounts, or has mounts made on, in every container. It makes what is missing,
 * but not where the root is read-only or belongs to other users.
 */
static const char *const mount_points[] = {
	"/proc",
	"/sys",
	"/dev",
	"/dev/pts",
	"/dev/shm",
	"/dev/mqueue",
	"/dev/console",
	"/etc/hosts",
	"/etc/hostname",
	"/etc/resolv.conf",
	"/etc/mtab",
	"/.dockerenv",
	"/run/.containerenv",
};

/* Other file systems lie over these in every container: the image's content is never seen. */
static const char *const always_mounted[] = { "/proc", "/sys", "/dev" };

/* Made by every distribution, expected by every program, with modes and links of their own. */
static const char *const runtime_dirs[] = {
	"/tmp", "/var/tmp", "/run", "/run/lock", "/var/run", "/var/lock",
};

/* Names that scripts and other images' binaries have for directories of a merged /usr. */
static const char *const top_links[] = {
	"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
};

void keep_note_config(struct keep *k)
{
	const struct image_config *config = image_config(k->img);
	struct image_entry *e;

	k->workdir = image_root(k->img);
	e = config->workdir && *config->workdir ? keep_resolve(k, config->workdir, true) : NULL;
	if (e && e->type == ENTRY_DIR)
		k->workdir = e;
	for (size_t i = 0; i < config->volumes.n; i++) {
		e = keep_resolve(k, config->volumes.v[i], true);
		if (e)
			k->notes[e->id] |= NOTE_VOLUME;
	}
	for (size_t i = 0; i < ARRAY_SIZE(always_mounted); i++) {
		e = image_lookup(k->img, always_mounted[i]);
		if (e)
			k->notes[e->id] |= NOTE_MOUNTED;
	}
}

int keep_workdir(struct keep *k, struct err *err)
{
	const char *workdir = image_config(k->img)->workdir;

	(void)err;
	if (workdir && *workdir)
		keep_path(k, workdir, true, KEEP_WORKDIR, NO_ACCESS);
	return 0;
}

int keep_volumes(struct keep *k, struct err *err)
{
	const struct strvec *volumes = &image_config(k->img)->volumes;

	(void)err;
	for (size_t i = 0; i < volumes->n; i++)
		keep_path(k, volumes->v[i], true, KEEP_VOLUME, NO_ACCESS);
	return 0;
}

/* What a link leads to stays with it: the runtime follows links when it mounts. */
static void keep_paths(struct keep *k, const char *const *paths, size_t n, enum keep_reason reason)
{
	for (size_t i = 0; i < n; i++)
		if (!keep_path(k, paths[i], true, reason, NO_ACCESS))
			keep_path(k, paths[i], false, reason, NO_ACCESS);
}

int keep_mount_points(struct keep *k, struct err *err)
{
	(void)err;
	keep_paths(k, mount_points, ARRAY_SIZE(mount_points), KEEP_MOUNT_POINT);
	return 0;
}

int keep_runtime_dirs(struct keep *k, struct err *err)
{
	(void)err;
	keep_paths(k, runtime_dirs, ARRAY_SIZE(runtime_dirs), KEEP_RUNTIME_DIR);
	return 0;
}

int keep_top_links(struct keep *k, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < ARRAY_SIZE(top_links); i++) {
		struct image_entry *link = image_lookup(k->img, top_links[i]), *e;

		if (!link || link->type != ENTRY_SYMLINK)
			continue;
		e = keep_resolve(k, top_links[i], true);
		if (e && keep_has(k, e))
			keep_path(k, top_links[i], false, KEEP_USRMERGE, NO_ACCESS);
	}
	return 0;
}
