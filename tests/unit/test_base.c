/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/cap.h"
#include "slimtrace/base/err.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/sha256.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/sysname.h"
#include "slimtrace/base/text.h"

static void test_err(void)
{
	struct err err = ERR_INIT;
	char *longer = xmalloc(2000);

	is_int(err_set(&err, ENOENT, "cannot open '%s'", "x"), -ENOENT, "err_set returns -errno");
	is_str(err.msg, "cannot open 'x': No such file or directory", "message with its cause");
	is_int(err_hint(&err, "look"), -ENOENT, "a hint keeps the code");
	is_int(err_wrap(&err, "layer %d", 3), -ENOENT, "wrapping keeps the code");
	is_str(err.msg, "layer 3: cannot open 'x': No such file or directory", "wrapped message");
	is_str(err.hint, "look", "wrapping keeps the hint");
	memset(longer, 'a', 1999);
	longer[1999] = '\0';
	is_int(err_class_set(&err, ERR_USAGE, 0, "%s", longer), -EINVAL, "no errno: -EINVAL");
	is_str(err.msg + sizeof(err.msg) - 4, "...", "a cut message says so");
	err_wrap(&err, "again");
	is_str(err.msg + sizeof(err.msg) - 4, "...", "also when wrapping cuts it");
	free(longer);
}

static void test_strbuf(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_free_ char *s = NULL;
	size_t len;

	is_str(sb.buf, "", "empty buffer is a string");
	strbuf_reset(&sb);
	strbuf_add(&sb, "", 0);
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&sb, "%d,", i);
	is_int(sb.len, 3890, "formatted text is appended");
	strbuf_setlen(&sb, 4);
	is_str(sb.buf, "0,1,", "cut and terminated");
	s = strbuf_detach(&sb, &len);
	ok(len == 4 && sb.len == 0 && !*sb.buf, "detached, and empty again");
}

static int count_items(const char *key, size_t len, void *value, void *ctx)
{
	(void)key;
	(void)len;
	*(size_t *)ctx += *(int *)value;
	return 0;
}

static void test_strmap(void)
{
	_cleanup_(strmap_free) struct strmap *map = strmap_new();
	int one = 1, two = 2;
	size_t sum = 0;

	ok(!strmap_get(map, "a"), "absent key");
	ok(!strmap_put(map, "a", &one), "new key has no old value");
	ok(strmap_put(map, "a", &two) == &one, "old value comes back");
	strmap_put_len(map, "a\0b", 3, &one);
	ok(strmap_get(map, "a") == &two, "keys are bytes, not strings");
	strmap_each(map, count_items, &sum);
	is_int(sum, 3, "each value once");
	ok(strmap_remove(map, "a") == &two && strmap_count(map) == 1, "removed");
}

static void is_normal(const char *path, const char *want)
{
	_cleanup_free_ char *got = path_normalize(path);

	is_str(got, want, "path_normalize(%s)", path);
}

static void test_path(void)
{
	_cleanup_free_ char *joined = path_join("/a/", "b"), *absolute = path_join("/a", "/c");

	is_normal("", "/");
	is_normal("//a///b/", "/a/b");
	is_normal("/a/./../../b", "/b");
	is_normal("/..", "/");
	is_normal("a/...", "/a/...");
	is_str(joined, "/a/b", "joined with one slash");
	is_str(absolute, "/c", "an absolute name stands alone");
	ok(path_is_under("/a/b", "/a") && path_is_under("/a", "/a") && path_is_under("/a", "/"),
	   "under");
	ok(!path_is_under("/ab", "/a"), "a prefix of a name is not a parent");
}

