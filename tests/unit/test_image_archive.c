/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <zlib.h>

#include "../lib/tap.h"
#include "test_image.h"

static struct err err;

static struct image *open_layers(const struct strbuf *layers, const struct strbuf *stored, size_t n)
{
	struct image *img = NULL;

	err = ERR_INIT;
	if (image_open_archive(docker_archive(layers, stored, n), "amd64", "/tmp", &img, &err) < 0)
		printf("# %s\n", err.msg);
	return img;
}

static struct image *open_one(const struct item *items, size_t n)
{
	struct strbuf layer = STRBUF_INIT;
	struct image *img;

	layer_tar(items, n, &layer);
	img = open_layers(&layer, NULL, 1);
	strbuf_release(&layer);
	return img;
}

static void has_content(const struct image *img, const char *path, const char *want)
{
	const struct image_entry *e = image_lookup(img, path);
	_cleanup_free_ char *got = NULL;
	size_t len;

	if (ok(e && e->type == ENTRY_FILE, "%s is a file", path) &&
	    ok(image_file_read(img, e, 1 << 20, &got, &len, &err) == 0, "%s can be read", path))
		is_str(got, want, "content of %s", path);
}

static void test_entries(void)
{
	static const struct item items[] = {
		{ "dir/", AE_IFDIR, NULL, 01777, 7, NULL },
		{ "dir/file", AE_IFREG, "hello", 04755, 70000, "user.x" },
		{ "dir/link", AE_IFLNK, "../dir/file", 0, 0, NULL },
		{ "dir/hard", 0, "dir/file", 04755, 70000, NULL },
		{ "null", AE_IFCHR, NULL, 0666, 0, NULL },
		{ "pipe", AE_IFIFO, NULL, 0600, 0, NULL },
		{ "./no/parent/here", AE_IFREG, "x", 0, 0, NULL },
		{ "na\xc3\xafve", AE_IFREG, "u", 0, 0, NULL },
		{ "b\xff", AE_IFREG, "b", 0, 0, NULL },
		{ "empty", AE_IFREG, "", 0, 0, NULL },
	};
	_cleanup_(image_free) struct image *img = open_one(items, ARRAY_SIZE(items));
	const struct image_entry *file = image_lookup(img, "/dir/file");
	const struct image_entry *hard = image_lookup(img, "/dir/hard");
	const struct image_entry *e = image_lookup(img, "/dir");

	ok(e && e->mode == 01777 && e->uid == 7, "directory with its mode and owner");
	ok(file->mode == 04755 && file->uid == 70000 && file->mtime == 1000000000, "file likewise");
	ok(file->n_xattrs == 1 && !strcmp(file->xattrs[0].name, "user.x") &&
		   file->xattrs[0].len == 1,
	   "xattr");
	has_content(img, "/dir/file", "hello");
	has_content(img, "/dir/hard", "hello");
	ok(hard->inode == file->inode && hard->nlink == 2, "hard links share an inode");
	e = image_lookup(img, "/dir/link");
	ok(e && e->type == ENTRY_SYMLINK && !strcmp(e->target, "../dir/file"), "symlink");
	e = image_lookup(img, "/null");
	ok(e && e->type == ENTRY_CHAR && e->rdev_major == 1 && e->rdev_minor == 3, "device");
	ok(image_lookup(img, "/pipe")->type == ENTRY_FIFO, "fifo");
	e = image_lookup(img, "/no/parent");
	ok(e && e->type == ENTRY_DIR && e->mode == 0755, "missing parents are made");
	has_content(img, "/na\xc3\xafve", "u");
	has_content(img, "/b\xff", "b");
	has_content(img, "/empty", "");
	is_int(image_total_size(img), 5 + 1 + 1 + 1, "hard links count once");
	is_int(image_entry(img, file->id) == file, true, "ids are dense");
}

