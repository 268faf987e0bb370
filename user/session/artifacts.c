/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run leaves: <state>/.images/<image ID>/artifacts/, docker-slim's place for it. The set
 * is written beside the old one and put in its place by one rename, so that files of two runs
 * never stand together.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"

#define LIST_BLOCK (64u << 10)

/* Nobody sees the directory before all of it is written. */
static int create(int dirfd, const char *name, struct err *err)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(err, errno, "cannot create '%s'", name) : fd;
}

static int write_piece(const void *data, size_t len, void *ctx, struct err *err)
{
	int r = io_write_full(*(const int *)ctx, data, len);

	return r < 0 ? err_set(err, -r, "cannot write") : 0;
}

/* In pieces, for there may be very many entries. */
static int write_entries(const struct run *run, int fd, struct err *err)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT;
	int r = 0;

	for (uint32_t id = 0; !r && id < image_entry_count(run->img); id++) {
		report_entry(run->report, image_entry(run->img, id), run->keep, run->rec, &lines);
		if (lines.len < LIST_BLOCK)
			continue;
		r = write_piece(lines.buf, lines.len, &fd, err);
		strbuf_reset(&lines);
	}
	return r < 0 ? r : write_piece(lines.buf, lines.len, &fd, err);
}

static int write_files(const struct run *run, int dirfd, struct err *err)
{
	_cleanup_close_ int fd = create(dirfd, "files.jsonl", err);
	int r = fd < 0 ? fd : write_entries(run, fd, err);

	return r < 0 ? err_wrap(err, "'files.jsonl'") : 0;
}

typedef int report_fn(const struct report *report, const struct image *img, const struct keep *keep,
		      const struct record *rec, const struct report_sink *sink, struct err *err);

static int write_report(const struct run *run, int dirfd, const char *name, report_fn *make,
			struct err *err)
{
	_cleanup_close_ int fd = create(dirfd, name, err);
	const struct report_sink sink = { write_piece, &fd };

	if (fd < 0)
		return fd;
	if (make(run->report, run->img, run->keep, run->rec, &sink, err) < 0)
		return err_wrap(err, "'%s'", name);
	return 0;
}

static int write_dockerfile(struct run *run, int dirfd, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = run->img ? run_dockerfile(run->engine, run->img, &text, NULL, err) : 0;

	if (!r && run->img)
		r = io_write_atomic(dirfd, "Dockerfile.fat", 0600, text.buf, text.len, err);
	if (!r && run->img)
		report_add_document(run->report, "Dockerfile.fat", text.buf);
	return r;
}

static int write_set(struct run *run, int dirfd, struct err *err)
{
	_cleanup_strbuf_ struct strbuf record = STRBUF_INIT;
	int r;

	record_to_json(run->rec, &record);
	r = io_write_atomic(dirfd, "record.json", 0600, record.buf, record.len, err);
	strbuf_release(&record);
	if (!r && run->differences.len)
		r = run_write_differences(run, dirfd, err);
	if (!r && run->report->calls.n)
		r = run_write_profiles(run, dirfd, err);
	if (!r)
		r = write_dockerfile(run, dirfd, err);
	if (r < 0 || !run->keep)
		return r;
	r = info_owners_find(run->img, &run->report->owners, err);
	if (!r)
		r = info_distro_read(run->img, &run->report->distro, err);
	if (r < 0)
		return r;
	report_uses_find(run->report, run->img, run->keep, run->rec);
	report_holders_find(run->report, run->img, run->keep);
	r = write_report(run, dirfd, "creport.json", report_creport, err);
	if (!r)
		r = write_report(run, dirfd, "report.html", report_html, err);
	return r < 0 ? r : write_files(run, dirfd, err);
}

/* Puts @name in the place of "artifacts"; the older set, if any, gets its name. */
static int swap_in(int dirfd, const char *name, struct err *err)
{
	if (!renameat2(dirfd, name, dirfd, "artifacts", RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST && !renameat2(dirfd, name, dirfd, "artifacts", RENAME_EXCHANGE))
		return io_remove_tree(dirfd, name, err);
	return err_set(err, errno, "cannot rename '%s' to 'artifacts'", name);
}

int run_check_artifacts(const struct run *run, struct err *err)
{
	_cleanup_free_ char *dir = xasprintf("%s/.images", run->opts->state_path);
	int r = run->opts->remove_artifacts ? 0 : io_mkdir_p(dir, 0700, err);

	if (!r && !run->opts->remove_artifacts &&
	    faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
		r = err_set(err, errno, "cannot write into '%s'", dir);
	return r < 0 ? err_hint(err, "--state-path says where else the reports are to go") : 0;
}

/* What there is to be said of an image whose reports could not be written. */
static int reports_failed(const struct run *run, const char *base, struct err *err)
{
	bool elsewhere = err->code == ENOSPC || err->code == EDQUOT || err->code == EROFS ||
			 err->code == EACCES || err->code == EPERM;
	int r = err_wrap(err, "the reports in '%s'", base);

	if (!run->report->slim_image)
		return elsewhere ? err_hint(err, "--state-path says where else they are to go") : r;
	if (!elsewhere)
		return err_hint(err, "the image '%s' was made", run->report->slim_image);
	return err_hint(err,
			"the image '%s' was made; --state-path says where else its reports "
			"are to go",
			run->report->slim_image);
}

static int write_all(struct run *run, const char *base, struct err *err)
{
	_cleanup_free_ char *name = run_artifacts_name();
	_cleanup_close_ int dirfd = -1, set = -1;
	int r = io_mkdir_p(base, 0700, err);

	if (r < 0)
		return r;
	dirfd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_set(err, errno, "cannot open '%s'", base);
	r = io_remove_tree(dirfd, name, err);
	if (r < 0)
		return r;
	if (mkdirat(dirfd, name, 0700) < 0 ||
	    (set = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return err_set(err, errno, "cannot create '%s/%s'", base, name);
	run->report->artifacts = xasprintf("%s/artifacts", base);
	r = write_set(run, set, err);
	if (!r)
		r = swap_in(dirfd, name, err);
	if (r < 0) {
		struct err ignored = ERR_INIT;

		io_remove_tree(dirfd, name, &ignored);
		free(TAKE_PTR(run->report->artifacts));
	}
	return r;
}

int run_write_artifacts(struct run *run, struct err *err)
{
	_cleanup_free_ char *base = xasprintf("%s/.images/%s", run->opts->state_path,
					      run->image_id + strlen("sha256:"));
	int r = write_all(run, base, err);

	return r < 0 ? reports_failed(run, base, err) : 0;
}
