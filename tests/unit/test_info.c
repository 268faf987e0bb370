/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/info.h"

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#include "../lib/tap.h"
#include "test_image.h"

#define KEY "-----BEGIN RSA PRIVATE KEY-----\nx\n"

static struct image *open_layers(const struct item *const *items, const size_t *n, size_t n_layers)
{
	struct strbuf layers[4] = { STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	struct image *img = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n_layers; i++)
		layer_tar(items[i], n[i], &layers[i]);
	if (image_open_archive(docker_archive(layers, NULL, n_layers), NULL, "/tmp", &img, &err) <
	    0)
		printf("# %s\n", err.msg);
	for (size_t i = 0; i < 4; i++)
		strbuf_release(&layers[i]);
	return img;
}

static const struct item lower[] = {
	{ .path = "bin", .type = AE_IFDIR },
	{ .path = "bin/sh", .type = AE_IFREG, .text = "shell", .mode = 0755 },
	{ .path = "bin/su", .type = AE_IFREG, .text = "setuid", .mode = 04755 },
	{ .path = "bin/wall", .type = AE_IFREG, .text = "setgid!", .mode = 02755 },
	{ .path = "tmp", .type = AE_IFDIR, .mode = 01777 },
	{ .path = "open", .type = AE_IFDIR, .mode = 0777 },
	{ .path = "old", .type = AE_IFREG, .text = "0123456789" },
	{ .path = "same", .type = AE_IFREG, .text = "same content" },
	{ .path = "dir", .type = AE_IFDIR },
	{ .path = "dir/a", .type = AE_IFREG, .text = "aaaa" },
	{ .path = "dir/b", .type = AE_IFREG, .text = "bbbbb" },
	{ .path = "linked", .type = AE_IFREG, .text = "linked file" },
	{ .path = "alias", .text = "linked" },
	{ .path = "app.key", .type = AE_IFREG, .text = KEY },
};
static const struct item upper[] = {
	{ .path = "old", .type = AE_IFREG, .text = "new" },
	{ .path = "same", .type = AE_IFREG, .text = "same content", .mode = 0600 },
	{ .path = ".wh.dir", .type = AE_IFREG },
	{ .path = ".wh.linked", .type = AE_IFREG },
	{ .path = ".wh.app.key", .type = AE_IFREG },
	{ .path = "copy", .type = AE_IFREG, .text = "setuid" },
	{ .path = "usr/lib/python3/dist-packages/PyYAML-6.0.dist-info", .type = AE_IFDIR },
	{ .path = "gems/specifications/rack-protection-2.2.3.gemspec", .type = AE_IFREG },
	{ .path = "node_modules/@a/b/package.json",
	  .type = AE_IFREG,
	  .text = "{\"name\":\"@a/b\",\"version\":\"1.2\"}" },
	{ .path = "var/lib/dpkg/status",
	  .type = AE_IFREG,
	  .text = "Package: x\nStatus: install ok installed\nVersion: 1-2\n\n"
		  "Package: gone\nStatus: deinstall ok config-files\nVersion: 3\n" },
	{ .path = "lib/apk/db/installed", .type = AE_IFREG, .text = "P:musl\nV:1.2\n\n" },
	{ .path = "etc/os-release", .type = AE_IFREG, .text = "ID=x\nPRETTY_NAME=\"X Linux 1\"\n" },
};

static struct image *open_two(void)
{
	const struct item *const items[] = { lower, upper };
	const size_t n[] = { ARRAY_SIZE(lower), ARRAY_SIZE(upper) };

	return open_layers(items, n, 2);
}

static void gather(const struct image *img, struct info *ret)
{
	const struct info_opts opts = { 0 };
	struct err err = ERR_INIT;

	*ret = (struct info){ .name = xstrdup("t\033est") };
	if (!ok(info_gather(img, &opts, ret, &err) == 0, "it is looked at"))
		printf("# %s\n", err.msg);
}

static bool has_package(const struct info *info, const char *manager, const char *name,
			const char *version)
{
	for (size_t i = 0; i < info->n_packages; i++)
		if (!strcmp(info->packages[i].manager, manager) &&
		    !strcmp(info->packages[i].name, name) &&
		    !strcmp(info->packages[i].version, version))
			return true;
	return false;
}

