/* SPDX-License-Identifier: BSD-2-Clause */
/* Package databases, cut to what stays. */
#include "test_keep.h"

/* What stays of a file's content is @want; NULL: all of it. */
static void is_cut(const struct fixture *f, const char *path, const char *want)
{
	const struct image_entry *e = image_lookup(f->img, path);
	_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;
	size_t n = 0, len;
	const struct keep_range *cut = e ? keep_cut(f->keep, e, &n) : NULL;

	if (!e || !keep_has(f->keep, e) || !cut != !want ||
	    image_file_read(f->img, e, 1 << 20, &text, &len, &err) < 0) {
		ok(false, "%s stays %s", path, want ? "in parts" : "whole");
		return;
	}
	for (size_t i = 0; i < n; i++)
		strbuf_add(&got, text + cut[i].start, cut[i].end - cut[i].start);
	is_str(got.buf, want ? want : "", "%s stays %s", path, want ? "in parts" : "whole");
	is_int((int64_t)keep_size(f->keep, e), want ? (int64_t)strlen(want) : (int64_t)e->size,
	       "of that size");
}

static const char status[] = "Package: used\n"
			     "Status: install ok installed\n"
			     "Architecture: amd64\n"
			     "Description: one\n"
			     " more\n"
			     "\n"
			     "Package: unused\n"
			     "Architecture: all\n"
			     "\n"
			     "Package: meta\n"
			     "Architecture: all\n"
			     "\n"
			     "Package: last\n"
			     "Architecture: all\n";

static void put_dpkg(struct fixture *f)
{
	put_file(f, "/var/lib/dpkg/status", status);
	put_dir(f, "/var/lib/dpkg/updates");
	put_file(f, "/var/lib/dpkg/info/format", "1\n");
	put_file(f, "/var/lib/dpkg/info/used:amd64.list",
		 "/.\n/lib\n/lib/used.so\n/usr\n/usr/share\n/usr/share/doc\n"
		 "/usr/share/doc/used\n/usr/share/doc/used/copyright\n");
	put_file(f, "/var/lib/dpkg/info/used:amd64.md5sums",
		 "00000000000000000000000000000000  lib/used.so\n"
		 "00000000000000000000000000000001  usr/share/doc/used/copyright\n");
	put_file(f, "/var/lib/dpkg/info/used:amd64.postinst", "#!/bin/sh\n");
	put_file(f, "/var/lib/dpkg/info/unused.list", "/.\n/usr\n/usr/bin\n/usr/bin/unused\n");
	put_file(f, "/var/lib/dpkg/info/meta.list", "/.\n/usr\n");
	put_file(f, "/var/lib/dpkg/info/last.list", "/.\n/usr\n/usr/bin\n/usr/bin/last");
	put_file(f, "/usr/lib/used.so", "x");
	put_link(f, "/lib", "usr/lib");
	put_file(f, "/usr/share/doc/used/copyright", "x");
	put_file(f, "/usr/bin/unused", "x");
	put_file(f, "/usr/bin/last", "x");
}

static void test_dpkg(void)
{
	struct fixture f;

	fixture_init(&f);
	put_dpkg(&f);
	used_file(&f, "/usr/lib/used.so", RECORD_READ);
	asked(&f, "/lib/used.so", RECORD_READ, 0);
	used_file(&f, "/usr/bin/last", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "two packages are used");
	is_cut(&f, "/var/lib/dpkg/status",
	       "Package: used\nStatus: install ok installed\nArchitecture: amd64\n"
	       "Description: one\n more\n\nPackage: last\nArchitecture: all\n");
	is_cut(&f, "/var/lib/dpkg/info/used:amd64.list", "/.\n/lib\n/lib/used.so\n/usr\n");
	is_cut(&f, "/var/lib/dpkg/info/used:amd64.md5sums",
	       "00000000000000000000000000000000  lib/used.so\n");
	is_cut(&f, "/var/lib/dpkg/info/last.list", "/.\n/usr\n/usr/bin\n/usr/bin/last");
	stays(&f, "/var/lib/dpkg/updates", KEEP_PACKAGES);
	stays(&f, "/var/lib/dpkg/info/format", KEEP_PACKAGES);
	goes(&f, "/var/lib/dpkg/info/used:amd64.postinst");
	goes(&f, "/var/lib/dpkg/info/unused.list");
	goes(&f, "/var/lib/dpkg/info/meta.list");
	fixture_release(&f);
}

static void test_dpkg_used(void)
{
	struct fixture f;

	fixture_init(&f);
	put_dpkg(&f);
	used_file(&f, "/usr/bin/last", RECORD_READ);
	used_file(&f, "/var/lib/dpkg/status", RECORD_READ);
	put_hard_link(&f, "/var/lib/dpkg/info/again", "/var/lib/dpkg/info/last.list");
	is_int(decide(&f, "{}"), 0, "the app reads the database itself");
	is_cut(&f, "/var/lib/dpkg/status", NULL);
	stays(&f, "/var/lib/dpkg/status", KEEP_PACKAGES);
	is_cut(&f, "/var/lib/dpkg/info/last.list", NULL);
	fixture_release(&f);
}

