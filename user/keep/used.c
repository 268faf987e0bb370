/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the record shows. Resolved files are looked up, look-ups are replayed on the image's tree:
 * links and directories on the way stay, and what was there at the end.
 *
 * The tree is not quite what the container saw: other file systems lie over parts of it. The
 * record does not list mounts, but every file that is not on the image tells of one. What such a
 * file hides, and all below it, is left out of the replay, unless something there was also seen
 * on the image itself.
 */
#include <errno.h>
#include <string.h>

#include "keep/exec.h"
#include "keep/rules.h"
#include "keep/set.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strbuf.h"

/* The entry at an exact path, or the deepest directory above it that the image has. */
static struct image_entry *deepest(const struct keep *k, const char *path, bool *ret_exact)
{
	struct image_entry *e = image_root(k->img);

	for (;;) {
		struct image_entry *child;
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len)
			break;
		child = e->type == ENTRY_DIR ? image_child(e, path, len) : NULL;
		if (!child) {
			*ret_exact = false;
			return e->type == ENTRY_DIR ? e : e->parent;
		}
		e = child;
		path += len;
	}
	*ret_exact = true;
	return e;
}

/* Hidden by a mount while the app ran. What a volume shows was copied from the image. */
static bool is_hidden(const struct keep *k, const struct image_entry *e)
{
	for (;; e = e->parent) {
		uint8_t notes = k->notes[e->id];

		if (notes & (NOTE_VOLUME | NOTE_SEEN))
			return false;
		if (notes & NOTE_MOUNTED)
			return true;
		if (e->parent == e)
			return false;
	}
}

static void note_seen(struct keep *k, struct image_entry *e)
{
	while (!(k->notes[e->id] & NOTE_SEEN)) {
		k->notes[e->id] |= NOTE_SEEN;
		e = e->parent;
	}
}

/* Which parts of the tree other file systems hid: before anything is replayed. */
static void note_mounts(struct keep *k)
{
	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		const struct record_access *a = &k->rec->accesses[i];
		struct image_entry *e;
		bool exact;

		if (a->source != RECORD_FILE)
			continue;
		e = deepest(k, a->path, &exact);
		if (a->on_image && exact)
			note_seen(k, e);
		else if (exact && !keep_noted(k, e, NOTE_VOLUME))
			k->notes[e->id] |= NOTE_MOUNTED;
	}
}

/* Only what was put into the container did this: --exec, docker exec; not the health check. */
static bool by_exec_only(const struct record *rec, size_t access)
{
	const struct record_access *a = &rec->accesses[access];

	for (size_t i = 0; i < a->n_programs; i++)
		if (a->programs[i] >= rec->n_programs ||
		    rec->programs[a->programs[i]].entry != RECORD_EXECED)
			return false;
	return a->n_programs;
}

bool keep_is_passed_over(const struct keep *k, size_t access)
{
	return k->opts->exclude_execs && by_exec_only(k->rec, access);
}

static enum keep_reason used_by(const struct keep *k, size_t access)
{
	return access != NO_ACCESS && by_exec_only(k->rec, access) ? KEEP_BY_EXEC : KEEP_USED;
}

/* It was there and was used: it stays. */
static int use(struct keep *k, struct image_entry *e, uint32_t kinds, size_t access,
	       struct err *err)
{
	keep_add(k, e, used_by(k, access), access);
	if (keep_noted(k, e, NOTE_VOLUME))
		keep_add(k, e, KEEP_VOLUME, access);
	if (!(kinds & (RECORD_EXEC | RECORD_MAP)))
		return 0;
	k->notes[e->id] |= NOTE_RAN;
	return keep_exec(k, e, access, err);
}

/* It was made at run time, below @dir: it does not stay, but the app can make it again. */
static void created_below(struct keep *k, struct image_entry *dir, size_t access)
{
	keep_add(k, dir, KEEP_CREATED_IN, access);
	if (keep_noted(k, dir, NOTE_VOLUME))
		keep_add(k, dir, KEEP_VOLUME, access);
}

static int replay_file_on_image(struct keep *k, const struct record_access *a, size_t access,
				struct err *err)
{
	bool exact;
	struct image_entry *e = deepest(k, a->path, &exact);

	if (exact)
		return use(k, e, a->kinds, access, err);
	created_below(k, e, access);
	return 0;
}

/* Where the mount that hides @e most likely is: as far out as something says so. */
static struct image_entry *mount_point(const struct keep *k, struct image_entry *e)
{
	struct image_entry *point = e;

	for (; e->parent != e; e = e->parent)
		if (k->notes[e->id] & NOTE_MOUNTED && !(k->notes[e->id] & NOTE_SEEN))
			point = e;
	return point->type == ENTRY_DIR ? point : point->parent;
}

/*
 * Not on the image. A fresh volume is filled with what the image has there, so what is used of a
 * volume must stay. Of other mounts stays the directory that they are mounted on.
 */
static int replay_file_elsewhere(struct keep *k, const struct record_access *a, size_t access,
				 struct err *err)
{
	bool exact;
	struct image_entry *e = deepest(k, a->path, &exact);

	if (!keep_noted(k, e, NOTE_VOLUME))
		keep_add(k, mount_point(k, e), KEEP_MOUNT_POINT, access);
	else if (exact)
		return use(k, e, a->kinds, access, err);
	else
		created_below(k, e, access);
	return 0;
}

struct replay {
	struct keep *k;
	size_t access;
};