static void test_layers(const struct info *info)
{
	const struct info_layer *l = &info->layers[1];

	is_int(info->n_layers, 2, "two layers");
	is_int(info->layers[0].n[INFO_ADDED], 10, "the lower one adds files");
	is_int(info->layers[0].n[INFO_CHANGED] + info->layers[0].n[INFO_DELETED], 0, "and no more");
	is_int(info->layers[0].bytes[INFO_ADDED], info->layers[0].size,
	       "its bytes: of two names of a file one has them");
	is_int(l->n[INFO_CHANGED], 2, "the upper one changes two");
	is_int(l->bytes[INFO_ADDED] + l->bytes[INFO_CHANGED], l->size, "the upper one's bytes");
	is_int(l->same, 1, "one of them has the same content");
	is_int(l->n[INFO_DELETED], 4, "deletes what is below a directory, too");
	is_int(l->bytes[INFO_DELETED], 4 + 5 + 11 + strlen(KEY), "as many bytes");
	is_int(info->overwritten.bytes, 10 + 12, "overwritten");
	is_int(info->deleted.bytes, 4 + 5 + strlen(KEY),
	       "deleted: not the file that has another name");
	is_int(info->deleted.files, 3, "files");
	is_int(info->duplicated.bytes, 6, "duplicated");
	is_int(info->n_duplicates, 1, "one set");
	ok(info_efficiency(info) > 50 && info_efficiency(info) < 100, "efficiency %f",
	   info_efficiency(info));
}

static void test_finds(const struct info *info)
{
	is_int(info->finds[INFO_SETUID].n, 1, "setuid");
	is_int(info->finds[INFO_SETGID].n, 1, "setgid");
	is_int(info->finds[INFO_SHELL].n, 1, "shell");
	is_int(info->finds[INFO_WORLD_WRITABLE].n, 1, "world-writable, not /tmp");
	is_int(info->finds[INFO_PRIVATE_KEY].n, 1, "a private key");
	ok(info->finds[INFO_PRIVATE_KEY].v[0].hidden, "that is deleted, and can be read");
	is_str(info->os, "X Linux 1", "distribution");
	is_int(info->n_packages, 5, "packages");
	ok(has_package(info, "dpkg", "x", "1-2"), "dpkg");
	ok(has_package(info, "apk", "musl", "1.2"), "apk");
	ok(has_package(info, "pip", "PyYAML", "6.0"), "pip");
	ok(has_package(info, "gem", "rack-protection", "2.2.3"), "gem");
	ok(has_package(info, "npm", "@a/b", "1.2"), "npm");
}

static void test_text(const struct info *info)
{
	const struct info_view view = { .width = 80,
					.changes_max = 50,
					.list_max = 20,
					.kinds = 7,
					.layer = -1,
					.duplicates = true,
					.packages = true };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t widest = 0;

	info_text(info, &view, &text);
	for (const char *p = text.buf; *p; p += strcspn(p, "\n") + 1)
		if (strcspn(p, "\n") > widest)
			widest = strcspn(p, "\n");
	ok(widest <= 80, "it fits 80 columns: %zu", widest);
	ok(!strchr(text.buf, '\033'), "names are made safe");
	ok(strstr(text.buf, "(same content)"), "what was copied for its mode is told");
	ok(strstr(text.buf, "(layer 0, gone in 1)"), "where a deleted key is");
}

/* Of letters that take two columns, and of one at an odd place. */
static void test_wide_text(const struct info *info)
{
	const struct info_view view = { .width = 80, .layer = -1 };
	_cleanup_strbuf_ struct strbuf name = STRBUF_INIT, text = STRBUF_INIT;
	struct info wide = *info;
	size_t len;

	strbuf_addch(&name, 'x');
	for (int i = 0; i < 60; i++)
		strbuf_addstr(&name, "\xe6\x97\xa5");
	wide.name = name.buf;
	info_text(&wide, &view, &text);
	len = strcspn(text.buf, "\n");
	ok(utf8_valid(text.buf, len) && strstr(text.buf, "..."), "a wide name is cut");
	is_int(text_fit(text.buf, len, 80), (int64_t)len, "and fits");
	ok(text_fit(text.buf, len, 77) < len, "but no more than it has to");
}

