/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the bytes went: what is kept and what is dropped add up to the fat image, by layer, by
 * directory, by package and by reason. A file with several names has its bytes once, at its first
 * name that stays, or else at its first one. Of a file of which only parts stay, the rest counts as
 * dropped.
 */
#include "report/accounting.h"

#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/strmap.h"

#define DEPTH 2 /* of the directories that are told of */

struct tally {
	uint64_t files, bytes; /* all */
	uint64_t kept_files, kept_bytes;
};

static void add(struct tally *to, const struct tally *t)
{
	to->files += t->files;
	to->bytes += t->bytes;
	to->kept_files += t->kept_files;
	to->kept_bytes += t->kept_bytes;
}

/* --- one entry --- */

/* Of files with several names: inode -> the entry that has the bytes. */
static struct strmap *find_holders(const struct image *img, const struct keep *keep)
{
	struct strmap *holders = strmap_new();

	for (int kept = 1; kept >= 0; kept--)
		for (uint32_t id = 0; id < image_entry_count(img); id++) {
			struct image_entry *e = image_entry(img, id);

			if (e->type != ENTRY_FILE || e->nlink < 2 || (kept && !keep_has(keep, e)))
				continue;
			if (!strmap_get_len(holders, &e->inode, sizeof(e->inode)))
				strmap_put_len(holders, &e->inode, sizeof(e->inode), e);
		}
	return holders;
}

void report_holders_find(struct report *report, const struct image *img, const struct keep *keep)
{
	strmap_free(report->holders);
	report->holders = find_holders(img, keep);
}

static struct tally tally_of(const struct image_entry *e, const struct keep *keep,
			     const struct strmap *holders)
{
	bool kept = keep_has(keep, e), holder = e->nlink < 2;
	struct tally t = { 0 };

	if (e->type != ENTRY_FILE)
		return t;
	if (!holder)
		holder = strmap_get_len(holders, &e->inode, sizeof(e->inode)) == e;
	t.files = 1;
	t.kept_files = kept;
	t.bytes = holder ? e->size : 0;
	t.kept_bytes = holder && kept ? keep_size(keep, e) : 0;
	return t;
}

/* --- all of them --- */

/* What is at and below each entry, by id. Parents have smaller ids than what is in them. */
static struct tally *tally_tree(const struct image *img, const struct keep *keep)
{
	size_t n = image_entry_count(img);
	struct tally *all = xcalloc(n, sizeof(*all));
	struct strmap *holders = find_holders(img, keep);

	for (size_t i = n; i-- > 0;) {
		const struct image_entry *e = image_entry(img, (uint32_t)i);
		struct tally own = tally_of(e, keep, holders);

		add(&all[i], &own);
		if (i)
			add(&all[e->parent->id], &all[i]);
	}
	strmap_free(holders);
	return all;
}

/* What a sum is by: a number of the entry that is less than the number of sums. */
typedef size_t part_fn(const struct image_entry *e, const void *ctx);

static struct tally *tally_parts(const struct image *img, const struct keep *keep, size_t n,
				 part_fn *part, const void *ctx)
{
	struct tally *parts = xcalloc(n, sizeof(*parts));
	struct strmap *holders = find_holders(img, keep);

	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);
		struct tally own = tally_of(e, keep, holders);

		add(&parts[part(e, ctx)], &own);
	}
	strmap_free(holders);
	return parts;
}

static size_t part_layer(const struct image_entry *e, const void *ctx)
{
	(void)ctx;
	return e->layer;
}

/* 0: nobody's */
static size_t part_package(const struct image_entry *e, const void *ctx)
{
	const struct info_owners *owners = ctx;

	return owners->of ? owners->of[e->id] : 0;
}

/* The first that it has, in the order of enum keep_reason; then excluded ones; then the others. */
static size_t part_reason(const struct image_entry *e, const void *ctx)
{
	uint32_t reasons = keep_reasons(ctx, e);

	if (!reasons)
		return keep_is_excluded(ctx, e) ? KEEP_REASONS : KEEP_REASONS + 1;
	return (size_t)__builtin_ctz(reasons);
}

static void add_counts(cJSON *obj, const char *key, uint64_t files, uint64_t bytes)
{
	cJSON *one = json_add(obj, key, json_object());

	json_add_int(one, "files", (int64_t)files);
	json_add_int(one, "bytes", (int64_t)bytes);
}

static void add_tally(cJSON *obj, const struct tally *t)
{
	add_counts(obj, "fat", t->files, t->bytes);
	add_counts(obj, "kept", t->kept_files, t->kept_bytes);
	add_counts(obj, "dropped", t->files - t->kept_files, t->bytes - t->kept_bytes);
}

static unsigned int depth_of(const struct image_entry *e)
{
	unsigned int depth = 0;

	for (; e->id && depth <= DEPTH; e = e->parent)
		depth++;
	return depth;
}

/* Files beside the directories of @dir: with what is in these they are all of it. */
static struct tally tally_beside(const struct image_entry *dir, const struct tally *all)
{
	struct tally t = all[dir->id];

	for (size_t i = 0; i < dir->n_children; i++) {
		const struct image_entry *e = dir->children[i];

		if (e->type != ENTRY_DIR)
			continue;
		t.files -= all[e->id].files;
		t.bytes -= all[e->id].bytes;
		t.kept_files -= all[e->id].kept_files;
		t.kept_bytes -= all[e->id].kept_bytes;
	}
	return t;
}

