/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The merged tree while layers are applied to it, bottom first, and the image that owns it. The
 * sources (dirs.c, archive.c) call these; readers use image.h.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include "slimtrace/image.h"

struct image_source {
	/* Opens an entry's content; image_file.next gives its blocks. */
	int (*open)(const struct image *img, const struct image_entry *e, struct image_file *file,
		    struct err *err);
	int (*next)(struct image_file *file, const void **ret_data, size_t *ret_len,
		    uint64_t *ret_offset, struct err *err);
	void (*close)(struct image_file *file);
	/* A descriptor of the content as it lies there; NULL: it has to be copied. */
	int (*fd)(const struct image *img, const struct image_entry *e, struct err *err);
	void (*free)(struct image *img);
};

struct image_file {
	const struct image *img;
	const struct image_entry *entry;
	int fd;		 /* dirs: the file */
	uint64_t offset; /* dirs: where to go on */
	char *buf;	 /* dirs */
	void *stream;	 /* archive: its reader */
};

struct image {
	struct digest id;
	struct image_config config;
	struct image_layer *layers;
	size_t n_layers;

	struct image_entry *root;
	struct image_entry **entries; /* by id, once finished */
	size_t n_entries;
	struct image_entry **made; /* every entry ever made, to be freed */
	size_t n_made, cap_made;
	uint32_t n_inodes;
	uint64_t total_size;

	const struct image_source *source;
	int *layer_fds;	       /* dirs: the layer's directory; archive: the file it is in */
	uint64_t *layer_start; /* archive: where in it, uncompressed */
	uint64_t *layer_len;
};

struct image *image_new(const struct image_source *source);
/* Parses and keeps @config, checks its digest against @id (NULL: none to check). */
int image_set_config(struct image *img, const char *id, const void *config, size_t len,
		     struct err *err);
/* A fresh inode number, for an entry that is no hard link of another. */
uint32_t tree_new_inode(struct image *img);
/*
 * Adds or replaces @name in @dir. An existing directory that stays one keeps its children; the
 * result's attributes are zero but for name, type and layer, and its inode is new.
 */
int tree_put(struct image *img, struct image_entry *dir, const char *name, size_t len,
	     enum entry_type type, uint32_t layer, struct image_entry **ret, struct err *err);
/* A whiteout: removes @name when it comes from a layer below @layer. */
void tree_remove(struct image_entry *dir, const char *name, size_t len, uint32_t layer);
/* An opaque directory: removes all that comes from layers below @layer. */
void tree_make_opaque(struct image_entry *dir, uint32_t layer);
void tree_set_xattr(struct image_entry *e, const char *name, const void *value, size_t len);
void tree_clear_xattrs(struct image_entry *e);
/* All layers are applied: ids, link counts, sizes. */
int tree_finish(struct image *img, struct err *err);

/* A readable descriptor of the whole content, for libelf: the caller's. */
int image_file_fd(const struct image *img, const struct image_entry *e, struct err *err);

#endif
