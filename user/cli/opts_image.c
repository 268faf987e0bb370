/* SPDX-License-Identifier: BSD-2-Clause */
/* build: what the slim image is called, its layers and its configuration. */
#include <errno.h>
#include <string.h>

#include "cli/build_args.h"
#include "slimtrace/base/alloc.h"

static struct build_opts *build_of(void *target)
{
	return &((struct build_args *)target)->build;
}

static int set_layers(void *target, const char *value, struct err *err)
{
	static const char *const names[] = {
		[SLIM_SQUASH] = "squash", [SLIM_KEEP] = "keep", [SLIM_BASE] = "base"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		build_of(target)->layers = (enum slim_layers)i;
		return 0;
	}
	return err_class_set(err, ERR_USAGE, EINVAL, "--layers '%s': it is squash, keep or base",
			     value);
}

static int add_perms(void *target, const char *value, struct err *err)
{
	return slim_perms_add(&build_of(target)->perms, value, err);
}

static int add_perms_file(void *target, const char *value, struct err *err)
{
	return options_each_line(value, add_perms, target, "--path-perms-file", err);
}

static int set_overrides(void *target, const char *value, struct err *err)
{
	struct build_args *args = target;
	static const char *const names[OVERRIDES] = {
		[OVERRIDE_ENTRYPOINT] = "entrypoint",
		[OVERRIDE_CMD] = "cmd",
		[OVERRIDE_WORKDIR] = "workdir",
		[OVERRIDE_ENV] = "env",
		[OVERRIDE_USER] = "user",
		[OVERRIDE_EXPOSE] = "expose",
		[OVERRIDE_VOLUME] = "volume",
		[OVERRIDE_LABEL] = "label",
	};
	_cleanup_free_ char *copy = xstrdup(value);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		size_t i = 0;

		if (!strcmp(word, "all")) {
			args->overrides = (1u << OVERRIDES) - 1;
			continue;
		}
		while (i < OVERRIDES && strcmp(word, names[i]) != 0)
			i++;
		if (i == OVERRIDES)
			return err_class_set(err, ERR_USAGE, EINVAL,
					     "--image-overrides '%s': it is all, or of entrypoint, "
					     "cmd, workdir, env, user, expose, volume and label, "
					     "with commas between them",
					     word);
		args->overrides |= 1u << i;
	}
	return 0;
}

static int add_output(void *target, const char *value, struct err *err)
{
	int r = slim_output_check(value, err);

	if (!r)
		strvec_push(&build_of(target)->outputs, value);
	return r;
}

static const struct option_row rows[] = {
	HEADING("The slim image"),
	{ "tag", OPTION_LIST, ARGS(build.tags), "NAME[:TAG]",
	  "name of the slim image (IMAGE.slim); more than once for more names", NULL },
	{ "output", OPTION_CALL, 0, "TRANSPORT:PATH",
	  "write it there too: oci-archive:FILE, docker-archive:FILE or oci:DIRECTORY [zero or "
	  "more] (-o)",
	  add_output },
	{ "o", OPTION_CALL, 0, "TRANSPORT:PATH", NULL, add_output },
	{ "layers", OPTION_CALL, 0, "HOW",
	  "squash | keep | base: one layer; those of the original; or those of the base image as "
	  "one, all others as one",
	  set_layers },
	{ "path-perms", OPTION_CALL, 0, "PATH:MODE[#UID[#GID]]",
	  "another mode (octal) and owner for what stays of PATH, which may have *, ? and **",
	  add_perms },
	{ "path-perms-file", OPTION_CALL, 0, "FILE", "such rules, one a line", add_perms_file },
	{ "keep-perms", OPTION_BOOL, ARGS(keep_perms), NULL,
	  "as the original's; =false: all is root's, 0755 and 0644", NULL },
	{ "allow-loss", OPTION_BOOL, ARGS(build.allow_loss), NULL,
	  "make the image although the trace is incomplete", NULL },
	{ "force", OPTION_BOOL, ARGS(build.force), NULL,
	  "make the image although the app failed or answered no probe", NULL },
	HEADING("Its configuration"),
	{ "new-entrypoint", OPTION_STRING, ARGS(build.edits.entrypoint), "COMMAND",
	  "entrypoint: words as in a shell or a JSON array, '' for none", NULL },
	{ "new-cmd", OPTION_STRING, ARGS(build.edits.cmd), "COMMAND", "command, likewise", NULL },
	{ "new-workdir", OPTION_STRING, ARGS(build.edits.workdir), "PATH", "working directory",
	  NULL },
	{ "new-user", OPTION_STRING, ARGS(build.edits.user), "USER[:GROUP]", "user", NULL },
	{ "new-env", OPTION_LIST, ARGS(build.edits.env), "NAME=VALUE", "set a variable", NULL },
	{ "new-label", OPTION_LIST, ARGS(build.edits.labels), "NAME=VALUE", "set a label", NULL },
	{ "new-expose", OPTION_LIST, ARGS(build.edits.expose), "PORT[/PROTO]", "expose a port",
	  NULL },
	{ "new-volume", OPTION_LIST, ARGS(build.edits.volumes), "PATH", "add a volume", NULL },
	{ "remove-env", OPTION_LIST, ARGS(build.edits.remove_env), "NAME", "remove a variable",
	  NULL },
	{ "remove-label", OPTION_LIST, ARGS(build.edits.remove_labels), "NAME", "remove a label",
	  NULL },
	{ "remove-expose", OPTION_LIST, ARGS(build.edits.remove_expose), "PORT[/PROTO]",
	  "expose a port no more", NULL },
	{ "remove-volume", OPTION_LIST, ARGS(build.edits.remove_volumes), "PATH", "remove a volume",
	  NULL },
	{ "image-overrides", OPTION_CALL, 0, "WHAT",
	  "what of the run's own options the slim image gets too: all, or of entrypoint, cmd, "
	  "workdir, env, user, expose, volume, label",
	  set_overrides },
};
const struct option_set image_options = OPTION_SET(rows);
