/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sys/syscall.h>

#include "../lib/growth.h"
#include "../lib/tap.h"
#include "report/fan.h"
#include "slimtrace/base/json.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"
#include "test_image.h"

static const struct item items[] = {
	{ "bin/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "bin/app", AE_IFREG, "#!/bin/none\n", 06755, 7, NULL },
	{ "bin/link", AE_IFLNK, "app", 0, 0, NULL },
	{ "b\xff", AE_IFREG, "odd", 0, 0, NULL },
	{ "unused", AE_IFREG, "a file that nobody uses", 0, 0, NULL },
};

static struct image *img;
static struct record *rec;
static struct keep *keep;
static struct report report;

static void use(struct record_builder *b, enum record_source source, const char *path,
		uint32_t kinds, uint32_t program, int call, uint64_t when)
{
	const struct record_use u = { .program = program,
				      .call = (uint16_t)call,
				      .kinds = (uint16_t)kinds };
	struct record_access_key key = { .source = source,
					 .path = path,
					 .path_len = strlen(path),
					 .follow = source == RECORD_LOOKUP,
					 .on_image = true };

	record_add_access(b, &key, kinds, program, when);
	record_add_use(b, &key, &u);
}

static bool set_up(void)
{
	struct strbuf layer = STRBUF_INIT;
	struct record_builder *b = record_builder_new();
	struct record_program app = { .pid = 42,
				      .comm = xstrdup("app"),
				      .exe = xstrdup("/bin/app") };
	struct keep_opts opts = { 0 };
	struct err err = ERR_INIT;
	bool good;

	strvec_push(&app.argv, "app");
	strvec_push(&app.argv, "--flag");
	strvec_push(&app.argv, "\xfe\n");
	record_add_program(b, &app);
	app.pid = 43;
	record_add_program(b, &app);
	use(b, RECORD_FILE, "/bin/app", RECORD_EXEC, 0, SYS_execve, 10);
	use(b, RECORD_LOOKUP, "/bin/link", RECORD_STAT, 0, SYS_statx, 2000000000);
	use(b, RECORD_LOOKUP, "/bin/link", RECORD_STAT, 0, SYS_access, 2000000001);
	use(b, RECORD_FILE, "/bin/app", RECORD_READ, 0, SYS_openat, 3000000000);
	use(b, RECORD_FILE, "/bin/app", RECORD_READ, 1, SYS_open, 3000000000);
	use(b, RECORD_FILE, "/b\xff", RECORD_READ, 0, SYS_openat, 10);
	use(b, RECORD_FILE, "/b\xff", RECORD_READ, 1, SYS_openat, 10);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, 0, 12, 0);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, SYS_openat, 1, 0);
	record_add_syscall(b, RECORD_APP, RECORD_NATIVE, SYS_statx, 1, 0);
	record_add_syscall(b, RECORD_RUNTIME, RECORD_NATIVE, 1, 5, 0);
	rec = record_builder_finish(b);
	record_builder_free(b);
	free(app.comm);
	free(app.exe);
	strvec_release(&app.argv);
	layer_tar(items, ARRAY_SIZE(items), &layer);
	good = image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &img, &err) == 0 &&
	       keep_decide(img, rec, &opts, &keep, &err) == 0;
	strbuf_release(&layer);
	if (!good)
		printf("# %s\n", err.msg);
	return good;
}

static const cJSON *file_at(const cJSON *doc, const char *path)
{
	const cJSON *f;

	cJSON_ArrayForEach (f, json_path(doc, "image.files"))
		if (!strcmp(json_str(f, "file_path", ""), path))
			return f;
	return NULL;
}

static int collect(const void *data, size_t len, void *ctx, struct err *err)
{
	(void)err;
	strbuf_add(ctx, data, len);
	return 0;
}

static int refuse(const void *data, size_t len, void *ctx, struct err *err)
{
	(void)data;
	(void)len;
	(void)ctx;
	return err_set(err, ENOSPC, "full");
}

static void test_accounting(const cJSON *a)
{
	is_int(json_i64(a, "fat.files", -1), 3, "all files");
	is_int(json_i64(a, "fat.bytes", -1), 12 + 3 + 23, "and their bytes");
	is_int(json_i64(a, "kept.files", -1), 2, "files that stay");
	is_int(json_i64(a, "kept.bytes", -1), 12 + 3, "and their bytes");
	is_int(json_i64(a, "dropped.bytes", -1), 23, "the rest is dropped");
	is_int(cJSON_GetArraySize(json_path(a, "layers")), 1, "by layer");
	is_int(cJSON_GetArraySize(json_path(a, "directories")), 1, "by directory with files");
	report_top_dropped(&report, img, keep);
	is_str(report.top[0].path, "/", "what is dropped was in no directory");
	ok(report.top[0].beside && report.top[0].bytes == 23, "so it is told of beside them");
	is_str(report.top[1].path, NULL, "nothing was dropped elsewhere");
}

