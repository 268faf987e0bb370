/* SPDX-License-Identifier: BSD-2-Clause */
/* What the user says stays, and what never does; rules that are switched off. */
#include "test_keep.h"

static void put_tree(struct fixture *f)
{
	put_file(f, "/opt/a/one.txt", "1");
	put_file(f, "/opt/a/two.dat", "22");
	put_file(f, "/opt/a/deep/er/three.txt", "333");
	put_file(f, "/opt/b/four.txt", "4444");
	put_file(f, "/opt/b/.hidden", "5");
	put_link(f, "/opt/current", "b");
	put_file(f, "/srv/x", "x");
}

static void test_patterns(void)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	include(&f, "/opt/**/*.txt");
	is_int(decide(&f, "{}"), 0, "'/opt/**/*.txt'");
	stays(&f, "/opt/a/one.txt", KEEP_INCLUDE);
	stays(&f, "/opt/a/deep/er/three.txt", KEEP_INCLUDE);
	stays(&f, "/opt/b/four.txt", KEEP_INCLUDE);
	lacks(&f, "/opt/a", KEEP_INCLUDE);
	goes(&f, "/opt/a/two.dat");
	goes(&f, "/opt/b/.hidden");
	goes(&f, "/opt/current");
	fixture_release(&f);

	fixture_init(&f);
	put_tree(&f);
	include(&f, "/opt/[!a]/*");
	is_int(decide(&f, "{}"), 0, "'/opt/[!a]/*'");
	stays(&f, "/opt/b/.hidden", KEEP_INCLUDE);
	stays(&f, "/opt/b/four.txt", KEEP_INCLUDE);
	goes(&f, "/opt/a");
	fixture_release(&f);
}

/* Names of files may look like patterns: routes of web frameworks do. */
static void test_names_like_patterns(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/app/[id]/page.js", "1");
	put_file(&f, "/app/i/page.js", "2");
	put_file(&f, "/app/x/page.js", "3");
	put_file(&f, "/app/back\\slash", "4");
	put_file(&f, "/app/[...all].js", "5");
	include(&f, "/app/[id]/page.js");
	include(&f, "/app/back\\slash");
	include(&f, "/app/[...all].js");
	is_int(decide(&f, "{}"), 0, "names that look like patterns");
	stays(&f, "/app/[id]/page.js", KEEP_INCLUDE);
	stays(&f, "/app/i/page.js", KEEP_INCLUDE);
	stays(&f, "/app/back\\slash", KEEP_INCLUDE);
	stays(&f, "/app/[...all].js", KEEP_INCLUDE);
	goes(&f, "/app/x");
	fixture_release(&f);
}

static void test_links(void)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	include(&f, "/opt/current/f*");
	is_int(decide(&f, "{}"), 0, "a pattern through a link");
	stays(&f, "/opt/current", KEEP_LINK);
	stays(&f, "/opt/b/four.txt", KEEP_INCLUDE);
	goes(&f, "/opt/b/.hidden");
	fixture_release(&f);

	fixture_init(&f);
	put_tree(&f);
	put_link(&f, "/srv/loop", "..");
	include(&f, "/srv/**/x");
	is_int(decide(&f, "{}"), 0, "'**' does not follow links");
	stays(&f, "/srv/x", KEEP_INCLUDE);
	goes(&f, "/opt");
	fixture_release(&f);
}

static void test_everything(void)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	include(&f, "/");
	include(&f, "!/opt/a/**");
	is_int(decide(&f, "{}"), 0, "'/' but '!/opt/a/**'");
	stays(&f, "/opt/b/.hidden", KEEP_INCLUDE);
	stays(&f, "/srv/x", KEEP_INCLUDE);
	goes(&f, "/opt/a");
	fixture_release(&f);

	fixture_init(&f);
	put_tree(&f);
	used_file(&f, "/opt/a/one.txt", RECORD_READ);
	include(&f, "/opt");
	include(&f, "!/opt/a");
	is_int(decide(&f, "{}"), 0, "'!' is about what is included");
	stays(&f, "/opt/a/one.txt", KEEP_USED);
	lacks(&f, "/opt/a/one.txt", KEEP_INCLUDE);
	goes(&f, "/opt/a/two.dat");
	stays(&f, "/opt/b/four.txt", KEEP_INCLUDE);
	fixture_release(&f);
}

static void test_excludes(void)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	used_file(&f, "/opt/a/one.txt", RECORD_READ);
	used_file(&f, "/opt/b/four.txt", RECORD_READ);
	include(&f, "/opt/a");
	strvec_push(&f.opts.excludes, "/opt/**/*.txt");
	strvec_push(&f.opts.excludes, "/opt/a/deep");
	is_int(decide(&f, "{}"), 0, "excluded");
	goes(&f, "/opt/a/one.txt");
	goes(&f, "/opt/b/four.txt");
	goes(&f, "/opt/a/deep");
	goes(&f, "/opt/a/deep/er/three.txt");
	stays(&f, "/opt/a/two.dat", KEEP_INCLUDE);
	ok(keep_is_excluded(f.keep, image_lookup(f.img, "/opt/a/one.txt")), "one is told apart");
	ok(!keep_is_excluded(f.keep, image_lookup(f.img, "/srv/x")), "from what nobody needed");
	fixture_release(&f);
}

