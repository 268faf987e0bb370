/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an image is: its configuration's bytes, its layers, and the one file tree they make
 * together, each entry with the layer it comes from. Nothing here talks to an engine; the session
 * opens an image from one of two sources:
 *  - the engine's own layer directories (overlay2), read in place: costs what is read;
 *  - an archive, as `docker save` writes it (docker-archive or OCI layout), in a file.
 *
 * Everything in an image is untrusted. Names are single components (never "", ".", "..", never
 * with a slash); symlinks are only ever resolved inside the tree, never by the host's kernel;
 * counts, depths and sizes are bounded (limits in image/limits.h).
 */
#ifndef SLIMTRACE_IMAGE_H
#define SLIMTRACE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "slimtrace/base/cleanup.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/strvec.h"

enum entry_type {
	ENTRY_FILE,
	ENTRY_DIR,
	ENTRY_SYMLINK,
	ENTRY_CHAR,
	ENTRY_BLOCK,
	ENTRY_FIFO,
	ENTRY_SOCKET, /* tar has no type for it: only in layer directories */
};

struct entry_xattr {
	char *name;
	void *value;
	size_t len;
};

/* A name in the tree. Borrowed from the image, valid until image_free(). */
struct image_entry {
	uint32_t id;		    /* dense index: 0 is the root, < image_entry_count() */
	struct image_entry *parent; /* the root's is itself */
	char *name;		    /* "" for the root */
	size_t name_len;
	enum entry_type type;
	uint32_t mode; /* permission bits with setuid, setgid, sticky: 07777 */
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	uint64_t size; /* ENTRY_FILE: bytes, holes included */
	uint64_t disk; /* ENTRY_FILE: bytes of data, holes not included, where known */
	uint32_t rdev_major, rdev_minor;
	char *target; /* ENTRY_SYMLINK */
	struct entry_xattr
		*xattrs; /* sorted by name; trusted.overlay.* and the like are not here */
	size_t n_xattrs;
	uint32_t layer;		       /* index of the layer that it comes from, 0 = bottom */
	uint32_t inode;		       /* entries of one hard link group, and only they, share it */
	uint32_t nlink;		       /* names of this inode in the tree */
	struct image_entry **children; /* ENTRY_DIR: sorted by name, bytewise */
	size_t n_children;
	uint64_t source; /* the source's own note of where the content is */
	uint32_t gone;	 /* image_each_hidden(): the layer that removed or replaced it */
};

struct image_layer {
	struct digest diff_id;
	uint64_t size;	  /* bytes of file content in the layer, 0 when not known */
	char *created_by; /* from the history; may be NULL */
};

/* The parts of the configuration that others need; the bytes are the truth. */
struct image_config {
	char *bytes; /* verbatim */
	size_t len;
	char *user, *workdir, *stop_signal, *arch, *os;
	struct strvec entrypoint, cmd, env, volumes, ports, shell; /* ports: "80/tcp" */
	struct strvec healthcheck; /* Test, e.g. "CMD-SHELL", "curl ..." ; empty when none */
	int stop_timeout;	   /* seconds, -1 when not set */
};

struct image;

/*
 * From layer directories: @dirs[i] is the overlay2 `diff` directory of the i-th diff ID, bottom
 * first. @config is copied; its SHA-256 must be @id (else ERR_IMAGE).
 */
int image_open_dirs(const char *id, const void *config, size_t len, const struct strvec *dirs,
		    struct image **ret, struct err *err);
/*
 * From an archive in @fd (owned by the image afterwards, seekable): docker-archive old and new, or
 * an OCI layout tar; layers, or the whole, plain or compressed (gzip, zstd, xz, bzip2). Each
 * layer's diff ID is verified. What is compressed is unpacked into unlinked temporary files in
 * @tmpdir. @arch (GOARCH name) chooses in an index.
 */
int image_open_archive(int fd, const char *arch, const char *tmpdir, struct image **ret,
		       struct err *err);
/* Which of the images that a file may hold. */
struct image_choice {
	const char *arch; /* GOARCH, with a variant or without: "arm/v7"; NULL: the first one */
	const char *name; /* "a/b:tag", or a layout's tag; NULL: there is only one */
};
/* The same, with a choice. @oci: as an OCI layout, although it may be a docker-archive as well. */
int image_open_archive_of(int fd, bool oci, const struct image_choice *choice, const char *tmpdir,
			  struct image **ret, struct err *err);
/*
 * From an OCI layout in directory @dir (image-spec: image-layout.md): only regular files of it are
 * read, below "blobs/sha256/" those that the chosen manifest names.
 */
int image_open_layout(const char *dir, const struct image_choice *choice, const char *tmpdir,
		      struct image **ret, struct err *err);
void image_free(struct image *img);
DEFINE_CLEANUP(struct image *, image_free);