/* Whatever has directories and files in it: each file counts in one place, and in one alone. */
static void test_where_most_went(void)
{
	static const struct item parts[] = {
		{ "app/", AE_IFDIR, NULL, 0, 0, NULL },
		{ "app/large", AE_IFREG, "four hundred", 0, 0, NULL },
		{ "app/lib/", AE_IFDIR, NULL, 0, 0, NULL },
		{ "app/lib/deep/", AE_IFDIR, NULL, 0, 0, NULL },
		{ "app/lib/deep/one", AE_IFREG, "one two", 0, 0, NULL },
		{ "app/lib/two", AE_IFREG, "two", 0, 0, NULL },
		{ "flat/", AE_IFDIR, NULL, 0, 0, NULL },
		{ "flat/file", AE_IFREG, "flat", 0, 0, NULL },
		{ "top", AE_IFREG, "of all the largest", 0, 0, NULL },
	};
	_cleanup_strbuf_ struct strbuf layer = STRBUF_INIT;
	struct keep_opts opts = { 0 };
	struct image *image = NULL;
	struct keep *decided = NULL;
	struct report where = { 0 };
	struct err err = ERR_INIT;

	layer_tar(parts, ARRAY_SIZE(parts), &layer);
	if (ok(image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &image, &err) ==
			       0 &&
		       keep_decide(image, rec, &opts, &decided, &err) == 0,
	       "an image of which nothing is used: %s", err.msg)) {
		report_top_dropped(&where, image, decided);
		ok(!strcmp(where.top[0].path, "/") && where.top[0].beside &&
			   where.top[0].bytes == 18,
		   "a file in no directory");
		ok(!strcmp(where.top[1].path, "/app") && where.top[1].beside &&
			   where.top[1].bytes == 12,
		   "one beside directories");
		ok(!strcmp(where.top[2].path, "/app/lib") && !where.top[2].beside &&
			   where.top[2].bytes == 10,
		   "those below the last level, too");
	}
	report_release(&where);
	keep_free(decided);
	image_free(image);
}

static void test_why(void)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	report_entry(&report, image_lookup(img, "/b\xff"), keep, rec, &line);
	if (!ok(!json_parse(line.buf, line.len, "line", &json, &err), "a line is JSON"))
		return;
	report_why(json, NULL, &text);
	ok(strstr(text.buf, "kept, file of 3 B, from layer 0\n") != NULL, "what is told of it");
	ok(strstr(text.buf, "  by         /bin/app (pid 42)\n  by         /bin/app (pid 43)\n") !=
		   NULL,
	   "by whom: all in the same way");
	ok(strstr(text.buf, "  how        read (openat)\n  when       first 0.000 s after") != NULL,
	   "by which call, and when");
	ok(utf8_valid(text.buf, text.len), "a name that is no text is made one");
}

static char *why_of(const char *path)
{
	_cleanup_strbuf_ struct strbuf line = STRBUF_INIT, text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	report_entry(&report, image_lookup(img, path), keep, rec, &line);
	if (!json_parse(line.buf, line.len, "line", &json, &err))
		report_why(json, NULL, &text);
	return xstrdup(text.buf);
}

/* All uses, not the first alone; of what was none, what it stays because of. */
static void test_uses(void)
{
	_cleanup_free_ char *app = why_of("/bin/app"), *link = why_of("/bin/link"),
			    *unused = why_of("/unused");

	ok(strstr(app,
		  "  how        stat (access, statx)\n  when       first 2.000 s after the start\n"
		  "  named      /bin/link\n  by         /bin/app (pid 42)\n") != NULL,
	   "a use through a link");
	ok(strstr(app, "read (openat)") != NULL, "a use that came later");
	ok(strstr(app, "  how        exec (execve), read (openat, open)\n") != NULL,
	   "by which calls");
	ok(strstr(app, "  by         /bin/app (pid 42): exec (execve), read (openat)\n"
		       "  by         /bin/app (pid 43): read (open)\n") != NULL,
	   "and who by which");
	ok(strstr(link, "  because of /bin/link\n") != NULL, "a link stays because of a look-up");
	ok(strstr(unused, "--include-path '/unused'") != NULL, "what would keep a dropped one");
}