/* What is given and not there: the error names it. */
static void test_absent(void (*give)(struct fixture *f), const char *name)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	give(&f);
	is_int(decide(&f, "{}"), -ENOENT, "'%s' is not there", name);
	is_int(f.err.class, ERR_USAGE, "a usage error");
	ok(strstr(f.err.msg, name) != NULL, "names it: %s", f.err.msg);
	fixture_release(&f);
}

static void give_pattern(struct fixture *f)
{
	include(f, "/opt/**/*.none");
}

static void give_not(struct fixture *f)
{
	include(f, "/opt");
	include(f, "!/none");
}

static void give_exclude(struct fixture *f)
{
	strvec_push(&f->opts.excludes, "/opt/?");
	strvec_push(&f->opts.excludes, "/none/*");
}

static void give_bin(struct fixture *f)
{
	strvec_push(&f->opts.bins, "/bin/none");
}

static void give_exe(struct fixture *f)
{
	strvec_push(&f->opts.exes, "none");
}

static void give_zones(struct fixture *f)
{
	f->opts.zoneinfo = true;
}

static void give_certs(struct fixture *f)
{
	f->opts.certs = true;
}

static void give_shell(struct fixture *f)
{
	f->opts.shell = true;
}

static void give_workdir(struct fixture *f)
{
	f->opts.workdir = true;
}

static void test_all_absent(void)
{
	test_absent(give_pattern, "/opt/**/*.none");
	test_absent(give_not, "/none");
	test_absent(give_exclude, "/none/*");
	test_absent(give_bin, "/bin/none");
	test_absent(give_exe, "'none'");
	test_absent(give_zones, "--include-zoneinfo");
	test_absent(give_certs, "--include-cert");
	test_absent(give_shell, "--include-shell");
	test_absent(give_workdir, "--include-workdir");
}

static void is_perm(const struct fixture *f, const char *path, int64_t mode, int64_t uid,
		    int64_t gid)
{
	const struct keep_perm *p = keep_perm(f->keep, image_lookup(f->img, path));

	ok(p && p->mode == mode && p->uid == uid && p->gid == gid, "%s gets %o %d %d", path,
	   (unsigned int)mode, (int)uid, (int)gid);
}

static void test_perms(void)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	put_file(&f, "/srv/with:colon", "x");
	put_hard_link(&f, "/srv/again", "/srv/x");
	include(&f, "/opt/a/*:0750#10#20");
	include(&f, "/srv/x:4711");
	include(&f, "/opt/b/four.txt:0600#7");
	include(&f, "/srv/with:colon");
	is_int(decide(&f, "{}"), 0, "modes and owners");
	is_perm(&f, "/opt/a/one.txt", 0750, 10, 20);
	is_perm(&f, "/opt/a/deep", 0750, 10, 20);
	ok(!keep_perm(f.keep, image_lookup(f.img, "/opt/a/deep/er")), "what is below is as it was");
	is_perm(&f, "/srv/again", 04711, -1, -1);
	is_perm(&f, "/opt/b/four.txt", 0600, 7, -1);
	stays(&f, "/srv/with:colon", KEEP_INCLUDE);
	fixture_release(&f);
}

static void is_refused(const char *text)
{
	struct keep_opts opts = { 0 };
	struct err err = ERR_INIT;

	ok(keep_opts_add_path(&opts, text, &err) < 0, "'%s' is refused", text);
	is_int(err.class, ERR_USAGE, "as a usage error");
	ok(strstr(err.msg, text) != NULL, "that names it: %s", err.msg);
	keep_opts_release(&opts);
}

static void test_programs(void)
{
	struct fixture f;

	fixture_init(&f);
	put_program(&f, "/usr/bin/tool", "#!/usr/bin/interp\n");
	put_program(&f, "/usr/bin/interp", "x");
	put_link(&f, "/usr/bin/alias", "tool");
	put_program(&f, "/bin/busybox", "x");
	put_link(&f, "/bin/sh", "busybox");
	put_link(&f, "/bin/ls", "busybox");
	put_program(&f, "/bin/nslookup", "x");
	strvec_push(&f.opts.exes, "alias");
	f.opts.shell = true;
	is_int(decide(&f, "{\"Env\":[\"PATH=/usr/bin:/bin\"]}"), 0, "programs");
	stays(&f, "/usr/bin/alias", KEEP_LINK);
	stays(&f, "/usr/bin/tool", KEEP_INCLUDE);
	stays(&f, "/usr/bin/interp", KEEP_INTERPRETER);
	stays(&f, "/bin/sh", KEEP_LINK);
	stays(&f, "/bin/ls", KEEP_LINK);
	stays(&f, "/bin/busybox", KEEP_INCLUDE);
	goes(&f, "/bin/nslookup");
	fixture_release(&f);
}

