/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace push: records beside their image in a registry. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/opts_registry.h"
#include "cli/standard.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/log.h"
#include "slimtrace/base/progress.h"
#include "slimtrace/cli.h"

struct push_args {
	struct registry_args registry;
	bool force;
	struct strvec annotations;
};

static int add_annotation(void *target, const char *value, struct err *err)
{
	int r = registry_annotation_check(value, err);

	if (!r)
		strvec_push(&((struct push_args *)target)->annotations, value);
	return r;
}

static const struct option_row rows[] = {
	{ "annotation", OPTION_CALL, 0, "KEY=VALUE",
	  "told of the records by 'pull --list', as node=one [zero or more]", add_annotation },
	{ "force", OPTION_BOOL, offsetof(struct push_args, force), NULL,
	  "also records of another image", NULL },
};

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	const struct option_set set = { rows, sizeof(rows) / sizeof(*rows), NULL };

	strbuf_addstr(
		&sb,
		"Usage: slimtrace push [options] RECORD... IMAGE\n\n"
		"Puts records (record.json of runs) beside their image in its registry, where\n"
		"'slimtrace pull' finds those of all machines. IMAGE is in a registry already;\n"
		"the engine is not asked. Each becomes an OCI artifact whose subject is the\n"
		"image. Many machines can push at the same time, and a record again. Credentials\n"
		"are those of 'docker login'. The artifacts' digests go to standard output.\n\n"
		"Options:\n");
	options_help(&set, &sb);
	options_help(&registry_options, &sb);
	strbuf_addstr(&sb, "\nGlobal options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExamples:\n"
			   "  slimtrace push record.json registry.example/my/app:1\n"
			   "  slimtrace push --annotation node=$(hostname) out/*.json "
			   "registry.example/my/app:1\n");
	fputs(sb.buf, stdout);
}

/* --- the records --- */

struct records {
	struct record **v;
	size_t n;
};

static void records_release(struct records *records)
{
	for (size_t i = 0; i < records->n; i++)
		record_free(records->v[i]);
	free(records->v);
}

static int read_all(const struct strvec *files, size_t n, struct records *ret, struct err *err)
{
	int r = 0;

	ret->v = xcalloc(n, sizeof(*ret->v));
	for (ret->n = 0; !r && ret->n < n; ret->n++)
		r = record_read_file(files->v[ret->n], &ret->v[ret->n], err);
	return r;
}

/* All of them before the first is sent. */
static int check_all(const struct registry *registry, const struct records *records,
		     const struct strvec *files, bool force, struct err *err)
{
	for (size_t i = 0; i < records->n; i++) {
		struct err why = ERR_INIT;
		int r = registry_match(registry, records->v[i], &why);

		if (record_loss_any(&records->v[i]->loss))
			log_warn("'%s' is incomplete: so will be what is merged with it",
				 files->v[i]);
		if (r < 0 && force) {
			log_warn("'%s': %s", files->v[i], why.msg);
		} else if (r < 0) {
			*err = why;
			err_wrap(err, "record '%s'", files->v[i]);
			return err_hint(err, "--force pushes it all the same");
		}
	}
	return 0;
}

static void tell(const char *file, const struct registry_artifact *a, cJSON *doc)
{
	char size[16];

	progress_done("%s: %s%s", file, format_bytes(size, a->size),
		      a->existed ? ", was there already" : "");
	if (doc) {
		cJSON *one = registry_add_artifact(doc, a);

		json_add_str(one, "file", file);
		json_add_bool(one, "existed", a->existed);
	} else {
		puts(a->digest.str);
	}
}

static int push_all(struct registry *registry, const struct push_args *args,
		    const struct records *records, const struct strvec *files, cJSON *doc,
		    struct err *err)
{
	for (size_t i = 0; i < records->n; i++) {
		struct registry_artifact a = { 0 };
		int r;

		progress_phase("push");
		progress_update("%s", files->v[i]);
		r = registry_push(registry, records->v[i], &args->annotations, &a, err);
		if (r < 0)
			return err_wrap(err, "record '%s'", files->v[i]);
		tell(files->v[i], &a, doc);
		registry_artifact_release(&a);
	}
	return 0;
}

static int push(const struct push_args *args, const struct strvec *words, bool json,
		struct err *err)
{
	_cleanup_(registry_free) struct registry *registry = NULL;
	_cleanup_(json_free) cJSON *doc = NULL;
	struct records records = { 0 };
	int r = read_all(words, words->n - 1, &records, err);

	if (!r)
		r = registry_connect(&args->registry, words->v[words->n - 1], true, &registry, err);
	if (!r)
		r = check_all(registry, &records, words, args->force, err);
	if (!r && json)
		doc = registry_document(registry);
	if (!r)
		r = push_all(registry, args, &records, words, doc, err);
	if (!r && doc)
		standard_print_json(doc);
	records_release(&records);
	return r;
}

int cmd_push(int argc, char **argv, struct global_opts *global)
{
	struct push_args args = { .registry = REGISTRY_ARGS_INIT };
	const struct option_set sets[] = {
		{ rows, sizeof(rows) / sizeof(*rows), &args },
		{ registry_options.rows, registry_options.n, &args.registry },
	};
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, sets, ARRAY_SIZE(sets), global, &words, &err);

	if (!r && global->help) {
		print_help();
	} else if (!r && words.n < 2) {
		err_class_set(&err, ERR_USAGE, EINVAL, "a record and its image are needed");
		r = err_hint(&err, "slimtrace push RECORD... IMAGE");
	} else if (!r) {
		r = push(&args, &words, global->json, &err);
	}
	strvec_release(&args.annotations);
	return r < 0 ? command_failed_as(global, &err) : EXIT_OK;
}
