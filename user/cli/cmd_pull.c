/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace pull: the records of an image from its registry. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/merged.h"
#include "cli/opts_registry.h"
#include "cli/pager.h"
#include "cli/standard.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/text.h"
#include "slimtrace/cli.h"

#define MAX_COLUMN 200 /* bytes of what somebody wrote */
#define BATCH 16       /* so many are held in memory, the merged one besides */

struct pull_args {
	struct registry_args registry;
	const char *output, *dir;
	bool list, keep_going;
};

#define PULL(field) offsetof(struct pull_args, field)
static const struct option_row rows[] = {
	{ "output", OPTION_STRING, PULL(output), "FILE",
	  "where the merged record goes (standard output) (-o)", NULL },
	{ "o", OPTION_STRING, PULL(output), "FILE", NULL, NULL },
	{ "output-dir", OPTION_STRING, PULL(dir), "DIR",
	  "each record in a file of its own in there; without -o, nothing else", NULL },
	{ "list", OPTION_BOOL, PULL(list), NULL, "only tell which records there are", NULL },
	{ "keep-going", OPTION_BOOL, PULL(keep_going), NULL,
	  "leave out what is no record, or one of a later version", NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb,
		"Usage: slimtrace pull [options] IMAGE\n\n"
		"Gets all records that 'slimtrace push' put beside IMAGE in its registry, and\n"
		"makes one of them, as 'slimtrace merge' does: with in how many runs each file\n"
		"and system call was seen. build and profile take it with --from-record.\n"
		"The engine is not asked. Credentials are those of 'docker login'.\n\n"
		"Options:\n");
	options_help(&set, &sb);
	options_help(&registry_options, &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExamples:\n"
			   "  slimtrace pull --list registry.example/my/app:1\n"
			   "  slimtrace pull -o all.json registry.example/my/app:1\n"
			   "  slimtrace build --from-record all.json registry.example/my/app:1\n");
	fputs(sb.buf, stdout);
}

/* --- told --- */

static void add_column(struct strbuf *sb, const char *text, int width)
{
	_cleanup_strbuf_ struct strbuf safe = STRBUF_INIT;
	size_t len;

	if (!text)
		text = "-";
	len = strlen(text);
	text_add_safe(&safe, text, len < MAX_COLUMN ? len : MAX_COLUMN);
	strbuf_addf(sb, "%-*s  ", width, safe.buf);
}

/* What is in a column of its own, or a digest. */
static bool is_known(const char *annotation)
{
	static const char *const known[] = { "io.slimtrace.record.",
					     "org.opencontainers.image.created=" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncmp(annotation, known[i], strlen(known[i])))
			return true;
	return false;
}

static void add_line(struct strbuf *sb, const struct registry_artifact *a)
{
	char size[16];

	strbuf_addf(sb, "%.12s  ", digest_hex(&a->digest));
	add_column(sb, registry_annotation(a, "io.slimtrace.record.runs"), 4);
	add_column(sb, format_bytes(size, a->size), 8);
	add_column(sb, registry_annotation(a, "org.opencontainers.image.created"), 20);
	add_column(sb, registry_annotation(a, "io.slimtrace.record.kernel"), 0);
	for (size_t i = 0; i < a->annotations.n; i++)
		if (!is_known(a->annotations.v[i]))
			add_column(sb, a->annotations.v[i], 0);
	while (sb->len && sb->buf[sb->len - 1] == ' ')
		strbuf_setlen(sb, sb->len - 1);
	strbuf_addch(sb, '\n');
}

static void show_list(const struct registry_artifacts *all)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "%-12s  %-4s  %-8s  %-20s  %s\n", "RECORD", "RUNS", "SIZE", "STARTED",
		    "KERNEL, ANNOTATIONS");
	for (size_t i = 0; i < all->n; i++)
		add_line(&sb, &all->v[i]);
	pager_write(sb.buf, sb.len, false);
}

/* --- pulled --- */

struct pulled {
	const struct pull_args *args;
	struct registry *registry;
	struct strmap *seen; /* digests of records: one that is there twice counts once */
	struct record *batch[BATCH + 1];
	size_t n;
	size_t taken, of_others;
};

/* All that are held become one. */
static int merge_batch(struct pulled *p, struct err *err)
{
	struct record *merged = NULL;
	int r = record_merge((const struct record *const *)p->batch, p->n, &merged, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n; i++)
		record_free(p->batch[i]);
	p->batch[0] = merged;
	p->n = 1;
	return 0;
}

static int keep_file(const struct pulled *p, const struct record *rec, const struct digest *digest,
		     struct err *err)
{
	_cleanup_free_ char *path =
		xasprintf("%s/record-%.16s.json", p->args->dir, digest_hex(digest));

	return merged_write(rec, path, err);
}