/* What is told to type is one word for a shell. */
static void test_remedy_of_odd_names(void)
{
	static const char text[] =
		"{\"path\":\"/it's\",\"verdict\":\"dropped\",\"type\":\"file\",\"size\":1}";
	_cleanup_strbuf_ struct strbuf told = STRBUF_INIT;
	_cleanup_(json_free) cJSON *json = NULL;
	struct err err = ERR_INIT;

	if (!json_parse(text, strlen(text), "line", &json, &err))
		report_why(json, NULL, &told);
	ok(strstr(told.buf, "--include-path '/it'\\''s'\n") != NULL, "a quote in a name");
}

/* Once there were names alone: what there is is told. */
static void test_older_lines(void)
{
	static const char text[] =
		"{\"path\":\"/a\",\"verdict\":\"kept\",\"type\":\"file\",\"size\":1,\"accesses\":["
		"{\"path\":\"/a\",\"uses\":[\"read\"],\"syscalls\":{\"read\":[\"openat\"]},"
		"\"programs\":[{\"pid\":1,\"exe\":\"/x\"}],\"first_seconds\":0},"
		"{\"path\":\"/a\",\"uses\":[\"read\",\"map\"],\"syscalls\":{\"map\":7},"
		"\"programs\":[{\"pid\":1,\"exe\":\"/x\"}],\"first_seconds\":1}]}";
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	_cleanup_(json_free) cJSON *line = NULL;
	struct err err = ERR_INIT;

	if (!ok(!json_parse(text, strlen(text), "line", &line, &err), "an older line"))
		return;
	report_why(line, NULL, &why);
	ok(strstr(why.buf, "  how        read\n") && strstr(why.buf, "  how        read, map\n"),
	   "is told without calls");
}

