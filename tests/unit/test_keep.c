/* SPDX-License-Identifier: BSD-2-Clause */
/* What the record shows decides: files, look-ups, links, mounts, volumes. */
#include "test_keep.h"

static void test_files(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/srv/app/main.py", "x");
	put_file(&f, "/srv/app/unused.py", "x");
	put_file(&f, "/srv/app/sub/other", "x");
	put_dir(&f, "/srv/empty");
	put_file(&f, "/srv/listed/entry", "x");
	put_file(&f, "/data/old", "x");
	used_file(&f, "/srv/app/main.py", RECORD_READ);
	used_file(&f, "/srv/listed", RECORD_LIST);
	used_file(&f, "/data/made/at/run/time", RECORD_WRITE | RECORD_CREATE);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/srv/app/main.py", KEEP_USED);
	stays(&f, "/srv/app", KEEP_PARENT);
	stays(&f, "/srv", KEEP_PARENT);
	lacks(&f, "/srv/app", KEEP_USED);
	ok(keep_has(f.keep, image_root(f.img)), "the root always stays");
	goes(&f, "/srv/app/unused.py");
	goes(&f, "/srv/app/sub");
	goes(&f, "/srv/empty");
	stays(&f, "/srv/listed", KEEP_USED);
	stays(&f, "/srv/listed/entry", KEEP_USED);
	stays(&f, "/data", KEEP_CREATED_IN);
	goes(&f, "/data/old");
	is_int(keep_access(f.keep, image_lookup(f.img, "/srv/app/main.py")), 0, "by access 0");
	is_int(keep_access(f.keep, image_lookup(f.img, "/srv")), 0, "its parent, too");
	is_int(keep_access(f.keep, image_lookup(f.img, "/srv/listed")), 1, "by access 1");
	ok(keep_access(f.keep, image_lookup(f.img, "/srv/empty")) == SIZE_MAX, "by none");
	fixture_release(&f);
}

/* Empty or not is behaviour: of what has been listed one entry stays, the cheapest. */
static void test_not_empty(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/srv/data/large", "xxxxxxxxxx");
	put_file(&f, "/srv/data/small", "x");
	put_file(&f, "/srv/data/.dot", "");
	put_file(&f, "/srv/some/used", "xxxx");
	put_file(&f, "/srv/some/other", "x");
	put_file(&f, "/srv/held/file", "x");
	put_file(&f, "/srv/seen/file", "x");
	put_dir(&f, "/srv/none");
	used_file(&f, "/srv/data", RECORD_LIST);
	used_file(&f, "/srv/some", RECORD_LIST);
	used_file(&f, "/srv/some/used", RECORD_READ);
	used_file(&f, "/srv/none", RECORD_LIST);
	used_file(&f, "/srv/seen", RECORD_STAT);
	asked(&f, "/srv/held", RECORD_DELETE, ENOTEMPTY);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/srv/data/small", KEEP_USED);
	goes(&f, "/srv/data/large");
	goes(&f, "/srv/data/.dot");
	goes(&f, "/srv/some/other");
	stays(&f, "/srv/held/file", KEEP_USED);
	goes(&f, "/srv/seen/file");
	stays(&f, "/srv/none", KEEP_USED);
	fixture_release(&f);
}

static void test_created_below_file(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/a/b", "was a file, becomes a directory");
	used_file(&f, "/a/b/c", RECORD_CREATE);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/a", KEEP_CREATED_IN);
	goes(&f, "/a/b");
	fixture_release(&f);
}