/* As an engine unpacks it: what a later name tells is set on the one file that both are. */
static void test_link_headers(void)
{
	static const struct item items[] = {
		{ "able", AE_IFREG, "a", 0755, 1, "security.capability" },
		{ "other", AE_IFREG, "a", 0755, 1, "user.a" },
		{ "gone", 0, "other", 0700, 3, "user.b" },
		{ "hard", 0, "able", 0600, 2, "user.x" },
		{ "nested", AE_IFDIR, NULL, 0, 0, "trusted.overlay.overlay.opaque" },
		{ "inner", AE_IFDIR, NULL, 0, 0, "trusted.overlay.opaque" },
		{ "soft", AE_IFLNK, "x", 0600, 0, NULL },
	};
	static const struct item upper[] = { { ".wh.gone", AE_IFREG, "", 0, 0, NULL } };
	struct strbuf layers[2] = { STRBUF_INIT, STRBUF_INIT };
	_cleanup_(image_free) struct image *img = NULL;
	const struct image_entry *e;

	layer_tar(items, ARRAY_SIZE(items), &layers[0]);
	layer_tar(upper, ARRAY_SIZE(upper), &layers[1]);
	img = open_layers(layers, NULL, 2);
	e = image_lookup(img, "/able");
	ok(e->mode == 0600 && e->uid == 2 && e->nlink == 2, "mode and owner are the link's");
	ok(e->n_xattrs == 1 && !strcmp(e->xattrs[0].name, "user.x"),
	   "setting an owner takes the capability away");
	e = image_lookup(img, "/other");
	ok(e->mode == 0700 && e->uid == 3 && e->nlink == 1, "although that name is gone again");
	is_int(e->n_xattrs, 2, "attributes that the link does not tell stay");
	is_int(image_lookup(img, "/nested")->n_xattrs, 1, "a container's own overlay attribute");
	is_int(image_lookup(img, "/inner")->n_xattrs, 0, "the engine's is not of the image");
	is_int(image_lookup(img, "/soft")->mode, 0777, "a symlink's mode is what it always is");
	strbuf_release(&layers[0]);
	strbuf_release(&layers[1]);
}

/* Engines know neither textual ACLs, which change the mode that libarchive tells, nor our host's
 * labels. */
static void test_foreign_attributes(void)
{
	static const char *const names[] = { "security.ima", "security.selinux", "security.evm" };
	struct strbuf layer = STRBUF_INIT;
	struct archive *a = tar_begin(&layer);
	struct archive_entry *e = archive_entry_new();
	_cleanup_(image_free) struct image *img = NULL;
	const struct image_entry *got;

	archive_entry_copy_pathname(e, "acl");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0640);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ARCHIVE_ENTRY_ACL_READ,
				    ARCHIVE_ENTRY_ACL_USER, 1234, NULL);
	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS,
				    ARCHIVE_ENTRY_ACL_READ | ARCHIVE_ENTRY_ACL_WRITE,
				    ARCHIVE_ENTRY_ACL_MASK, -1, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		archive_entry_xattr_add_entry(e, names[i], "v", 1);
	archive_write_header(a, e);
	archive_entry_free(e);
	tar_end(a);
	ok(memmem(layer.buf, layer.len, "SCHILY.acl.access", 17) != NULL, "the layer has an ACL");
	img = open_layers(&layer, NULL, 1);
	got = image_lookup(img, "/acl");
	ok(got && got->mode == 0640, "the mode is the header's");
	ok(got && got->n_xattrs == 1 && !strcmp(got->xattrs[0].name, "security.ima"),
	   "a signature of the content stays, labels do not");
	strbuf_release(&layer);
}

/* Pax tells "-2.5" for two and a half seconds before 1970. Beyond all times there is the epoch. */
static void test_times(void)
{
	static const struct {
		int64_t sec; /* as libarchive writes it */
		long nsec;
		int64_t want;
		uint32_t want_nsec;
	} times[] = {
		{ 0, 0, 0, 0 },
		{ 4300000000, 123456789, 4300000000, 123456789 },
		{ -2, 500000000, -3, 500000000 },
		{ -7, 0, -7, 0 },
		{ INT64_MIN, 0, 0, 0 },
		{ INT64_MAX, 0, 0, 0 },
		{ 1ll << 40, 5, 0, 0 },
	};
	struct strbuf layer = STRBUF_INIT;
	struct archive *a = tar_begin_as(&layer, true);
	_cleanup_(image_free) struct image *img = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct archive_entry *e = archive_entry_new();
		const char name[] = { (char)('a' + i), '\0' };

		archive_entry_copy_pathname(e, name);
		archive_entry_set_mode(e, S_IFREG | 0644);
		archive_entry_set_size(e, 0);
		archive_entry_set_mtime(e, times[i].sec, times[i].nsec);
		archive_write_header(a, e);
		archive_entry_free(e);
	}
	tar_end(a);
	img = open_layers(&layer, NULL, 1);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		const char name[] = { '/', (char)('a' + i), '\0' };
		const struct image_entry *e = image_lookup(img, name);

		ok(e->mtime == times[i].want && e->mtime_nsec == times[i].want_nsec,
		   "time %zu: %lld and %u ns", i, (long long)e->mtime, e->mtime_nsec);
	}
	strbuf_release(&layer);
}

