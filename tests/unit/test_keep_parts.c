/* SPDX-License-Identifier: BSD-2-Clause */
/* What belongs to parts of the C library, of languages, and of the system that were used. */
#include "test_keep.h"

static const char elf_head[20] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76";

/* Too short to be read as ELF, but told to be for a machine. */
static void put_library(struct fixture *f, const char *path)
{
	put_bytes(f, path, 0644, elf_head, sizeof(elf_head));
}

static void put_glibc(struct fixture *f)
{
	put_library(f, "/usr/lib/x86_64-linux-gnu/libc.so.6");
	put_library(f, "/usr/lib/x86_64-linux-gnu/libnss_dns.so.2");
	put_library(f, "/usr/lib/x86_64-linux-gnu/libnss_files.so.2");
	put_library(f, "/usr/lib/x86_64-linux-gnu/libnss_hesiod.so.2");
	put_file(f, "/usr/lib/i386-linux-gnu/libnss_dns.so.2", "for another machine");
	put_file(f, "/etc/nsswitch.conf",
		 "# comment hesiod\npasswd: files\nhosts:  files [NOTFOUND=return hesiod] dns\n");
	put_file(f, "/etc/services", "http 80/tcp\n");
	used_file(f, "/usr/lib/x86_64-linux-gnu/libc.so.6", RECORD_MAP);
}

static void test_names(void)
{
	struct fixture f;

	fixture_init(&f);
	put_glibc(&f);
	asked(&f, "/etc/resolv.conf", RECORD_READ, ENOENT);
	is_int(decide(&f, "{}"), 0, "names are looked up");
	stays(&f, "/etc/nsswitch.conf", KEEP_NSS);
	stays(&f, "/etc/services", KEEP_NSS);
	stays(&f, "/usr/lib/x86_64-linux-gnu/libnss_dns.so.2", KEEP_NSS);
	stays(&f, "/usr/lib/x86_64-linux-gnu/libnss_files.so.2", KEEP_NSS);
	goes(&f, "/usr/lib/x86_64-linux-gnu/libnss_hesiod.so.2");
	goes(&f, "/usr/lib/i386-linux-gnu");
	fixture_release(&f);

	fixture_init(&f);
	put_glibc(&f);
	is_int(decide(&f, "{}"), 0, "no names are looked up");
	goes(&f, "/etc/nsswitch.conf");
	goes(&f, "/usr/lib/x86_64-linux-gnu/libnss_dns.so.2");
	fixture_release(&f);

	fixture_init(&f);
	put_file(&f, "/etc/nsswitch.conf", "hosts: dns\n");
	put_library(&f, "/lib/libnss_dns.so.2");
	asked(&f, "/etc/resolv.conf", RECORD_READ, 0);
	is_int(decide(&f, "{}"), 0, "but not by glibc");
	goes(&f, "/lib/libnss_dns.so.2");
	fixture_release(&f);
}

/* What only a command put into the container asked for does not count when the user says so. */
static void test_names_by_exec(bool exclude)
{
	const struct record_program put_in = { .pid = 2, .entry = RECORD_EXECED };
	const struct record_access_key key = { .path = "/etc/resolv.conf",
					       .path_len = strlen("/etc/resolv.conf"),
					       .source = RECORD_LOOKUP,
					       .follow = true,
					       .on_image = true };
	struct fixture f;

	fixture_init(&f);
	put_glibc(&f);
	record_add_program(f.builder, &(struct record_program){ .pid = 1 });
	record_add_access(f.builder, &key, RECORD_READ, record_add_program(f.builder, &put_in), 1);
	f.opts.exclude_execs = exclude;
	is_int(decide(&f, "{}"), 0, "a command looks up names");
	if (exclude)
		goes(&f, "/etc/nsswitch.conf");
	else
		stays(&f, "/etc/nsswitch.conf", KEEP_NSS);
	fixture_release(&f);
}

