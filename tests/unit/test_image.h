/* SPDX-License-Identifier: BSD-2-Clause */
/* Image archives made in memory: layers from a list of entries, with the metadata around them. */
#ifndef TEST_IMAGE_H
#define TEST_IMAGE_H

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/image.h"

/* One entry of a layer's tar. */
struct item {
	const char *path;
	mode_t type;	   /* AE_IF..., 0: a hard link to `text` */
	const char *text;  /* content, or target of a link */
	unsigned int mode; /* 0: 0644, 0755 for a directory */
	unsigned int uid;
	const char *xattr; /* name; its value is "v" */
};

static inline la_ssize_t to_strbuf(struct archive *a, void *ctx, const void *data, size_t len)
{
	(void)a;
	strbuf_add(ctx, data, len);
	return (la_ssize_t)len;
}

/* With @pax, all that pax can say is said: fractions of seconds as well. */
static inline struct archive *tar_begin_as(struct strbuf *out, bool pax)
{
	struct archive *a = archive_write_new();

	if (pax)
		archive_write_set_format_pax(a);
	else
		archive_write_set_format_pax_restricted(a);
	archive_write_set_options(a, "xattrheader=SCHILY,hdrcharset=BINARY");
	archive_write_set_bytes_per_block(a, 0);
	archive_write_open(a, out, NULL, to_strbuf, NULL);
	return a;
}

static inline struct archive *tar_begin(struct strbuf *out)
{
	return tar_begin_as(out, false);
}

static inline void tar_add(struct archive *a, const struct item *it, size_t len)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_copy_pathname(e, it->path);
	archive_entry_set_mtime(e, 1000000000, 0);
	archive_entry_set_uid(e, it->uid);
	if (!it->type) {
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_copy_hardlink(e, it->text);
	} else {
		archive_entry_set_filetype(e, it->type);
	}
	archive_entry_set_perm(e, it->mode ? it->mode : it->type == AE_IFDIR ? 0755 : 0644);
	if (it->type == AE_IFLNK)
		archive_entry_copy_symlink(e, it->text);
	if (it->type == AE_IFREG)
		archive_entry_set_size(e, (la_int64_t)len);
	if (it->type == AE_IFCHR)
		archive_entry_set_rdev(e, makedev(1, 3));
	if (it->xattr)
		archive_entry_xattr_add_entry(e, it->xattr, "v", 1);
	archive_write_header(a, e);
	if (it->type == AE_IFREG && len)
		archive_write_data(a, it->text, len);
	archive_entry_free(e);
}

static inline void tar_end(struct archive *a)
{
	archive_write_close(a);
	archive_write_free(a);
}

static inline void layer_tar(const struct item *items, size_t n, struct strbuf *out)
{
	struct archive *a = tar_begin(out);

	for (size_t i = 0; i < n; i++)
		tar_add(a, &items[i], items[i].text ? strlen(items[i].text) : 0);
	tar_end(a);
}

static inline void add_member(struct archive *a, const char *name, const struct strbuf *content)
{
	struct item it = { .path = name, .type = AE_IFREG, .text = content->buf };

	tar_add(a, &it, content->len);
}

/* The configuration that names @layers. */
static inline void config_for(const struct strbuf *layers, size_t n, struct strbuf *ret)
{
	strbuf_addstr(
		ret,
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":"
		"\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(ret, "%s\"%s\"", i ? "," : "",
			    sha256_of(layers[i].buf, layers[i].len).str);
	strbuf_addstr(ret, "]}}");
}

/* A docker-archive in a memory file; @stored (may be NULL: @layers) is what is put in as layers. */
static inline int docker_archive(const struct strbuf *layers, const struct strbuf *stored, size_t n)
{
	struct strbuf out = STRBUF_INIT, config = STRBUF_INIT, manifest = STRBUF_INIT;
	struct archive *a = tar_begin(&out);
	int fd = memfd_create("image", MFD_CLOEXEC);

	config_for(layers, n, &config);
	strbuf_addstr(&manifest, "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[");
	for (size_t i = 0; i < n; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%zu/layer.tar", i);
		add_member(a, name, stored ? &stored[i] : &layers[i]);
		strbuf_addf(&manifest, "%s\"%s\"", i ? "," : "", name);
	}
	strbuf_addstr(&manifest, "]}]");
	add_member(a, "c.json", &config);
	add_member(a, "manifest.json", &manifest);
	tar_end(a);
	if (write(fd, out.buf, out.len) != (ssize_t)out.len)
		abort();
	strbuf_release(&out);
	strbuf_release(&config);
	strbuf_release(&manifest);
	return fd;
}

#endif