static void test_merge(void)
{
	static const struct item lower[] = {
		{ "a", AE_IFREG, "old", 0, 0, NULL },
		{ "gone", AE_IFREG, "x", 0, 0, NULL },
		{ "d/one", AE_IFREG, "1", 0, 0, NULL },
		{ "d/two", AE_IFREG, "2", 0, 0, NULL },
		{ "o/hidden", AE_IFREG, "h", 0, 0, NULL },
		{ "was-dir/f", AE_IFREG, "f", 0, 0, NULL },
		{ "was-file", AE_IFREG, "f", 0, 0, NULL },
		{ "tree/x/y", AE_IFREG, "y", 0, 0, NULL },
		{ "linked", AE_IFREG, "shared", 0, 0, NULL },
	};
	static const struct item upper[] = {
		{ "a", AE_IFREG, "newer", 0, 0, NULL },
		{ ".wh.gone", AE_IFREG, "", 0, 0, NULL },
		{ "d/.wh.one", AE_IFREG, "", 0, 0, NULL },
		{ "o/new", AE_IFREG, "n", 0, 0, NULL },
		{ "o/.wh..wh..opq", AE_IFREG, "", 0, 0, NULL },
		{ "was-dir", AE_IFREG, "now a file", 0, 0, NULL },
		{ "was-file/", AE_IFDIR, NULL, 0700, 0, NULL },
		{ ".wh..wh.plnk", AE_IFREG, "", 0, 0, NULL },
		{ "d/", AE_IFDIR, NULL, 0711, 0, NULL },
		{ "alias", 0, "linked", 0, 0, NULL },
	};
	struct strbuf layers[2] = { STRBUF_INIT, STRBUF_INIT };
	_cleanup_(image_free) struct image *img = NULL;

	layer_tar(lower, ARRAY_SIZE(lower), &layers[0]);
	layer_tar(upper, ARRAY_SIZE(upper), &layers[1]);
	img = open_layers(layers, NULL, 2);
	has_content(img, "/a", "newer");
	is_int(image_lookup(img, "/a")->layer, 1, "from the upper layer");
	ok(!image_lookup(img, "/gone") && !image_lookup(img, "/d/one"), "whiteouts");
	has_content(img, "/d/two", "2");
	is_int(image_lookup(img, "/d/two")->layer, 0, "from the lower layer");
	is_int(image_lookup(img, "/d")->mode, 0711, "the upper directory's mode");
	ok(!image_lookup(img, "/o/hidden"), "an opaque directory hides");
	has_content(img, "/o/new", "n");
	has_content(img, "/was-dir", "now a file");
	ok(image_lookup(img, "/was-file")->type == ENTRY_DIR, "file to directory");
	ok(!image_lookup(img, "/.wh..wh.plnk") && !image_lookup(img, "/plnk"),
	   "aufs names mean nothing");
	has_content(img, "/alias", "shared");
	is_int(image_lookup(img, "/alias")->inode, image_lookup(img, "/linked")->inode,
	       "a hard link across layers");
	strbuf_release(&layers[0]);
	strbuf_release(&layers[1]);
}

