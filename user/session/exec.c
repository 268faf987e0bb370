/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands and scripts that the user wants run in the container. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"

#define MAX_SCRIPT (128u * 1024 - 1) /* one argument: execve(2), MAX_ARG_STRLEN */
#define TAIL_LINES 10
#define NOT_STARTED 126 /* and 127: the engine's statuses for that */

void run_tell_failed(struct run *run, struct output *out, const char *what, int status)
{
	_cleanup_strbuf_ struct strbuf tail = STRBUF_INIT;

	output_flush(out);
	output_tail(out, TAIL_LINES, &tail);
	run_warn(run, "%s ended with exit status %d", what, status);
	if (tail.len && !run->opts->show_logs)
		log_raw(tail.buf, tail.len);
}

/* The shell that runs them: the image's own, as for a RUN line. */
static void shell_words(const struct run *run, const char *line, struct strvec *ret)
{
	struct err ignored = ERR_INIT;

	if (json_strvec(run->inspect, "Config.Shell", ret, &ignored) < 0 || !ret->n) {
		strvec_release(ret);
		strvec_push(ret, "/bin/sh");
		strvec_push(ret, "-c");
	}
	strvec_push(ret, line);
}

static int run_exec(struct run *run, const char *line, const char *what, struct err *err)
{
	struct engine_exec exec = { .cmd = STRVEC_INIT,
				    .user = run->opts->exec_user,
				    .timeout_ms = -1 };
	struct output *out = output_new(run->opts->show_logs);
	int status = 0, r;

	progress_phase("executing");
	progress_update("%s", what);
	shell_words(run, line, &exec.cmd);
	r = engine_exec(run->engine, run->container, &exec, output_feed, out, &status, err);
	strvec_release(&exec.cmd);
	run->report->execs.n++;
	if (r < 0 || status == NOT_STARTED || status == NOT_STARTED + 1)
		run->report->execs.failed++;
	run->report->execs.nonzero += r < 0 || status;
	if (!r && status)
		run_tell_failed(run, out, what, status);
	output_free(out);
	if (r < 0 && r != -EINTR && container_ended(run)) {
		run_warn(run, "the app ended during %s", what);
		return 0;
	}
	return r < 0 && r != -EINTR ? err_wrap(err, "%s", what) : r;
}

static int run_file(struct run *run, const char *path, struct err *err)
{
	_cleanup_free_ char *what = xasprintf("--exec-file '%s'", path);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	int r = io_read_file(AT_FDCWD, path, MAX_SCRIPT, &text, err);

	if (!r && memchr(text.buf, '\0', text.len))
		r = err_set(err, EINVAL, "it is no text");
	if (r < 0)
		return err_wrap(err, "%s", what);
	return run_exec(run, text.buf, what, err);
}

int run_execs(struct run *run, struct err *err)
{
	const struct strvec *lines = &run->opts->execs, *files = &run->opts->exec_files;
	size_t n = lines->n + files->n;
	int r;

	if (!n)
		return 0;
	progress_phase("executing");
	r = run_wait_up(run, err);
	for (size_t i = 0; !r && i < lines->n && !container_ended(run); i++) {
		_cleanup_free_ char *what = xasprintf("--exec '%s'", lines->v[i]);

		r = run_exec(run, lines->v[i], what, err);
	}
	for (size_t i = 0; !r && i < files->n && !container_ended(run); i++)
		r = run_file(run, files->v[i], err);
	if (!r)
		progress_done("%zu command%s in the container", run->report->execs.n,
			      run->report->execs.n == 1 ? "" : "s");
	return r;
}