static size_t times(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

/* What says no more than another is not told; a program or a call more is. */
static void test_covered(void)
{
	static const char head[] =
		"{\"path\":\"/a\",\"verdict\":\"kept\",\"type\":\"file\",\"size\":1,\"accesses\":["
		"{\"path\":\"/"
		"a\",\"uses\":[\"stat\"],\"syscalls\":{\"stat\":{\"stat\":[0],\"lstat\":[1]}},"
		"\"programs\":[{\"pid\":1,\"exe\":\"/x\"},{\"pid\":2,\"exe\":\"/"
		"y\"}],\"first_seconds\":1},"
		"{\"path\":\"/a\",\"uses\":[\"stat\"],\"syscalls\":{\"stat\":";
	static const struct {
		const char *rest;
		size_t told;
	} cases[] = {
		{ "{\"lstat\":[0]}},\"programs\":[{\"pid\":2,\"exe\":\"/"
		  "y\"}],\"first_seconds\":2}]}",
		  1 },
		{ "{\"stat\":[0]}},\"programs\":[{\"pid\":2,\"exe\":\"/"
		  "y\"}],\"first_seconds\":2}]}",
		  2 },
		{ "{\"lstat\":[0]}},\"programs\":[{\"pid\":3,\"exe\":\"/"
		  "y\"}],\"first_seconds\":2}]}",
		  2 },
		{ "{\"lstat\":[0]}},\"programs\":[{\"pid\":2,\"exe\":\"/"
		  "y\"}],\"first_seconds\":0}]}",
		  2 },
		{ "{\"lstat\":[0]}},\"programs\":[{\"pid\":2,\"exe\":\"/y\"}],\"error\":\"EACCES\","
		  "\"first_seconds\":2}]}",
		  2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *text = xasprintf("%s%s", head, cases[i].rest);
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		_cleanup_(json_free) cJSON *line = NULL;
		struct err err = ERR_INIT;

		if (!json_parse(text, strlen(text), "line", &line, &err))
			report_why(line, NULL, &why);
		is_int((int64_t)times(why.buf, "  how "), (int64_t)cases[i].told,
		       "ways told, case %zu", i);
	}
}

/* What is told of a dropped file of that name keeps it: said in a shell, it is a pattern that
 * matches. */
static void test_remedy(void)
{
	static const struct {
		const char *json, *pattern;
	} names[] = {
		{ "/a b/\u65e5", "'/a b/\xe6\x97\xa5'" },
		{ "/[id].js", "'/\\[id].js'" },
		{ "/a*?\\\\b", "'/a\\*\\?\\\\b'" },
		{ "/it's", "'/it'\\''s'" },
		{ "/a:0644", "'/a[:]0644'" },
		{ "/a:7#1", "'/a[:]7#1'" },
		{ "/a:b:", "'/a:b[:]'" },
		{ "/a:1/b:c", "'/a:1/b:c'" },
		{ "/a\\nb\\u202e", "'/a?b??\?'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *line =
			xasprintf("{\"path\":\"%s\",\"type\":\"file\",\"verdict\":\"dropped\"}",
				  names[i].json);
		_cleanup_free_ char *want = xasprintf("--include-path %s\n", names[i].pattern);
		_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
		_cleanup_(json_free) cJSON *json = NULL;
		struct err err = ERR_INIT;

		if (!json_parse(line, strlen(line), "line", &json, &err))
			report_why(json, NULL, &why);
		ok(strstr(why.buf, want) != NULL, "what would keep %s", names[i].json);
	}
}

/* A process that executed another program has one list of files, and each of its names once. */
static void test_process_files(void)
{
	_cleanup_(record_builder_free) struct record_builder *b = record_builder_new();
	struct record_program app = { .pid = 42, .comm = xstrdup("a"), .exe = xstrdup("/a") };
	_cleanup_(record_free) struct record *of_two = NULL;
	struct report of_nothing = report;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL;
	const struct report_sink sink = { collect, &text };
	struct err err = ERR_INIT;
	const cJSON *files;

	record_add_program(b, &app);
	record_add_program(b, &app);
	app.pid = 43;
	record_add_program(b, &app);
	use(b, RECORD_FILE, "/lib", RECORD_READ, 0, SYS_openat, 1);
	use(b, RECORD_FILE, "/lib", RECORD_EXEC, 1, SYS_execve, 2);
	use(b, RECORD_FILE, "/lib", RECORD_READ, 2, SYS_openat, 3);
	use(b, RECORD_FILE, "/\xfe", RECORD_READ, 0, SYS_openat, 4);
	use(b, RECORD_FILE, "/\xff", RECORD_READ, 0, SYS_openat, 5);
	of_two = record_builder_finish(b);
	of_nothing.uses = (struct report_uses){ 0 };
	is_int(report_creport(&of_nothing, img, keep, of_two, &sink, &err), 0, "files by process");
	ok(!json_parse(text.buf, text.len, "creport", &doc, &err), "are JSON");
	files = json_path(doc, "monitors.fan.process_files");
	is_int(cJSON_GetArraySize(files), 2, "by process, not by program");
	is_int(cJSON_GetArraySize(json_get(files, "42")), 3, "each file once");
	is_int(json_i64(json_get(json_get(files, "42"), "/lib"), "event_count", -1), 2,
	       "both uses");
	is_int(json_i64(json_get(json_get(files, "42"), "/lib"), "execs", -1), 1,
	       "one executed it");
	is_int(json_i64(json_get(json_get(files, "43"), "/lib"), "execs", -1), 0, "others did not");
	is_str(json_str(json_get(json_get(files, "42"), "/\\xff"), "path_hex", NULL), "2fff",
	       "names that are no UTF-8 stay apart");
	free(app.comm);
	free(app.exe);
}

static void test_creport(void)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_(json_free) cJSON *doc = NULL;
	struct err err = ERR_INIT;
	const struct report_sink sink = { collect, &text }, full = { refuse, NULL };
	const cJSON *app;

	is_int(report_creport(&report, img, keep, rec, &full, &err), -ENOSPC, "no room is told");
	is_int(report_creport(&report, img, keep, rec, &sink, &err), 0, "creport.json is made");
	if (!ok(json_parse(text.buf, text.len, "creport", &doc, &err) == 0, "creport.json is JSON"))
		return;
	is_str(json_str(doc, "monitors.fan.main_process.path", NULL), "/bin/app", "main process");
	is_int(json_i64(doc, "monitors.pt.syscall_count", -1), 14, "the app's syscalls only");
	app = file_at(doc, "/bin/app");
	if (!ok(app != NULL, "a kept file is listed"))
		return;
	is_int(cJSON_GetArraySize(json_path(doc, "start_command.app_args")), 2,
	       "arguments are without the name");
	is_str(json_str(doc, "version", NULL), "ov/container/1.1", "of which version it is");
	is_str(json_str(app, "file_type", NULL), "file", "its type");
	is_str(json_str(app, "mode", NULL), "ugrwxr-xr-x", "its mode as Go's text");
	is_int(json_i64(app, "modex", -1), 1 << 23 | 1 << 22 | 0755, "and Go's number");
	is_str(json_str(file_at(doc, "/bin/link"), "mode", NULL), "Lrwxrwxrwx", "of a link");
	is_int(json_i64(file_at(doc, "/bin"), "modex", -1), INT64_C(1) << 31 | 0755,
	       "of a directory");
	is_int(json_i64(doc, "monitors.fan.main_process.ppid", -1), 0, "nobody is its own parent");
	ok(json_bool(app, "flags.X", false) && json_bool(app, "flags.R", false), "its flags");
	is_int(json_i64(app, "uid", -1), 7, "its owner");
	is_str(json_str(app, "sha1_hash", NULL), "b558a40bb2c2d70adccf317691629bd7f407b9b6",
	       "its digest");
	ok(!file_at(doc, "/unused"), "a dropped file is not");
	ok(file_at(doc, "/b\xef\xbf\xbd") != NULL, "a name that is no UTF-8 does no harm");
	is_str(json_str(doc, "slimtrace.image", NULL), "my/app", "our own part");
	test_accounting(json_path(doc, "slimtrace.accounting"));
}

static void test_html(void)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, empty = STRBUF_INIT;
	struct err err = ERR_INIT;
	const struct report_sink sink = { collect, &text }, none = { collect, &empty },
				 full = { refuse, NULL };
	struct record *nothing = record_new();
	struct report of_nothing;

	report_add_document(&report, "x", "</script>\xe2\x80\xa8&");
	is_int(report_html(&report, img, keep, rec, &full, &err), -ENOSPC, "html: no room is told");
	is_int(report_html(&report, img, keep, rec, &sink, &err), 0, "report.html is made");
	ok(strstr(text.buf, "\\u003c/script\\u003e\\u2028\\u0026") != NULL,
	   "what ends scripts is escaped");
	ok(strstr(text.buf, ",\"b\\\\xff\",0,3,3,0,") != NULL,
	   "a name that is no UTF-8 is spelled out");
	ok(strstr(text.buf, "\"argv\":[\"app\",\"--flag\",\"\\\\xfe\\u000a\"]") != NULL,
	   "so is an argument");
	ok(strstr(text.buf, ",\"unused\",0,23,-1,0]") != NULL, "a dropped file");
	of_nothing = report;
	of_nothing.uses = (struct report_uses){ 0 };
	is_int(report_html(&of_nothing, img, keep, nothing, &none, &err), 0,
	       "of an empty record, too");
	ok(strstr(empty.buf, "id=\"uses\">[]</script>") != NULL, "which used nothing");
	record_free(nothing);
}

/* Of a terminal 80 columns wide; SIZE_MAX when the text is no UTF-8. */
static size_t rows_of(const struct strbuf *text)
{
	size_t rows = 0, width = 0;

	for (size_t i = 0, n; i < text->len; i += n) {
		n = utf8_sequence(text->buf + i, text->len - i);
		if (!n)
			return SIZE_MAX;
		if (text->buf[i] == '\n') {
			rows += width > 80 ? (width + 79) / 80 : 1;
			width = 0;
		} else {
			width++;
		}
	}
	return rows;
}

/* Everything that a summary may have in it. */
static void fill_report(void)
{
	strvec_push(&report.warnings, "a warning of many words that takes more than one row, and "
				      "more than two rows of a terminal, and so is cut at the end "
				      "of the second of them, where nobody reads any more");
	for (int i = 0; i < 9; i++)
		strvec_push(&report.warnings,
			    "something \x1b[31mhappened that takes two rows to tell of, for it is "
			    "quite a long sentence");
	for (size_t i = 0; i < REPORT_TOP; i++) {
		free(report.top[i].path);
		report.top[i] = (struct report_top){ xstrdup("/usr/share"), 2500000, true };
	}
	report.fat_layers = xcalloc(1, sizeof(*report.fat_layers));
	report.fat_layers[report.n_fat_layers++].bytes = 5000000;
	report.artifacts = xstrdup("/var/lib/slimtrace/.images/0123456789012345678901234567890123"
				   "456789012345678901234567890123/artifacts");
	report.seccomp = xstrdup("app-seccomp.json");
	report.probes.n = 3;
	report.execs = (struct report_commands){ .n = 2, .nonzero = 1 };
	report.host_execs = (struct report_commands){ .n = 1, .failed = 1, .nonzero = 1 };
	report.programs = 5001;
	report.health = HEALTH_OK;
}

static void test_summary(void)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, none = STRBUF_INIT;
	size_t rows;

	report_summary(&report, &none);
	ok(rows_of(&none) < 10, "little to tell: %zu rows", rows_of(&none));
	fill_report();
	report_summary(&report, &text);
	report.probes.n = 0;
	rows = rows_of(&text);
	ok(rows < 24, "fits 80x24, with a prompt below it: %zu rows", rows);
	ok(!strncmp(text.buf, "  warning ", 10), "warnings first");
	ok(!strchr(text.buf, '\x1b'), "no escape of a stranger's");
	ok(strstr(text.buf, "and 8 more") != NULL, "many warnings are cut");
	ok(strstr(text.buf,
		  "\n  dropped      2.5 MB  /usr/share (files beside its directories)\n") != NULL,
	   "where most went");
	ok(strstr(text.buf,
		  "\n  fat layers   5.0 MB  with 1.0 MB that upper ones overwrite or delete\n") !=
		   NULL,
	   "why the engine tells of more");
	ok(!strstr(none.buf, "fat layers"), "not when it does not");
	ok(strstr(text.buf, "…") != NULL, "a long warning is cut");
	ok(strstr(text.buf, "4.0x smaller") != NULL, "the ratio");
	ok(strstr(text.buf, "  commands   3 run, 2 failed\n") != NULL,
	   "as many failed as were warned of");
	ok(strstr(text.buf, ", 5,001 programs\n") != NULL, "large numbers can be read");
}