/* @path: a converter, the index, or neither. */
static void test_gconv(const char *path, bool usual)
{
	struct fixture f;

	fixture_init(&f);
	put_library(&f, "/usr/lib/libc.so.6");
	put_file(&f, "/usr/lib/gconv/gconv-modules.cache", "x");
	put_library(&f, "/usr/lib/gconv/ISO8859-7.so");
	put_library(&f, "/usr/lib/gconv/UTF-16.so");
	put_library(&f, "/usr/lib/gconv/BIG5.so");
	put_file(&f, "/usr/lib/gconv/gconv-modules.d/extra.conf", "x");
	used_file(&f, path, RECORD_MAP);
	is_int(decide(&f, "{}"), 0, "%s is used", path);
	if (usual) {
		stays(&f, "/usr/lib/gconv/UTF-16.so", KEEP_GCONV);
		stays(&f, "/usr/lib/gconv/gconv-modules.d/extra.conf", KEEP_GCONV);
	} else {
		goes(&f, "/usr/lib/gconv/UTF-16.so");
	}
	goes(&f, "/usr/lib/gconv/BIG5.so");
	fixture_release(&f);
}

/* @table: what the language reads before any; @usual, @rare: beside it. */
static void test_charsets(const char *table, const char *usual, const char *rare)
{
	struct fixture f;

	for (int runs = 0; runs < 2; runs++) {
		fixture_init(&f);
		put_file(&f, table, "x");
		put_file(&f, usual, "x");
		put_file(&f, rare, "x");
		if (runs)
			used_file(&f, table, RECORD_READ);
		is_int(decide(&f, "{}"), 0, "%s is%s used", table, runs ? "" : " not");
		if (runs)
			stays(&f, usual, KEEP_GCONV);
		else
			goes(&f, usual);
		goes(&f, rare);
		fixture_release(&f);
	}
}

static void test_locales(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/lib/locale/C.utf8/LC_CTYPE", "x");
	put_file(&f, "/usr/lib/locale/C.utf8/LC_MESSAGES/SYS_LC_MESSAGES", "x");
	put_file(&f, "/usr/lib/locale/de_DE.utf8/LC_CTYPE", "x");
	put_file(&f, "/etc/locale.alias", "x");
	put_link(&f, "/usr/share/locale/locale.alias", "/etc/locale.alias");
	used_file(&f, "/usr/lib/locale/C.utf8/LC_CTYPE", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "a locale is used");
	stays(&f, "/usr/lib/locale/C.utf8/LC_MESSAGES/SYS_LC_MESSAGES", KEEP_LOCALE);
	stays(&f, "/etc/locale.alias", KEEP_LOCALE);
	goes(&f, "/usr/lib/locale/de_DE.utf8");
	fixture_release(&f);
}

static void test_zones(const char *path, const char *config, bool all)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/share/zoneinfo/Europe/Berlin", "TZif");
	put_file(&f, "/usr/share/zoneinfo/Etc/UTC", "TZif");
	put_file(&f, "/usr/share/zoneinfo/right/Etc/UTC", "TZif");
	put_link(&f, "/etc/localtime", "/usr/share/zoneinfo/Etc/UTC");
	asked(&f, path, RECORD_READ, 0);
	is_int(decide(&f, config), 0, "%s is used", path);
	if (all)
		stays(&f, "/usr/share/zoneinfo/Europe/Berlin", KEEP_ZONEINFO);
	else
		goes(&f, "/usr/share/zoneinfo/Europe");
	stays(&f, "/usr/share/zoneinfo/Etc/UTC", all ? KEEP_ZONEINFO : KEEP_USED);
	goes(&f, "/usr/share/zoneinfo/right");
	fixture_release(&f);
}