static void test_lookup_links(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/lib/libx.so.1.2", "x");
	put_link(&f, "/usr/lib/libx.so.1", "libx.so.1.2");
	put_link(&f, "/usr/lib/libx.so", "libx.so.1");
	put_link(&f, "/current", "/releases/7");
	put_file(&f, "/releases/7/conf", "x");
	put_file(&f, "/releases/6/conf", "x");
	put_link(&f, "/etc/localtime", "/usr/share/zoneinfo/UTC");
	put_file(&f, "/usr/share/zoneinfo/UTC", "x");
	asked(&f, "/usr/lib/libx.so.1", RECORD_READ, 0);
	asked(&f, "/current/../7/./conf", RECORD_STAT, 0);
	asked_nofollow(&f, "/etc/localtime", RECORD_READLINK, 0);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/usr/lib/libx.so.1", KEEP_LINK);
	stays(&f, "/usr/lib/libx.so.1.2", KEEP_USED);
	goes(&f, "/usr/lib/libx.so");
	stays(&f, "/current", KEEP_LINK);
	stays(&f, "/releases/7/conf", KEEP_USED);
	goes(&f, "/releases/6");
	stays(&f, "/etc/localtime", KEEP_USED);
	goes(&f, "/usr/share/zoneinfo/UTC");
	is_int(keep_access(f.keep, image_lookup(f.img, "/current")), 1, "the link's access");
	fixture_release(&f);
}

static void test_lookup_errors(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/etc/secret", "x");
	put_dir(&f, "/var/exists");
	put_file(&f, "/opt/full/x", "x");
	put_link(&f, "/dangling", "/usr/missing/file");
	put_dir(&f, "/usr");
	put_file(&f, "/lib/python.zip", "x");
	put_file(&f, "/lib/other", "x");
	put_file(&f, "/gone", "it was not there when asked for");
	put_link(&f, "/loop", "loop");
	put_link(&f, "/nofollow", "/etc");
	asked(&f, "/etc/secret", RECORD_READ, EACCES);
	asked(&f, "/var/exists", RECORD_CREATE, EEXIST);
	asked(&f, "/opt/full", RECORD_DELETE, ENOTEMPTY);
	asked(&f, "/dangling", RECORD_READ, ENOENT);
	asked(&f, "/lib/python.zip/os.py", RECORD_STAT, ENOTDIR);
	asked(&f, "/gone", RECORD_READ, ENOENT);
	asked(&f, "/loop", RECORD_READ, ELOOP);
	asked_nofollow(&f, "/nofollow", RECORD_READ, ELOOP);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/etc/secret", KEEP_USED);
	stays(&f, "/var/exists", KEEP_USED);
	stays(&f, "/opt/full", KEEP_USED);
	stays(&f, "/opt/full/x", KEEP_USED);
	stays(&f, "/dangling", KEEP_LINK);
	stays(&f, "/usr", KEEP_PARENT);
	stays(&f, "/lib/python.zip", KEEP_USED);
	goes(&f, "/lib/other");
	goes(&f, "/gone");
	stays(&f, "/loop", KEEP_LINK);
	stays(&f, "/nofollow", KEEP_USED);
	fixture_release(&f);
}

static void test_lookup_absent(void)
{
	struct fixture f;

	fixture_init(&f);
	put_dir(&f, "/usr/local/lib/site");
	put_file(&f, "/usr/local/lib/site/x", "x");
	put_dir(&f, "/var/cache/app");
	put_link(&f, "/cache", "/var/cache");
	put_dir(&f, "/home/user");
	asked(&f, "/usr/local/lib/site/missing/deep", RECORD_STAT, ENOENT);
	asked(&f, "/cache/app/run/time", RECORD_CREATE, 0);
	asked(&f, "/home/user/denied", RECORD_CREATE, EACCES);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/usr/local/lib/site", KEEP_PARENT);
	lacks(&f, "/usr/local/lib/site", KEEP_CREATED_IN);
	goes(&f, "/usr/local/lib/site/x");
	stays(&f, "/cache", KEEP_LINK);
	stays(&f, "/var/cache/app", KEEP_CREATED_IN);
	stays(&f, "/home/user", KEEP_PARENT);
	fixture_release(&f);
}

