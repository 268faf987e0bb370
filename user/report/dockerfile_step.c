/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One entry of an image's history as instructions. The classic builder writes "SHELL #(nop) CMD
 * ..." for what ran nothing and "SHELL command" for RUN; BuildKit writes the instruction, and
 * "# buildkit" after those that made a layer. Others write what they like.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"
#include "slimtrace/base/path.h"
#include "slimtrace/base/sha256.h"

#define NOP "#(nop) "
#define BUILDKIT " # buildkit"
#define HASH_LEN 64

/* What can stand after SHELL: a line of its own, not in quotes. */
static void put_line(struct df *df, const char *instruction, const char *text)
{
	if (!df_can_say(text)) {
		df_comment(df->out, instruction);
		return;
	}
	strbuf_addf(df->out, "%s ", instruction);
	if (*text == ' ' || (*text && text[strlen(text) - 1] == ' ')) {
		strbuf_addf(df->out, "\"");
		df_add_word(df->out, text, strlen(text));
		strbuf_addstr(df->out, "\"\n");
		return;
	}
	df_add_word(df->out, text, strlen(text));
	strbuf_addch(df->out, '\n');
}

static void step_user(struct df *df, const char *text)
{
	put_line(df, "USER", text);
	df_set(&df->made.user, text, strlen(text));
}

static void step_workdir(struct df *df, const char *text)
{
	_cleanup_free_ char *joined = xasprintf("%s/%s", df->made.workdir, text);
	_cleanup_free_ char *path = *text == '/' ? xstrdup(text) : path_normalize(joined);

	put_line(df, "WORKDIR", text);
	df_set(&df->made.workdir, path, strlen(path));
}

static void step_stopsignal(struct df *df, const char *text)
{
	size_t len = strlen(text);

	if (*text == '[' && len > 2 && text[len - 1] == ']') { /* as older builders write it */
		text++;
		len -= 2;
	}
	df_set(&df->made.stop_signal, text, len);
	put_line(df, "STOPSIGNAL", df->made.stop_signal);
}

/* A list, or a command for the shell. */
static void read_command(const struct df *df, const char *text, struct strvec *ret)
{
	if (df_parse_list(text, ret))
		return;
	strvec_extend(ret, &df->made.shell);
	strvec_push(ret, text);
}

static void step_cmd(struct df *df, const char *text)
{
	strvec_release(&df->made.cmd);
	read_command(df, text, &df->made.cmd);
	df->cmd_set = true;
	df_add_command(df->out, "CMD", &df->made.cmd, &df->made.shell);
}

static void step_entrypoint(struct df *df, const char *text)
{
	strvec_release(&df->made.entrypoint);
	read_command(df, text, &df->made.entrypoint);
	if (!df->cmd_set) /* that of the image below */
		strvec_release(&df->made.cmd);
	df_add_command(df->out, "ENTRYPOINT", &df->made.entrypoint, &df->made.shell);
}

/* "[/bin/bash -o pipefail -c]": which words these were, the configuration may tell. */
static void step_shell(struct df *df, const char *text)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT, none = STRVEC_INIT;
	size_t len = strlen(text);

	if (!df_parse_list(text, &words) && *text == '[' && text[len - 1] == ']') {
		_cleanup_free_ char *inner = xstrndup(text + 1, len - 2);

		if (df_is_joined(inner, len - 2, &df->real.shell))
			strvec_extend(&words, &df->real.shell);
		else
			df_split(inner, &none, &words);
	}
	if (!words.n) {
		df_comment(df->out, text);
		return;
	}
	strvec_release(&df->made.shell);
	strvec_extend(&df->made.shell, &words);
	strbuf_addstr(df->out, "SHELL ");
	df_add_exec(df->out, &words);
	strbuf_addch(df->out, '\n');
}

/* "[/a /b c]", "map[80/tcp:{} 443/tcp:{}]" or words. */
static void read_set(const char *text, const struct strvec *known, struct strvec *ret)
{
	_cleanup_strbuf_ struct strbuf inner = STRBUF_INIT;
	size_t len = strlen(text);

	if (df_parse_list(text, ret))
		return;
	if (!strncmp(text, "map[", 4) && text[len - 1] == ']') {
		for (const char *p = text + 4; p < text + len - 1; p++) {
			bool empty = !strncmp(p, ":{}", 3);

			p += empty ? 2 : 0;
			if (!empty)
				strbuf_addch(&inner, *p);
		}
	} else if (*text == '[' && text[len - 1] == ']') {
		strbuf_add(&inner, text + 1, len - 2);
	} else {
		strbuf_add(&inner, text, len);
	}
	df_split(inner.buf, known, ret);
}