static void add_directories(cJSON *obj, const struct image *img, const struct tally *all)
{
	cJSON *array = json_add(obj, "directories", json_array());
	struct tally root = tally_beside(image_entry(img, 0), all);

	for (uint32_t id = 1; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
		cJSON *one;

		if (e->type != ENTRY_DIR || !all[id].files || depth_of(e) > DEPTH)
			continue;
		image_entry_path(e, &path);
		one = json_append(array, json_object());
		json_add_bytes(one, "path", path.buf, path.len);
		add_tally(one, &all[id]);
	}
	add_tally(json_add(obj, "no_directory", json_object()), &root);
}

static void add_layers(cJSON *obj, const struct image *img, const struct keep *keep)
{
	cJSON *array = json_add(obj, "layers", json_array());
	_cleanup_free_ struct tally *layers =
		tally_parts(img, keep, image_layer_count(img) + 1, part_layer, NULL);

	for (size_t i = 0; i < image_layer_count(img); i++) {
		const struct image_layer *layer = image_layer(img, i);
		cJSON *one = json_append(array, json_object());

		json_add_str(one, "diff_id", layer->diff_id.str);
		if (layer->created_by)
			json_add_bytes(one, "created_by", layer->created_by,
				       strlen(layer->created_by));
		add_tally(one, &layers[i]);
	}
}

static void add_packages(cJSON *obj, const struct image *img, const struct keep *keep,
			 const struct info_owners *owners)
{
	cJSON *array = json_add(obj, "packages", json_array());
	_cleanup_free_ struct tally *parts =
		tally_parts(img, keep, owners->n + 1, part_package, owners);

	for (size_t i = 0; i < owners->n; i++) {
		const struct info_package *p = &owners->packages[i];
		cJSON *one = parts[i + 1].files ? json_append(array, json_object()) : NULL;

		if (!one)
			continue;
		json_add_str(one, "manager", p->manager);
		json_add_bytes(one, "name", p->name, strlen(p->name));
		json_add_bytes(one, "version", p->version, strlen(p->version));
		add_tally(one, &parts[i + 1]);
	}
	add_tally(json_add(obj, "no_package", json_object()), &parts[0]);
}

/* Each file once, unlike in "rules", where one counts for all that it has. */
static void add_reasons(cJSON *obj, const struct image *img, const struct keep *keep)
{
	cJSON *array = json_add(obj, "reasons", json_array());
	_cleanup_free_ struct tally *parts =
		tally_parts(img, keep, KEEP_REASONS + 2, part_reason, keep);

	for (unsigned int i = 0; i < KEEP_REASONS + 2; i++) {
		cJSON *one = parts[i].files ? json_append(array, json_object()) : NULL;

		if (!one)
			continue;
		json_add_str(one, "reason",
			     i < KEEP_REASONS	 ? keep_reason_name(i)
			     : i == KEEP_REASONS ? "excluded"
						 : "not-used");
		add_tally(one, &parts[i]);
	}
}

void report_add_accounting(cJSON *obj, const struct image *img, const struct keep *keep,
			   const struct info_owners *owners)
{
	cJSON *accounting = json_add(obj, "accounting", json_object());
	_cleanup_free_ struct tally *all = tally_tree(img, keep);

	add_tally(accounting, &all[0]);
	add_layers(accounting, img, keep);
	add_directories(accounting, img, all);
	add_packages(accounting, img, keep, owners);
	add_reasons(accounting, img, keep);
}

/* --- where most was dropped --- */

static uint64_t dropped(const struct tally *t)
{
	return t->bytes - t->kept_bytes;
}

struct place {
	uint64_t bytes; /* dropped */
	const struct image_entry *dir;
	bool beside; /* of its own files alone */
};

/* Keeps the list sorted, the largest first. */
static void offer(struct place place, struct place best[REPORT_TOP])
{
	for (size_t i = 0; i < REPORT_TOP && place.bytes; i++) {
		struct place b = best[i];

		if (place.bytes <= b.bytes)
			continue;
		best[i] = place;
		place = b;
	}
}

static bool has_directories(const struct image_entry *e)
{
	for (size_t i = 0; i < e->n_children; i++)
		if (e->children[i]->type == ENTRY_DIR)
			return true;
	return false;
}

/* Each file is in one of these: of what has directories above the last level, its parts say more
 * than their sum. */
void report_top_dropped(struct report *report, const struct image *img, const struct keep *keep)
{
	_cleanup_free_ struct tally *all = tally_tree(img, keep);
	struct place best[REPORT_TOP] = { 0 };

	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);
		unsigned int depth = depth_of(e);
		struct place place = { .dir = e };
		struct tally t;

		if (e->type != ENTRY_DIR || depth > DEPTH)
			continue;
		place.beside = depth < DEPTH && has_directories(e);
		t = place.beside ? tally_beside(e, all) : all[id];
		place.bytes = dropped(&t);
		offer(place, best);
	}
	for (size_t i = 0; i < REPORT_TOP; i++) {
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

		free(report->top[i].path);
		report->top[i] =
			(struct report_top){ .bytes = best[i].bytes, .beside = best[i].beside };
		if (!best[i].bytes)
			continue;
		image_entry_path(best[i].dir, &path);
		report->top[i].path = xmemdup(path.buf, path.len);
	}
}
