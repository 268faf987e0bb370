/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Dockerfile while it is written: what the instructions so far would make of the configuration
 * stands beside what the configuration is, so that the difference can be said at the end.
 */
#ifndef REPORT_DOCKERFILE_H
#define REPORT_DOCKERFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "slimtrace/base/json.h"
#include "slimtrace/base/strbuf.h"
#include "slimtrace/base/strmap.h"
#include "slimtrace/base/strvec.h"

/* Of the configuration what instructions set. */
struct df_config {
	struct strmap *env, *labels; /* values are malloc'ed */
	struct strvec ports, volumes, cmd, entrypoint, shell, onbuild;
	char *health; /* the instruction; NULL: none */
	struct strvec health_test;
	char *user, *workdir, *stop_signal;
};
/* From the "config" object (NULL: an empty one). */
void df_config_read(struct df_config *c, const cJSON *config);
void df_config_release(struct df_config *c);

/*
 * A variable may stand for others, and a range for ports: what a short history can stand for has
 * no bound but this one.
 */
#define DF_MAX_EXPANDED (1u << 20)
static inline bool df_may_expand(size_t *expanded, size_t len)
{
	if (len > DF_MAX_EXPANDED - *expanded)
		return false;
	*expanded += len;
	return true;
}

struct df {
	struct df_config real, made;
	struct strmap *args; /* build arguments and their values, "" when they have none */
	struct strbuf *out;
	size_t expanded; /* bytes, about, that are there because a few stand for many */
	size_t healths;	 /* how many entries set it that are still to come */
	bool classic;	 /* some are known to be the classic builder's */
	bool source;	 /* the entry at hand is a line as it was written */
	bool buildah;	 /* some are: RUN names /bin/sh there, whatever SHELL says */
	bool cmd_set;	 /* there was a CMD: an ENTRYPOINT leaves it alone then */
	bool frontend;	 /* something was written that only BuildKit's frontend reads */
};

/* --- words: dockerfile_words.c --- */
void df_set(char **field, const char *value, size_t len);
void df_map_set(struct strmap *map, const char *key, const char *value, size_t len);
/* `["a" "b"]` with Go's quoting, or a JSON array, at the beginning of @text; its end, or NULL. */
const char *df_parse_list(const char *text, struct strvec *ret);
/* A JSON array of one line. */
void df_add_exec(struct strbuf *sb, const struct strvec *words);
/* One character, as it is or after a backslash; where it ends, or NULL. */
const char *df_parse_char(const char *p, struct strbuf *ret);
bool df_is_plain(const char *text);	 /* as a line of a shell's, the parser leaves it as it is */
bool df_is_shell_form(const char *text); /* the same after HEALTHCHECK CMD */
/* Whether @text is @words with blanks between. */
bool df_is_joined(const char *text, size_t len, const struct strvec *words);
bool df_can_say(const char *text); /* no line break, which no instruction can have in a value */
/* A name or value with quotes where needed; a word that quotes and variables mean something in. */
void df_add_value(struct strbuf *sb, const char *text);
void df_add_word(struct strbuf *sb, const char *text, size_t len);
void df_comment(struct strbuf *sb, const char *text); /* as "# text", in one line */
/* The command of a shell form; NULL when @words are not @shell and one word. */
const char *df_shell_form(const struct strvec *words, const struct strvec *shell);
/* "CMD text", "CMD [...]" */
void df_add_command(struct strbuf *sb, const char *name, const struct strvec *words,
		    const struct strvec *shell);
/* The words of @shell and a blank: how much of @text they are, 0 when it begins otherwise. */
size_t df_skip_shell(const char *text, const struct strvec *shell);
/* The same of what looks like a shell and its options; its words. */
size_t df_find_shell(const char *text, struct strvec *ret);

/* --- dockerfile_pairs.c: "A=1 B=two words", of which nobody quoted anything --- */
struct df_pair {
	const char *name, *value;
	size_t name_len, value_len;
};
/* The next pair; @known has the names that there are and the values they have in the end. */
bool df_next_pair(const char **text, const struct strmap *known, struct df_pair *ret);
void df_env(struct df *df, const char *text);
void df_label(struct df *df, const char *text);
void df_arg(struct df *df, const char *name, size_t name_len, const char *value, size_t len);
/* A list without quotes: the longest of @known, or words. */
void df_split(const char *text, const struct strvec *known, struct strvec *ret);

/* --- dockerfile_source.c: lines as they were written --- */
/* Whether an entry that ran nothing is Buildah's. */
bool df_is_source(const char *created_by);
/* How much of an entry of Buildah's is the line: checksums and how it was called follow. */
size_t df_source_len(const char *text);
/* Words without quotes and variables, a blank between; malloc'ed. */
char *df_source_text(struct df *df, const char *text);
/* Names and values in turn; false: it is no such line. */
bool df_source_pairs(struct df *df, const char *text, const struct strmap *real,
		     struct strvec *ret);

/* --- dockerfile_health.c --- */
struct df_health {
	struct strvec test;
	int64_t interval, timeout, start_period, start_interval, retries; /* ns; 0: not said */
};
void df_health_release(struct df_health *h);
/* As any builder writes it; @real: the test that the image has. */
bool df_health_parse(const char *text, const struct strvec *real, struct df_health *ret);
char *df_health_text(const struct df_health *h);

/* --- dockerfile_run.c --- */
/* Where in [p, end) the next build argument begins, after the value at @p; @end when none does. */
const char *df_next_argument(const char *p, const char *end);
/* What follows RUN in a history, or all of it in the classic builder's. */
void df_run(struct df *df, const char *text);
/* A RUN as it was written; false: it goes on in lines that the history does not have. */
bool df_run_source(struct df *df, const char *text);

/* --- dockerfile_step.c: one entry of the history --- */
/* @kaniko: who writes lines as they are. */
void df_step(struct df *df, const char *created_by, bool kaniko, bool empty, const char *diff_id);

/* --- dockerfile_rest.c: what the history does not tell --- */
void df_rest(struct df *df);

#endif
