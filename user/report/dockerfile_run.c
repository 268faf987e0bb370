/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands in a history: "[RUN] [--mount=...] [|N NAME=VALUE ...] SHELL COMMAND", where the shell
 * is the one that SHELL set last, and the arguments are those that were given to the build.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "report/dockerfile.h"
#include "slimtrace/base/alloc.h"

#define LINE_WIDTH 80

/* --- "|N A=1 B=2 " --- */

static bool is_name(const char *p, size_t len)
{
	if (!len || isdigit((unsigned char)*p))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '_')
			return false;
	return true;
}

/* An argument's value that stays what it was needs no line. */
static void declare(struct df *df, const char *name, size_t len, const char *value,
		    size_t value_len)
{
	const char *old = strmap_get_len(df->args, name, len);

	if (!old || strlen(old) != value_len || memcmp(old, value, value_len) != 0)
		df_arg(df, name, len, value, value_len);
}

const char *df_next_argument(const char *p, const char *end)
{
	for (const char *q = p; (q = memchr(q, ' ', (size_t)(end - q))); q++) {
		size_t len = strcspn(q + 1, "= ");

		if (q + 1 + len < end && q[1 + len] == '=' && is_name(q + 1, len))
			return q + 1;
	}
	return end;
}

/* @n arguments in [p, end); values may have blanks, and the last one gets what is left. */
static void take_arguments(struct df *df, const char *p, const char *end, unsigned long n)
{
	while (n-- && p < end) {
		const char *eq = memchr(p, '=', (size_t)(end - p)), *next;
		size_t value_len;

		if (!eq)
			return;
		next = n ? df_next_argument(eq + 1, end) : end;
		value_len = (size_t)(next - eq - 1);
		if (value_len && next[-1] == ' ')
			value_len--;
		declare(df, p, (size_t)(eq - p), eq + 1, value_len);
		p = next;
	}
}

/* Where the shell begins that is in use, or another one. */
static const char *find_shell(const struct df *df, const char *text)
{
	for (const char *p = text; (p = strchr(p, ' ')); p++)
		if (df_skip_shell(p + 1, &df->made.shell))
			return p + 1;
	for (const char *p = text; (p = strchr(p, ' ')); p++) {
		_cleanup_strvec_ struct strvec words = STRVEC_INIT;

		if (df_find_shell(p + 1, &words))
			return p + 1;
	}
	return NULL;
}

static const char *undo_arguments(struct df *df, const char *text)
{
	char *p;
	unsigned long n;
	const char *end;

	if (*text != '|' || !isdigit((unsigned char)text[1]))
		return text;
	n = strtoul(text + 1, &p, 10);
	if (*p != ' ')
		return text;
	end = n ? find_shell(df, p) : p + 1;
	if (!end)
		return text;
	take_arguments(df, p + 1, end, n);
	return end;
}

/* --- the command --- */

/* Where the line after the one begins that is this word alone; NULL: there is none. */
static const char *after_line(const char *text, const char *word, size_t len)
{
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, word, len) && (!p[len] || p[len] == '\n'))
			return p + len + (p[len] != '\0');
	}
	return NULL;
}

/* The word of the next here-document before @end, where @p is then; its length, 0: no more. */
static size_t next_heredoc(const char **p, const char *end)
{
	const char *word = strstr(*p, "<<");
	size_t len = 0;

	if (!word || word >= end)
		return 0;
	word += 2 + (word[2] == '-');
	word += strspn(word, "\"'");
	while (isalnum((unsigned char)word[len]) || word[len] == '_')
		len++;
	*p = word;
	return len;
}

/*
 * The command has here-documents of its own, of which the last one ends it: it is read as it is.
 * Buildah does not write that last end. @ret_end, when it has to be written, is the word; else "".
 */
static bool is_heredoc(const struct df *df, const char *text, char **ret_end)
{
	const char *line_end = strchr(text, '\n'), *p = text, *rest = line_end;
	size_t len;

	if (!line_end || line_end == text || strchr(" \t[#", *text) || line_end[-1] == '\\')
		return false;
	while (rest && (len = next_heredoc(&p, line_end))) {
		free(*ret_end);
		*ret_end = xstrndup(p, len);
		rest = after_line(rest, p, len);
	}
	if (!*ret_end || (rest && *rest))
		return false;
	if (rest)
		**ret_end = '\0';
	return rest || (df->buildah && !next_heredoc(&p, line_end));
}

/* Several lines, which only a here-document can hold; its end must not be one of them. */
static void add_heredoc(struct df *df, const char *text)
{
	char word[24] = "EOF";

	for (unsigned int i = 1; after_line(text, word, strlen(word)); i++)
		snprintf(word, sizeof(word), "EOF%u", i);
	strbuf_addf(df->out, "<<%s\n%s%s%s\n", word, text,
		    text[strlen(text) - 1] == '\n' ? "" : "\n", word);
	df->frontend = true;
}