static void test_deleted(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/run/app.pid", "1");
	put_file(&f, "/etc/conf.default", "x");
	put_dir(&f, "/var/spool/old");
	asked_nofollow(&f, "/run/app.pid", RECORD_DELETE, 0);
	asked_nofollow(&f, "/etc/conf.default", RECORD_DELETE, 0);
	asked_nofollow(&f, "/etc/conf", RECORD_CREATE, 0);
	asked_nofollow(&f, "/var/spool/old", RECORD_DELETE, 0);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/run/app.pid", KEEP_USED);
	stays(&f, "/etc/conf.default", KEEP_USED);
	stays(&f, "/etc", KEEP_CREATED_IN);
	stays(&f, "/var/spool/old", KEEP_USED);
	fixture_release(&f);
}

static void test_mounts(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/conf/app.ini", "hidden by a bind mount");
	put_file(&f, "/conf/sub/more.ini", "hidden as well");
	put_file(&f, "/etc/single.conf", "a file is mounted over this one");
	put_file(&f, "/mixed/a", "x");
	put_file(&f, "/proc/stale", "x");
	put_file(&f, "/dev/null", "x");
	put_dir(&f, "/mnt/point");
	used_mount(&f, "/conf", RECORD_LIST);
	used_mount(&f, "/conf/app.ini", RECORD_READ);
	asked(&f, "/conf/app.ini", RECORD_READ, 0);
	asked(&f, "/conf/sub/more.ini", RECORD_STAT, 0);
	used_mount(&f, "/conf/sub/more.ini", RECORD_READ);
	asked(&f, "/conf/new", RECORD_CREATE, 0);
	used_mount(&f, "/etc/single.conf", RECORD_READ);
	asked(&f, "/etc/single.conf", RECORD_READ, 0);
	used_mount(&f, "/mnt/point/deep/file", RECORD_READ);
	/* Mounted over later: it was used before. */
	used_file(&f, "/mixed/a", RECORD_READ);
	used_mount(&f, "/mixed", RECORD_READ);
	asked(&f, "/mixed/a", RECORD_READ, 0);
	asked(&f, "/proc/self/status", RECORD_READ, 0);
	asked(&f, "/proc/stale", RECORD_READ, 0);
	used_mount(&f, "/dev/null", RECORD_READ);
	asked(&f, "/dev/null", RECORD_READ, 0);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/conf", KEEP_MOUNT_POINT);
	lacks(&f, "/conf", KEEP_CREATED_IN);
	goes(&f, "/conf/app.ini");
	goes(&f, "/conf/sub");
	stays(&f, "/etc", KEEP_MOUNT_POINT);
	goes(&f, "/etc/single.conf");
	stays(&f, "/mnt/point", KEEP_MOUNT_POINT);
	stays(&f, "/mixed/a", KEEP_USED);
	stays(&f, "/proc", KEEP_MOUNT_POINT);
	lacks(&f, "/proc", KEEP_CREATED_IN);
	goes(&f, "/proc/stale");
	stays(&f, "/dev", KEEP_MOUNT_POINT);
	goes(&f, "/dev/null");
	fixture_release(&f);
}

/* A process that moved to another root shows files of a tmpfs at "/": that hides nothing. */
static void test_other_root(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/bin/tool", "x");
	put_file(&f, "/etc/only-looked-at", "x");
	used_file(&f, "/usr/bin/tool", RECORD_READ);
	used_mount(&f, "/", RECORD_CHDIR);
	asked(&f, "/etc/only-looked-at", RECORD_STAT, 0);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/etc/only-looked-at", KEEP_USED);
	fixture_release(&f);
}