/* "80", "80/udp", "8000-8003/tcp" */
static void add_ports(struct df *df, const char *text)
{
	const char *protocol = strchr(text, '/');
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (*end == '-')
		last = strtoul(end + 1, &end, 10);
	if (*end && end != protocol)
		return;
	if (!protocol)
		protocol = "/tcp";
	for (unsigned long port = first; port <= last && last <= UINT16_MAX; port++)
		if (port == first || df_may_expand(&df->expanded, strlen(protocol) + 8))
			strvec_pushf(&df->made.ports, "%lu%s", port, protocol);
}

static void step_expose(struct df *df, const char *text)
{
	_cleanup_strvec_ struct strvec ports = STRVEC_INIT;

	read_set(text, &df->real.ports, &ports);
	strbuf_addstr(df->out, ports.n ? "EXPOSE" : "#");
	for (size_t i = 0; i < ports.n; i++) {
		strbuf_addch(df->out, ' ');
		df_add_word(df->out, ports.v[i], strlen(ports.v[i]));
		add_ports(df, ports.v[i]);
	}
	strbuf_addch(df->out, '\n');
}

static void step_volume(struct df *df, const char *text)
{
	_cleanup_strvec_ struct strvec paths = STRVEC_INIT;

	read_set(text, &df->real.volumes, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		_cleanup_strvec_ struct strvec one = STRVEC_INIT;
		_cleanup_strbuf_ struct strbuf word = STRBUF_INIT;

		df_add_word(&word, paths.v[i], strlen(paths.v[i]));
		strvec_push(&one, word.buf);
		strbuf_addstr(df->out, "VOLUME ");
		df_add_exec(df->out, &one);
		strbuf_addch(df->out, '\n');
		strvec_push(&df->made.volumes, paths.v[i]);
	}
}

/*
 * What the configuration does not have (OCI's has none) cannot have been set by this. Only the last
 * one is said: the classic builder gives a later one what it does not say itself of an earlier one.
 */
static void step_healthcheck(struct df *df, const char *text)
{
	bool last = df->healths <= 1;
	struct df_health h = { 0 };
	char *line = NULL;

	df->healths -= !last;
	if (last && df->real.health && df_health_parse(text, &df->real.health_test, &h))
		line = df_health_text(&h);
	df_health_release(&h);
	if (!line) {
		_cleanup_free_ char *note = xasprintf("HEALTHCHECK %s", text);

		df_comment(df->out, note);
		return;
	}
	strbuf_addf(df->out, "%s\n", line);
	free(df->made.health);
	df->made.health = line;
}

/* Triggers of an image that others were made from are gone there; theirs ran. */
static void step_onbuild(struct df *df, const char *text)
{
	if (strvec_has(&df->real.onbuild, text) && df_can_say(text)) {
		strbuf_addf(df->out, "ONBUILD %s\n", text);
		strvec_push(&df->made.onbuild, text);
	} else {
		_cleanup_free_ char *note = xasprintf("ONBUILD %s", text);

		df_comment(df->out, note);
	}
}

/* One, or several as newer builders take them: "A=1 B=two words". */
static void step_arg(struct df *df, const char *text)
{
	const char *end = text + strlen(text);

	while (*text) {
		size_t len = strcspn(text, "= "), value_len;
		const char *value = text + len + 1;

		if (text[len] != '=') {
			df_arg(df, text, len, NULL, 0);
			text += len + strspn(text + len, " ");
			continue;
		}
		text = df_next_argument(value, end);
		value_len = (size_t)(text - value);
		df_arg(df, value - 1 - len, len, value, value_len - (*text && value_len));
	}
}

static void step_maintainer(struct df *df, const char *text)
{
	if (df_can_say(text) && *text)
		strbuf_addf(df->out, "MAINTAINER %s\n", text);
}

/* --- COPY and ADD --- */

