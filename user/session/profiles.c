/* SPDX-License-Identifier: BSD-2-Clause */
/* The security profiles of a run, under docker-slim's names. */
#include <errno.h>
#include <string.h>

#include "session/session.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/log.h"

/* "registry/my/app:1" -> "registry-my-app": a file's name, and an AppArmor profile's. */
char *profiles_base_name(const char *image)
{
	const char *slash = strrchr(image, '/'), *end = strpbrk(slash ? slash : image, ":@");
	char *name = xstrndup(image, end ? (size_t)(end - image) : strlen(image));

	if (!strncmp(image, "sha256:", 7)) {
		free(name);
		name = xstrndup(image + 7, 12);
	}
	for (char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-",
			    *p))
			*p = '-';
	if (*name == '.' || *name == '-')
		*name = '_';
	return name;
}

void run_make_profiles(struct run *run)
{
	const struct record *records[] = { run->rec };
	struct profile_calls *calls = &run->report->calls;

	profile_calls(records, 1, run->opts->seccomp_arg_filters, calls);
	for (size_t i = 0; i < calls->warnings.n; i++)
		run_warn(run, "%s", calls->warnings.v[i]);
}

/* The report shows it too. */
static int write_file(struct run *run, int dirfd, const char *name, mode_t mode,
		      const struct strbuf *text, struct err *err)
{
	int r = io_write_atomic(dirfd, name, mode, text->buf, text->len, err);

	if (!r)
		report_add_document(run->report, name, text->buf);
	return r;
}

static int write_seccomp(struct run *run, int dirfd, const char *base, struct err *err)
{
	const struct record *records[] = { run->rec };
	_cleanup_free_ char *name = xasprintf("%s-seccomp.json", base);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t checked;
	int r;

	profile_seccomp(&run->report->calls, run->opts->seccomp_format, &text);
	r = profile_seccomp_prove(text.buf, text.len, records, 1, &run->report->calls, &checked,
				  err);
	if (r < 0)
		return r;
	log_debug("the seccomp profile lets pass all %zu calls that were observed", checked);
	r = write_file(run, dirfd, name, 0644, &text, err);
	if (!r)
		run->report->seccomp = TAKE_PTR(name);
	return r;
}

static int write_apparmor(struct run *run, int dirfd, const char *base, struct err *err)
{
	const struct record *records[] = { run->rec };
	_cleanup_free_ char *name = xasprintf("%s-apparmor-profile", base);
	const struct profile_apparmor_opts opts = { .name = name,
						    .image = run_image_name(run),
						    .img = run->img };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct strvec warnings = STRVEC_INIT;
	int r;

	profile_apparmor(records, 1, &run->report->calls, &opts, &warnings, &text);
	for (size_t i = 0; i < warnings.n; i++)
		run_warn(run, "%s", warnings.v[i]);
	strvec_release(&warnings);
	r = write_file(run, dirfd, name, 0644, &text, err);
	if (!r)
		run->report->apparmor = TAKE_PTR(name);
	return r;
}

static int write_text(struct run *run, int dirfd, const char *base, const char *suffix, mode_t mode,
		      const struct strbuf *text, struct err *err)
{
	_cleanup_free_ char *name = xasprintf("%s%s", base, suffix);

	return write_file(run, dirfd, name, mode, text, err);
}

/* How to run it with them. */
static int write_runs(struct run *run, int dirfd, const char *base, struct err *err)
{
	const struct record *records[] = { run->rec };
	const struct report *rep = run->report;
	const char *user = run->img ? image_config(run->img)->user : NULL;
	const struct profile_names names = { .image = rep->slim_image ? rep->slim_image
								      : run_image_name(run),
					     .name = base,
					     .seccomp = rep->seccomp,
					     .apparmor = rep->apparmor,
					     .user = user ? user : "" };
	_cleanup_strbuf_ struct strbuf script = STRBUF_INIT, compose = STRBUF_INIT,
				       kubernetes = STRBUF_INIT;
	_cleanup_profile_needs_ struct profile_needs needs;
	int r;

	profile_needs(records, 1, run->img, &needs);
	profile_run_script(&needs, &names, &script);
	profile_compose(&needs, &names, &compose);
	profile_kubernetes(&needs, &names, &kubernetes);
	r = write_text(run, dirfd, base, "-run.sh", 0755, &script, err);
	if (!r)
		r = write_text(run, dirfd, base, "-compose.yaml", 0644, &compose, err);
	if (!r)
		r = write_text(run, dirfd, base, "-kubernetes.yaml", 0644, &kubernetes, err);
	return r;
}

int run_write_profiles(struct run *run, int dirfd, struct err *err)
{
	_cleanup_free_ char *base = profiles_base_name(run_image_name(run));

	int r = write_seccomp(run, dirfd, base, err);

	if (!r)
		r = write_apparmor(run, dirfd, base, err);
	return r < 0 ? r : write_runs(run, dirfd, base, err);
}