static void test_places(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/share/zoneinfo/Europe/Berlin", "TZif");
	put_file(&f, "/usr/share/zoneinfo/UTC", "TZif");
	put_file(&f, "/usr/share/zoneinfo/right/UTC", "TZif");
	put_file(&f, "/usr/share/ca-certificates/mozilla/a.crt", "cert");
	put_link(&f, "/etc/ssl/certs/0123abcd.0",
		 "../../../usr/share/ca-certificates/mozilla/a.crt");
	put_file(&f, "/etc/ssl/private/own.key", "key");
	put_file(&f, "/app/a/b", "x");
	f.opts.zoneinfo = f.opts.certs = f.opts.workdir = true;
	is_int(decide(&f, "{\"WorkingDir\":\"/app\"}"), 0, "places");
	stays(&f, "/usr/share/zoneinfo/Europe/Berlin", KEEP_INCLUDE);
	stays(&f, "/usr/share/zoneinfo/UTC", KEEP_INCLUDE);
	goes(&f, "/usr/share/zoneinfo/right/UTC");
	stays(&f, "/etc/ssl/certs/0123abcd.0", KEEP_INCLUDE);
	stays(&f, "/usr/share/ca-certificates/mozilla/a.crt", KEEP_INCLUDE);
	goes(&f, "/etc/ssl/private/own.key");
	stays(&f, "/app/a/b", KEEP_INCLUDE);
	fixture_release(&f);

	fixture_init(&f);
	put_file(&f, "/etc/ssl/private/own.key", "key");
	put_file(&f, "/etc/ssl/certs/x.crt", "cert");
	f.opts.cert_keys = true;
	is_int(decide(&f, "{}"), 0, "private keys");
	stays(&f, "/etc/ssl/private/own.key", KEEP_INCLUDE);
	goes(&f, "/etc/ssl/certs/x.crt");
	fixture_release(&f);
}

static void test_layers(void)
{
	struct fixture f;

	fixture_init(&f);
	put_tree(&f);
	f.opts.last_layers = 1;
	is_int(decide(&f, "{}"), 0, "the last layer");
	stays(&f, "/opt/b/.hidden", KEEP_INCLUDE);
	fixture_release(&f);

	fixture_init(&f);
	put_tree(&f);
	f.opts.last_layers = 2;
	is_int(decide(&f, "{}"), -ERANGE, "two of one");
	ok(strstr(f.err.msg, "has 1 layer") != NULL, "is told: %s", f.err.msg);
	fixture_release(&f);
}

static void test_rules_off(void)
{
	struct fixture f;
	uint32_t bit = 0;

	fixture_init(&f);
	put_dir(&f, "/tmp");
	put_dir(&f, "/run");
	put_file(&f, "/opt/x", "12345");
	put_file(&f, "/opt/y", "123");
	used_file(&f, "/opt/x", RECORD_READ);
	used_file(&f, "/opt/y", RECORD_READ);
	include(&f, "/opt/y");
	is_int(keep_rule_bit("runtime-dir", &bit, &f.err), 0, "a rule is known by its name");
	f.opts.off = bit;
	is_int(decide(&f, "{}"), 0, "without it");
	goes(&f, "/tmp");
	goes(&f, "/run");
	stays(&f, "/opt/x", KEEP_USED);
	fixture_release(&f);

	for (unsigned int i = 0; i < KEEP_REASONS; i++) {
		struct err err = ERR_INIT;
		int r = keep_rule_bit(keep_reason_name(i), &bit, &err);

		ok(i == KEEP_PARENT || i == KEEP_SHARED ? r < 0 : !r && bit == 1u << i,
		   "'%s' can be switched off or not", keep_reason_name(i));
	}
	ok(keep_rule_bit("none", &bit, &f.err) < 0 && strstr(f.err.msg, "'none'"),
	   "there is no rule 'none'");
}

static void test_costs(void)
{
	struct keep_cost costs[KEEP_REASONS];
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/opt/x", "12345");
	put_file(&f, "/opt/y", "123");
	put_hard_link(&f, "/opt/z", "/opt/x");
	used_file(&f, "/opt/x", RECORD_READ);
	used_file(&f, "/opt/z", RECORD_READ);
	used_file(&f, "/opt/y", RECORD_READ);
	include(&f, "/opt/y");
	is_int(decide(&f, "{}"), 0, "decided");
	keep_costs(f.keep, costs);
	is_int(costs[KEEP_USED].bytes, 8, "used bytes, a file of two names once");
	is_int(costs[KEEP_USED].sole_bytes, 5, "of these by that alone");
	is_int(costs[KEEP_USED].entries, 3, "entries");
	is_int(costs[KEEP_INCLUDE].bytes, 3, "included bytes");
	is_int(costs[KEEP_INCLUDE].sole_bytes, 0, "none of them by that alone");
	fixture_release(&f);
}

int main(void)
{
	test_patterns();
	test_names_like_patterns();
	test_links();
	test_everything();
	test_excludes();
	test_all_absent();
	test_perms();
	is_refused("relative/path");
	is_refused("");
	is_refused("!/x:0644");
	test_programs();
	test_places();
	test_layers();
	test_rules_off();
	test_costs();
	return tap_done();
}
