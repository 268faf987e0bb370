/* SPDX-License-Identifier: BSD-2-Clause */
#include "slimtrace/session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/cancel.h"
#include "slimtrace/base/clock.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/slim.h"

void run_warn(struct run *run, const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	log_warn("%s", sb.buf);
	strvec_push(&run->report->warnings, sb.buf);
}

static double seconds_since(uint64_t start_ms)
{
	return (double)(clock_mono_ms() - start_ms) / 1000;
}

const char *run_image_name(const struct run *run)
{
	const char *given = run->opts->image;
	const char *hex = strncmp(given, "sha256:", 7) ? given : given + 7;
	const cJSON *name = json_path(run->inspect, "RepoTags");

	if (run->img && archive_is(given))
		return image_name(run->img) ? image_name(run->img) : image_id(run->img);
	name = cJSON_IsArray(name) ? name->child : NULL;
	if (strncmp(run->image_id + 7, hex, strlen(hex)) != 0 || !name || !cJSON_IsString(name))
		return given;
	return name->valuestring;
}

static int make_tags(struct run *run, struct err *err)
{
	const struct strvec *tags = &run->opts->tags;
	const char *image = run_image_name(run);

	for (size_t i = 0; i < tags->n || i == 0; i++) {
		_cleanup_free_ char *tag = NULL;
		int r = slim_tag(image, tags->n ? tags->v[i] : NULL, &tag, err);

		if (r < 0)
			return r;
		strvec_push_take(&run->tags, engine_image_name(run->engine, tag));
	}
	return 0;
}

static int check_os(const struct run *run, struct err *err)
{
	const char *os = json_str(run->inspect, "Os", "linux");

	if (!strcmp(os, "linux"))
		return 0;
	return err_class_set(err, ERR_IMAGE, EINVAL, "image '%s' is for %s, not for linux",
			     run->opts->image, os);
}

/* What cannot be run is told before anything is made. */
static int check_image(const struct run *run, struct err *err)
{
	const cJSON *entrypoint = json_path(run->inspect, "Config.Entrypoint");
	const cJSON *cmd = json_path(run->inspect, "Config.Cmd");

	bool given = run->opts->cmd || (run->opts->entrypoint && *run->opts->entrypoint);
	/* An entrypoint that is given, even an empty one, takes the image's command away too. */
	bool own = !run->opts->entrypoint &&
		   (cJSON_GetArraySize(entrypoint) || cJSON_GetArraySize(cmd));

	if (run->opts->continue_after & CONTINUE_HEALTHY && !run_has_health(run))
		return err_class_set(err, ERR_USAGE, EINVAL,
				     "--continue-after healthy: image '%s' has no health check",
				     run->opts->image);
	if (!given && !own) {
		err_class_set(err, ERR_APP, EINVAL, "image '%s' has no command to run",
			      run->opts->image);
		return err_hint(err, "give one with --cmd or --entrypoint");
	}
	return 0;
}

/* What only a run of the image needs. */
static int check_run(struct run *run, struct err *err)
{
	int r = check_image(run, err);

	if (!r)
		r = run_check_privileges(run, err);
	return r < 0 ? r : run_check_kernel(run, err);
}

static int prepare(struct run *run, struct err *err)
{
	bool traced = !run->opts->records.n;
	const cJSON *port;
	int r;

	if (traced && geteuid() != 0) {
		err_class_set(err, ERR_KERNEL, EPERM, "tracing needs root");
		return err_hint(err, "run it as: sudo slimtrace build %s", run->opts->image);
	}
	r = engine_open(&run->opts->engine, &run->engine, err);
	if (!r) {
		run_clean_before(run);
		r = archive_is(run->opts->image)
			    ? archive_import(run, err)
			    : engine_image_inspect(run->engine, run->opts->image, &run->inspect,
						   err);
	}
	if (!r && run->opts->platform)
		r = platform_fits(run->opts->platform, run->opts->image,
				  json_str(run->inspect, "Os", ""),
				  json_str(run->inspect, "Architecture", ""), err);
	if (!r)
		r = check_os(run, err);
	cJSON_ArrayForEach (port, json_path(run->inspect, "Config.ExposedPorts"))
		strvec_push(&run->ports, port->string);
	if (!r)
		r = traced ? check_run(run, err) : run_check_state(run, err);
	if (!r)
		r = run_check_artifacts(run, err);
	if (r < 0)
		return r;
	run->image_id = json_str(run->inspect, "Id", "");
	if (!digest_valid(run->image_id))
		return err_class_set(err, ERR_IMAGE, EINVAL,
				     "the engine tells no ID for image '%s'", run->opts->image);
	run->report->image_id = xstrdup(run->image_id);
	r = make_tags(run, err);
	return r < 0 || run->tmpdir ? r : run_make_tmpdir(&run->tmpdir, err);
}