static void test_terminals(const char *library, const char *path, bool usual)
{
	struct fixture f;

	fixture_init(&f);
	put_library(&f, "/usr/lib/libtinfo.so.6.3");
	put_library(&f, "/usr/lib/libc.so.6");
	put_file(&f, "/usr/lib/terminfo/x/xterm", "x");
	put_file(&f, "/usr/lib/terminfo/v/vt52", "x");
	put_link(&f, "/lib", "usr/lib");
	used_file(&f, library, RECORD_MAP);
	asked(&f, path, RECORD_READ, ENOENT);
	is_int(decide(&f, "{}"), 0, "%s ran, and asked for %s", library, path);
	if (usual)
		stays(&f, "/usr/lib/terminfo/x/xterm", KEEP_TERMINFO);
	else
		goes(&f, "/usr/lib/terminfo/x/xterm");
	goes(&f, "/usr/lib/terminfo/v/vt52");
	fixture_release(&f);
}

/* What fontconfig writes, as far as it is read: see fonts.c. */
static void put_font_cache(struct fixture *f, const char *path, uint32_t magic, int64_t at)
{
	struct {
		uint32_t magic, version;
		int64_t size, dir;
		char name[16];
	} cache = { magic, 8, sizeof(cache), at, "/fonts/cached" };

	put_bytes(f, path, 0644, (const char *)&cache, sizeof(cache));
}

static void test_fonts(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/fonts/a/one.ttf", "x");
	put_file(&f, "/fonts/a/two.TTF", "x");
	put_file(&f, "/fonts/a/fonts.dir", "x");
	put_file(&f, "/fonts/b/three.otf", "x");
	put_file(&f, "/fonts/c/roman.t1", "x");
	put_file(&f, "/fonts/c/sans.t1", "x");
	put_link(&f, "/gs/Times", "/fonts/c/roman.t1");
	put_link(&f, "/gs/Helvetica", "/fonts/c/sans.t1");
	put_link(&f, "/gs/other", "/fonts/a/fonts.dir");
	used_file(&f, "/fonts/a/one.ttf", RECORD_READ);
	asked(&f, "/gs/Times", RECORD_READ, 0);
	is_int(decide(&f, "{}"), 0, "fonts are used");
	stays(&f, "/fonts/a/two.TTF", KEEP_FONTS);
	goes(&f, "/fonts/a/fonts.dir");
	goes(&f, "/fonts/b/three.otf");
	stays(&f, "/fonts/c/sans.t1", KEEP_FONTS);
	stays(&f, "/gs/Helvetica", KEEP_LINK);
	goes(&f, "/gs/other");
	fixture_release(&f);
}

static void test_font_cache(uint32_t magic, int64_t at, bool good)
{
	const char *path = "/var/cache/fontconfig/0-le64.cache-8";
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/fonts/cached/one.ttf", "x");
	put_font_cache(&f, path, magic, at);
	used_file(&f, path, RECORD_READ);
	is_int(decide(&f, "{}"), 0, "a cache of fonts is used: %s", good ? "good" : "bad");
	if (good)
		stays(&f, "/fonts/cached/one.ttf", KEEP_FONTS);
	else
		goes(&f, "/fonts/cached/one.ttf");
	fixture_release(&f);
}

static void test_error_pages(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/app/public/404.html", "x");
	put_file(&f, "/app/public/422.html.erb", "x");
	put_file(&f, "/app/public/50x.html", "x");
	put_file(&f, "/app/public/301.html", "x");
	put_file(&f, "/app/public/5000.html", "x");
	put_file(&f, "/app/public/404.png", "x");
	put_file(&f, "/other/404.html", "x");
	asked(&f, "/app/public/none", RECORD_STAT, ENOENT);
	is_int(decide(&f, "{}"), 0, "a directory of pages is used");
	stays(&f, "/app/public/404.html", KEEP_ERROR_PAGES);
	stays(&f, "/app/public/422.html.erb", KEEP_ERROR_PAGES);
	stays(&f, "/app/public/50x.html", KEEP_ERROR_PAGES);
	goes(&f, "/app/public/301.html");
	goes(&f, "/app/public/5000.html");
	goes(&f, "/app/public/404.png");
	goes(&f, "/other/404.html");
	fixture_release(&f);
}

