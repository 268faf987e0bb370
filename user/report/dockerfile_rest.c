/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration has and the history does not tell: of squashed, imported and edited
 * images, of an ENTRYPOINT that took back the CMD of the image below, of other builders.
 */
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"

struct rest {
	struct df *df;
	struct strbuf lines;
	const struct strmap *made;
	const char *instruction;
};

static int add_pair(const char *key, size_t len, void *value, void *ctx)
{
	struct rest *rest = ctx;
	const char *made = strmap_get_len(rest->made, key, len);

	if (made && !strcmp(made, value))
		return 0;
	if (!df_can_say(key) || !df_can_say(value)) {
		_cleanup_free_ char *note = xasprintf("%s %s: no instruction can say its value",
						      rest->instruction, key);

		df_comment(&rest->lines, note);
		return 0;
	}
	strbuf_addf(&rest->lines, "%s ", rest->instruction);
	df_add_value(&rest->lines, key);
	strbuf_addch(&rest->lines, '=');
	df_add_value(&rest->lines, value);
	strbuf_addch(&rest->lines, '\n');
	return 0;
}

static void rest_map(struct rest *rest, const char *instruction, const struct strmap *real,
		     const struct strmap *made)
{
	rest->instruction = instruction;
	rest->made = made;
	strmap_each(real, add_pair, rest);
}

static void rest_set(struct rest *rest, const char *instruction, const struct strvec *real,
		     const struct strvec *made)
{
	_cleanup_(strmap_free) struct strmap *have = strmap_new();

	for (size_t i = 0; i < made->n; i++)
		strmap_put(have, made->v[i], have);
	for (size_t i = 0; i < real->n; i++) {
		_cleanup_strvec_ struct strvec one = STRVEC_INIT;
		_cleanup_strbuf_ struct strbuf word = STRBUF_INIT;

		if (strmap_get(have, real->v[i]) || !df_can_say(real->v[i]))
			continue;
		df_add_word(&word, real->v[i], strlen(real->v[i]));
		strbuf_addf(&rest->lines, "%s ", instruction);
		if (!strcmp(instruction, "EXPOSE")) {
			strbuf_addf(&rest->lines, "%s\n", word.buf);
			continue;
		}
		strvec_push(&one, word.buf);
		df_add_exec(&rest->lines, &one);
		strbuf_addch(&rest->lines, '\n');
	}
}

static void rest_line(struct rest *rest, const char *instruction, const char *real,
		      const char *made, const char *none)
{
	if (!strcmp(real, made) || !df_can_say(real))
		return;
	strbuf_addf(&rest->lines, "%s ", instruction);
	df_add_word(&rest->lines, *real ? real : none, strlen(*real ? real : none));
	strbuf_addch(&rest->lines, '\n');
}

static bool same(const struct strvec *a, const struct strvec *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; equal && i < a->n; i++)
		equal = !strcmp(a->v[i], b->v[i]);
	return equal;
}

static void rest_commands(struct rest *rest)
{
	const struct df_config *real = &rest->df->real;
	struct df_config *made = &rest->df->made;

	if (!same(&real->shell, &made->shell)) {
		strbuf_addstr(&rest->lines, "SHELL ");
		df_add_exec(&rest->lines, &real->shell);
		strbuf_addch(&rest->lines, '\n');
	}
	if (!same(&real->entrypoint, &made->entrypoint)) {
		df_add_command(&rest->lines, "ENTRYPOINT", &real->entrypoint, &real->shell);
		if (!rest->df->cmd_set)
			strvec_release(&made->cmd);
	}
	if (!same(&real->cmd, &made->cmd))
		df_add_command(&rest->lines, "CMD", &real->cmd, &real->shell);
}

static void rest_health(struct rest *rest)
{
	const char *real = rest->df->real.health, *made = rest->df->made.health;

	if (real && (!made || strcmp(real, made) != 0))
		strbuf_addf(&rest->lines, "%s\n", real);
	else if (!real && made)
		strbuf_addstr(&rest->lines, "HEALTHCHECK NONE\n");
}

static void rest_onbuild(struct rest *rest)
{
	for (size_t i = 0; i < rest->df->real.onbuild.n; i++) {
		const char *trigger = rest->df->real.onbuild.v[i];

		if (!strvec_has(&rest->df->made.onbuild, trigger) && df_can_say(trigger))
			strbuf_addf(&rest->lines, "ONBUILD %s\n", trigger);
	}
}

void df_rest(struct df *df)
{
	struct rest rest = { .df = df, .lines = STRBUF_INIT };

	rest_map(&rest, "ENV", df->real.env, df->made.env);
	rest_map(&rest, "LABEL", df->real.labels, df->made.labels);
	rest_set(&rest, "EXPOSE", &df->real.ports, &df->made.ports);
	rest_set(&rest, "VOLUME", &df->real.volumes, &df->made.volumes);
	rest_line(&rest, "STOPSIGNAL", df->real.stop_signal, df->made.stop_signal, "SIGTERM");
	rest_line(&rest, "USER", df->real.user, df->made.user, "0");
	rest_line(&rest, "WORKDIR", df->real.workdir, df->made.workdir, "/");
	rest_commands(&rest);
	rest_health(&rest);
	rest_onbuild(&rest);
	if (rest.lines.len)
		strbuf_addf(df->out,
			    "\n# from the configuration: what the history does not tell\n%s",
			    rest.lines.buf);
	strbuf_release(&rest.lines);
}