/* The container is made first: its ID is what the tracer waits for. */
static int start(struct run *run, struct err *err)
{
	struct trace_opts opts = { .ring_bytes = run->opts->ring_bytes,
				   .small_maps = getenv("SLIMTRACE_TEST_SMALL_MAPS") != NULL,
				   .stall = getenv("SLIMTRACE_TEST_STALL") != NULL };
	int r;

	progress_phase("starting");
	r = container_create(run, err);
	if (r < 0)
		return r;
	r = run_check_runtime(run, err);
	if (r < 0)
		return r;
	opts.container_id = run->container;
	r = trace_open(&opts, &run->trace, err);
	if (!r)
		r = cancel_check(err);
	if (!r)
		r = container_start(run, err);
	if (!r)
		r = run_check_shared(run, err);
	if (!r)
		progress_done("container %.12s", run->container);
	return r;
}

void run_take_record(struct run *run)
{
	const struct record *rec = run->rec;
	struct report *rep = run->report;
	char paths[32], programs[32];

	rep->accesses = rec->n_accesses;
	rep->programs = rec->n_programs;
	rep->loss = rec->loss;
	if (record_loss_any(&rep->loss))
		run_warn(run,
			 "the trace is incomplete: %" PRIu64 " events found no room, %" PRIu64
			 " things not noted, %" PRIu64 " paths unreadable, %" PRIu64
			 " cut, %" PRIu64 " probe runs missed, %" PRIu64 " undecodable",
			 rep->loss.ring_full, rep->loss.map_full, rep->loss.path_fault,
			 rep->loss.path_truncated, rep->loss.prog_missed, rep->loss.decode);
	progress_done("%s path%s by %s program%s", format_count(paths, rep->accesses),
		      rep->accesses == 1 ? "" : "s", format_count(programs, rep->programs),
		      rep->programs == 1 ? "" : "s");
}

static void mark_health(struct run *run)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	if (engine_health_words(run->inspect, &words))
		record_mark_health(run->rec, &words);
}

static int finish_trace(struct run *run, struct err *err)
{
	struct trace_counts counts;
	int r;

	trace_counts(run->trace, &counts);
	run->report->marks.end_ns = clock_boot_ns();
	r = trace_finish(run->trace, &run->rec, err);
	trace_free(TAKE_PTR(run->trace)); /* its ring buffer is the largest thing we have */
	if (r < 0)
		return r;
	run->rec->image_id = xstrdup(run->image_id);
	mark_health(run);
	run->report->syscalls = counts.syscalls;
	run_take_record(run);
	return 0;
}

/* Ends the container and the trace. Graceful waits are allowed to finish unless asked twice. */
static int stop(struct run *run, struct err *err)
{
	int r;

	progress_phase("stopping");
	r = container_stop(run, err);
	if (r < 0)
		return r;
	progress_phase("traced");
	return finish_trace(run, err);
}

void run_count(struct run *run)
{
	struct report *rep = run->report;

	keep_totals(run->keep, &rep->totals);
	rep->fat_bytes = rep->totals.bytes_all;
	rep->fat_files = rep->totals.files_all;
	rep->slim_bytes = rep->totals.bytes;
	rep->slim_files = rep->totals.files;
	report_top_dropped(rep, run->img, run->keep);
	report_unasked_find(rep, run->img, run->keep, run->rec);
}

static void report_fat_layers(struct run *run)
{
	struct report *rep = run->report;

	rep->n_fat_layers = image_layer_count(run->img);
	rep->fat_layers = xcalloc(rep->n_fat_layers, sizeof(*rep->fat_layers));
	for (size_t i = 0; i < rep->n_fat_layers; i++) {
		const struct image_layer *layer = image_layer(run->img, i);

		rep->fat_layers[i] =
			(struct report_layer){ .diff_id = layer->diff_id, .bytes = layer->size };
		if (!run->opts->records.n)
			strvec_push(&run->rec->diff_ids, layer->diff_id.str);
	}
}

static int decide(struct run *run, struct err *err)
{
	struct report *rep = run->report;
	char stay[32], files[32], kept[16], all[16];
	int r;

	progress_phase("deciding");
	r = run_open_image(run, err);
	if (r < 0)
		return r;
	report_fat_layers(run);
	if (run->opts->records.n)
		run_compare_records(run);
	r = run_add_new(run, err);
	if (r < 0)
		return r;
	r = keep_decide(run->img, run->rec, &run->opts->keep, &run->keep, err);
	if (r < 0)
		return r;
	run_count(run);
	progress_done("%s of %s files stay, %s of %s", format_count(stay, rep->slim_files),
		      format_count(files, rep->fat_files), format_bytes(kept, rep->slim_bytes),
		      format_bytes(all, rep->fat_bytes));
	return 0;
}