static void test_certs(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/etc/ssl/certs/ca-certificates.crt", "all");
	put_link(&f, "/etc/ssl/certs/0123abcd.0", "a.pem");
	put_file(&f, "/etc/ssl/certs/a.pem", "one");
	asked(&f, "/usr/lib/ssl/cert.pem", RECORD_READ, ENOENT);
	is_int(decide(&f, "{}"), 0, "a bundle is looked for");
	stays(&f, "/etc/ssl/certs/ca-certificates.crt", KEEP_CERTS);
	goes(&f, "/etc/ssl/certs/a.pem");
	fixture_release(&f);

	fixture_init(&f);
	put_file(&f, "/etc/ssl/certs/ca-certificates.crt", "all");
	put_link(&f, "/etc/ssl/certs/0123abcd.0", "a.pem");
	put_file(&f, "/etc/ssl/certs/a.pem", "one");
	put_link(&f, "/usr/lib/ssl/certs", "/etc/ssl/certs");
	asked(&f, "/usr/lib/ssl/certs/89abcdef.0", RECORD_STAT, ENOENT);
	is_int(decide(&f, "{}"), 0, "a certificate is looked for by its hash");
	stays(&f, "/etc/ssl/certs/0123abcd.0", KEEP_CERTS);
	stays(&f, "/etc/ssl/certs/a.pem", KEEP_CERTS);
	fixture_release(&f);

	fixture_init(&f);
	put_file(&f, "/etc/ssl/certs/ca-certificates.crt", "all");
	put_file(&f, "/etc/ssl/certs/java/cacerts", "store");
	asked(&f, "/etc/ssl/certs/java/cacerts", RECORD_READ, 0);
	is_int(decide(&f, "{}"), 0, "another kind of store is used");
	goes(&f, "/etc/ssl/certs/ca-certificates.crt");
	fixture_release(&f);
}

static void test_hwcaps(void)
{
	struct fixture f;

	fixture_init(&f);
	put_library(&f, "/usr/lib/glibc-hwcaps/x86-64-v3/libm.so");
	put_library(&f, "/usr/lib/glibc-hwcaps/x86-64-v2/libm.so");
	put_library(&f, "/usr/lib/glibc-hwcaps/x86-64-v2/libother.so");
	put_library(&f, "/usr/lib/libm.so");
	used_file(&f, "/usr/lib/glibc-hwcaps/x86-64-v3/libm.so", RECORD_MAP);
	is_int(decide(&f, "{}"), 0, "the best library for this processor is used");
	stays(&f, "/usr/lib/libm.so", KEEP_HWCAPS);
	stays(&f, "/usr/lib/glibc-hwcaps/x86-64-v2/libm.so", KEEP_HWCAPS);
	goes(&f, "/usr/lib/glibc-hwcaps/x86-64-v2/libother.so");
	fixture_release(&f);
}