static void replay_step(struct image_entry *e, void *ctx)
{
	const struct replay *r = ctx;
	enum keep_reason reason = e->type == ENTRY_SYMLINK ? KEEP_LINK : KEEP_PARENT;

	/* Accesses come in order: an entry that has the reason has it from an earlier one. */
	if (!(r->k->reasons[e->id] & 1u << reason) && !is_hidden(r->k, e))
		keep_add(r->k, e, reason, r->access);
}

/*
 * ENOTDIR: a component is there and is no directory. It must stay so, or the error would become
 * ENOENT. The longest beginning of the path that leads to something ends with it.
 */
static void keep_obstacle(const struct replay *r, const char *path)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	char *slash;

	strbuf_addstr(&sb, path);
	while ((slash = strrchr(sb.buf, '/')) && slash != sb.buf) {
		struct image_entry *e;

		strbuf_setlen(&sb, (size_t)(slash - sb.buf));
		e = keep_resolve(r->k, sb.buf, true);
		if (!e)
			continue;
		if (e->type != ENTRY_DIR && !is_hidden(r->k, e))
			keep_add(r->k, e, KEEP_USED, r->access);
		return;
	}
}

static int replay_lookup(struct keep *k, const struct record_access *a, size_t access,
			 struct err *err)
{
	struct replay ctx = { .k = k, .access = access };
	struct image_entry *e = NULL;
	int r = image_walk(k->img, NULL, NULL, a->path, a->follow, replay_step, &ctx, &e);

	if (r == -ENOTDIR && a->error == ENOTDIR)
		keep_obstacle(&ctx, a->path);
	if ((r < 0 && r != -ENOENT) || is_hidden(k, e))
		return 0;
	if (r == -ENOENT && !a->error)
		created_below(k, e, access);
	else if (r == -ENOENT)
		keep_add(k, e, KEEP_PARENT, access);
	else if (a->error != ENOENT)
		/* Every other error proves that it was there, or does not tell. */
		return use(k, e, a->error ? 0 : a->kinds, access, err);
	return 0;
}

/* Executables as the programs' list has them: their execve may have been long before the watch. */
static int replay_programs(struct keep *k, struct err *err)
{
	for (size_t i = 0; i < k->rec->n_programs; i++) {
		const char *exe = k->rec->programs[i].exe;
		bool put_in = k->rec->programs[i].entry == RECORD_EXECED;
		struct image_entry *e = exe && *exe == '/' ? image_lookup(k->img, exe) : NULL;
		int r;

		if (put_in) /* nobody execed into a container before the watch */
			continue;
		if (!e || e->type != ENTRY_FILE || is_hidden(k, e))
			continue;
		r = use(k, e, RECORD_EXEC, NO_ACCESS, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int keep_used(struct keep *k, struct err *err)
{
	note_mounts(k);
	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		const struct record_access *a = &k->rec->accesses[i];
		int r;

		if (keep_is_passed_over(k, i))
			continue;
		if (a->source == RECORD_LOOKUP)
			r = replay_lookup(k, a, i, err);
		else if (a->on_image)
			r = replay_file_on_image(k, a, i, err);
		else
			r = replay_file_elsewhere(k, a, i, err);
		if (r < 0)
			return r;
	}
	return replay_programs(k, err);
}

/* A small file is what scripts look for; names with a dot before them "*" does not find. */
static uint64_t cost(const struct image_entry *e)
{
	uint64_t size = e->type == ENTRY_FILE ? e->size : e->type == ENTRY_DIR ? 65536 : 4096;

	return size + (e->name[0] == '.' ? 1ull << 60 : 0);
}

/* One entry of @dir that can stay; NULL when there is none, or one stays anyway. */
static struct image_entry *witness(const struct keep *k, const struct image_entry *dir)
{
	struct image_entry *best = NULL;

	for (size_t i = 0; i < dir->n_children; i++) {
		struct image_entry *e = dir->children[i];

		if (keep_has(k, e))
			return NULL;
		if (e->type == ENTRY_SOCKET || k->notes[e->id] & NOTE_EXCLUDED || is_hidden(k, e))
			continue;
		if (!best || cost(e) < cost(best))
			best = e;
	}
	return best;
}

/*
 * Whether a directory is empty decides what scripts do (test -z "$(ls -A /data)"), and whether it
 * can be removed. So one that was found to have something in it keeps something.
 */
int keep_not_empty(struct keep *k, struct err *err)
{
	_cleanup_free_ bool *done = xcalloc(k->n, sizeof(*done)); /* a directory has many paths */

	(void)err;
	for (size_t i = 0; i < k->rec->n_accesses; i++) {
		const struct record_access *a = &k->rec->accesses[i];
		struct image_entry *dir = NULL, *e;
		bool exact = true;

		if (keep_is_passed_over(k, i))
			continue;
		if (a->source == RECORD_FILE && a->kinds & RECORD_LIST)
			dir = deepest(k, a->path, &exact);
		else if (a->source == RECORD_LOOKUP && a->error == ENOTEMPTY)
			dir = keep_resolve(k, a->path, false);
		if (!dir || !exact || dir->type != ENTRY_DIR || done[dir->id] ||
		    !keep_has(k, dir) || is_hidden(k, dir))
			continue;
		done[dir->id] = true;
		e = witness(k, dir);
		if (e)
			keep_add(k, e, used_by(k, i), i);
	}
	return 0;
}
