/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packing, from an image that this test makes up: so that owners, devices, capabilities and names
 * that only root could make on a disk are tested without root.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/slim.h"
#include "test_slim_image.h"

static void progress(uint64_t bytes, void *ctx)
{
	*(uint64_t *)ctx = bytes;
}

struct packed {
	struct slim_result result;
	struct strbuf archive;
	uint64_t bytes; /* what progress was told */
	struct err err;
};

static int pack(struct image *img, struct packed *ret)
{
	_cleanup_strvec_ struct strvec tags = STRVEC_INIT;
	struct keep keep = { .img = img };
	struct slim_source source = { .img = img, .keep = &keep };
	struct slim_set set = { .v = &source, .n = 1 };
	struct slim_opts opts = {
		.tags = &tags, .tmpdir = "/tmp", .progress = progress, .ctx = &ret->bytes
	};
	int fd = -1, r;

	*ret = (struct packed){ .archive = STRBUF_INIT, .err = ERR_INIT };
	strvec_push(&tags, "app.slim:1");
	strvec_push(&tags, "reg.example:5000/a/b:x");
	r = slim_pack(&set, 0, &opts, &fd, &ret->result, &ret->err);
	if (r < 0) {
		is_int(fd, -1, "no file after a failure");
	} else {
		io_read_fd(fd, 64 << 20, &ret->archive, &ret->err);
		close(fd);
	}
	is_int(img->open_files, 0, "files are closed");
	return r;
}

static void packed_release(struct packed *p)
{
	strbuf_release(&p->archive);
	slim_result_release(&p->result);
}

static bool next_header(struct archive *a, struct archive_entry **ret)
{
	int r = archive_read_next_header(a, ret);

	return r == ARCHIVE_OK || r == ARCHIVE_WARN;
}

/* The content of @name in a tar, or nothing. */
static void tar_get(const struct strbuf *tar, const char *name, struct strbuf *ret)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	char buf[4096];
	la_ssize_t n;

	archive_read_support_format_tar(a);
	archive_read_open_memory(a, tar->buf, tar->len);
	while (next_header(a, &e)) {
		if (strcmp(archive_entry_pathname(e), name) != 0)
			continue;
		while ((n = archive_read_data(a, buf, sizeof(buf))) > 0)
			strbuf_add(ret, buf, (size_t)n);
	}
	archive_read_free(a);
}

static void tar_list(const struct strbuf *tar, struct strbuf *ret)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;

	archive_read_support_format_tar(a);
	archive_read_open_memory(a, tar->buf, tar->len);
	while (next_header(a, &e)) {
		const char *hard = archive_entry_hardlink(e), *soft = archive_entry_symlink(e);

		strbuf_addf(ret, "%s %o %lld:%lld %lld", archive_entry_pathname(e),
			    (unsigned int)archive_entry_mode(e), (long long)archive_entry_uid(e),
			    (long long)archive_entry_gid(e), (long long)archive_entry_mtime(e));
		if (archive_entry_mtime_nsec(e))
			strbuf_addf(ret, ".%09ld", archive_entry_mtime_nsec(e));
		if (hard || soft)
			strbuf_addf(ret, " %s %s", hard ? "=" : "->", hard ? hard : soft);
		if (archive_entry_rdev(e))
			strbuf_addf(ret, " dev %ld,%ld", (long)archive_entry_rdevmajor(e),
				    (long)archive_entry_rdevminor(e));
		if (archive_entry_size(e))
			strbuf_addf(ret, " size %lld", (long long)archive_entry_size(e));
		if (archive_entry_xattr_count(e))
			strbuf_addf(ret, " xattrs %d", archive_entry_xattr_count(e));
		strbuf_addch(ret, '\n');
	}
	archive_read_free(a);
}

static void get_layer(const struct packed *p, struct strbuf *ret)
{
	_cleanup_free_ char *name =
		xasprintf("blobs/sha256/%s", digest_hex(&p->result.layers[0].diff_id));

	tar_get(&p->archive, name, ret);
}

/* The listing of the layer that @img makes. */
static void is_layer(struct image *img, const char *want, const char *name)
{
	_cleanup_strbuf_ struct strbuf layer = STRBUF_INIT, list = STRBUF_INIT;
	struct packed p;

	if (!ok(!pack(img, &p), "%s: packs", name))
		printf("# %s\n", p.err.msg);
	get_layer(&p, &layer);
	tar_list(&layer, &list);
	is_str(list.buf, want, "%s", name);
	packed_release(&p);
}

