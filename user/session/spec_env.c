/* SPDX-License-Identifier: BSD-2-Clause */
/* Environment variables: -e and --env-file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "session/spec.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/text.h"

#define MAX_FILE (16u << 20)

static void put(struct strvec *env, char *var)
{
	size_t len = strcspn(var, "=");

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], var, len) != 0 ||
		    (env->v[i][len] != '=' && env->v[i][len] != '\0'))
			continue;
		free(env->v[i]);
		env->v[i] = var;
		return;
	}
	strvec_push_take(env, var);
}

/*
 * "NAME" alone takes the value from our own environment. When it is not there, docker's client
 * sends the bare name, which takes the image's variable away.
 */
static void put_var(struct strvec *env, const char *var)
{
	const char *value = strchr(var, '=') ? NULL : getenv(var);

	put(env, value ? xasprintf("%s=%s", var, value) : xstrdup(var));
}

/* docker's rules: blanks before a line do not count, "#" begins a comment, nothing is unquoted. */
static int put_line(struct strvec *env, char *line, struct err *err)
{
	size_t name;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	name = strcspn(line, "=");
	if (!name)
		return err_class_set(err, ERR_USAGE, EINVAL, "'%s' has no name", line);
	if (strcspn(line, " \t") < name)
		return err_class_set(err, ERR_USAGE, EINVAL, "name '%.*s' has blanks in it",
				     (int)name, line);
	put_var(env, line);
	return 0;
}

static int put_file(struct strvec *env, const char *path, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *p = text.buf, *line;
	int r = io_read_file(AT_FDCWD, path, MAX_FILE, &text, err);

	if (!r && (memchr(text.buf, '\0', text.len) || !utf8_valid(text.buf, text.len)))
		r = err_class_set(err, ERR_USAGE, EINVAL, "'%s' is not UTF-8 text", path);
	for (p = text.len ? text.buf : NULL; !r && (line = strsep(&p, "\n"));) {
		size_t len = strlen(line);

		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		r = put_line(env, line, err);
	}
	if (r < 0) {
		err->class = ERR_USAGE;
		return err_wrap(err, "--env-file '%s'", path);
	}
	return 0;
}

int spec_env(cJSON *body, const struct strvec *files, const struct strvec *vars, struct err *err)
{
	_cleanup_strvec_ struct strvec env = STRVEC_INIT;

	for (size_t i = 0; i < files->n; i++) {
		int r = put_file(&env, files->v[i], err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < vars->n; i++) {
		if (!*vars->v[i] || *vars->v[i] == '=')
			return spec_wrong(err, "--env", vars->v[i], "it has no name");
		put_var(&env, vars->v[i]);
	}
	if (env.n)
		json_add_strvec(body, "Env", &env);
	return 0;
}
