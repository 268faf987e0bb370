/* SPDX-License-Identifier: BSD-2-Clause */
/* info: what is looked for, and how much of it is shown. Names are docker-slim's for xray. */
#include <errno.h>
#include <string.h>

#include "cli/opts_info.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/text.h"

#define INFO(field) offsetof(struct info_args, field)

static int add_gate(void *target, const char *value, struct err *err)
{
	return info_gate_parse(value, &((struct info_args *)target)->gates, err);
}

static int add_changes(void *target, const char *value, struct err *err)
{
	struct info_view *view = &((struct info_args *)target)->view;
	static const struct {
		const char *name;
		unsigned int kinds;
	} names[] = {
		{ "all", 7 },
		{ "none", 0 },
		{ "add", 1u << INFO_ADDED },
		{ "modify", 1u << INFO_CHANGED },
		{ "delete", 1u << INFO_DELETED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(value, names[i].name) != 0)
			continue;
		/* The first one says that it is not all. */
		view->kinds = (view->kinds == 7 ? 0 : view->kinds) | names[i].kinds;
		return 0;
	}
	return err_class_set(err, ERR_USAGE, EINVAL,
			     "--changes '%s': it is all, none, add, modify or delete", value);
}

static int set_layer(void *target, const char *value, struct err *err)
{
	unsigned long long n;
	int r = text_parse_u64(value, 0, 511, "--layer", &n, err);

	if (!r)
		((struct info_args *)target)->view.layer = (int)n;
	return r;
}

static int set_platform(void *target, const char *value, struct err *err)
{
	((struct info_args *)target)->look.platform = value;
	return session_platform_check(value, err);
}

static const struct option_row rows[] = {
	{ NULL, OPTION_BOOL, 0, NULL, "What is shown", NULL },
	{ "changes", OPTION_CALL, 0, "KIND",
	  "changes of layers: all | none | add | modify | delete [zero or more] (all)",
	  add_changes },
	{ "layer", OPTION_CALL, 0, "N", "only layer N, 0 being the lowest", set_layer },
	{ "layer-changes-max", OPTION_UINT, INFO(layer_max), "N",
	  "changes of a layer, largest first (5)", NULL },
	{ "top-changes-max", OPTION_UINT, INFO(top_max), "N", "entries of other lists (20)", NULL },
	{ "detect-duplicates", OPTION_BOOL, INFO(duplicates), NULL,
	  "look for files with the same content; =false: read none", NULL },
	{ "show-duplicates", OPTION_BOOL, INFO(view.duplicates), NULL, "list them", NULL },
	{ "show-special-perms", OPTION_BOOL, INFO(special), NULL,
	  "list setuid, setgid, capabilities, world-writable; =false: do not", NULL },
	{ "show-packages", OPTION_BOOL, INFO(view.packages), NULL, "list each package", NULL },
	{ "detect-all-certs", OPTION_BOOL, INFO(look.info.all_certs), NULL,
	  "look for certificates in every small file, not by names alone", NULL },
	{ "detect-all-cert-pks", OPTION_BOOL, INFO(look.info.all_keys), NULL,
	  "the same for private keys", NULL },
	{ "platform", OPTION_CALL, 0, "linux/ARCH[/VARIANT]",
	  "which image of a file that has it for several (this machine's, or else the only one)",
	  set_platform },
	{ "no-pager", OPTION_BOOL, INFO(no_pager), NULL, "do not page on a terminal", NULL },
	{ NULL, OPTION_BOOL, 0, NULL, "What is written and checked", NULL },
	{ "dockerfile", OPTION_STRING, INFO(dockerfile), "FILE",
	  "write the reverse-engineered Dockerfile there; '-': to stdout, and nothing else", NULL },
	{ "remove-file-artifacts", OPTION_BOOL, INFO(look.keep_nothing), NULL,
	  "keep no Dockerfile.fat below --state-path", NULL },
	{ "fail-if", OPTION_CALL, 0, "CONDITION",
	  "exit status 8 when it holds: wasted>20MB, efficiency<95%, setuid>0 [zero or more]",
	  add_gate },
	{ "target", OPTION_STRING, INFO(target), "IMAGE", "another way to name the image", NULL },
};
const struct option_set info_options = { rows, sizeof(rows) / sizeof(*rows), NULL };