static void test_sha256(void)
{
	/* FIPS 180-4 examples: "abc" and the empty message. */
	is_str(sha256_of("abc", 3).str,
	       "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc");
	is_str(sha256_of("", 0).str,
	       "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "empty");
	ok(digest_valid(sha256_of("", 0).str), "valid digest");
	ok(!digest_valid("sha256:xyz") && !digest_valid(""), "invalid digests");
	ok(!digest_valid("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
	   "upper case is not canonical");
}

static void is_words(const char *text, const char *want)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	_cleanup_strbuf_ struct strbuf got = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (text_split_words(text, &words, &err) < 0)
		strbuf_addstr(&got, err.msg);
	else
		for (size_t i = 0; i < words.n; i++)
			strbuf_addf(&got, "<%s>", words.v[i]);
	is_str(got.buf, want, "words of %s", text);
}

static void test_words(void)
{
	is_words("", "");
	is_words("  a  bc\t", "<a><bc>");
	is_words("a 'b c' \"d $x \\\" \\n\"", "<a><b c><d $x \" \\n>");
	is_words("a\\ b ''", "<a b><>");
	is_words("x'y'\"z\"", "<xyz>");
	is_words("a 'b", "unclosed '");
	is_words("\\", "<\\>");
	is_words("( a -b 0--1 )", "<(><a><-b><0--1><)>");
}

static void test_text(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	struct err err = ERR_INIT;
	unsigned long long n = 7;

	ok(utf8_valid("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10), "valid UTF-8");
	ok(!utf8_valid("\xc0\x80", 2), "overlong form");
	ok(!utf8_valid("\xed\xa0\x80", 3), "surrogate");
	ok(!utf8_valid("\xf4\x90\x80\x80", 4), "above U+10FFFF");
	ok(!utf8_valid("\xe2\x82", 2), "cut sequence");
	text_add_safe(&sb, "a\x1b[2J\xff\xc2\x9b\xc3\xa9", 10);
	is_str(sb.buf, "a\\x1b[2J\\xff\\xc2\\x9b\xc3\xa9", "controls are shown, not sent");
	strbuf_reset(&sb);
	text_add_safe(&sb, "\xe2\x80\xae\xe2\x81\xa9\xe2\x80\x93", 9);
	is_str(sb.buf, "\\xe2\\x80\\xae\\xe2\\x81\\xa9\xe2\x80\x93",
	       "what turns the direction too");
	is_int(text_fit("\xe2\x80\xae", 3, 11), 0, "and takes as much as it is shown");
	is_int(text_fit("abc", 3, 2), 2, "what fits: a letter a column");
	is_int(text_fit("\xc3\xa9\xc3\xa9", 4, 1), 2, "a letter of two bytes, one");
	is_int(text_fit("\xe6\x97\xa5\xe6\x9c\xac", 6, 3), 3, "a wide one, two");
	is_int(text_fit("a\nb", 3, 4), 1, "a control as it is shown, four");
	is_int(text_fit("a\nb", 3, 6), 3, "all of it");
	is_int(text_parse_u64("12", 1, 20, "n", &n, &err), 0, "number");
	is_int(n, 12, "its value");
	ok(text_parse_u64("21", 1, 20, "n", &n, &err) < 0, "out of range");
	is_str(err.msg, "n: '21' is not between 1 and 20", "says the range");
	ok(text_parse_u64("-1", 0, 20, "n", &n, &err) < 0, "negative");
	ok(text_parse_u64("1x", 0, 20, "n", &n, &err) < 0, "junk");
	ok(text_parse_u64("99999999999999999999", 0, UINT64_MAX, "n", &n, &err) < 0, "too large");
	is_int(n, 12, "untouched on failure");
}

static void test_json_read(void)
{
	static const char text[] =
		"{\"a\":{\"b\":\"x\",\"n\":3,\"f\":1.5,\"big\":\"18446744073709551615\","
		"\"t\":true,\"z\":null,\"v\":[\"p\",\"q\"]}}";
	_cleanup_(json_free) cJSON *json = NULL;
	_cleanup_strvec_ struct strvec v = STRVEC_INIT;
	struct err err = ERR_INIT;

	is_int(json_parse(text, strlen(text), "it", &json, &err), 0, "parses");
	is_str(json_str(json, "a.b", NULL), "x", "string by path");
	is_str(json_str(json, "a.n", "no"), "no", "a number is no string");
	is_int(json_i64(json, "a.n", -1), 3, "number");
	is_int(json_i64(json, "a.f", -1), -1, "a fraction is no integer");
	ok(json_u64(json, "a.big", 0) == UINT64_MAX, "64 bits as a string");
	ok(json_bool(json, "a.t", false), "boolean");
	ok(!json_path(json, "a.z") && !json_path(json, "a.q.r"), "null and absent");
	is_int(json_strvec(json, "a.v", &v, &err), 0, "strings");
	is_int(v.n, 2, "both of them");
	ok(json_strvec(json, "a", &v, &err) < 0, "an object is no array");
}

static void test_json_refuses(void)
{
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	ok(json_parse("{} x", 4, "it", &json, &err) < 0, "trailing bytes");
	ok(json_parse("{\"a\":\0}", 7, "it", &json, &err) < 0, "NUL byte");
	ok(json_parse("[\"\\\\\\u0000\"]", 12, "it", &json, &err) < 0 && strstr(err.msg, "byte 4"),
	   "escaped NUL: %s", err.msg);
	ok(json_parse("{\"a\\u0000b\":1}", 14, "it", &json, &err) < 0, "escaped NUL in a key");
	ok(json_parse_max("[1,[],{}]", 9, "it", 3, &json, &err) < 0, "too many values: %s",
	   err.msg);
	ok(!json_parse_max("[\"\\\\u0000,[{\"]", 14, "it", 3, &json, &err), "no NUL, one value: %s",
	   err.msg);
	json_free(TAKE_PTR(json));
	ok(json_parse("[1", 2, "the file 'x'", &json, &err) < 0, "cut document");
	ok(strstr(err.msg, "the file 'x'") != NULL, "names the document: %s", err.msg);
}

static void test_json_bytes(void)
{
	static const char odd[] = "a\xff\n\0b";
	_cleanup_(json_free) cJSON *json = json_object(), *again = NULL;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_free_ char *plain = NULL, *back = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	json_add_bytes(json, "p", "caf\xc3\xa9", 5);
	json_add_bytes(json, "q", odd, 5);
	json_add_u64(json, "n", UINT64_MAX);
	json_print(json, false, &text);
	is_int(json_parse(text.buf, text.len, "it", &again, &err), 0, "what we write parses");
	plain = json_bytes(again, "p", NULL);
	is_str(plain, "caf\xc3\xa9", "valid UTF-8 stays text");
	ok(!json_get(again, "p_hex"), "and has no second form");
	back = json_bytes(again, "q", &len);
	ok(back && len == 5 && !memcmp(back, odd, 5), "other bytes survive");
	ok(json_u64(again, "n", 0) == UINT64_MAX, "64 bits survive");
	ok(!json_bytes(again, "absent", NULL), "absent");
}

static void test_files(void)
{
	_cleanup_free_ char *dir = NULL, *sub = NULL, *file = NULL;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_close_ int dirfd = -1;
	struct err err = ERR_INIT;
	struct stat st;

	is_int(io_mkdtemp(&dir, &err), 0, "temporary directory");
	sub = path_join(dir, "a/b/c");
	is_int(io_mkdir_p(sub, 0700, &err), 0, "mkdir -p");
	is_int(io_mkdir_p(sub, 0700, &err), 0, "twice");
	dirfd = open(sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_int(io_write_atomic(dirfd, "f", 0600, "old", 3, &err), 0, "written");
	is_int(io_write_atomic(dirfd, "f", 0600, "new!", 4, &err), 0, "replaced");
	file = path_join(sub, "f");
	is_int(io_read_file(AT_FDCWD, file, 4, &sb, &err), 0, "read");
	is_str(sb.buf, "new!", "the new content");
	ok(!fstatat(dirfd, "f", &st, 0) && (st.st_mode & 07777) == 0600, "its mode");
	ok(io_read_file(AT_FDCWD, file, 3, &sb, &err) < 0, "a bound holds");
	ok(io_read_file(AT_FDCWD, sub, 100, &sb, &err) < 0, "a directory is no file");
	ok(symlinkat("/etc", dirfd, "link") == 0, "a link to elsewhere");
	is_int(io_remove_tree(AT_FDCWD, dir, &err), 0, "removed with all below");
	ok(stat(dir, &st) < 0 && stat("/etc", &st) == 0, "and nothing else");
	is_int(io_remove_tree(AT_FDCWD, dir, &err), 0, "absent is fine");
}

static void test_format(void)
{
	char b[16], n[32];

	is_str(format_bytes(b, 0), "0 B", "0");
	is_str(format_bytes(b, 999), "999 B", "999");
	is_str(format_bytes(b, 1000), "1.0 kB", "1000");
	is_str(format_bytes(b, 12345678), "12.3 MB", "12345678");
	is_str(format_bytes(b, 123456789), "123 MB", "123456789");
	is_str(format_bytes(b, 999960000), "1.0 GB", "rounding up changes the unit");
	is_str(format_count(n, 0), "0", "0");
	is_str(format_count(n, 1234567), "1,234,567", "thousands");
}

static void test_sysname(void)
{
	_cleanup_free_ char *compat = sysname_of(RECORD_COMPAT, 5);

	is_int(sysname_number(RECORD_NATIVE, "no_such_call"), -1, "unknown name");
	ok(sysname_number(RECORD_NATIVE, "openat") > 0, "known name");
#ifdef __x86_64__
	is_str(compat, "open", "i386 numbers are their own");
#endif
	ok(!sysname_of(RECORD_NATIVE, 4000), "unknown number");
}

static void test_cancel(void)
{
	struct err err = ERR_INIT;

	is_int(cancel_init(&err), 0, "handlers installed");
	is_int(cancel_wait(-1, 1, &err), 0, "time passes");
	is_int(cancel_check(&err), 0, "nobody asked");
	raise(SIGUSR1);
	is_int(cancel_wait(resume_fd(), 1000, &err), 1, "SIGUSR1 says go on");
	raise(SIGTERM);
	is_int(cancel_wait(-1, 60000, &err), -EINTR, "SIGTERM ends a wait");
	is_int(err.class, ERR_INTERRUPTED, "as an interruption");
	is_int(cancel_signal(), SIGTERM, "by that signal");
	cancel_mask(true);
	is_int(cancel_wait(-1, 1, &err), 0, "masked: waits go on");
	cancel_mask(false);
	is_int(cancel_check(&err), -EINTR, "unmasked: still asked");
}

static void test_caps(void)
{
	static const struct cap_need needs[] = {
		{ CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF", "to load" },
		{ CAP_SYS_PTRACE, CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "to look" },
		{ CAP_SYS_ADMIN, CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to enter" },
	};
	const uint64_t bpf = 1ull << CAP_BPF, admin = 1ull << CAP_SYS_ADMIN,
		       ptrace = 1ull << CAP_SYS_PTRACE;
	_cleanup_strbuf_ struct strbuf status = STRBUF_INIT;
	struct err err = ERR_INIT;
	const char *line;

	is_int(cap_check_in(bpf | ptrace, needs, 2, &err), 0, "all that is needed is there");
	is_int(cap_check_in(admin | ptrace, needs, 2, &err), 0, "or what does instead");
	is_int(cap_check_in(bpf, needs, 2, &err), -EPERM, "one is missing");
	is_int(err.class, ERR_KERNEL, "that is a matter of privileges");
	is_str(err.msg, "missing: CAP_SYS_PTRACE (to look)", "which one, and for what");
	cap_check_in(0, needs, 2, &err);
	is_str(err.msg, "missing: CAP_BPF (to load), CAP_SYS_PTRACE (to look)", "all of them");
	is_str(err.hint,
	       "in a container: --cap-add CAP_BPF --cap-add CAP_SYS_PTRACE (docs/sidecar.md)",
	       "how to get them");
	cap_check_in(0, needs, 3, &err);
	is_str(err.hint,
	       "in a container: --cap-add CAP_SYS_PTRACE --cap-add CAP_SYS_ADMIN (docs/sidecar.md)",
	       "what does for two is named once");
	io_read_file(AT_FDCWD, "/proc/self/status", 1 << 16, &status, &err);
	line = strstr(status.buf, "\nCapEff:\t");
	ok(line && cap_effective() == strtoull(line + 9, NULL, 16), "our own, as /proc tells them");
}

int main(void)
{
	test_caps();
	test_err();
	test_strbuf();
	test_strmap();
	test_path();
	test_sha256();
	test_words();
	test_text();
	test_json_read();
	test_json_refuses();
	test_json_bytes();
	test_files();
	test_format();
	test_sysname();
	test_cancel();
	return tap_done();
}