static void test_dpkg_unused(void)
{
	struct fixture f;

	fixture_init(&f);
	put_dpkg(&f);
	put_file(&f, "/app", "x");
	used_file(&f, "/app", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "nothing of a package is used");
	goes(&f, "/var/lib/dpkg");
	fixture_release(&f);

	fixture_init(&f);
	put_dpkg(&f);
	used_file(&f, "/usr/bin/last", RECORD_READ);
	f.opts.off = 1u << KEEP_PACKAGES;
	is_int(decide(&f, "{}"), 0, "the rule is off");
	goes(&f, "/var/lib/dpkg");
	fixture_release(&f);
}

/* What another image of a set needs makes packages used. */
static void test_settle(void)
{
	struct fixture f;
	struct err err = ERR_INIT;

	fixture_init(&f);
	put_dpkg(&f);
	used_file(&f, "/usr/bin/last", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "decided");
	goes(&f, "/var/lib/dpkg/info/unused.list");
	keep_share(f.keep, image_lookup(f.img, "/usr/bin/unused"));
	is_int(keep_settle(f.keep, &err), 0, "and again");
	is_cut(&f, "/var/lib/dpkg/status",
	       "Package: unused\nArchitecture: all\n\nPackage: last\nArchitecture: all\n");
	is_cut(&f, "/var/lib/dpkg/info/unused.list", "/.\n/usr\n/usr/bin\n/usr/bin/unused\n");
	fixture_release(&f);
}

static void test_status_d(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/var/lib/dpkg/status.d/one", "Package: one\n");
	put_file(&f, "/var/lib/dpkg/status.d/one.md5sums", "0  usr/lib/one\n1  usr/lib/uno\n");
	put_file(&f, "/var/lib/dpkg/status.d/two", "Package: two\n");
	put_file(&f, "/var/lib/dpkg/status.d/two.md5sums", "0  usr/lib/two\n");
	put_file(&f, "/var/lib/dpkg/status.d/plain", "Package: plain\n");
	put_file(&f, "/usr/lib/one", "x");
	put_file(&f, "/usr/lib/two", "x");
	used_file(&f, "/usr/lib/one", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "status.d");
	is_cut(&f, "/var/lib/dpkg/status.d/one", NULL);
	is_cut(&f, "/var/lib/dpkg/status.d/one.md5sums", "0  usr/lib/one\n");
	goes(&f, "/var/lib/dpkg/status.d/two");
	goes(&f, "/var/lib/dpkg/status.d/two.md5sums");
	stays(&f, "/var/lib/dpkg/status.d/plain", KEEP_PACKAGES);
	fixture_release(&f);
}

static void test_apk(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/lib/apk/db/installed",
		 "C:Q1a=\nP:musl\nV:1.2\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1b=\n"
		 "R:other\nZ:Q1c=\nF:usr\nF:usr/share\nM:0:0:700\nR:notes\n\n"
		 "C:Q1d=\nP:unused\nV:1\nF:usr/bin\nR:unused\n\n"
		 "C:Q1e=\nP:top\nV:1\nF:\nR:init\n\n");
	put_file(&f, "/lib/ld-musl-x86_64.so.1", "x");
	put_file(&f, "/lib/other", "x");
	put_file(&f, "/usr/share/notes", "x");
	put_file(&f, "/usr/bin/unused", "x");
	put_file(&f, "/init", "x");
	used_file(&f, "/lib/ld-musl-x86_64.so.1", RECORD_READ);
	used_file(&f, "/init", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "apk");
	is_cut(&f, "/lib/apk/db/installed",
	       "C:Q1a=\nP:musl\nV:1.2\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1b=\n\n"
	       "C:Q1e=\nP:top\nV:1\nF:\nR:init\n\n");
	fixture_release(&f);
}

/* Whatever stands in them: no crash, no endless loop, nothing outside of the image. */
static void test_junk(void)
{
	static const char *const texts[] = { "",
					     "\n\n\n",
					     "Package: ../../etc\n\n",
					     "Package:\nArchitecture:\n",
					     "F:../..\nR:x\nP:\n",
					     "R:x\nR:\nF:/\n\n\nP:y\n" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct fixture f;

		fixture_init(&f);
		put_file(&f, "/var/lib/dpkg/status", texts[i]);
		put_file(&f, "/var/lib/dpkg/info/.list", "\n/\n//\n../x\n\n");
		put_file(&f, "/lib/apk/db/installed", texts[i]);
		put_file(&f, "/x", "x");
		used_file(&f, "/x", RECORD_READ);
		is_int(decide(&f, "{}"), 0, "junk %zu is decided", i);
		stays(&f, "/x", KEEP_USED);
		fixture_release(&f);
	}
}

int main(void)
{
	test_dpkg();
	test_dpkg_used();
	test_dpkg_unused();
	test_settle();
	test_status_d();
	test_apk();
	test_junk();
	return tap_done();
}