/* After "&&" or ";" outside of quotes, where a blank more means nothing: 0 when not here. */
static size_t break_after(const char *p)
{
	size_t len = !strncmp(p, "&& ", 3) ? 3 : !strncmp(p, "; ", 2) ? 2 : 0;

	/* A line that begins with # would be a comment, and an empty one nothing. */
	return len && p[len + strspn(p + len, " \t")] && p[len + strspn(p + len, " \t")] != '#'
		       ? len
		       : 0;
}

/* A long line in several: the parser joins them again. */
static void add_broken(struct strbuf *sb, const char *text)
{
	char quote = '\0';

	for (const char *p = text; *p;) {
		size_t len = quote ? 0 : break_after(p);

		if (len) {
			strbuf_add(sb, p, len);
			strbuf_addstr(sb, "\\\n    ");
			p += len + strspn(p + len, " \t");
			continue;
		}
		if (*p == '\\' && quote != '\'' && p[1])
			strbuf_addch(sb, *p++);
		else if (*p == quote)
			quote = '\0';
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		strbuf_addch(sb, *p++);
	}
}

static void add_command(struct df *df, const char *command, const struct strvec *shell)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	_cleanup_free_ char *end = NULL;

	if (df_is_plain(command)) {
		if (strlen(command) + strlen("RUN ") > LINE_WIDTH)
			add_broken(df->out, command);
		else
			strbuf_addstr(df->out, command);
		strbuf_addch(df->out, '\n');
	} else if (strchr(command, '\n') && !strchr(command, '\r') &&
		   is_heredoc(df, command, &end)) {
		strbuf_addf(df->out, "%s%s%s\n", command, *end ? "\n" : "", end);
		df->frontend = true;
	} else if (strchr(command, '\n') && !strchr(command, '\r')) {
		add_heredoc(df, command);
	} else {
		strvec_extend(&words, shell);
		strvec_push(&words, command);
		df_add_exec(df->out, &words);
		strbuf_addch(df->out, '\n');
	}
}

static void add_exec_words(struct strbuf *sb, const char *text)
{
	_cleanup_strvec_ struct strvec none = STRVEC_INIT, words = STRVEC_INIT;

	df_split(text, &none, &words);
	df_add_exec(sb, &words);
	strbuf_addch(sb, '\n');
}

/* "--mount=... " and the like: no command begins so. */
static const char *take_flags(struct df *df, const char *text, struct strbuf *flags)
{
	while (!strncmp(text, "--", 2) && strchr(text, ' ')) {
		size_t len = strcspn(text, " ");

		strbuf_add(flags, text, len + 1);
		text += len + strspn(text + len, " ");
		df->frontend = true;
	}
	return text;
}

/* How long the shell is that the command is given to. */
static size_t skip_shell(const struct df *df, const char *text)
{
	static const char sh[] = "/bin/sh -c ";
	size_t len = df_skip_shell(text, &df->made.shell);

	return len || !df->buildah || strncmp(text, sh, strlen(sh)) != 0 ? len : strlen(sh);
}

/* A here-document that begins with "#!" is run as a file there, and is in no history. */
static const char *script_name(const char *command)
{
	static const char pipes[] = "/dev/pipes/";

	if (strncmp(command, pipes, strlen(pipes)) != 0)
		return NULL;
	command += strlen(pipes);
	return *command && !strpbrk(command, " /\n") ? command : NULL;
}

static void add_shell_form(struct df *df, const char *command)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	const char *end = df->buildah ? df_parse_list(command, &words) : NULL;

	if (script_name(command)) {
		strbuf_addf(df->out, "heredoc:%s\n", script_name(command));
		return;
	}
	if (!end || *end) {
		add_command(df, command, &df->made.shell);
		return;
	}
	df_add_exec(df->out, &words);
	strbuf_addch(df->out, '\n');
}

/* Of a SHELL that the history does not tell, or an exec form. */
static void add_other(struct df *df, const char *text)
{
	_cleanup_strvec_ struct strvec shell = STRVEC_INIT;
	size_t skip = df_find_shell(text, &shell);

	if (!skip) {
		add_exec_words(df->out, text);
		return;
	}
	strvec_push(&shell, text + skip);
	df_add_exec(df->out, &shell);
	strbuf_addch(df->out, '\n');
}

void df_run(struct df *df, const char *text)
{
	_cleanup_strbuf_ struct strbuf flags = STRBUF_INIT;
	const char *command;
	size_t shell;

	text = undo_arguments(df, take_flags(df, text, &flags));
	shell = skip_shell(df, text);
	command = df->buildah && shell ? take_flags(df, text + shell, &flags) : text + shell;
	strbuf_addf(df->out, "RUN %s", df_can_say(flags.buf) ? flags.buf : "");
	if (shell)
		add_shell_form(df, command);
	else
		add_other(df, text);
}

bool df_run_source(struct df *df, const char *text)
{
	if (!df_can_say(text) || strstr(text, "<<") || text[strlen(text) - 1] == '\\')
		return false;
	strbuf_addstr(df->out, "RUN ");
	if (df_is_plain(text))
		add_command(df, text, &df->made.shell);
	else
		strbuf_addf(df->out, "%s\n", text);
	return true;
}