static void test_volumes(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/var/lib/db/seed", "copied into the fresh volume, used");
	put_file(&f, "/var/lib/db/other", "copied, not used");
	put_dir(&f, "/var/lib/db/spool");
	put_file(&f, "/var/lib/db/stat", "only looked at");
	put_dir(&f, "/srv/vol");
	put_file(&f, "/srv/vol/x", "x");
	put_link(&f, "/data", "srv/vol");
	put_file(&f, "/var/lib/db/spool/one", "x");
	put_file(&f, "/bound/vol/x", "x");
	put_file(&f, "/bound/hidden", "x");
	used_mount(&f, "/var/lib/db", RECORD_LIST);
	used_mount(&f, "/var/lib/db/seed", RECORD_READ);
	used_mount(&f, "/var/lib/db/spool/new", RECORD_CREATE);
	asked(&f, "/var/lib/db/stat", RECORD_STAT, 0);
	used_mount(&f, "/var/lib/db/spool", RECORD_LIST);
	asked(&f, "/var/lib/db/spool/one", RECORD_STAT, 0);
	/* A volume on a bind mount: one is from the image, the other hides it. */
	used_mount(&f, "/bound", RECORD_LIST);
	asked(&f, "/bound/vol/x", RECORD_STAT, 0);
	asked(&f, "/bound/hidden", RECORD_STAT, 0);
	is_int(decide(&f, "{\"Volumes\":{\"/var/lib/db\":{},\"/data\":{},\"/absent\":{},"
			  "\"/bound/vol\":{}}}"),
	       0, "decided");
	stays(&f, "/var/lib/db/spool/one", KEEP_USED);
	stays(&f, "/bound/vol/x", KEEP_VOLUME);
	goes(&f, "/bound/hidden");
	stays(&f, "/var/lib/db", KEEP_VOLUME);
	stays(&f, "/var/lib/db/seed", KEEP_VOLUME);
	stays(&f, "/var/lib/db/seed", KEEP_USED);
	stays(&f, "/var/lib/db/spool", KEEP_CREATED_IN);
	stays(&f, "/var/lib/db/spool", KEEP_VOLUME);
	stays(&f, "/var/lib/db/stat", KEEP_VOLUME);
	goes(&f, "/var/lib/db/other");
	stays(&f, "/data", KEEP_LINK);
	stays(&f, "/srv/vol", KEEP_VOLUME);
	goes(&f, "/srv/vol/x");
	fixture_release(&f);
}

static void test_sockets(void)
{
	struct fixture f;

	fixture_init(&f);
	put_socket(&f, "/run/app/control.sock");
	asked(&f, "/run/app/control.sock", RECORD_CONNECT, ECONNREFUSED);
	is_int(decide(&f, "{}"), 0, "decided");
	goes(&f, "/run/app/control.sock");
	stays(&f, "/run/app", KEEP_CREATED_IN);
	fixture_release(&f);
}

static void test_totals(void)
{
	struct fixture f;
	struct keep_totals t;

	fixture_init(&f);
	put_bytes(&f, "/a/one", 0644, "0123456789", 10);
	put_hard_link(&f, "/a/two", "/a/one");
	put_hard_link(&f, "/a/three", "/a/one");
	put_bytes(&f, "/a/single", 0644, "01234", 5);
	put_bytes(&f, "/b/dropped", 0644, "0123456", 7);
	used_file(&f, "/a/one", RECORD_READ);
	used_file(&f, "/a/two", RECORD_READ);
	used_file(&f, "/a/single", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "decided");
	keep_totals(f.keep, &t);
	goes(&f, "/a/three");
	is_int(t.entries, 5, "kept: /, /a and three files");
	is_int(t.files, 3, "kept files");
	is_int(t.bytes, 15, "a hard link group counts once");
	is_int(t.entries_all, 8, "all entries");
	is_int(t.files_all, 5, "all files");
	is_int(t.bytes_all, 22, "all bytes");
	fixture_release(&f);
}

static void test_names(void)
{
	bool good = true;

	for (unsigned int i = 0; i < KEEP_REASONS; i++)
		good &= keep_reason_name(i) && keep_reason_text(i);
	ok(good, "every reason has a name and a text");
	ok(!keep_reason_name(KEEP_REASONS) && !keep_reason_text(KEEP_REASONS), "no others");
	keep_free(NULL);
}

int main(void)
{
	test_files();
	test_not_empty();
	test_created_below_file();
	test_lookup_links();
	test_lookup_errors();
	test_lookup_absent();
	test_deleted();
	test_mounts();
	test_other_root();
	test_volumes();
	test_sockets();
	test_totals();
	test_names();
	return tap_done();
}