static void test_python(void)
{
	static const char site[] = "/usr/lib/python3/site-packages";
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/lib/python3/site-packages/web/__init__.py", "x");
	put_file(&f, "/usr/lib/python3/site-packages/web/__pycache__/__init__.cpython-311.pyc",
		 "x");
	put_file(&f, "/usr/lib/python3/site-packages/web/lazy.py", "x");
	put_file(&f, "/usr/lib/python3/site-packages/web-1.dist-info/RECORD",
		 "web-1.dist-info/RECORD,,\r\n\"web/__init__.py\",sha256=x,1\nweb/lazy.py,,\n");
	put_file(&f, "/usr/lib/python3/site-packages/web-1.dist-info/METADATA", "x");
	put_file(&f, "/usr/lib/python3/site-packages/other-1.dist-info/RECORD",
		 "other-1.dist-info/RECORD,,\nother.py,,\n../../../../etc/passwd,,\n");
	put_file(&f, "/usr/lib/python3/site-packages/other.py", "x");
	put_file(&f, "/usr/lib/python3/site-packages/old.egg-info/top_level.txt", "\n_old\nold\n");
	put_file(&f, "/usr/lib/python3/site-packages/old/a.py", "x");
	put_file(&f, "/usr/lib/python3/site-packages/not.egg-info/top_level.txt", "not\n");
	put_file(&f, "/usr/lib/python3/site-packages/web/templates/errors/500.html", "x");
	put_file(&f, "/usr/lib/python3/site-packages/web/static/x.css", "x");
	put_file(&f, "/usr/lib/python3/site-packages/old/templates/404.html", "x");
	put_file(&f, "/usr/lib/python3/site-packages/templates/x.html", "x");
	used_file(&f, "/usr/lib/python3/site-packages/web/__pycache__/__init__.cpython-311.pyc",
		  RECORD_READ);
	used_file(&f, "/usr/lib/python3/site-packages/old/a.py", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "%s", site);
	stays(&f, "/usr/lib/python3/site-packages/web/__init__.py", KEEP_PYTHON);
	stays(&f, "/usr/lib/python3/site-packages/web-1.dist-info/METADATA", KEEP_PYTHON);
	goes(&f, "/usr/lib/python3/site-packages/web/lazy.py");
	stays(&f, "/usr/lib/python3/site-packages/web/templates/errors/500.html", KEEP_PYTHON);
	stays(&f, "/usr/lib/python3/site-packages/old/templates/404.html", KEEP_PYTHON);
	goes(&f, "/usr/lib/python3/site-packages/web/static");
	goes(&f, "/usr/lib/python3/site-packages/templates");
	goes(&f, "/usr/lib/python3/site-packages/other-1.dist-info");
	stays(&f, "/usr/lib/python3/site-packages/old.egg-info/top_level.txt", KEEP_PYTHON);
	goes(&f, "/usr/lib/python3/site-packages/not.egg-info");
	fixture_release(&f);
}

static void test_ruby(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/gems/specifications/json-2.gemspec", "x");
	put_file(&f, "/gems/specifications/none-1.gemspec", "x");
	put_file(&f, "/gems/gems/json-2/lib/json.rb", "x");
	put_file(&f, "/gems/gems/none-1/lib/none.rb", "x");
	put_file(&f, "/gems/extensions/x86_64-linux/3.1.0/json-2/gem.build_complete", "");
	put_file(&f, "/gems/extensions/x86_64-linux/3.1.0/json-2/gem_make.out", "x");
	used_file(&f, "/gems/gems/json-2/lib/json.rb", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "a gem is used");
	stays(&f, "/gems/specifications/json-2.gemspec", KEEP_RUBY);
	stays(&f, "/gems/extensions/x86_64-linux/3.1.0/json-2/gem.build_complete", KEEP_RUBY);
	goes(&f, "/gems/extensions/x86_64-linux/3.1.0/json-2/gem_make.out");
	goes(&f, "/gems/specifications/none-1.gemspec");
	fixture_release(&f);
}

static void test_node(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/app/package.json", "{}");
	put_file(&f, "/app/node_modules/a/package.json", "{}");
	put_file(&f, "/app/node_modules/a/esm/package.json", "{}");
	put_file(&f, "/app/node_modules/a/esm/index.mjs", "x");
	put_file(&f, "/app/node_modules/b/package.json", "{}");
	put_file(&f, "/app/node_modules/b/readme.txt", "x");
	used_file(&f, "/app/node_modules/a/esm/index.mjs", RECORD_READ);
	used_file(&f, "/app/node_modules/b/readme.txt", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "a module is used");
	stays(&f, "/app/node_modules/a/esm/package.json", KEEP_NODE);
	stays(&f, "/app/node_modules/a/package.json", KEEP_NODE);
	stays(&f, "/app/package.json", KEEP_NODE);
	goes(&f, "/app/node_modules/b/package.json");
	fixture_release(&f);
}