/* Nearly all stays, in one file; what went has a name in wide letters. */
static void test_summary_of_little(void)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct report little = { .fat_bytes = 1000,
				 .slim_bytes = 999,
				 .fat_files = 1,
				 .slim_files = 1,
				 .accesses = 1,
				 .programs = 1 };
	char wide[100 * 3 + 1];

	for (size_t i = 0; i < 100; i++)
		memcpy(wide + 3 * i, "\xe6\x97\xa5", 3);
	wide[sizeof(wide) - 1] = '\0';
	little.top[0] = (struct report_top){ wide, 1, false };
	report_summary(&little, &text);
	ok(strstr(text.buf, " 1 file\n") != NULL, "one file");
	ok(!strstr(text.buf, "smaller"), "no ratio that is none");
	ok(strstr(text.buf, "1 path, 0 syscalls, 1 program\n") != NULL, "one path, one program");
	is_int(strstr(text.buf, "…") - strstr(text.buf, "\xe6"), 27 * 3, "wide letters fit, too");
}

static void tell_files(uint32_t programs, void *ctx)
{
	struct record_builder *b = record_builder_new();
	_cleanup_(json_free) cJSON *doc = json_object();
	struct record_program p = { .comm = xstrdup("app"), .exe = xstrdup("/bin/app") };
	struct record *of_many;

	(void)ctx;
	for (uint32_t i = 0; i < programs; i++) {
		p.pid = (int)i + 1;
		record_add_program(b, &p);
		use(b, RECORD_FILE, "/lib/libc.so", RECORD_READ, i, SYS_openat, 1);
		use(b, RECORD_FILE, "/lib/libc.so", RECORD_MAP, i, SYS_mmap, 1);
	}
	of_many = record_builder_finish(b);
	record_builder_free(b);
	report_add_fan(doc, of_many);
	is_int(cJSON_GetArraySize(json_path(doc, "fan.process_files")), programs, "many processes");
	record_free(of_many);
	free(p.comm);
	free(p.exe);
}

/* A file that all of many programs use. */
static void test_many(void)
{
	ok(growth_is_linear(tell_files, 4000, NULL), "files by process: not in quadratic time");
}

int main(void)
{
	report = (struct report){ .image = xstrdup("my/app"),
				  .image_id = xstrdup("sha256:0"),
				  .slim_image = xstrdup("my/app.slim:latest"),
				  .fat_bytes = 4000000,
				  .slim_bytes = 1000000,
				  .fat_files = 1234,
				  .slim_files = 12,
				  .exit_status = -1 };
	if (ok(set_up(), "set up")) {
		report_uses_find(&report, img, keep, rec);
		test_creport();
		test_where_most_went();
		test_why();
		test_uses();
		test_remedy_of_odd_names();
		test_older_lines();
		test_covered();
		test_remedy();
		test_process_files();
		test_html();
		test_summary();
		test_summary_of_little();
		test_many();
	}
	report_release(&report);
	keep_free(keep);
	record_free(rec);
	image_free(img);
	return tap_done();
}