static void test_gates(const struct info *info)
{
	static const struct {
		const char *text;
		int holds; /* -1: wrong */
	} cases[] = {
		{ "wasted>20MB", 0 },
		{ "wasted > 10", 1 },
		{ "wasted>=1%", 1 },
		{ "wasted>1GiB", 0 },
		{ "efficiency<100%", 1 },
		{ "efficiency>=100", 0 },
		{ "efficiency<0.5%", 0 },
		{ "efficiency<0.95", -1 },
		{ "wasted>1TiB", 0 },
		{ "setuid>0", 1 },
		{ "setuid=1", 1 },
		{ "layers<=2", 1 },
		{ "layers<2", 0 },
		{ "secrets>0", 1 },
		{ "size<1kB", 1 },
		{ "world-writable>1", 0 },
		{ "keys=1", 1 },
		{ "wasted", -1 },
		{ "wasted>", -1 },
		{ "wasted>x", -1 },
		{ "waste>1", -1 },
		{ "setuid>1MB", -1 },
		{ "efficiency>1MB", -1 },
		{ "wasted>1XB", -1 },
		{ "wasted>0x10", -1 },
		{ "wasted>1e3", -1 },
		{ "wasted>1..5", -1 },
		{ "wasted!1", -1 },
		{ "", -1 },
		{ "wasted>-1", -1 },
		{ "layers>1%", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		struct gates gates = { 0 };
		struct err err = ERR_INIT;
		int r = info_gate_parse(cases[i].text, &gates, &err);

		is_int(r < 0 ? -1 : info_gate_holds(info, &gates.v[0], &text), cases[i].holds,
		       "'%s'", cases[i].text);
		if (r < 0)
			ok(err.class == ERR_USAGE && *err.hint, "what is wrong is told");
		gates_release(&gates);
	}
}

/* Nobody is told that 95.0% is less than 95%. */
static void test_measured(void)
{
	static const struct gate_metric metrics[] = { { "share", GATE_PERCENT },
						      { "size", GATE_BYTES },
						      { "ratio", GATE_FACTOR } };
	static const struct {
		const char *gate;
		double is;
		const char *told;
	} cases[] = {
		{ "share<95%", 94.96, "share is 94.96%" },
		{ "share<95%", 81.234, "share is 81.2%" },
		{ "size>2MB", 2000001, "size is 2.0 MB (2000001 bytes)" },
		{ "size>2MB", 3210000, "size is 3.2 MB" },
		{ "size>25%", 2500, "size is 25%" },
		{ "ratio<5", 4.98, "ratio is 4.98" },
		{ "ratio<5", 2.345, "ratio is 2.3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
		struct gates gates = { 0 };
		struct err err = ERR_INIT;

		if (!gate_parse(cases[i].gate, metrics, ARRAY_SIZE(metrics), &gates, &err))
			gate_holds(&gates.v[0], cases[i].is, 10000, &text);
		is_str(text.buf, cases[i].told, "'%s' of %g", cases[i].gate, cases[i].is);
		gates_release(&gates);
	}
}

static const struct item owned[] = {
	{ .path = "usr/bin/tool", .type = AE_IFREG, .text = "tool" },
	{ .path = "usr/bin/tool.real", .type = AE_IFREG, .text = "other" },
	{ .path = "bin", .type = AE_IFLNK, .text = "usr/bin" },
	{ .path = "loose", .type = AE_IFREG, .text = "nobody's" },
	{ .path = "var/lib/dpkg/status",
	  .type = AE_IFREG,
	  .text = "Package: tool\nVersion: 1:2\n\nPackage: wrap\nVersion: 3\n" },
	{ .path = "var/lib/dpkg/diversions",
	  .type = AE_IFREG,
	  .text = "/bin/tool\n/bin/tool.real\nwrap\n" },
	{ .path = "var/lib/dpkg/info/tool:amd64.list",
	  .type = AE_IFREG,
	  .text = "/.\n/usr\n/bin/tool\n/none\n/../../etc/passwd\n" },
	{ .path = "var/lib/dpkg/info/wrap.list", .type = AE_IFREG, .text = "/bin/tool\n" },
	{ .path = "var/lib/dpkg/info/.list", .type = AE_IFREG, .text = "/loose\n" },
	{ .path = "var/lib/dpkg/status.d/base.md5sums",
	  .type = AE_IFREG,
	  .text = "0123  etc/base\nbroken\n" },
	{ .path = "etc/base", .type = AE_IFREG, .text = "x" },
	{ .path = "lib/apk/db/installed",
	  .type = AE_IFREG,
	  .text = "V:0\nR:loose\nP:musl\nV:1.2\nF:lib\nR:ld-musl.so\nF:none\nR:x\n\nR:loose\n" },
	{ .path = "lib/ld-musl.so", .type = AE_IFREG, .text = "ld" },
	{ .path = "site/m-1.dist-info/RECORD",
	  .type = AE_IFREG,
	  .text = "m/a.py,sha256=x,1\r\n\"m/b\"\"c.py\",,\n../usr/bin/tool,,\n\"open" },
	{ .path = "site/m/a.py", .type = AE_IFREG, .text = "a" },
	{ .path = "site/m/b\"c.py", .type = AE_IFREG, .text = "b" },
	{ .path = "node_modules/out/package.json", .type = AE_IFREG, .text = "{}" },
	{ .path = "node_modules/out/lib/x.js", .type = AE_IFREG, .text = "x" },
	{ .path = "node_modules/out/node_modules/in/package.json", .type = AE_IFREG, .text = "{}" },
	{ .path = "node_modules/out/node_modules/in/y.js", .type = AE_IFREG, .text = "y" },
	{ .path = "gem/specifications/default/r-1.0.gemspec", .type = AE_IFREG, .text = "" },
	{ .path = "gem/gems/r-1.0/lib/r.rb", .type = AE_IFREG, .text = "r" },
	{ .path = "gem/extensions/x86/3.1/r-1.0/r.so", .type = AE_IFREG, .text = "so" },
};

static void test_owners(void)
{
	static const struct {
		const char *path, *owner;
	} cases[] = {
		{ "/usr/bin/tool", "dpkg wrap 3" },
		{ "/usr/bin/tool.real", "dpkg tool 1:2" },
		{ "/var/lib/dpkg/info/tool:amd64.list", "dpkg tool 1:2" },
		{ "/loose", NULL },
		{ "/bin", NULL },
		{ "/etc/base", "dpkg base " },
		{ "/lib/ld-musl.so", "apk musl 1.2" },
		{ "/site/m/a.py", "pip m 1" },
		{ "/site/m/b\"c.py", "pip m 1" },
		{ "/site/m-1.dist-info/RECORD", "pip m 1" },
		{ "/node_modules/out/lib/x.js", "npm out " },
		{ "/node_modules/out/node_modules/in/y.js", "npm in " },
		{ "/gem/gems/r-1.0/lib/r.rb", "gem r 1.0" },
		{ "/gem/extensions/x86/3.1/r-1.0/r.so", "gem r 1.0" },
	};
	const struct item *const items[] = { owned };
	const size_t n[] = { ARRAY_SIZE(owned) };
	_cleanup_(image_free) struct image *img = open_layers(items, n, 1);
	struct info_owners owners = { 0 };
	struct err err = ERR_INIT;

	if (!ok(img && info_owners_find(img, &owners, &err) == 0, "owners are found"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct image_entry *e = image_lookup(img, cases[i].path);
		const struct info_package *p = e ? info_owner(&owners, e) : NULL;
		_cleanup_free_ char *text =
			p ? xasprintf("%s %s %s", p->manager, p->name, p->version) : NULL;

		ok(e != NULL, "%s is there", cases[i].path);
		is_str(text, cases[i].owner, "whose %s is", cases[i].path);
	}
	info_owners_release(&owners);
}

int main(void)
{
	_cleanup_(image_free) struct image *img = open_two();
	struct info info;

	gather(img, &info);
	test_layers(&info);
	test_finds(&info);
	test_text(&info);
	test_wide_text(&info);
	test_gates(&info);
	test_measured();
	test_owners();
	info_release(&info);
	return tap_done();
}