static void test_compressed(void)
{
	static const struct item items[] = { { "f", AE_IFREG, "zipped", 0, 0, NULL } };
	struct strbuf layer = STRBUF_INIT, gz = STRBUF_INIT;
	_cleanup_(image_free) struct image *img = NULL;
	z_stream z = { 0 };

	layer_tar(items, 1, &layer);
	strbuf_grow(&gz, layer.len + 1024);
	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)layer.buf;
	z.avail_in = (uInt)layer.len;
	z.next_out = (Bytef *)gz.buf;
	z.avail_out = (uInt)layer.len + 1024;
	deflate(&z, Z_FINISH);
	gz.len = z.total_out;
	deflateEnd(&z);
	img = open_layers(&layer, &gz, 1);
	if (ok(img != NULL, "a gzip layer opens"))
		has_content(img, "/f", "zipped");
	gz.buf[gz.len / 2] ^= 0x55;
	ok(!open_layers(&layer, &gz, 1), "a damaged one does not");
	strbuf_release(&layer);
	strbuf_release(&gz);
}

static void test_refused(void)
{
	static const struct item items[] = { { "f", AE_IFREG, "content", 0, 0, NULL } };
	static const struct item dangling[] = { { "l", 0, "nowhere", 0, 0, NULL } };
	static const struct item escape[] = { { "../../up", AE_IFREG, "x", 0, 0, NULL },
					      { "/abs", AE_IFREG, "y", 0, 0, NULL } };
	struct strbuf good = STRBUF_INIT, other = STRBUF_INIT;
	_cleanup_(image_free) struct image *img = NULL;
	int fd = memfd_create("junk", MFD_CLOEXEC);
	struct image *none = NULL;

	layer_tar(items, 1, &good);
	layer_tar(dangling, 1, &other);
	ok(!open_layers(&good, &other, 1), "a layer that is not its diff ID");
	ok(strstr(err.msg, "digest") != NULL, "says so: %s", err.msg);
	ok(!open_layers(&other, NULL, 1), "a hard link to nothing");
	is_int(err.class, ERR_IMAGE, "is the image's fault");
	img = open_one(escape, 2);
	ok(img && image_lookup(img, "/up") && image_lookup(img, "/abs"),
	   "names cannot leave the root");
	ok(write(fd, "not a tar at all, just text", 27) == 27, "junk");
	ok(image_open_archive(fd, "amd64", "/tmp", &none, &err) < 0, "is no archive");
	strbuf_release(&good);
	strbuf_release(&other);
}

/* Every cut and many single flipped bytes: an error or a tree, never anything worse. */
static void test_damage(void)
{
	static const struct item items[] = {
		{ "d/", AE_IFDIR, NULL, 0, 0, NULL },
		{ "d/f", AE_IFREG, "content", 0, 0, "user.a" },
		{ "l", AE_IFLNK, "d/f", 0, 0, NULL },
		{ "a-name-that-is-so-long-that-a-plain-header-cannot-hold-it-and-an-extension-has-"
		  "to-come-"
		  "before-it-in-the-archive",
		  AE_IFREG, "x", 0, 0, NULL },
	};
	struct strbuf layer = STRBUF_INIT, whole = STRBUF_INIT;
	int fd, opened = 0;

	layer_tar(items, ARRAY_SIZE(items), &layer);
	fd = docker_archive(&layer, NULL, 1);
	whole.len = (size_t)lseek(fd, 0, SEEK_END);
	whole = (struct strbuf)STRBUF_INIT;
	strbuf_grow(&whole, 65536);
	whole.len = (size_t)pread(fd, whole.buf, 65536, 0);
	close(fd);
	for (size_t i = 0; i < whole.len; i += 7) {
		struct image *img = NULL;

		fd = memfd_create("damaged", MFD_CLOEXEC);
		whole.buf[i] ^= 0x41;
		if (write(fd, whole.buf, i % 3 ? whole.len : i) < 0)
			abort();
		whole.buf[i] ^= 0x41;
		if (image_open_archive(fd, "amd64", "/tmp", &img, &err) == 0)
			opened++;
		image_free(img);
	}
	ok(opened > 0, "damage that does not matter is survived (%d times)", opened);
	strbuf_release(&layer);
	strbuf_release(&whole);
}

int main(void)
{
	test_entries();
	test_link_headers();
	test_foreign_attributes();
	test_times();
	test_merge();
	test_compressed();
	test_refused();
	test_damage();
	return tap_done();
}