static void test_jvm(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/opt/java/lib/modules", "x");
	put_file(&f, "/opt/java/lib/jvm.cfg", "x");
	put_file(&f, "/opt/java/lib/libzip.so", "x");
	put_file(&f, "/opt/java/lib/libawt.so", "x");
	put_file(&f, "/opt/java/lib/src.zip", "x");
	put_link(&f, "/opt/java/conf", "/etc/java");
	put_file(&f, "/etc/java/security/java.security", "x");
	put_file(&f, "/usr/lib/modules", "no Java");
	put_file(&f, "/usr/lib/libzip.so", "x");
	used_file(&f, "/opt/java/lib/modules", RECORD_READ);
	used_file(&f, "/usr/lib/modules", RECORD_READ);
	is_int(decide(&f, "{}"), 0, "a Java runtime is used");
	stays(&f, "/opt/java/lib/libzip.so", KEEP_JVM);
	stays(&f, "/opt/java/lib/jvm.cfg", KEEP_JVM);
	stays(&f, "/etc/java/security/java.security", KEEP_JVM);
	goes(&f, "/opt/java/lib/libawt.so");
	goes(&f, "/opt/java/lib/src.zip");
	goes(&f, "/usr/lib/libzip.so");
	fixture_release(&f);
}

static void test_distro(void)
{
	struct fixture f;

	fixture_init(&f);
	put_file(&f, "/usr/lib/os-release", "ID=x\n");
	put_link(&f, "/etc/os-release", "../usr/lib/os-release");
	is_int(decide(&f, "{}"), 0, "which distribution it is");
	stays(&f, "/etc/os-release", KEEP_DISTRO);
	stays(&f, "/usr/lib/os-release", KEEP_DISTRO);
	fixture_release(&f);
}

int main(void)
{
	test_names();
	test_names_by_exec(false);
	test_names_by_exec(true);
	test_gconv("/usr/lib/gconv/ISO8859-7.so", true);
	test_gconv("/usr/lib/gconv/gconv-modules.cache", true);
	test_gconv("/usr/lib/libc.so.6", false);
	test_charsets("/usr/lib/python3.11/encodings/aliases.py",
		      "/usr/lib/python3.11/stringprep.py",
		      "/usr/lib/python3.11/encodings/koi8_r.py");
	test_charsets("/opt/ruby/3.2/enc/encdb.so", "/opt/ruby/3.2/enc/trans/single_byte.so",
		      "/opt/ruby/3.2/enc/trans/chinese.so");
	test_charsets("/usr/lib/perl5/auto/Encode/Encode.so", "/usr/lib/perl5/Encode/Unicode.pm",
		      "/usr/lib/perl5/Encode/JP.pm");
	test_locales();
	test_zones("/usr/share/zoneinfo/Etc/UTC", "{}", true);
	test_zones("/usr/share/zoneinfo/Etc/UTC", "{\"Env\":[\"TZ=:Etc/UTC\"]}", false);
	test_zones("/etc/localtime", "{}", false);
	test_terminals("/usr/lib/libtinfo.so.6.3", "/etc/hosts", true);
	test_terminals("/usr/lib/libc.so.6", "/etc/terminfo/x/xterm", true);
	test_terminals("/usr/lib/libc.so.6", "/etc/hosts", false);
	test_fonts();
	test_font_cache(0xFC02FC04u, 24, true);
	test_font_cache(0xFC02FC05u, 24, false);
	test_font_cache(0xFC02FC04u, 25, false);
	test_font_cache(0xFC02FC04u, 0, false);
	test_font_cache(0xFC02FC04u, 40, false);
	test_font_cache(0xFC02FC04u, -1, false);
	test_error_pages();
	test_certs();
	test_hwcaps();
	test_python();
	test_ruby();
	test_node();
	test_jvm();
	test_distro();
	return tap_done();
}
