/* SPDX-License-Identifier: BSD-2-Clause */
/* Web content that nobody asked for. */
#include <netinet/in.h>
#include <sys/syscall.h>

#include "../lib/tap.h"
#include "slimtrace/base/text.h"
#include "slimtrace/report.h"
#include "test_image.h"

static const struct item items[] = {
	{ "srv/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "srv/public/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "srv/public/css/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "srv/public/css/site.css", AE_IFREG, "used", 0, 0, NULL },
	{ "srv/public/img/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "srv/public/img/a.PNG", AE_IFREG, "four", 0, 0, NULL },
	{ "srv/public/data.json", AE_IFREG, "sixsix", 0, 0, NULL },
	{ "srv/public/notes.doc", AE_IFREG, "of no such type", 0, 0, NULL },
	{ "srv/public/secret.html", AE_IFREG, "excluded", 0, 0, NULL },
	{ "srv/other/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "srv/other/page.html", AE_IFREG, "of no site that was used", 0, 0, NULL },
	{ "app/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "app/index.html", AE_IFREG, "used", 0, 0, NULL },
	{ "app/late.svg", AE_IFREG, "ten bytes.", 0, 0, NULL },
	{ "app/more.svg", AE_IFREG, "ten bytes!", 0, 0, NULL },
	{ "app/test.js", AE_IFREG, "code, perhaps", 0, 0, NULL },
	{ "app/node_modules/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "app/node_modules/m/", AE_IFDIR, NULL, 0755, 0, NULL },
	{ "app/node_modules/m/doc.html", AE_IFREG, "installed", 0, 0, NULL },
	{ "app/again.svg", 0, "app/late.svg", 0, 0, NULL },
	{ "app/same.svg", 0, "app/index.html", 0, 0, NULL },
	{ "top.html", AE_IFREG, "used", 0, 0, NULL },
	{ "top.css", AE_IFREG, "beside it", 0, 0, NULL },
};

static struct image *img;

static void use(struct record_builder *b, const char *path, uint32_t kinds)
{
	const struct record_access_key key = {
		.source = RECORD_FILE, .path = path, .path_len = strlen(path), .on_image = true
	};

	record_add_access(b, &key, kinds, 0, 1);
}

static struct record *make_record(uint32_t kinds, bool listens)
{
	struct record_builder *b = record_builder_new();
	struct record_program app = { .pid = 42, .comm = xstrdup("app"), .exe = xstrdup("/app") };
	const struct record_socket socket = {
		.use = RECORD_LISTEN, .family = AF_INET, .protocol = IPPROTO_TCP, .port = 80
	};
	struct record *rec;

	record_add_program(b, &app);
	use(b, "/srv/public/css/site.css", kinds);
	use(b, "/app/index.html", kinds);
	use(b, "/top.html", kinds);
	if (listens)
		record_add_socket(b, &socket);
	rec = record_builder_finish(b);
	record_builder_free(b);
	free(app.comm);
	free(app.exe);
	return rec;
}

/* What is found after a run that used the pages by @kinds. */
static void find(uint32_t kinds, bool listens, struct report *ret)
{
	_cleanup_(record_free) struct record *rec = make_record(kinds, listens);
	_cleanup_(keep_free) struct keep *keep = NULL;
	struct keep_opts opts = { 0 };
	struct err err = ERR_INIT;

	strvec_push(&opts.excludes, "/srv/public/secret.html");
	if (keep_decide(img, rec, &opts, &keep, &err) < 0)
		printf("# %s\n", err.msg);
	report_unasked_find(ret, img, keep, rec);
	keep_opts_release(&opts);
}

static void test_found(void)
{
	struct report report = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	find(RECORD_READ, true, &report);
	is_int(report.n_unasked, 2, "two places");
	if (report.n_unasked != 2)
		goto out;
	is_str(report.unasked[0].path, "/app", "most bytes first");
	is_int(report.unasked[0].files, 4, "beside a page what is sent and nothing else");
	is_int(report.unasked[0].bytes, 20, "its bytes, once for all names, and none that stay");
	is_str(report.unasked[1].path, "/srv/public", "a site is known by its name");
	is_int(report.unasked[1].files, 2, "all types in a site, but no excluded file");
	is_int(report.unasked[1].bytes, 10, "its bytes");
	report_summary(&report, &text);
	ok(strstr(text.buf, "  not asked      30 B  6 web files; --include-path keeps them:\n"
			    "                       /app\n") != NULL,
	   "the summary tells all of it, and the largest place");
out:
	report_release(&report);
}

static void test_none(void)
{
	struct report report = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	find(RECORD_READ, true, &report);
	find(RECORD_READ, false, &report);
	is_int(report.n_unasked, 0, "who serves nobody has no site");
	find(RECORD_STAT, true, &report);
	is_int(report.n_unasked, 0, "a page that was only looked at was not served");
	report_summary(&report, &text);
	ok(!strstr(text.buf, "not asked"), "the summary has no such line");
	report_release(&report);
}

int main(void)
{
	_cleanup_strbuf_ struct strbuf layer = STRBUF_INIT;
	struct err err = ERR_INIT;

	layer_tar(items, ARRAY_SIZE(items), &layer);
	if (image_open_archive(docker_archive(&layer, NULL, 1), NULL, "/tmp", &img, &err) < 0)
		ok(false, "an image: %s", err.msg);
	test_found();
	test_none();
	image_free(img);
	return tap_done();
}
