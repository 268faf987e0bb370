/* SPDX-License-Identifier: BSD-2-Clause */
/* build: what stays besides what was seen, and what does not. Names as docker-slim has them. */
#include <errno.h>
#include <string.h>

#include "cli/build_args.h"

static struct keep_opts *keep_of(void *target)
{
	return &((struct build_args *)target)->build.keep;
}

static int add_path(void *target, const char *value, struct err *err)
{
	return keep_opts_add_path(keep_of(target), value, err);
}

static int absolute(const char *option, const char *value, struct err *err)
{
	if (*value == '/')
		return 0;
	err_class_set(err, ERR_USAGE, EINVAL, "%s: '%s' is not absolute", option, value);
	return err_hint(err, "give it as it is in the image, from '/'");
}

static int add_bin(void *target, const char *value, struct err *err)
{
	int r = absolute("--include-bin", value, err);

	if (!r)
		strvec_push(&keep_of(target)->bins, value);
	return r;
}

static int add_exe(void *target, const char *value, struct err *err)
{
	(void)err;
	strvec_push(&keep_of(target)->exes, value);
	return 0;
}

static int add_exclude(void *target, const char *value, struct err *err)
{
	int r = absolute("--exclude-pattern", value, err);

	if (!r)
		strvec_push(&keep_of(target)->excludes, value);
	return r;
}

static int add_new(void *target, const char *value, struct err *err)
{
	int r = absolute("--include-new", value, err);

	if (!r)
		strvec_push(&((struct build_args *)target)->build.include_new, value);
	return r;
}

static int rule_off(void *target, const char *value, struct err *err)
{
	uint32_t bit = 0;
	int r = keep_rule_bit(value, &bit, err);

	keep_of(target)->off |= bit;
	return r < 0 ? err_wrap(err, "--rule-off") : 0;
}

static int add_path_file(void *target, const char *value, struct err *err)
{
	return options_each_line(value, add_path, target, "--include-path-file", err);
}

static int add_preserve_file(void *target, const char *value, struct err *err)
{
	return options_each_line(value, add_path, target, "--preserve-path-file", err);
}

static int add_bin_file(void *target, const char *value, struct err *err)
{
	return options_each_line(value, add_bin, target, "--include-bin-file", err);
}

static int add_exe_file(void *target, const char *value, struct err *err)
{
	return options_each_line(value, add_exe, target, "--include-exe-file", err);
}

static const struct option_row rows[] = {
	HEADING("What stays"),
	{ "include-path", OPTION_CALL, 0, "[!]PATH[:MODE[#UID[#GID]]]",
	  "keep this file, or directory with all below it, or what a pattern with *, ?, [...] and "
	  "** "
	  "matches; after '!': not these; with another mode (octal) and owner [zero or more]",
	  add_path },
	{ "include-path-file", OPTION_CALL, 0, "FILE", "the same, one a line", add_path_file },
	{ "preserve-path", OPTION_CALL, 0, "PATH",
	  "as --include-path: what stays is always as the image has it [zero or more]", add_path },
	{ "preserve-path-file", OPTION_CALL, 0, "FILE", "the same, one a line", add_preserve_file },
	{ "include-bin", OPTION_CALL, 0, "PATH",
	  "keep this program or shared library with the libraries it needs [zero or more]",
	  add_bin },
	{ "include-bin-file", OPTION_CALL, 0, "FILE", "the same, one a line", add_bin_file },
	{ "include-exe", OPTION_CALL, 0, "NAME",
	  "keep the program that PATH finds by this name, with its libraries [zero or more]",
	  add_exe },
	{ "include-exe-file", OPTION_CALL, 0, "FILE", "the same, one a line", add_exe_file },
	{ "include-shell", OPTION_BOOL, ARGS(build.keep.shell), NULL,
	  "keep the shells and the basic tools that the image has", NULL },
	{ "include-workdir", OPTION_BOOL, ARGS(build.keep.workdir), NULL,
	  "keep all below the image's working directory", NULL },
	{ "include-zoneinfo", OPTION_BOOL, ARGS(build.keep.zoneinfo), NULL, "keep all time zones",
	  NULL },
	{ "include-cert-all", OPTION_BOOL, ARGS(build.keep.certs), NULL,
	  "keep the certificates of authorities, in bundles and directories", NULL },
	{ "include-cert-bundles-only", OPTION_BOOL, ARGS(build.keep.cert_bundles), NULL,
	  "keep their bundles", NULL },
	{ "include-cert-dirs", OPTION_BOOL, ARGS(build.keep.cert_dirs), NULL,
	  "keep their directories", NULL },
	{ "include-cert-pk-all", OPTION_BOOL, ARGS(build.keep.cert_keys), NULL,
	  "keep private keys at well-known places", NULL },
	{ "include-cert-pk-dirs", OPTION_BOOL, ARGS(build.keep.cert_key_dirs), NULL,
	  "keep the directories of private keys", NULL },
	{ "include-last-image-layers", OPTION_UINT, ARGS(build.keep.last_layers), "N",
	  "keep all that the last N layers have", NULL },
	{ "include-new", OPTION_CALL, 0, "PATH",
	  "take this file, or all below this directory, that the container made or changed, as it "
	  "left it [zero or more]",
	  add_new },
	{ "exclude-pattern", OPTION_CALL, 0, "PATTERN",
	  "never keep what this matches, whatever needs it [zero or more]", add_exclude },
	{ "rule-off", OPTION_CALL, 0, "RULE",
	  "keep nothing because of this rule: a reason in creport.json [zero or more]", rule_off },
};
const struct option_set keep_options = OPTION_SET(rows);
