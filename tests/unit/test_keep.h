/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small image made in a temporary directory, a record of what was done with it, and what stays
 * of it. For the tests of the keep module.
 */
#ifndef SLIMTRACE_TEST_KEEP_H
#define SLIMTRACE_TEST_KEEP_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/keep.h"

struct fixture {
	char *dir; /* of the test; the layer is in it */
	char *layer;
	struct record_builder *builder;
	uint64_t now;
	struct keep_opts opts;
	struct image *img;
	struct record *rec;
	struct keep *keep;
	struct err err;
};

__attribute__((noreturn, unused)) static void die(const char *what)
{
	perror(what);
	exit(2);
}

__attribute__((unused)) static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){ .builder = record_builder_new(), .err = ERR_INIT };
	if (io_mkdtemp(&f->dir, &f->err) < 0)
		die(f->err.msg);
	f->layer = xasprintf("%s/layer", f->dir);
	if (mkdir(f->layer, 0755) < 0)
		die("mkdir");
}

__attribute__((unused)) static void fixture_release(struct fixture *f)
{
	keep_free(f->keep);
	image_free(f->img);
	record_free(f->rec);
	record_builder_free(f->builder);
	keep_opts_release(&f->opts);
	if (io_remove_tree(AT_FDCWD, f->dir, &f->err) < 0)
		die(f->err.msg);
	free(f->layer);
	free(f->dir);
}

/* The path on the host, its parent directories made. */
__attribute__((unused)) static char *place(struct fixture *f, const char *path)
{
	char *host = xasprintf("%s%s", f->layer, path);
	char *slash = strrchr(host, '/');

	*slash = '\0';
	if (io_mkdir_p(host, 0755, &f->err) < 0)
		die(f->err.msg);
	*slash = '/';
	return host;
}

__attribute__((unused)) static void put_dir(struct fixture *f, const char *path)
{
	_cleanup_free_ char *host = place(f, path);

	if (mkdir(host, 0755) < 0 && errno != EEXIST)
		die(host);
}

__attribute__((unused)) static void put_bytes(struct fixture *f, const char *path, mode_t mode,
					      const void *data, size_t len)
{
	_cleanup_free_ char *host = place(f, path);
	_cleanup_close_ int fd = open(host, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || io_write_full(fd, data, len) < 0 || fchmod(fd, mode) < 0)
		die(host);
}

__attribute__((unused)) static void put_file(struct fixture *f, const char *path, const char *text)
{
	put_bytes(f, path, 0644, text, strlen(text));
}

/* A script, or with another text what no kernel runs but everybody believes to be a program. */
__attribute__((unused)) static void put_program(struct fixture *f, const char *path,
						const char *text)
{
	put_bytes(f, path, 0755, text, strlen(text));
}

__attribute__((unused)) static void put_link(struct fixture *f, const char *path,
					     const char *target)
{
	_cleanup_free_ char *host = place(f, path);

	if (symlink(target, host) < 0)
		die(host);
}

__attribute__((unused)) static void put_hard_link(struct fixture *f, const char *path,
						  const char *old)
{
	_cleanup_free_ char *host = place(f, path), *from = place(f, old);

	if (link(from, host) < 0)
		die(host);
}

__attribute__((unused)) static void put_socket(struct fixture *f, const char *path)
{
	_cleanup_free_ char *host = place(f, path);

	if (mknod(host, S_IFSOCK | 0755, 0) < 0)
		die(host);
}

__attribute__((unused)) static void used(struct fixture *f, struct record_access_key key,
					 uint32_t kinds)
{
	key.path_len = strlen(key.path);
	record_add_access(f->builder, &key, kinds, 0, ++f->now);
}

/* Resolved by the kernel, on the image. */
#define used_file(f, path_, kinds)                                                                 \
	used((f),                                                                                  \
	     (struct record_access_key){                                                           \
		     .source = RECORD_FILE, .path = (path_), .on_image = true },                   \
	     (kinds))
/* Resolved by the kernel, on something mounted. */
#define used_mount(f, path_, kinds)                                                                \
	used((f), (struct record_access_key){ .source = RECORD_FILE, .path = (path_) }, (kinds))
/* Asked for. */
#define asked(f, path_, kinds, error_)                                                             \
	used((f),                                                                                  \
	     (struct record_access_key){ .source = RECORD_LOOKUP,                                  \
					 .path = (path_),                                          \
					 .error = (error_),                                        \
					 .follow = true,                                           \
					 .on_image = true },                                       \
	     (kinds))
#define asked_nofollow(f, path_, kinds, error_)                                                    \
	used((f),                                                                                  \
	     (struct record_access_key){ .source = RECORD_LOOKUP,                                  \
					 .path = (path_),                                          \
					 .error = (error_),                                        \
					 .on_image = true },                                       \
	     (kinds))

/* Opens the image with @config as the "config" object and decides. Returns keep_decide()'s. */
__attribute__((unused)) static int decide(struct fixture *f, const char *config)
{
	_cleanup_strbuf_ struct strbuf doc = STRBUF_INIT;
	_cleanup_strvec_ struct strvec dirs = STRVEC_INIT;
	struct digest layer = sha256_of("layer", 5), id;

	strbuf_addf(&doc,
		    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":%s,\"rootfs\":{"
		    "\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		    config, layer.str);
	id = sha256_of(doc.buf, doc.len);
	strvec_push(&dirs, f->layer);
	if (image_open_dirs(id.str, doc.buf, doc.len, &dirs, &f->img, &f->err) < 0)
		die(f->err.msg);
	f->rec = record_builder_finish(f->builder);
	return keep_decide(f->img, f->rec, &f->opts, &f->keep, &f->err);
}

/* --include-path */
__attribute__((unused)) static void include(struct fixture *f, const char *path)
{
	if (keep_opts_add_path(&f->opts, path, &f->err) < 0)
		die(f->err.msg);
}

__attribute__((unused)) static uint32_t reasons_of(const struct fixture *f, const char *path)
{
	const struct image_entry *e = image_lookup(f->img, path);

	if (!e)
		printf("# the image has no '%s'\n", path);
	return e ? keep_reasons(f->keep, e) : UINT32_MAX;
}

#define stays(f, path, reason)                                                                     \
	ok(reasons_of((f), (path)) != UINT32_MAX && reasons_of((f), (path)) & 1u << (reason),      \
	   "%s stays: %s", (path), keep_reason_name(reason))
#define goes(f, path) is_int(reasons_of((f), (path)), 0, "%s goes", (path))
#define lacks(f, path, reason)                                                                     \
	ok(!(reasons_of((f), (path)) & 1u << (reason)), "%s is not there as %s", (path),           \
	   keep_reason_name(reason))

#endif