static void test_types(void)
{
	struct image *img = image_make();
	struct image_entry *dir = add(img, NULL, "d", ENTRY_DIR, 01777), *e;
	struct entry_xattr cap = { (char[]){ "security.capability" }, (char[]){ 1, 0, 2 }, 3 };

	e = add(img, dir, "blk", ENTRY_BLOCK, 0660);
	e->rdev_major = 259;
	e->rdev_minor = 1 << 18;
	e = add(img, dir, "chr", ENTRY_CHAR, 0600);
	e->rdev_major = 1;
	e->rdev_minor = 3;
	add(img, dir, "fifo", ENTRY_FIFO, 0622);
	e = add(img, dir, "link", ENTRY_SYMLINK, 0777);
	e->target = xstrdup("../a b");
	add(img, dir, "sock", ENTRY_SOCKET, 0755);
	e = add_file(img, NULL, "f", "content");
	e->mode = 06755;
	e->uid = 4294967295u;
	e->gid = 300000;
	e->mtime_nsec = 120000000;
	e->xattrs = &cap;
	e->n_xattrs = 1;
	e = add_file(img, NULL, "g", "");
	e->mtime = -5;
	e->mtime_nsec = 3;
	is_layer(img,
		 "d/ 41777 0:0 1000000000\n"
		 "d/blk 60660 0:0 1000000000 dev 259,262144\n"
		 "d/chr 20600 0:0 1000000000 dev 1,3\n"
		 "d/fifo 10622 0:0 1000000000\n"
		 "d/link 120777 0:0 1000000000 -> ../a b\n"
		 "f 106755 4294967295:300000 1000000000.120000000 size 7 xattrs 1\n"
		 "g 100644 0:0 -4.999999997\n",
		 "every type, with all that it has; sockets are left out");
	image_unmake(img);
}

static void test_root(void)
{
	struct image *img = image_make();

	is_layer(img, "", "an image without entries has an empty layer");
	img->entries[0].mode = 0711;
	is_layer(img, "./ 40711 0:0 0\n", "a root of its own kind is an entry");
	img->entries[0].mode = 0755;
	img->entries[0].uid = 7;
	is_layer(img, "./ 40755 7:0 0\n", "also when only the owner differs");
	image_unmake(img);
}

/* The lengths and bytes that ustar has no room for. */
static void test_names(void)
{
	struct image *img = image_make();
	struct image_entry *dir = NULL, *e;
	_cleanup_strbuf_ struct strbuf want = STRBUF_INIT, path = STRBUF_INIT;
	char component[121];

	memset(component, 'n', 120);
	component[120] = '\0';
	for (unsigned int i = 0; i < 3; i++) {
		dir = add(img, dir, component, ENTRY_DIR, 0755);
		strbuf_addf(&path, "%s/", component);
		strbuf_addf(&want, "%s 40755 0:0 1000000000\n", path.buf);
	}
	e = add(img, dir, "link", ENTRY_SYMLINK, 0777);
	e->target = xstrdup(path.buf);
	strbuf_addf(&want, "%slink 120777 0:0 1000000000 -> %s\n", path.buf, path.buf);
	e = add_file(img, NULL, "o\nline", "x");
	e->nlink = 2;
	e = add_file(img, NULL, "z\xff\xc3\xa9", "x");
	e->nlink = 2;
	e->inode--;
	strbuf_addf(&want, "o\nline 100644 0:0 1000000000 size 1\n"
			   "z\xff\xc3\xa9 644 0:0 1000000000 = o\nline\n");
	add_file(img, NULL, "\xc3\xa9", "x");
	strbuf_addf(&want, "\xc3\xa9 100644 0:0 1000000000 size 1\n");
	is_layer(img, want.buf, "names of any length, of any bytes");
	image_unmake(img);
}

