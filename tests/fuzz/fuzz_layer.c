/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the tars of up to four layers (SEPARATOR between them). The tree that comes of it is
 * sound, every file can be read or tells why not, and the image with everything kept, packed and
 * read again, is the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/test_image.h"
#include "slimtrace/keep.h"
#include "slimtrace/slim.h"

#define SEPARATOR "<<<LAYER>>>"
#define MAX_LAYERS 4
#define MAX_PACKED (1u << 20) /* bytes of content: a hole can be of any size */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Says what does not hold: there is much here that could be. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: not %s\n", __LINE__, #condition);                \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* --- headers keep their checksum, or hardly an input would be looked at --- */

static void fix_checksum(uint8_t *header)
{
	unsigned int sum = 0;
	char text[8];

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += header[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(header + 148, text, 7);
}

static void fix_layer(uint8_t *layer, size_t size)
{
	for (size_t i = 0; i + 512 <= size; i += 512)
		if (!memcmp(layer + i + 257, "ustar", 5))
			fix_checksum(layer + i);
}

static uint8_t *next_layer(uint8_t *data, size_t size)
{
	return memmem(data, size, SEPARATOR, strlen(SEPARATOR));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint8_t *p = data, *end;

	(void)seed;
	size = LLVMFuzzerMutate(data, size, max_size);
	for (end = data + size; p < end;) {
		uint8_t *next = next_layer(p, (size_t)(end - p));

		fix_layer(p, (size_t)((next ? next : end) - p));
		p = next ? next + strlen(SEPARATOR) : end;
	}
	return size;
}

/* --- what holds for every tree --- */

static void check_entry(const struct image *img, const struct image_entry *e)
{
	must(image_entry(img, e->id) == e && e->nlink > 0);
	must(e->type != ENTRY_SYMLINK || (e->target && *e->target));
	must(e->type == ENTRY_DIR || !e->n_children);
	for (size_t i = 0; i < e->n_children; i++) {
		const struct image_entry *child = e->children[i];

		must(child->parent == e && child->name_len == strlen(child->name));
		must(*child->name && !strchr(child->name, '/') && child->name_len <= 255);
		must(strcmp(child->name, ".") != 0 && strcmp(child->name, "..") != 0);
		must(!i || strcmp(e->children[i - 1]->name, child->name) < 0);
		must(image_child(e, child->name, child->name_len) == child);
	}
}

static void check_walk(const struct image *img, const struct image_entry *e)
{
	struct image_entry *end = NULL;

	if (e->type == ENTRY_SYMLINK)
		image_walk(img, NULL, e->parent, e->target, true, NULL, NULL, &end);
	must(e->type != ENTRY_SYMLINK || image_entry(img, end->id) == end);
}

static bool check_content(const struct image *img, const struct image_entry *e)
{
	_cleanup_(image_file_close) struct image_file *f = NULL;
	struct err err = ERR_INIT;
	uint64_t offset, pos = 0;
	const void *data;
	size_t len;
	int r = image_file_open(img, e, &f, &err);

	while (!r && (r = image_file_block(f, &data, &len, &offset, &err)) == 1) {
		must(offset >= pos && offset <= e->size && len <= e->size - offset);
		pos = offset + len;
		r = 0;
	}
	must(r >= 0 || err.msg[0]);
	return r >= 0;
}

static bool check_tree(const struct image *img)
{
	bool readable = true;

	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		const struct image_entry *e = image_entry(img, id);

		check_entry(img, e);
		check_walk(img, e);
		readable &= e->type != ENTRY_FILE || check_content(img, e);
	}
	return readable;
}

/* --- packed and read again --- */

static void same_entry(const struct image_entry *a, const struct image_entry *b)
{
	must(b && a->type == b->type && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid);
	must(a->size == b->size && a->nlink == b->nlink && a->n_xattrs == b->n_xattrs);
	must(a->parent == a || (a->mtime == b->mtime && a->mtime_nsec == b->mtime_nsec));
	must(a->rdev_major == b->rdev_major && a->rdev_minor == b->rdev_minor);
	must(!a->target == !b->target && (!a->target || !strcmp(a->target, b->target)));
	for (size_t i = 0; i < a->n_xattrs; i++)
		must(!strcmp(a->xattrs[i].name, b->xattrs[i].name) &&
		     a->xattrs[i].len == b->xattrs[i].len &&
		     !memcmp(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].len));
}

static int pack_all(const struct image *img, int *ret_fd, struct err *err)
{
	_cleanup_(record_builder_free) struct record_builder *builder = record_builder_new();
	_cleanup_strvec_ struct strvec tags = STRVEC_INIT;
	struct keep_opts all = { 0 };
	const struct slim_opts opts = { .tags = &tags, .tmpdir = "/tmp" };
	_cleanup_(keep_free) struct keep *keep = NULL;
	struct slim_source source = { .img = img };
	const struct slim_set set = { .v = &source, .n = 1 };
	struct slim_result result = { 0 };
	int r;

	r = keep_opts_add_path(&all, "/", err);
	if (!r)
		r = keep_decide(img, record_builder_record(builder), &all, &keep, err);
	keep_opts_release(&all);
	source.keep = keep;
	if (!r)
		r = slim_pack(&set, 0, &opts, ret_fd, &result, err);
	slim_result_release(&result);
	return r;
}

static void check_packed(const struct image *img)
{
	_cleanup_(image_free) struct image *again = NULL;
	struct err err = ERR_INIT;
	int fd = -1;

	if (pack_all(img, &fd, &err) < 0) {
		must(err.msg[0]);
		return;
	}
	must(!image_open_archive(fd, "amd64", "/tmp", &again, &err));
	must(image_entry_count(img) == image_entry_count(again));
	for (uint32_t id = 0; id < image_entry_count(img); id++) {
		_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

		image_entry_path(image_entry(img, id), &path);
		same_entry(image_entry(img, id), image_lookup(again, path.buf));
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct strbuf layers[MAX_LAYERS] = { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	_cleanup_(image_free) struct image *img = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	for (const unsigned char *p = data, *end = data + size; p < end && n < MAX_LAYERS; n++) {
		const unsigned char *next = next_layer((uint8_t *)(uintptr_t)p, (size_t)(end - p));

		strbuf_add(&layers[n], p, (size_t)((next ? next : end) - p));
		p = next ? next + strlen(SEPARATOR) : end;
	}
	if (image_open_archive(docker_archive(layers, NULL, n), "amd64", "/tmp", &img, &err) < 0)
		must(err.msg[0]);
	else if (check_tree(img) && image_total_size(img) <= MAX_PACKED)
		check_packed(img);
	for (size_t i = 0; i < MAX_LAYERS; i++)
		strbuf_release(&layers[i]);
	return 0;
}
