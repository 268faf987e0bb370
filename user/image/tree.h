/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The merged tree while layers are applied to it, bottom first, and the image that owns it. The
 * sources (dirs.c, archive.c) call these; readers use image.h.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include "slimtrace/image.h"

struct image_source {
	/* Sets where the content is: image_file's fd and base, or its stream. */
	int (*open)(const struct image *img, const struct image_entry *e, struct image_file *file,
		    struct err *err);
	void (*free)(struct image *img);
};

struct range;
struct tar_stream;

/* Content is either a stretch of a file, or what a tar reader makes of a sparse entry. */
struct image_file {
	const struct image *img;
	const struct image_entry *entry;
	int fd; /* -1: there is only the stream */
	bool own_fd;
	bool holes;    /* the file system can tell the holes of fd */
	uint64_t base; /* of the content in fd */
	uint64_t pos;  /* where image_file_block() goes on */
	char *buf;
	struct tar_stream *stream;
};

/* Reads like pread(2) from any place of the content; fewer bytes than @len only at its end. */
ssize_t image_file_pread(struct image_file *f, void *buf, size_t len, uint64_t offset,
			 struct err *err);

struct image {
	struct digest id;
	char *name; /* see image_name() */
	struct image_config config;
	struct image_layer *layers;
	size_t n_layers;

	struct image_entry *root;
	struct image_entry **entries; /* by id, once finished */
	size_t n_entries;
	struct tree_node *made; /* every entry ever made, to be freed */
	size_t n_made;
	uint64_t held; /* bytes of names, targets and attributes */
	uint32_t n_inodes;
	uint64_t total_size;

	const struct image_source *source;
	int *layer_fds;		     /* dirs: each layer's directory; layouts: its blob */
	size_t n_layer_fds;	     /* added files are a layer without one */
	int archive_fd, unpacked_fd; /* archive: as it is, and its compressed layers */
	struct range *ranges;	     /* archive: each layer, unpacked */

	/* image_add_files(): tars of content that no layer has; they count as one more layer. */
	struct range *added;
	size_t n_added;
};

struct image *image_new(const struct image_source *source);
/* Parses and keeps @config, checks its digest against @id (NULL: none to check). */
int image_set_config(struct image *img, const char *id, const void *config, size_t len,
		     struct err *err);
/*
 * Adds or replaces @name in @dir. An existing directory that stays one keeps its children; the
 * result's attributes are zero but for name, type and layer, and its inode is new.
 */
int tree_put(struct image *img, struct image_entry *dir, const char *name, size_t len,
	     enum entry_type type, uint32_t layer, struct image_entry **ret, struct err *err);
/*
 * Another name, @len bytes of @name in @dir, for what @old is: the same inode, and its attributes
 * but for the extended ones.
 */
int tree_link(struct image *img, struct image_entry *dir, const char *name, size_t len,
	      const struct image_entry *old, uint32_t layer, struct image_entry **ret,
	      struct err *err);
/* A whiteout: hides what layers below @layer have at @name. What @layer itself has there stays. */
void tree_whiteout(struct image_entry *dir, const char *name, size_t len, uint32_t layer);
/* An opaque directory: hides all that layers below @layer have in it. */
void tree_make_opaque(struct image_entry *dir, uint32_t layer);
int tree_set_target(struct image *img, struct image_entry *e, const char *target, size_t len,
		    struct err *err);
/*
 * Labels of security modules (security.selinux, security.evm, ...) are the host's, and overlayfs's
 * own attributes the engine's; those of a container in a container, which are the image's, have
 * overlayfs's prefix twice.
 */
bool xattr_is_of_image(const char *name);
/* Sets @name, which must not be set yet. */
int tree_add_xattr(struct image *img, struct image_entry *e, const char *name, const void *value,
		   size_t len, struct err *err);
void tree_clear_xattrs(struct image_entry *e);
/* After tree_finish(), to go on; tree_finish() again then. Ids are new. */
void tree_resume(struct image *img);
/*
 * All layers are applied: ids, sorted children, link counts, sizes. All names of a file get the
 * owner, mode, time and extended attributes of the one that was put last.
 */
int tree_finish(struct image *img, struct err *err);

/* added.c: opens content of an added file; frees what was added. */
int added_open(const struct image *img, const struct image_entry *e, struct image_file *file,
	       struct err *err);
void added_release(struct image *img);

#endif
