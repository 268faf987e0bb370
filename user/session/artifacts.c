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

static int write_lists(const struct run *run, int dirfd, struct err *err)
{
	static const char *const names[] = { "dropped.jsonl", "kept.jsonl" };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(names); i++) {
		_cleanup_strbuf_ struct strbuf list = STRBUF_INIT;

		report_files(run->img, run->keep, run->rec, i, &list);
		r = io_write_atomic(dirfd, names[i], 0600, list.buf, list.len, err);
	}
	return r;
}

static int write_set(struct run *run, int dirfd, struct err *err)
{
	_cleanup_strbuf_ struct strbuf record = STRBUF_INIT, creport = STRBUF_INIT;
	int r;

	record_to_json(run->rec, &record);
	r = io_write_atomic(dirfd, "record.json", 0600, record.buf, record.len, err);
	if (!r && run->report->calls.n)
		r = run_write_profiles(run, dirfd, err);
	if (r < 0 || !run->keep)
		return r;
	report_creport(run->report, run->img, run->keep, run->rec, &creport);
	r = io_write_atomic(dirfd, "creport.json", 0600, creport.buf, creport.len, err);
	return r < 0 ? r : write_lists(run, dirfd, err);
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

int run_write_artifacts(struct run *run, struct err *err)
{
	_cleanup_free_ char *base = xasprintf("%s/.images/%s", run->opts->state_path,
					      run->image_id + strlen("sha256:"));
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