/* Files of which only parts stay, and modes and owners that were asked for with the path. */
static void test_parts(void)
{
	struct image *img = image_make();
	struct image_entry *e = add_file(img, NULL, "db", "0123456789");

	img->cut_entry = e;
	img->cut[img->n_cut++] = (struct keep_range){ 0, 2 };
	img->cut[img->n_cut++] = (struct keep_range){ 5, 10 };
	add_file(img, NULL, "other", "0123456789");
	is_layer(img,
		 "db 100644 0:0 1000000000 size 7\n"
		 "other 100644 0:0 1000000000 size 10\n",
		 "parts of a file");
	img->n_cut = 0;
	img->perm_entry = e;
	img->perm = (struct keep_perm){ 04711, -1, 9 };
	is_layer(img,
		 "db 104711 0:9 1000000000\n"
		 "other 100644 0:0 1000000000 size 10\n",
		 "another mode and group");
	image_unmake(img);
}

/* A link keeps all that its inode has, and the first name that is kept has the content. */
static void test_hard_links(void)
{
	struct image *img = image_make();
	struct entry_xattr cap = { (char[]){ "security.capability" }, (char[]){ 1 }, 1 };
	struct image_entry *group[3];
	const char *names[] = { "a", "b", "c" };

	for (unsigned int i = 0; i < 3; i++) {
		group[i] = add_file(img, NULL, names[i], "data");
		group[i]->inode = 9;
		group[i]->nlink = 3;
		group[i]->mode = 04755;
		group[i]->uid = 5;
		group[i]->xattrs = &cap;
		group[i]->n_xattrs = 1;
	}
	add(img, NULL, "p", ENTRY_FIFO, 0600)->nlink = 2;
	add(img, NULL, "q", ENTRY_FIFO, 0600)->nlink = 2;
	img->entries[img->n - 1].inode = img->entries[img->n - 2].inode;
	is_layer(img,
		 "a 104755 5:0 1000000000 size 4 xattrs 1\n"
		 "b 4755 5:0 1000000000 = a xattrs 1\n"
		 "c 4755 5:0 1000000000 = a xattrs 1\n"
		 "p 10600 0:0 1000000000\n"
		 "q 600 0:0 1000000000 = p\n",
		 "a group of three");
	img->dropped[group[0]->id] = true;
	img->dropped[group[2]->id] = true;
	is_layer(img,
		 "b 104755 5:0 1000000000 size 4 xattrs 1\n"
		 "p 10600 0:0 1000000000\n"
		 "q 600 0:0 1000000000 = p\n",
		 "one that is left of it");
	image_unmake(img);
}

static void is_content(const struct strbuf *layer, const char *name, const struct content *c,
		       uint64_t size)
{
	_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
	size_t zeros = 0;

	tar_get(layer, name, &got);
	is_int(got.len, size, "%s: its size", name);
	if (got.len != size)
		return;
	ok(!memcmp(got.buf + c->offset, c->data, c->len), "%s: its data", name);
	for (size_t i = 0; i < got.len; i++)
		zeros += !got.buf[i];
	is_int(zeros, size - c->len, "%s: its holes", name);
}

/* A hole before the data, after it, both, nothing but a hole: zeros, and no tar tricks. */
static void test_holes(void)
{
	struct image *img = image_make();
	const uint64_t size = 600000, offsets[] = { 0, 300001, size - 3, 0 };
	const char *names[] = { "a", "b", "c", "d" };
	_cleanup_strbuf_ struct strbuf layer = STRBUF_INIT;
	struct packed p;

	for (unsigned int i = 0; i < 4; i++) {
		struct image_entry *e = add_file(img, NULL, names[i], i == 3 ? "" : "abc");

		e->size = size;
		img->content[e->id].offset = offsets[i];
	}
	is_int(pack(img, &p), 0, "files with holes pack");
	get_layer(&p, &layer);
	is_int(p.bytes, 9, "holes are no content");
	ok(!memmem(layer.buf, layer.len, "GNU.sparse", 10), "engines could not save them again");
	for (unsigned int i = 0; i < 4; i++)
		is_content(&layer, names[i], &img->content[i + 1], size);
	packed_release(&p);
	image_unmake(img);
}

static bool holds(const struct strbuf *sb, const char *text)
{
	return memmem(sb->buf, sb->len, text, strlen(text));
}

