/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/tap.h"
#include "profile/paths.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/profile.h"
#include "test_image.h"

static void pattern(const char *path, size_t made, const char *want)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	path_pattern(path, strlen(path), made, &sb);
	is_str(sb.buf, want, "%s", path);
}

static void test_patterns(void)
{
	pattern("/etc/passwd", SIZE_MAX, "/etc/passwd");
	pattern("/proc/17/status", SIZE_MAX, "/proc/@{pid}/status");
	pattern("/proc/17/task/18/comm", SIZE_MAX, "/proc/@{pid}/task/@{tid}/comm");
	pattern("/proc/sys/kernel/1", SIZE_MAX, "/proc/sys/kernel/1");
	pattern("/dev/pts/3", SIZE_MAX, "/dev/pts/[0-9]*");
	pattern("/usr/lib/libc6.so", SIZE_MAX, "/usr/lib/libc6.so");
	pattern("/data/temp-4711.rdb", 6, "/data/temp-[0-9]*.rdb");
	pattern("/data/16559/112", 6, "/data/[0-9]*/[0-9]*");
	pattern("/v1/data", 4, "/v1/data");
	pattern("/tmp/tmpk3j9a_x", 5, "/tmp/tmp*");
	pattern("/tmp/tmp_a.b_c", 5, "/tmp/tmp*.b_c");
	pattern("/tmp/tmp", 5, "/tmp/tmp");
	pattern("/tmp/.ZendSem.sQ5xBc", 5, "/tmp/.ZendSem.*");
	pattern("/tmp/session-0123abcdef", 5, "/tmp/session-*");
	pattern("/tmp/FooBarBaz.sQxkBc", 5, "/tmp/FooBarBaz.*");
	pattern("/tmp/utf8", 5, "/tmp/utf[0-9]*");
	pattern("/a b/c*d[e]{f}\"g\\", SIZE_MAX, "/a b/c\\*d\\[e\\]\\{f\\}\\\"g\\\\");
	pattern("/new\nline\xff", SIZE_MAX, "/new\\012line\\377");
}