/* "file:HASH", "dir:HASH", "multi:HASH": content that nobody can name any more. */
static const char *find_hash(const char *text, size_t *ret_len)
{
	static const char *const kinds[] = { "file:", "dir:", "multi:" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *p = strstr(text, kinds[i]);
		size_t kind = strlen(kinds[i]);

		if (p && strspn(p + kind, "0123456789abcdef") == HASH_LEN) {
			*ret_len = kind + HASH_LEN;
			return p;
		}
	}
	return NULL;
}

static void add_path(struct strbuf *sb, const struct strvec *paths)
{
	bool json = false;

	for (size_t i = 0; i < paths->n; i++)
		json |= !paths->v[i][0] || strpbrk(paths->v[i], " \t\n") || paths->v[i][0] == '[';
	if (json) {
		_cleanup_strvec_ struct strvec words = STRVEC_INIT;

		for (size_t i = 0; i < paths->n; i++) {
			_cleanup_strbuf_ struct strbuf word = STRBUF_INIT;

			df_add_word(&word, paths->v[i], strlen(paths->v[i]));
			strvec_push(&words, word.buf);
		}
		df_add_exec(sb, &words);
		return;
	}
	for (size_t i = 0; i < paths->n; i++) {
		strbuf_addstr(sb, i ? " " : "");
		df_add_word(sb, paths->v[i], strlen(paths->v[i]));
	}
}

/* Flags before @end: the classic builder writes no blank between them and what follows. */
static const char *take_flags(struct df *df, const char *p, const char *end)
{
	while (!strncmp(p, "--", 2) && p < end) {
		size_t len = strcspn(p, " ");

		if (p + len > end)
			len = (size_t)(end - p);
		df_add_word(df->out, p, len);
		strbuf_addch(df->out, ' ');
		p += len;
		p += strspn(p, " ");
	}
	return p;
}

/* The text of a here-document is not in the history. */
static void hide_heredoc(char **path)
{
	char *name;

	if (strncmp(*path, "<<", 2) != 0)
		return;
	name = xasprintf("heredoc:%s", *path + 2 + strspn(*path + 2, "-\"'"));
	free(*path);
	*path = name;
}

static void step_copy(struct df *df, const char *instruction, const char *text, const char *diff_id)
{
	_cleanup_strvec_ struct strvec paths = STRVEC_INIT, none = STRVEC_INIT;
	size_t hash_len = 0, len;
	const char *hash = find_hash(text, &hash_len), *in = hash ? hash + hash_len : NULL;

	if (diff_id) {
		_cleanup_free_ char *note = xasprintf("layer %s", diff_id);

		df_comment(df->out, note);
	}
	strbuf_addf(df->out, "%s ", instruction);
	text = take_flags(df, text, hash ? hash : text + strlen(text));
	if (hash && !strncmp(in, " in ", 4)) {
		in += 4;
		for (len = strlen(in); len > 1 && in[len - 1] == ' ';)
			len--;
		strvec_push_len(&paths, hash, hash_len);
		strvec_push_len(&paths, in, len);
	} else if (!df_parse_list(text, &paths)) {
		df_split(text, &none, &paths);
	}
	for (size_t i = 0; i < paths.n; i++)
		hide_heredoc(&paths.v[i]);
	add_path(df->out, &paths);
	strbuf_addch(df->out, '\n');
}

/* What is not known to be an instruction, but made a layer. */
static void step_layer(struct df *df, const char *text, const char *diff_id)
{
	if (*text)
		df_comment(df->out, text);
	if (digest_valid(diff_id ? diff_id : ""))
		strbuf_addf(df->out, "ADD layer:%s /\n", diff_id + strlen("sha256:"));
}

/* --- which one it is --- */

static const struct {
	const char *name;
	void (*fn)(struct df *df, const char *text);
} simple[] = {
	{ "ARG", step_arg },
	{ "CMD", step_cmd },
	{ "ENTRYPOINT", step_entrypoint },
	{ "ENV", df_env },
	{ "EXPOSE", step_expose },
	{ "HEALTHCHECK", step_healthcheck },
	{ "LABEL", df_label },
	{ "MAINTAINER", step_maintainer },
	{ "ONBUILD", step_onbuild },
	{ "SHELL", step_shell },
	{ "STOPSIGNAL", step_stopsignal },
	{ "USER", step_user },
	{ "VOLUME", step_volume },
	{ "WORKDIR", step_workdir },
};

