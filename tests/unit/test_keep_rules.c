/* SPDX-License-Identifier: BSD-2-Clause */
/* What stays although nothing was seen of it: users, directories, mount points, includes. */
#include "test_keep.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "app:x:1000:1000::/home/app:/bin/false\n"
			     "other:x:1001:1001::/home/other:/bin/false";

static void put_users(struct fixture *f)
{
	put_file(f, "/usr/etc/passwd", passwd);
	put_link(f, "/etc/passwd", "../usr/etc/passwd");
	put_file(f, "/etc/group", "app:x:1000:\n");
	put_file(f, "/etc/shadow", "x");
	put_file(f, "/root/.profile", "x");
	put_file(f, "/home/app/.bashrc", "x");
	put_dir(f, "/home/other");
}

static void test_users(void)
{
	struct fixture f;

	fixture_init(&f);
	put_users(&f);
	is_int(decide(&f, "{\"User\":\"app:app\"}"), 0, "decided");
	stays(&f, "/etc/passwd", KEEP_LINK);
	stays(&f, "/usr/etc/passwd", KEEP_USER_DB);
	stays(&f, "/etc/group", KEEP_USER_DB);
	goes(&f, "/etc/shadow");
	stays(&f, "/home/app", KEEP_USER_DB);
	goes(&f, "/home/app/.bashrc");
	goes(&f, "/home/other");
	goes(&f, "/root");
	fixture_release(&f);
}

static void test_users_by_number(void)
{
	struct fixture f;

	fixture_init(&f);
	put_users(&f);
	is_int(decide(&f, "{\"User\":\"1001\"}"), 0, "decided");
	stays(&f, "/home/other", KEEP_USER_DB);
	goes(&f, "/home/app");
	fixture_release(&f);

	fixture_init(&f);
	put_users(&f);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/root", KEEP_USER_DB);
	stays(&f, "/usr/etc/passwd", KEEP_USER_DB);
	goes(&f, "/home");
	fixture_release(&f);
}

static void test_no_users(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/app", "x");
	is_int(decide(&f, "{\"User\":\"app\",\"WorkingDir\":\"/absent\"}"), 0,
	       "an image of one file");
	goes(&f, "/app");
	fixture_release(&f);
}

static void test_directories(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/srv/releases/1/x", "x");
	put_link(&f, "/srv/app", "releases/1");
	put_file(&f, "/tmp/leftover", "x");
	put_dir(&f, "/var/tmp");
	put_link(&f, "/var/run", "/run");
	put_dir(&f, "/run/lock");
	put_dir(&f, "/proc");
	put_dir(&f, "/sys");
	put_dir(&f, "/dev/pts");
	put_file(&f, "/etc/hosts", "");
	put_file(&f, "/etc/resolv.conf", "");
	put_link(&f, "/etc/mtab", "/proc/mounts");
	put_file(&f, "/etc/other", "");
	is_int(decide(&f, "{\"WorkingDir\":\"/srv/app\"}"), 0, "decided");
	stays(&f, "/srv/app", KEEP_LINK);
	stays(&f, "/srv/releases/1", KEEP_WORKDIR);
	goes(&f, "/srv/releases/1/x");
	stays(&f, "/tmp", KEEP_RUNTIME_DIR);
	goes(&f, "/tmp/leftover");
	stays(&f, "/var/tmp", KEEP_RUNTIME_DIR);
	stays(&f, "/var/run", KEEP_LINK);
	stays(&f, "/run", KEEP_RUNTIME_DIR);
	stays(&f, "/run/lock", KEEP_RUNTIME_DIR);
	stays(&f, "/proc", KEEP_MOUNT_POINT);
	stays(&f, "/sys", KEEP_MOUNT_POINT);
	stays(&f, "/dev/pts", KEEP_MOUNT_POINT);
	stays(&f, "/etc/hosts", KEEP_MOUNT_POINT);
	stays(&f, "/etc/resolv.conf", KEEP_MOUNT_POINT);
	stays(&f, "/etc/mtab", KEEP_MOUNT_POINT);
	goes(&f, "/etc/other");
	fixture_release(&f);
}

static void test_top_links(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/bin/tool", "x");
	put_dir(&f, "/usr/sbin");
	put_link(&f, "/bin", "usr/bin");
	put_link(&f, "/sbin", "usr/sbin");
	put_link(&f, "/lib64", "usr/lib64");
	put_link(&f, "/elsewhere", "usr/bin");
	used_file(&f, "/usr/bin/tool", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/bin", KEEP_USRMERGE);
	goes(&f, "/sbin");
	goes(&f, "/lib64");
	goes(&f, "/elsewhere");
	fixture_release(&f);
}

static void test_includes(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/opt/plugins/a/one", "x");
	put_file(&f, "/opt/plugins/b/two", "x");
	put_link(&f, "/opt/plugins/link", "/opt/target");
	put_file(&f, "/opt/target", "x");
	put_file(&f, "/opt/other", "x");
	put_file(&f, "/etc/real", "x");
	put_link(&f, "/etc/alias", "real");
	put_file(&f, "/share/v2/x", "x");
	put_link(&f, "/share/current", "v2");
	put_link(&f, "/dangling", "nowhere");
	include(&f, "/opt/plugins/");
	include(&f, "/etc/alias");
	include(&f, "/share/current");
	include(&f, "/dangling");
	is_int(decide(&f, "{}"), 0, "decided");
	stays(&f, "/opt/plugins", KEEP_INCLUDE);
	stays(&f, "/opt/plugins/a/one", KEEP_INCLUDE);
	stays(&f, "/opt/plugins/b/two", KEEP_INCLUDE);
	stays(&f, "/opt/plugins/link", KEEP_INCLUDE);
	goes(&f, "/opt/target");
	goes(&f, "/opt/other");
	stays(&f, "/etc/alias", KEEP_INCLUDE);
	stays(&f, "/etc/real", KEEP_INCLUDE);
	stays(&f, "/share/current", KEEP_INCLUDE);
	stays(&f, "/share/v2/x", KEEP_INCLUDE);
	stays(&f, "/dangling", KEEP_INCLUDE);
	fixture_release(&f);
}

static void test_bad_include(const char *path, int code)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/etc/x", "x");
	include(&f, path);
	is_int(decide(&f, "{}"), -code, "include of '%s' is refused", path);
	is_int(f.err.class, ERR_USAGE, "as a usage error");
	ok(strstr(f.err.msg, path) != NULL, "that names it: %s", f.err.msg);
	ok(*f.err.hint, "and says what to do: %s", f.err.hint);
	ok(!f.keep, "and there is no result");
	fixture_release(&f);
}

int main(void)
{
	test_users();
	test_users_by_number();
	test_no_users();
	test_directories();
	test_top_links();
	test_includes();
	test_bad_include("/etc/missing", ENOENT);
	return tap_done();
}