/* What engines look for is there, and nothing of this host is. */
static void test_bytes(void)
{
	struct image *img = image_make();
	struct entry_xattr xattrs[] = {
		{ (char[]){ "security.capability" }, (char[]){ "\1\0\0\2=\n\0" }, 7 },
		{ (char[]){ "system.posix_acl_access" }, (char[]){ "\2\0\0" }, 3 },
	};
	struct image_entry *e = add_file(img, NULL, "f", "content");
	_cleanup_strbuf_ struct strbuf layer = STRBUF_INIT;
	struct packed p;

	is_int(pack(img, &p), 0, "a plain file packs");
	get_layer(&p, &layer);
	is_int(layer.len, 2048, "a header, a block of content, two blocks of zeros");
	is_int(layer.len, p.result.layers[0].size, "the size that is told");
	packed_release(&p);
	strbuf_reset(&layer);
	e->xattrs = xattrs;
	e->n_xattrs = 2;
	e->mtime_nsec = 1;
	is_int(pack(img, &p), 0, "a file with extended attributes packs");
	get_layer(&p, &layer);
	ok(memmem(layer.buf, layer.len, "SCHILY.xattr.security.capability=\1\0\0\2=\n\0\n", 42),
	   "a capability is as the engines have it");
	ok(memmem(layer.buf, layer.len, "SCHILY.xattr.system.posix_acl_access=\2\0\0\n", 41),
	   "an ACL likewise");
	ok(holds(&layer, "mtime=1000000000.000000001\n"), "fractions of seconds");
	ok(!holds(&layer, "atime") && !holds(&layer, "ctime") && !holds(&layer, "LIBARCHIVE") &&
		   !holds(&layer, "SCHILY.dev") && !holds(&layer, "SCHILY.ino") &&
		   !holds(&layer, "hdrcharset") && !holds(&layer, "root"),
	   "and no noise");
	packed_release(&p);
	image_unmake(img);
}

static bool has_blob(const struct strbuf *archive, const char *digest, const cJSON *descriptor)
{
	_cleanup_free_ char *name = xasprintf("blobs/sha256/%s", digest + 7);
	_cleanup_strbuf_ struct strbuf blob = STRBUF_INIT;

	tar_get(archive, name, &blob);
	return blob.len && !strcmp(sha256_of(blob.buf, blob.len).str, digest) &&
	       (!descriptor || json_u64(descriptor, "size", 0) == blob.len);
}

static cJSON *get_json(const struct strbuf *archive, const char *name)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	cJSON *json = NULL;

	tar_get(archive, name, &text);
	ok(!json_parse(text.buf, text.len, name, &json, &err), "%s is JSON", name);
	return json;
}

static void check_oci(const struct packed *p)
{
	_cleanup_(json_free) cJSON *index = get_json(&p->archive, "index.json"), *manifest = NULL;
	const cJSON *first = cJSON_GetArrayItem(json_get(index, "manifests"), 0);
	const cJSON *second = cJSON_GetArrayItem(json_get(index, "manifests"), 1), *config, *layer;
	_cleanup_free_ char *name = NULL;
	const cJSON *notes = json_get(first, "annotations");

	is_str(cJSON_GetStringValue(json_get(notes, "io.containerd.image.name")),
	       "docker.io/library/app.slim:1", "the name that containerd has");
	is_str(cJSON_GetStringValue(json_get(notes, "org.opencontainers.image.ref.name")), "1",
	       "and the tag");
	notes = json_get(second, "annotations");
	is_str(cJSON_GetStringValue(json_get(notes, "io.containerd.image.name")),
	       "reg.example:5000/a/b:x", "a name with its domain stays");
	ok(has_blob(&p->archive, json_str(first, "digest", "sha256:"), first), "the manifest");
	name = xasprintf("blobs/sha256/%s", json_str(first, "digest", "sha256:") + 7);
	manifest = get_json(&p->archive, name);
	config = json_get(manifest, "config");
	layer = cJSON_GetArrayItem(json_get(manifest, "layers"), 0);
	is_str(json_str(config, "digest", ""), p->result.image_id.str, "its configuration");
	ok(has_blob(&p->archive, json_str(config, "digest", "sha256:"), config), "is there");
	is_str(json_str(layer, "digest", ""), p->result.layers[0].diff_id.str, "its layer");
	ok(has_blob(&p->archive, json_str(layer, "digest", "sha256:"), layer), "is there");
}