static int take(struct pulled *p, struct record *rec, const char *name, struct err *err)
{
	struct digest digest = registry_record_digest(rec);
	struct err why = ERR_INIT;
	int r = 0;

	if (strmap_put(p->seen, digest.str, p)) {
		record_free(rec);
		return 0;
	}
	p->taken++;
	if (registry_match(p->registry, rec, &why) < 0) {
		log_warn("record %.19s: %s", name, why.msg);
		p->of_others++;
	}
	if (p->args->dir)
		r = keep_file(p, rec, &digest, err);
	p->batch[p->n++] = rec;
	if (!r && p->n > BATCH)
		r = merge_batch(p, err);
	return r;
}

static int pull_all(struct pulled *p, const struct registry_artifacts *all, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		struct record *rec = NULL;
		int r;

		progress_update("record %zu of %zu", i + 1, all->n);
		r = registry_fetch(p->registry, &all->v[i], &rec, err);
		if (r == -EBADMSG && err->class == ERR_FAILURE) {
			if (!p->args->keep_going)
				return err_hint(err, "--keep-going leaves it out");
			log_warn("%s: left out", err->msg);
			*err = ERR_INIT;
			continue;
		}
		if (!r)
			r = take(p, rec, all->v[i].digest.str, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int none(const struct registry *registry, struct err *err)
{
	err_class_set(err, ERR_FAILURE, ENOENT, "there is no record of %s in its registry",
		      registry_image(registry));
	return err_hint(err, "'slimtrace push RECORD %s' puts one there", registry_image(registry));
}

/* What is to be written besides the files, and told. */
static int finish(struct pulled *p, cJSON *doc, struct err *err)
{
	const struct pull_args *args = p->args;
	bool writes = args->output || !args->dir;
	int r = p->taken ? merge_batch(p, err) : none(p->registry, err);

	if (!r && writes)
		r = merged_write(p->batch[0], args->output, err);
	if (r < 0)
		return r;
	progress_done("%zu record%s of %s", p->taken, p->taken == 1 ? "" : "s",
		      registry_image(p->registry));
	merged_tell(p->batch[0], doc);
	if (doc)
		json_add_int(doc, "of_other_images", (int64_t)p->of_others);
	return 0;
}

static int pull(const struct pull_args *args, struct registry *registry,
		const struct registry_artifacts *all, bool json, struct err *err)
{
	/* The record itself is the one document when it goes to standard output. */
	_cleanup_(json_free) cJSON *doc = json && (args->output || args->dir || args->list)
						  ? registry_document(registry)
						  : NULL;
	struct pulled p = { .args = args, .registry = registry, .seen = strmap_new() };
	int r = 0;

	for (size_t i = 0; doc && i < all->n; i++)
		registry_add_artifact(doc, &all->v[i]);
	if (args->list && !doc)
		show_list(all);
	if (!args->list && args->dir)
		r = io_mkdir_p(args->dir, 0755, err);
	if (!r && !args->list)
		r = pull_all(&p, all, err);
	if (!r && !args->list)
		r = finish(&p, doc, err);
	if (!r && doc)
		standard_print_json(doc);
	for (size_t i = 0; i < p.n; i++)
		record_free(p.batch[i]);
	strmap_free(p.seen);
	return r;
}

static int run(const struct pull_args *args, const char *image, bool json, struct err *err)
{
	_cleanup_(registry_free) struct registry *registry = NULL;
	struct registry_artifacts all = { 0 };
	int r = registry_connect(&args->registry, image, false, &registry, err);

	if (!r) {
		progress_phase("pull");
		r = registry_list(registry, args->keep_going, &all, err);
	}
	if (!r && args->list)
		progress_clear();
	if (!r)
		r = pull(args, registry, &all, json, err);
	registry_artifacts_release(&all);
	return r;
}

int cmd_pull(int argc, char **argv, struct global_opts *global)
{
	struct pull_args args = { .registry = REGISTRY_ARGS_INIT };
	const struct option_set sets[] = {
		{ rows, sizeof(rows) / sizeof(*rows), &args },
		{ registry_options.rows, registry_options.n, &args.registry },
	};
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, sets, ARRAY_SIZE(sets), global, &words, &err);

	if (!r && global->help) {
		print_help();
	} else if (!r && words.n != 1) {
		err_class_set(&err, ERR_USAGE, EINVAL, "one image is pulled from, these are %zu",
			      words.n);
		r = err_hint(&err, "slimtrace pull [-o FILE] IMAGE");
	} else if (!r && args.list && (args.output || args.dir)) {
		r = err_class_set(&err, ERR_USAGE, EINVAL,
				  "--list writes no record, so it does not go with --output and "
				  "--output-dir");
	} else if (!r) {
		r = run(&args, words.v[0], global->json, &err);
	}
	return r < 0 ? command_failed_as(global, &err) : EXIT_OK;
}