static const struct item items[] = {
	{ "bin/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "bin/app", AE_IFREG, "app", 0755, 0, NULL },
	{ "run/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "var/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "var/run", AE_IFLNK, "../run", 0, 0, NULL },
	{ "etc/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "etc/conf", AE_IFREG, "conf", 0, 0, NULL },
	{ "data/", AE_IFDIR, NULL, 0755, 0, NULL },
};

static void use(struct record_builder *b, enum record_source source, const char *path,
		uint32_t kinds, int error)
{
	struct record_access_key key = { .source = source,
					 .path = path,
					 .path_len = strlen(path),
					 .error = error,
					 .on_image = true };

	record_add_access(b, &key, kinds, 0, 1);
}

static void call(struct record_builder *b, const char *name, uint32_t used, uint32_t v0,
		 uint32_t v1)
{
	uint32_t nr = (uint32_t)sysname_number(RECORD_NATIVE, name);
	const uint32_t values[RECORD_MAX_VALUES] = { v0, v1 };

	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, nr, 1, 0);
	if (used)
		record_add_arguments(b, RECORD_NATIVE, nr, used, values);
}

static struct record *make_record(void)
{
	struct record_builder *b = record_builder_new();
	struct record *rec;

	use(b, RECORD_FILE, "/bin/app", RECORD_EXEC, 0);
	use(b, RECORD_FILE, "/etc/conf", RECORD_READ, 0);
	use(b, RECORD_FILE, "/etc", RECORD_READ | RECORD_LIST, 0);
	use(b, RECORD_FILE, "/", RECORD_LIST, 0);
	use(b, RECORD_FILE, "/run", RECORD_READ, 0);
	use(b, RECORD_LOOKUP, "/var/run/app.pid", RECORD_CREATE, 0);
	use(b, RECORD_LOOKUP, "/var/run/gone", RECORD_DELETE, 2);
	use(b, RECORD_LOOKUP, "/etc/other", RECORD_STAT, 0);
	use(b, RECORD_LOOKUP, "/etc/resolv.conf", RECORD_READ, 0);
	use(b, RECORD_FILE, "/proc/7/environ", RECORD_READ, 0);
	use(b, RECORD_LOOKUP, "/dev/tty", RECORD_READ | RECORD_WRITE, ENXIO);
	use(b, RECORD_LOOKUP, "/etc/cache", RECORD_CREATE, EACCES);
	use(b, RECORD_LOOKUP, "/etc/conf", RECORD_DELETE, EACCES);
	use(b, RECORD_LOOKUP, "/data/refused", RECORD_CREATE, EPERM);
	use(b, RECORD_LOOKUP, "/etc/secret", RECORD_READ, EACCES);
	for (char name[] = "/data/a"; name[6] < 'a' + 10; name[6]++)
		use(b, RECORD_FILE, name, RECORD_WRITE, 0);
	call(b, "socket", 3, AF_INET, SOCK_STREAM | SOCK_CLOEXEC);
	call(b, "socket", 3, AF_UNIX, SOCK_DGRAM);
	call(b, "fcntl", 2, 0, F_SETLK);
	record_add_capability(b, 10, true, -1);
	record_add_capability(b, 21, false, -1);
	rec = record_builder_finish(b);
	record_builder_free(b);
	return rec;
}

static void has(const struct strbuf *text, const char *line)
{
	if (!ok(strstr(text->buf, line) != NULL, "has: %.*s", (int)strcspn(line + 1, "\n"),
		line + 1))
		printf("%s", text->buf);
}

static void lacks(const struct strbuf *text, const char *what)
{
	ok(!strstr(text->buf, what), "lacks: %s", what);
}

static void test_profile(const struct image *img)
{
	struct record *rec = make_record();
	const struct record *const records[] = { rec };
	const struct profile_apparmor_opts opts = { .name = "my-app",
						    .image = "my/app\n}",
						    .img = img };
	_cleanup_profile_calls_ struct profile_calls calls;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	_cleanup_strvec_ struct strvec warnings = STRVEC_INIT;

	profile_calls(records, 1, false, &calls);
	profile_apparmor(records, 1, &calls, &opts, &warnings, &text);
	profile_apparmor(records, 1, &calls, &opts, &warnings, &again);
	ok(text.len == again.len && !memcmp(text.buf, again.buf, text.len), "same bytes");
	has(&text, " for my/app?}\n");
	has(&text, "\nprofile my-app flags=(attach_disconnected,mediate_deleted) {\n");
	has(&text, "\n  /bin/app mrix,\n");
	has(&text, "\n  /etc/conf r,\n");
	has(&text, "\n  /etc/ r,\n");
	has(&text, "\n  / r,\n");
	has(&text, img ? "\n  /run/ r,\n" : "\n  /run r,\n");
	has(&text, img ? "\n  /run/app.pid{,/} wk,\n" : "\n  /var/run/app.pid{,/} wk,\n");
	has(&text, img ? "\n  /data/* wk,\n" : "\n  /data/a wk,\n");
	has(&text, "\n  /proc/@{pid}/environ r,\n");
	has(&text, "\n  ptrace (read, readby) peer=my-app,\n");
	has(&text, "\n  network inet stream,\n");
	has(&text, "\n  unix type=dgram,\n");
	has(&text, "\n  network inet dgram,\n");
	has(&text, "\n  capability net_bind_service,\n");
	has(&text, "\n  /dev/tty rw");
	has(&text, "\n  deny /etc/cache{,/} w,\n");
	lacks(&text, "deny /etc/conf");
	if (img)
		lacks(&text, "deny /data/refused");
	lacks(&text, "/etc/secret");
	has(&text, "\n  /sys/fs/cgroup/{,**} r,\n");
	lacks(&text, "sys_admin");
	lacks(&text, "/etc/other");
	lacks(&text, "gone");
	lacks(&text, "mount");
	is_int(warnings.n, 0, "nothing to warn of");
	record_free(rec);
}

static void test_unknown(void)
{
	struct record_builder *b = record_builder_new();
	_cleanup_strvec_ struct strvec warnings = STRVEC_INIT;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_profile_calls_ struct profile_calls calls;
	const struct profile_apparmor_opts opts = { .name = "x", .image = "x" };
	struct record *rec;

	call(b, "socket", 0, 0, 0);
	rec = record_builder_finish(b);
	record_builder_free(b);
	rec->capabilities_unseen = true;
	rec->confinement = (struct record_confinement){ .known = true, .bounding = 3 };
	profile_calls((const struct record *const *)&rec, 1, false, &calls);
	profile_apparmor((const struct record *const *)&rec, 1, &calls, &opts, &warnings, &text);
	has(&text, "\n  network,\n");
	is_int(warnings.n, 1, "which is told");
	has(&text, " inferred, this kernel does not tell\n  capability dac_override,\n");
	record_free(rec);
}

int main(void)
{
	struct strbuf layer = STRBUF_INIT;
	struct image *img = NULL;
	struct err err = ERR_INIT;

	test_patterns();
	layer_tar(items, ARRAY_SIZE(items), &layer);
	if (ok(image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &img, &err) == 0,
	       "an image"))
		test_profile(img);
	test_profile(NULL);
	test_unknown();
	image_free(img);
	strbuf_release(&layer);
	return tap_done();
}
