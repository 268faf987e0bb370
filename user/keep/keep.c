/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision: the rules in their order, and what can be asked about the result. */
#include "slimtrace/keep.h"

#include <stdlib.h>

#include "keep/rules.h"
#include "keep/set.h"
#include "slimtrace/base/alloc.h"

static const struct {
	const char *name, *text;
} reasons[KEEP_REASONS] = {
	[KEEP_USED] = { "used", "the application used it while it was watched" },
	[KEEP_BY_EXEC] = { "used-by-exec", "a command put into the container used it" },
	[KEEP_LINK] = { "link", "a symbolic link on the way to something that is used" },
	[KEEP_PARENT] = { "parent", "a directory on the way to something" },
	[KEEP_INTERPRETER] = { "interpreter",
			       "the kernel opens it to run a program (loader or \"#!\" line)" },
	[KEEP_NEEDED] = { "needed", "a program that is kept without having run loads it" },
	[KEEP_CREATED_IN] = { "created-in", "the application made files in this directory" },
	[KEEP_INCLUDE] = { "include", "asked for with --include-path" },
	[KEEP_USER_DB] = { "user-db", "the runtime and the programs look up users in it" },
	[KEEP_WORKDIR] = { "workdir", "the image's working directory" },
	[KEEP_VOLUME] = { "volume", "a volume of the image, or used content of one" },
	[KEEP_MOUNT_POINT] = { "mount-point", "something is mounted here at run time" },
	[KEEP_RUNTIME_DIR] = { "runtime-dir", "a directory that programs count on" },
	[KEEP_ENTRYPOINT] = { "entrypoint", "the image's configuration names it as a command" },
	[KEEP_SHARED] = { "shared", "another image of the set needs it in a layer of both" },
};

const char *keep_reason_name(enum keep_reason reason)
{
	return reason < KEEP_REASONS ? reasons[reason].name : NULL;
}

const char *keep_reason_text(enum keep_reason reason)
{
	return reason < KEEP_REASONS ? reasons[reason].text : NULL;
}

/*
 * What was used comes first: later rules ask what ran. Links at the top come last, for they
 * depend on all that stays.
 */
static keep_rule_fn *const rules[] = {
	keep_used,	   keep_workdir,    keep_volumes,     keep_user_db,  keep_mount_points,
	keep_runtime_dirs, keep_entrypoint, keep_healthcheck, keep_includes, keep_top_links,
};

static struct keep *keep_new(const struct image *img)
{
	struct keep *k = xcalloc(1, sizeof(*k));

	k->img = img;
	k->n = image_entry_count(img);
	k->reasons = xcalloc(k->n, sizeof(*k->reasons));
	k->notes = xcalloc(k->n, sizeof(*k->notes));
	k->access = xreallocarray(NULL, k->n, sizeof(*k->access));
	for (size_t i = 0; i < k->n; i++)
		k->access[i] = NO_ACCESS;
	return k;
}

void keep_free(struct keep *k)
{
	if (!k)
		return;
	strvec_release(&k->lib_dirs);
	free(k->reasons);
	free(k->notes);
	free(k->access);
	free(k);
}

int keep_decide(const struct image *img, const struct record *rec, const struct keep_opts *opts,
		struct keep **ret, struct err *err)
{
	_cleanup_(keep_free) struct keep *k = keep_new(img);

	k->rec = rec;
	k->opts = opts;
	keep_note_config(k);
	keep_add(k, image_root(img), KEEP_PARENT, NO_ACCESS);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int r = rules[i](k, err);

		if (r < 0)
			return r;
	}
	k->rec = NULL;
	k->opts = NULL;
	*ret = TAKE_PTR(k);
	return 0;
}

void keep_share(struct keep *k, struct image_entry *e)
{
	keep_add(k, e, KEEP_SHARED, NO_ACCESS);
}

bool keep_has(const struct keep *k, const struct image_entry *e)
{
	return keep_reasons(k, e) != 0;
}

uint32_t keep_reasons(const struct keep *k, const struct image_entry *e)
{
	return e->id < k->n ? k->reasons[e->id] : 0;
}

size_t keep_access(const struct keep *k, const struct image_entry *e)
{
	return e->id < k->n ? k->access[e->id] : NO_ACCESS;
}

struct inode_size {
	uint32_t inode;
	uint64_t size;
};

static int compare_inodes(const void *left, const void *right)
{
	const struct inode_size *a = left, *b = right;

	return (a->inode > b->inode) - (a->inode < b->inode);
}

/* Bytes of files with several kept names: each inode once. */
static uint64_t shared_bytes(struct inode_size *inodes, size_t n)
{
	uint64_t bytes = 0;

	if (n)
		qsort(inodes, n, sizeof(*inodes), compare_inodes);
	for (size_t i = 0; i < n; i++)
		if (!i || inodes[i].inode != inodes[i - 1].inode)
			bytes += inodes[i].size;
	return bytes;
}

void keep_totals(const struct keep *k, struct keep_totals *ret)
{
	struct keep_totals t = { .entries_all = k->n, .bytes_all = image_total_size(k->img) };
	_cleanup_free_ struct inode_size *shared = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct image_entry *e = image_entry(k->img, (uint32_t)i);
		bool file = e->type == ENTRY_FILE;

		t.files_all += file;
		if (!k->reasons[i])
			continue;
		t.entries++;
		t.files += file;
		if (file && e->nlink > 1) {
			ALLOC_GROW(shared, n + 1, cap);
			shared[n++] = (struct inode_size){ e->inode, e->size };
		} else if (file) {
			t.bytes += e->size;
		}
	}
	t.bytes += shared_bytes(shared, n);
	*ret = t;
}