/* "NAME text": the text, or NULL. */
static const char *after_name(const char *text, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(text, name, len) != 0 || (text[len] && text[len] != ' '))
		return NULL;
	return text + len + strspn(text + len, " ");
}

static bool is_command(const struct df *df, const char *text)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	return df_skip_shell(text, &df->made.shell) || df_find_shell(text, &words) ||
	       (*text == '|' && isdigit((unsigned char)text[1])) ||
	       (df->classic && *text && df_can_say(text));
}

/* Those of which no form but words is known; ENV and LABEL have pairs. */
static bool has_words(const char *name)
{
	static const char *const names[] = { "EXPOSE", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool simple_instruction(struct df *df, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		const char *rest = after_name(text, simple[i].name);
		_cleanup_free_ char *words = NULL;

		if (!rest || !*rest)
			continue;
		if (df->source && has_words(simple[i].name) && *rest != '[')
			words = df_source_text(df, rest);
		simple[i].fn(df, words && *words ? words : rest);
		return true;
	}
	return false;
}

static bool is_instruction(struct df *df, const char *text, const char *diff_id)
{
	const char *rest;

	/* No instruction but RUN has lines: what follows would be another one. */
	if (!df_can_say(text) && !is_command(df, text))
		step_layer(df, text, diff_id);
	else if (simple_instruction(df, text))
		return true;
	else if ((rest = after_name(text, "COPY")) && *rest)
		step_copy(df, "COPY", rest, diff_id);
	else if ((rest = after_name(text, "ADD")) && *rest)
		step_copy(df, "ADD", rest, diff_id);
	else
		return false;
	return true;
}

/* SHELL's own entry begins with the shell that it sets: "P #(nop)  SHELL [P]". */
static size_t skip_own_shell(const char *text)
{
	const char *nop = strstr(text, " " NOP " SHELL [");
	size_t len = nop ? (size_t)(nop - text) : 0;
	const char *list = nop ? strchr(nop, '[') + 1 : NULL;

	return len && !strncmp(list, text, len) && !strcmp(list + len, "]") ? len + 1 : 0;
}

/* Past "SHELL #(nop) ", NULL when it is not there. */
static const char *after_nop(const struct df *df, const char *text)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	size_t skip = skip_own_shell(text);

	if (!skip)
		skip = df_skip_shell(text, &df->made.shell);
	if (!skip || strncmp(text + skip, NOP, strlen(NOP)) != 0)
		skip = df_find_shell(text, &words);
	if (!skip || strncmp(text + skip, NOP, strlen(NOP)) != 0)
		return NULL;
	return text + skip + strlen(NOP) + strspn(text + skip + strlen(NOP), " ");
}

/* BuildKit marks what makes a layer; a value of others may end so too. */
static size_t unmarked_len(const char *text)
{
	static const char *const makers[] = { "RUN", "COPY", "ADD", "WORKDIR" };
	size_t len = strlen(text), tail = strlen(BUILDKIT);

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (after_name(text, makers[i]) && len > tail &&
		    !strcmp(text + len - tail, BUILDKIT))
			return len - tail;
	return len;
}

void df_step(struct df *df, const char *created_by, bool kaniko, bool empty, const char *diff_id)
{
	size_t unmarked = unmarked_len(created_by),
	       len = df->buildah && !created_by[unmarked] ? df_source_len(created_by) : unmarked;
	_cleanup_free_ char *text = xstrndup(created_by, len);
	const char *nop = after_nop(df, text), *run = after_name(text, "RUN");

	/* WORKDIR looks the same of Docker's. */
	df->source =
		kaniko || df_is_source(text) || (df->buildah && nop && after_name(nop, "WORKDIR"));
	if (nop && is_instruction(df, nop, empty ? NULL : diff_id))
		return;
	if (kaniko && run && *run && df_run_source(df, run))
		return;
	if (!kaniko && run && *run)
		df_run(df, run);
	else if (!nop && is_instruction(df, text, empty ? NULL : diff_id))
		return;
	else if (!nop && is_command(df, text))
		df_run(df, text);
	else
		step_layer(df, nop ? nop : text, empty ? NULL : diff_id);
}