static void check_docker(const struct packed *p)
{
	_cleanup_(json_free) cJSON *doc = get_json(&p->archive, "manifest.json");
	const cJSON *image = cJSON_GetArrayItem(doc, 0);
	const cJSON *layers = json_get(image, "Layers"), *tags = json_get(image, "RepoTags");
	_cleanup_free_ char *config = xasprintf("blobs/sha256/%s", digest_hex(&p->result.image_id));
	_cleanup_free_ char *layer =
		xasprintf("blobs/sha256/%s", digest_hex(&p->result.layers[0].diff_id));

	is_int(cJSON_GetArraySize(doc), 1, "one image");
	is_str(json_str(image, "Config", ""), config, "docker's manifest: the configuration");
	is_int(cJSON_GetArraySize(layers), 1, "one layer");
	is_str(cJSON_GetStringValue(cJSON_GetArrayItem(layers, 0)), layer, "that layer");
	is_str(cJSON_GetStringValue(cJSON_GetArrayItem(tags, 1)), "reg.example:5000/a/b:x", "tags");
}

static void test_archive(void)
{
	struct image *img = image_make();
	_cleanup_strbuf_ struct strbuf config = STRBUF_INIT, list = STRBUF_INIT;
	_cleanup_free_ char *name = NULL, *want = NULL;
	struct packed p, again;

	add_file(img, NULL, "app", "binary");
	is_int(pack(img, &p), 0, "packs");
	is_int(p.bytes, 6, "progress is told the bytes");
	check_oci(&p);
	check_docker(&p);
	name = xasprintf("blobs/sha256/%s", digest_hex(&p.result.image_id));
	tar_get(&p.archive, name, &config);
	want = xasprintf("{\"architecture\":\"amd64\",\"config\":{\"Cmd\":[\"/app\"]},\"created\":"
			 "\"2026-01-02T03:04:05Z\",\"history\":[{\"created\":\"2026-01-02T03:04:"
			 "05Z\",\"created_by\":\"slimtrace %s\",\"comment\":\"slimtrace\"}],\"os\":"
			 "\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},"
			 "\"x-ours\":1.0}",
			 SLIMTRACE_VERSION, p.result.layers[0].diff_id.str);
	is_str(config.buf, want, "the configuration");
	tar_list(&p.archive, &list);
	ok(strstr(list.buf, "oci-layout 100644 0:0 0 "), "the archive's entries have no time");
	is_int(pack(img, &again), 0, "packs again");
	ok(p.archive.len == again.archive.len &&
		   !memcmp(p.archive.buf, again.archive.buf, p.archive.len),
	   "and gives the same bytes");
	packed_release(&p);
	packed_release(&again);
	image_unmake(img);
}

static void is_refused(struct image *img, const char *message, enum err_class class)
{
	struct packed p;

	ok(pack(img, &p) < 0, "refused: %s", message);
	if (!ok(strstr(p.err.msg, message) && p.err.class == class, "and says so"))
		printf("# said '%s'\n", p.err.msg);
	packed_release(&p);
}

static void test_refused(void)
{
	struct image *img = image_make();
	struct entry_xattr odd = { (char[]){ "user.a=b" }, (char[]){ "" }, 0 };
	struct image_entry *dir = add(img, NULL, "d", ENTRY_DIR, 0755), *e;

	e = add_file(img, dir, "f", "ab!d");
	is_refused(img, "layer 0: '/d/f': cannot read", ERR_FAILURE);
	img->content[e->id].data = "abcd";
	e->size = 3;
	is_refused(img, "'/d/f': it has changed", ERR_IMAGE);
	e->size = 4;
	e->xattrs = &odd;
	e->n_xattrs = 1;
	is_refused(img, "cannot put '/d/f' into a layer: the name of an extended", ERR_IMAGE);
	e->n_xattrs = 0;
	img->dropped[dir->id] = true;
	is_refused(img, "its directory is not kept", ERR_IMAGE);
	img->dropped[dir->id] = false;
	img->cut_entry = e;
	img->n_cut = 1;
	img->cut[0] = (struct keep_range){ 1, 5 };
	is_refused(img, "'/d/f': it has changed", ERR_IMAGE);
	img->cut_entry = NULL;
	e->size = UINT64_MAX;
	is_refused(img, "File too large", ERR_FAILURE);
	e->size = 4;
	img->config.len--;
	is_refused(img, "the image's configuration", ERR_IMAGE);
	img->config.len++;
	add_file(img, NULL, ".wh.x", "");
	is_refused(img, "cannot put '/.wh.x' into a layer", ERR_IMAGE);
	image_unmake(img);
}

int main(void)
{
	test_types();
	test_root();
	test_names();
	test_parts();
	test_hard_links();
	test_holes();
	test_bytes();
	test_archive();
	test_refused();
	return tap_done();
}
