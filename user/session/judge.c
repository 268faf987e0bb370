/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor of sense: an app that failed, or did next to nothing, makes no image. Something has to
 * show that it worked: it answered, or it came to a good end by itself. Who watched it himself, or
 * says --force, knows better.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"

#define LOG_LINES 10
#define FEW_FILES 3

static int app_failed(struct run *run, const char *what, struct err *err)
{
	_cleanup_strbuf_ struct strbuf tail = STRBUF_INIT;

	engine_follow_stop(run->follow, 2000);
	run->follow = NULL;
	output_flush(run->output);
	output_tail(run->output, LOG_LINES, &tail);
	if (tail.len && !run->opts->show_logs) {
		log_info("the last lines of its output:");
		log_raw(tail.buf, tail.len);
	}
	err_class_set(err, ERR_APP, ECHILD, "%s", what);
	return err_hint(err, "see whether 'docker run' works with the same options; "
			     "--force makes the image all the same");
}

/* Files of the image that were used, at most @max of them. */
static size_t used_files(const struct record *rec, size_t max)
{
	const uint32_t use = RECORD_EXEC | RECORD_MAP | RECORD_READ | RECORD_WRITE;
	size_t n = 0;

	for (size_t i = 0; i < rec->n_accesses && n < max; i++)
		n += rec->accesses[i].source == RECORD_FILE && rec->accesses[i].on_image &&
		     rec->accesses[i].kinds & use;
	return n;
}

/* What nobody answered; NULL when nothing was asked, or something was answered. */
static const char *unanswered(const struct run *run)
{
	const struct report *rep = run->report;
	size_t asked = rep->probes.n + rep->execs.n + rep->host_execs.n;
	size_t answered = rep->probes.ok + rep->execs.n - rep->execs.failed + rep->host_execs.n -
			  rep->host_execs.failed;

	if (!asked || answered || rep->health == HEALTH_OK)
		return NULL;
	if (rep->probes.n && run->opts->probe.go_on) /* --http-probe-exit-on-failure=false */
		return NULL;
	if (rep->probes.n && !rep->execs.n && !rep->host_execs.n)
		return "no HTTP probe got an answer";
	return rep->probes.n ? "no probe and no command that was to drive the app succeeded"
			     : "no command that was to drive the app succeeded";
}

static bool was_watched(const struct run *run)
{
	return run->opts->continue_after &
	       (CONTINUE_ENTER | CONTINUE_SIGNAL | CONTINUE_SECONDS | CONTINUE_SETTLED);
}

/* It answered, serves, came to a good end, or somebody was there to see. */
static bool seems_to_work(const struct run *run)
{
	const struct report *rep = run->report;

	if (rep->probes.ok || rep->health == HEALTH_OK || rep->execs.n > rep->execs.failed ||
	    rep->host_execs.n > rep->host_execs.failed || rep->exit_status == 0)
		return true;
	for (size_t i = 0; i < run->rec->n_sockets; i++)
		if (run->rec->sockets[i].use == RECORD_LISTEN)
			return true;
	return run->opts->continue_after & (CONTINUE_ENTER | CONTINUE_SIGNAL);
}

static int check_used(struct run *run, struct err *err)
{
	_cleanup_free_ char *what = NULL;
	size_t files = used_files(run->rec, FEW_FILES);

	if (!run->rec->n_programs)
		return app_failed(run, "the container ran no program that could be watched", err);
	if (files >= FEW_FILES || seems_to_work(run))
		return 0;
	what = xasprintf("the app used %zu file%s of its image, and nothing shows that it worked",
			 files, files == 1 ? "" : "s");
	app_failed(run, what, err);
	return err_hint(err, "drive it (--http-probe-cmd, --exec, --host-exec) or watch it longer "
			     "(--continue-after); --force makes the image all the same");
}

int run_judge(struct run *run, struct err *err)
{
	const struct report *rep = run->report;
	const char *why = unanswered(run);
	_cleanup_free_ char *what = NULL;

	if (run->opts->force)
		return 0;
	if (rep->exit_status > 0)
		what = xasprintf("the app ended with exit status %d", rep->exit_status);
	else if (rep->probes.n && !rep->probes.ok && rep->exit_status == 0)
		what = xasprintf("the app ended before it answered a probe");
	if (what)
		return app_failed(run, what, err);
	if (why && !was_watched(run)) {
		app_failed(run, why, err);
		return rep->probes.n
			       ? err_hint(err, "if it is no HTTP server, say --http-probe-off and "
					       "drive it with --exec or --continue-after; --force "
					       "makes the image all the same")
			       : err_hint(err, "see the commands' own output above; --force "
					       "makes the image all the same");
	}
	return check_used(run, err);
}
