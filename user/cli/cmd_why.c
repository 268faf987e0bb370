/* SPDX-License-Identifier: BSD-2-Clause */
/* slimtrace why: what the last run of an image decided about paths of it. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/cli.h"
#include "slimtrace/session.h"

static void print_help(void)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(
		&sb,
		"Usage: slimtrace why IMAGE PATH...\n\n"
		"Tells of each path of the fat IMAGE whether the last run kept or dropped it:\n"
		"by which rules, which processes used it, how, by which system call and when\n"
		"for the first time, and from which layer it is; of a dropped one what would\n"
		"keep it.\n\n"
		"Global options:\n");
	options_help(&global_options, &sb);
	strbuf_addstr(&sb, "\nExamples:\n"
			   "  sudo slimtrace why my/app /usr/lib/libssl.so.3\n"
			   "  sudo slimtrace --output-format json why my/app /etc/hosts /bin/sh\n");
	fputs(sb.buf, stdout);
}

static int why(const struct strvec *words, const struct global_opts *global, struct err *err)
{
	struct strvec paths = { .v = words->v + 1, .n = words->n - 1 };
	const struct why_opts opts = {
		.engine = global->engine,
		.state_path = global->state_path ? global->state_path : DEFAULT_STATE_PATH,
		.image = words->v[0],
		.paths = &paths,
	};
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, json = STRBUF_INIT;
	int r = session_why(&opts, &text, &json, err);
	const struct strbuf *out = global->json ? &json : &text;

	if (!r || !global->json)
		fwrite(out->buf, 1, out->len, stdout);
	return r;
}

int cmd_why(int argc, char **argv, struct global_opts *global)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct err err = ERR_INIT;
	int r = command_parse(argc, argv, NULL, 0, global, &words, &err);

	if (!r && global->help) {
		print_help();
		return EXIT_OK;
	}
	if (!r && words.n < 2) {
		err_class_set(&err, ERR_USAGE, EINVAL,
			      words.n ? "no path given" : "no image given");
		r = err_hint(&err, "slimtrace why IMAGE PATH...");
	}
	if (!r)
		r = why(&words, global, &err);
	return r < 0 ? command_failed_as(global, &err) : EXIT_OK;
}
