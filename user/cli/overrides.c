/* SPDX-License-Identifier: BSD-2-Clause */
/* --image-overrides: what was said for the run is said for the image too. */
#include <stdlib.h>
#include <string.h>

#include "cli/build_args.h"

static bool wanted(const struct build_args *args, enum override what)
{
	return args->overrides & 1u << what;
}

/* As docker's client: a name alone takes the value from our environment, or is left out. */
static void add_env(const struct strvec *env, struct strvec *ret)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *value = strchr(env->v[i], '=') ? NULL : getenv(env->v[i]);

		if (strchr(env->v[i], '='))
			strvec_push(ret, env->v[i]);
		else if (value)
			strvec_pushf(ret, "%s=%s", env->v[i], value);
	}
}

/* A mount without a source is an anonymous volume: what a configuration can have. */
static void add_volumes(const struct strvec *mounts, struct strvec *ret)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->v[i][0] == '/' && !strpbrk(mounts->v[i], ":,="))
			strvec_push(ret, mounts->v[i]);
}

void overrides_apply(struct build_args *args)
{
	const struct build_opts *o = &args->build;
	struct slim_edits *e = &args->build.edits;
	struct strvec env = STRVEC_INIT;

	/* An entrypoint that was given took the image's command away from the run. */
	if (wanted(args, OVERRIDE_ENTRYPOINT) && o->entrypoint) {
		if (!e->cmd && !o->cmd)
			e->cmd = "";
		e->entrypoint = e->entrypoint ? e->entrypoint : o->entrypoint;
	}
	if (wanted(args, OVERRIDE_CMD) && !e->cmd)
		e->cmd = o->cmd;
	if (wanted(args, OVERRIDE_WORKDIR) && !e->workdir)
		e->workdir = o->workdir;
	if (wanted(args, OVERRIDE_USER) && !e->user)
		e->user = o->user;
	if (wanted(args, OVERRIDE_EXPOSE))
		strvec_extend(&e->expose, &o->expose);
	for (size_t i = 0; wanted(args, OVERRIDE_LABEL) && i < o->labels.n; i++)
		strvec_pushf(&e->labels, "%s%s", o->labels.v[i],
			     strchr(o->labels.v[i], '=') ? "" : "=");
	if (wanted(args, OVERRIDE_VOLUME))
		add_volumes(&o->mounts, &e->volumes);
	if (!wanted(args, OVERRIDE_ENV))
		return;
	/* What was said with --new-env comes later, and wins. */
	add_env(&o->env, &env);
	strvec_extend(&env, &e->env);
	strvec_release(&e->env);
	e->env = env;
}
