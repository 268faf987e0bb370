/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the merged tree of an image as user/image reads it, one line an entry, all that is known
 * of it; tests compare that with what a container shows.
 *
 * usage: image-dump archive FILE
 *	  image-dump dirs CONFIG-FILE DIRECTORY...	bottom layer first
 *
 * A line: path, type, mode, owner, mtime, size, device, link target, names of the same file,
 * attributes, digest of the content; separated by tabs, bytes that are not plain as \xHH.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/image.h"

static void put_bytes(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		if (p[i] > ' ' && p[i] < 0x7f && p[i] != '\\')
			putchar(p[i]);
		else
			printf("\\x%02x", p[i]);
}

static void hash_zeros(struct sha256 *sha, uint64_t len)
{
	static const char zeros[65536];

	for (; len; len -= len < sizeof(zeros) ? len : sizeof(zeros))
		sha256_update(sha, zeros, len < sizeof(zeros) ? (size_t)len : sizeof(zeros));
}

static int put_digest(const struct image *img, const struct image_entry *e, struct err *err)
{
	_cleanup_(image_file_close) struct image_file *f = NULL;
	_cleanup_(sha256_free) struct sha256 *sha = sha256_new();
	uint64_t pos = 0, offset = 0;
	const void *data = NULL;
	size_t len = 0;
	int r = image_file_open(img, e, &f, err);

	if (r < 0)
		return r;
	while ((r = image_file_block(f, &data, &len, &offset, err)) == 1) {
		hash_zeros(sha, offset - pos);
		sha256_update(sha, data, len);
		pos = offset + len;
	}
	if (r < 0)
		return r;
	hash_zeros(sha, e->size - pos);
	printf("%s", sha256_final(sha).str + strlen("sha256:"));
	return 0;
}

static void put_path(const struct image_entry *e)
{
	_cleanup_strbuf_ struct strbuf path = STRBUF_INIT;

	image_entry_path(e, &path);
	put_bytes(path.buf, path.len);
}

static int put_entry(const struct image *img, const struct image_entry *e, struct err *err)
{
	put_path(e);
	printf("\t%c\t%04o\t%u:%u\t%lld.%09u\t%llu\t%u:%u\t", "fdlcbps"[e->type], e -> mode,
	       e -> uid, e -> gid, (long long)e -> mtime, e -> mtime_nsec,
	       (unsigned long long)e -> size, e -> rdev_major, e -> rdev_minor);
	put_bytes(e->target ? e->target : "", e->target ? strlen(e->target) : 0);
	printf("\t%u\t", e->nlink > 1 ? e->inode + 1 : 0);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		put_bytes(e->xattrs[i].name, strlen(e->xattrs[i].name));
		putchar('=');
		put_bytes(e->xattrs[i].value, e->xattrs[i].len);
		putchar(';');
	}
	putchar('\t');
	if (e->type == ENTRY_FILE && put_digest(img, e, err) < 0)
		return -err->code;
	putchar('\n');
	return 0;
}

static int open_dirs(char **args, int n, struct image **ret, struct err *err)
{
	_cleanup_strvec_ struct strvec dirs = STRVEC_INIT;
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT;
	int r = io_read_file(AT_FDCWD, args[0], 16u << 20, &config, err);

	for (int i = 1; i < n; i++)
		strvec_push(&dirs, args[i]);
	if (r < 0)
		return r;
	return image_open_dirs(NULL, config.buf, config.len, &dirs, ret, err);
}

static int open_archive(const char *path, struct image **ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "cannot open '%s'", path);
	return image_open_archive(fd, NULL, "/tmp", ret, err);
}

/* Of this program: what getrusage(2) tells includes who started it. */
static void tell_memory(void)
{
	_cleanup_strbuf_ struct strbuf status = STRBUF_INIT;
	struct err err = ERR_INIT;
	const char *peak;

	if (io_read_file(AT_FDCWD, "/proc/self/status", 1u << 16, &status, &err) < 0)
		return;
	peak = strstr(status.buf, "VmHWM:");
	fprintf(stderr, "%lu KiB resident\n", peak ? strtoul(peak + 6, NULL, 10) : 0);
}

int main(int argc, char **argv)
{
	_cleanup_(image_free) struct image *img = NULL;
	struct err err = ERR_INIT;
	int r;

	if (argc == 3 && !strcmp(argv[1], "archive"))
		r = open_archive(argv[2], &img, &err);
	else if (argc > 2 && !strcmp(argv[1], "dirs"))
		r = open_dirs(argv + 2, argc - 2, &img, &err);
	else
		return 2;
	for (uint32_t id = 0; !r && id < image_entry_count(img); id++)
		r = put_entry(img, image_entry(img, id), &err);
	tell_memory();
	if (r < 0)
		fprintf(stderr, "image-dump: %s\n", err.msg);
	return r < 0;
}