/*
 * Puts files of a container over the image's own, as one more layer: those of tars as an engine
 * copies them out, of which only the paths that @only has are taken. At most once, and n > 0.
 * Entries' ids change. The descriptors are taken over, also on failure, after which the image can
 * only be freed.
 */
struct image_files {
	int fd;		 /* of the tar */
	const char *dir; /* that its names are below */
};
int image_add_files(struct image *img, const struct image_files *files, size_t n,
		    const struct strmap *only, struct err *err);
/* Is @e one of them? */
bool image_is_added(const struct image *img, const struct image_entry *e);

const char *image_id(const struct image *img); /* sha256 of the configuration */
/* What the archive or layout calls it ("a/b:tag"), unchecked; NULL when it does not say. */
const char *image_name(const struct image *img);
/*
 * Where the tar of layer @i is, unpacked: a stretch of a file, whose descriptor is borrowed.
 * -ENOTSUP for layer directories, which have none.
 */
int image_layer_tar(const struct image *img, size_t i, int *ret_fd, uint64_t *ret_start,
		    uint64_t *ret_len, struct err *err);
const struct image_config *image_config(const struct image *img);
size_t image_layer_count(const struct image *img);
const struct image_layer *image_layer(const struct image *img, size_t i);
size_t image_entry_count(const struct image *img);
struct image_entry *image_entry(const struct image *img, uint32_t id);
struct image_entry *image_root(const struct image *img);
/* Bytes of all regular files in the merged tree, each hard link group once. */
uint64_t image_total_size(const struct image *img);

/*
 * What layers have that is not in the tree, because the same or an upper layer removed or replaced
 * it, in no order. Path, attributes and content of such an entry can be asked for as of any other;
 * its id and nlink mean nothing, and it has no children. A directory over a directory is not among
 * them. @fn returning non-zero ends it with that value.
 */
typedef int image_hidden_fn(struct image_entry *e, void *ctx);
int image_each_hidden(const struct image *img, image_hidden_fn *fn, void *ctx);

/* Absolute path of @e, appended to @ret. */
void image_entry_path(const struct image_entry *e, struct strbuf *ret);
struct image_entry *image_child(const struct image_entry *dir, const char *name, size_t len);
/* The entry at an exact path: no symlink is followed, "." and ".." are not understood. */
struct image_entry *image_lookup(const struct image *img, const char *path);

/*
 * Resolves @path as the kernel would in a container whose root is @root (NULL: the image's),
 * counting a relative path from @cwd (NULL: root). @step, when not NULL, is called for every
 * symlink that is followed and every directory that is passed through, in order. Stops at the
 * first component that does not exist.
 *
 * Returns 0 with *ret_entry; -ENOENT (*ret_entry: the deepest directory reached), -ENOTDIR,
 * -ELOOP (more than 40 links), -ENAMETOOLONG.
 */
typedef void image_step_fn(struct image_entry *e, void *ctx);
int image_walk(const struct image *img, struct image_entry *root, struct image_entry *cwd,
	       const char *path, bool follow_last, image_step_fn *step, void *ctx,
	       struct image_entry **ret_entry);

/*
 * Content of a regular file, in ascending offsets; what no block covers is a hole. The block is
 * valid until the next call. image_file_block() returns 1 with a block, 0 at the end, or -errno.
 */
struct image_file;
int image_file_open(const struct image *img, const struct image_entry *e, struct image_file **ret,
		    struct err *err);
int image_file_block(struct image_file *f, const void **ret_data, size_t *ret_len,
		     uint64_t *ret_offset, struct err *err);
void image_file_close(struct image_file *f);
DEFINE_CLEANUP(struct image_file *, image_file_close);
/* The first bytes of a file, at most @max, holes read as zeros. Returns how many, or -errno. */
ssize_t image_file_head(const struct image *img, const struct image_entry *e, void *buf, size_t max,
			struct err *err);
/* The whole file, -EFBIG above @max. malloc'ed and terminated. */
int image_file_read(const struct image *img, const struct image_entry *e, size_t max, char **ret,
		    size_t *ret_len, struct err *err);

/* What an executable file needs to be executed: see image_exec_needs(). */
struct exec_needs {
	bool is_elf;
	char *interpreter;     /* PT_INTERP, or the "#!" line's program; NULL when none */
	char *argument;	       /* of the "#!" line, NULL when none */
	struct strvec needed;  /* DT_NEEDED */
	struct strvec runpath; /* DT_RUNPATH or else DT_RPATH, split at ':' */
};
/* Reads ELF headers or a "#!" line. Other files give an empty answer. Bounded; never fails on junk.
 */
int image_exec_needs(const struct image *img, const struct image_entry *e, struct exec_needs *ret,
		     struct err *err);
void exec_needs_release(struct exec_needs *needs);

#endif