static int check_complete(struct run *run, struct err *err)
{
	if (!record_loss_any(&run->report->loss) || run->opts->allow_loss)
		return 0;
	err_class_set(err, ERR_INCOMPLETE, EOVERFLOW, "the trace is incomplete: no %s was made",
		      run->opts->profile_only ? "profile" : "image");
	if (!run->report->loss.ring_full)
		return err_hint(err, "--allow-loss takes the risk");
	return err_hint(err, "give the tracer more room (--ring-size 64m), or take the risk with "
			     "--allow-loss");
}

static int conclude(struct run *run, struct err *err)
{
	uint64_t start_ms = clock_mono_ms();
	int r = decide(run, err);

	run->report->times.decide = seconds_since(start_ms);
	if (!r)
		r = check_complete(run, err);
	if (!r)
		run_make_profiles(run);
	return r;
}

/* From the start of the container to its record. */
static int trace_run(struct run *run, struct err *err)
{
	uint64_t start_ms = clock_mono_ms();
	int r = run_observe(run, err);

	if (!r)
		r = stop(run, err);
	run->report->times.observe = seconds_since(start_ms);
	if (!r)
		r = run_judge(run, err);
	if (!r)
		r = run_copy_new(run, err);
	cancel_mask(true); /* what ended the run must not end this */
	container_remove(run);
	cancel_mask(false);
	return r;
}

static int run_all(struct run *run, struct err *err)
{
	bool traced = !run->opts->records.n;
	uint64_t start_ms = clock_mono_ms();
	int r = prepare(run, err);

	if (!r)
		r = traced ? start(run, err) : run_read_records(run, err);
	run->report->times.prepare = seconds_since(start_ms);
	if (!r && traced)
		r = trace_run(run, err);
	return r < 0 ? r : conclude(run, err);
}

/* Removes all that exists outside this process. A signal that ended the run does not end this. */
static void run_undo(struct run *run)
{
	struct err err = ERR_INIT;

	cancel_mask(true);
	progress_clear();
	trace_free(run->trace);
	if (run->engine)
		container_remove(run);
	archive_forget(run);
	output_free(run->output);
	if (run->tmpdir && io_remove_tree(AT_FDCWD, run->tmpdir, &err) < 0)
		log_warn("%s", err.msg);
	run_release_new(run);
	strbuf_release(&run->differences);
	keep_free(run->keep);
	image_free(run->img);
	record_free(run->rec);
	engine_free(run->engine);
	json_free(run->inspect);
	json_free(run->info);
	strvec_release(&run->ports);
	strvec_release(&run->tags);
	free(run->tmpdir);
	cancel_mask(false);
}

/* Everything but the image itself, whose layers depend on all images of the set. */
static int run_one(struct run *run, bool alone, struct err *err)
{
	uint64_t start_ms = clock_mono_ms();
	int r;

	if (!alone)
		log_info("image '%s':", run->opts->image);
	r = run_all(run, err);
	run->report->times.total = seconds_since(start_ms);
	return r < 0 && !alone ? err_wrap(err, "image '%s'", run->opts->image) : r;
}

/* The reports of a run that makes no image are kept: they tell why. */
static int write_artifacts(struct run *runs, size_t n, int result, struct err *err)
{
	for (size_t i = 0; i < n && !runs->opts->remove_artifacts; i++) {
		struct err ignored = ERR_INIT;
		/* An image from a file is there before anything was observed. */
		bool told = runs[i].img && runs[i].rec;
		int r = told ? run_write_artifacts(&runs[i], result < 0 ? &ignored : err) : 0;

		if (result >= 0 && r < 0)
			return r;
	}
	return result;
}

static int run_set(struct run *runs, size_t n, struct err *err)
{
	uint64_t start_ms;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = run_one(&runs[i], n == 1, err);
	start_ms = clock_mono_ms();
	if (!r && !runs->opts->profile_only)
		r = run_make_images(runs, n, err);
	r = write_artifacts(runs, n, r, err);
	for (size_t i = 0; i < n; i++)
		runs[i].report->times.total +=
			n == 1 ? seconds_since(start_ms)
			       : runs[i].report->times.pack + runs[i].report->times.load;
	return r;
}

int session_build(const struct build_opts *opts, const struct strvec *images, struct report *ret,
		  struct err *err)
{
	struct run *runs = xcalloc(images->n, sizeof(*runs));
	int r;

	for (size_t i = 0; i < images->n; i++) {
		runs[i] =
			(struct run){ .own = *opts, .report = &ret[i], .differences = STRBUF_INIT };
		runs[i].own.image = images->v[i];
		runs[i].opts = &runs[i].own;
		ret[i].image = xstrdup(images->v[i]);
		ret[i].exit_status = -1;
	}
	r = run_set(runs, images->n, err);
	for (size_t i = 0; i < images->n; i++)
		run_undo(&runs[i]);
	free(runs);
	return r;
}
