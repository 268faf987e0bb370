/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slimtrace/base/alloc.h"
#include "slimtrace/base/io.h"
#include "slimtrace/base/text.h"

#define HELP_COLUMN 30
#define HELP_WIDTH 80
#define FILE_MAX (1u << 20)

static const struct option_row *find_row(const struct option_set *set, const char *name, size_t len)
{
	for (size_t i = 0; i < set->n; i++) {
		const char *row = set->rows[i].name;

		if (row && !strncmp(row, name, len) && !row[len])
			return &set->rows[i];
	}
	return NULL;
}

/* Number of edits between two words, counted up to a small bound: for "did you mean". */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[64];

	if (lb >= ARRAY_SIZE(row) || la >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = best < row[j] + 1 ? best : row[j] + 1;
			row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
		}
	}
	return row[lb];
}

static int unknown_option(const struct option_set *sets, size_t n_sets, const char *name,
			  struct err *err)
{
	const char *best = NULL;
	size_t best_distance = 4;

	for (size_t s = 0; s < n_sets; s++) {
		for (size_t i = 0; i < sets[s].n; i++) {
			const char *row = sets[s].rows[i].name;
			size_t d = row && row[1] ? distance(name, row) : SIZE_MAX;

			if (d < best_distance) {
				best_distance = d;
				best = row;
			}
		}
	}
	err_class_set(err, ERR_USAGE, EINVAL, "unknown option '--%s'", name);
	return best ? err_hint(err, "did you mean '--%s'?", best)
		    : err_hint(err, "--help lists the options");
}

static int parse_bool(const char *name, const char *value, bool *ret, struct err *err)
{
	if (!value || !strcmp(value, "true") || !strcmp(value, "1"))
		*ret = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*ret = false;
	else
		return err_class_set(err, ERR_USAGE, EINVAL, "--%s: '%s' is not true or false",
				     name, value);
	return 0;
}

static int parse_bytes(const char *name, const char *value, uint64_t *ret, struct err *err)
{
	static const char suffixes[] = "kmg";
	size_t len = strlen(value);
	const char *suffix = len ? strchr(suffixes, value[len - 1] | 0x20) : NULL;
	_cleanup_free_ char *digits = xstrndup(value, suffix ? len - 1 : len);
	_cleanup_free_ char *what = xasprintf("--%s", name);
	unsigned int shift = suffix ? 10 * (unsigned int)(suffix - suffixes + 1) : 0;
	unsigned long long n;
	int r = text_parse_u64(digits, 0, UINT64_MAX >> shift, what, &n, err);

	if (!r)
		*ret = (uint64_t)n << shift;
	return r;
}

static int parse_uint(const char *name, const char *value, unsigned int *ret, struct err *err)
{
	_cleanup_free_ char *what = xasprintf("--%s", name);
	unsigned long long n;
	int r = text_parse_u64(value, 0, UINT32_MAX, what, &n, err);

	if (!r)
		*ret = (unsigned int)n;
	return r;
}

static int set_bool(const struct option_row *row, void *field, const char *value, struct err *err)
{
	bool on = false;
	int r = parse_bool(row->name, value, &on, err);

	if (r < 0)
		return r;
	if (row->type == OPTION_TRI)
		*(int *)field = on;
	else
		*(bool *)field = row->type == OPTION_NOT ? !on : on;
	return 0;
}

static int set_value(const struct option_row *row, void *target, const char *value, struct err *err)
{
	void *field = (char *)target + row->offset;

	switch (row->type) {
	case OPTION_BOOL:
	case OPTION_NOT:
	case OPTION_TRI:
		return set_bool(row, field, value, err);
	case OPTION_STRING:
		*(const char **)field = value;
		return 0;
	case OPTION_LIST:
		strvec_push(field, value);
		return 0;
	case OPTION_UINT:
		return parse_uint(row->name, value, field, err);
	case OPTION_BYTES:
		return parse_bytes(row->name, value, field, err);
	case OPTION_CALL:
		return row->call(target, value, err);
	}
	return 0;
}

static bool takes_value(const struct option_row *row)
{
	return row->type != OPTION_BOOL && row->type != OPTION_NOT && row->type != OPTION_TRI;
}

/* argv[*i] is an option; a separate value is taken along. */
static int parse_option(int argc, char **argv, int *i, const struct option_set *sets, size_t n_sets,
			struct err *err)
{
	const char *arg = argv[*i], *name = arg + 1 + (arg[1] == '-'), *value = NULL;
	size_t len = strcspn(name, "=");
	_cleanup_free_ char *key = xstrndup(name, len);

	if (name[len] == '=')
		value = name + len + 1;
	for (size_t s = 0; s < n_sets; s++) {
		const struct option_row *row = find_row(&sets[s], name, len);

		if (!row)
			continue;
		if (!value && takes_value(row)) {
			if (*i + 1 >= argc)
				return err_class_set(
					err, ERR_USAGE, EINVAL, "option '%.*s' needs a value: %s",
					(int)(name - arg + (ptrdiff_t)len), arg, row->metavar);
			value = argv[++*i];
		}
		return set_value(row, sets[s].target, value, err);
	}
	return unknown_option(sets, n_sets, key, err);
}

/* One dash before a name of one letter, two before a longer one. */
static bool dashes_fit(const char *arg, const struct option_set *sets, size_t n_sets)
{
	size_t len = strcspn(arg + 1, "=");

	if (arg[1] == '-')
		return strcspn(arg + 2, "=") != 1;
	for (size_t s = 0; len == 1 && s < n_sets; s++)
		if (find_row(&sets[s], arg + 1, 1))
			return true;
	return false;
}

int options_parse(int argc, char **argv, const struct option_set *sets, size_t n_sets,
		  bool stop_at_arg, struct strvec *ret_args, int *ret_next, struct err *err)
{
	bool options_over = false;
	int i;

	for (i = 1; i < argc; i++) {
		const char *arg = argv[i];
		int r;

		if (options_over || arg[0] != '-' || !arg[1]) {
			if (stop_at_arg)
				break;
			strvec_push(ret_args, arg);
			continue;
		}
		if (!strcmp(arg, "--")) {
			options_over = true;
			continue;
		}
		if (!dashes_fit(arg, sets, n_sets)) {
			err_class_set(err, ERR_USAGE, EINVAL, "unknown option '%s'", arg);
			return err_hint(err, "options have two dashes: --help lists them");
		}
		r = parse_option(argc, argv, &i, sets, n_sets, err);
		if (r < 0)
			return r;
	}
	if (ret_next)
		*ret_next = i;
	return 0;
}

/* Adds @text word by word, in a column of its own. */
static void add_wrapped(struct strbuf *sb, const char *text)
{
	size_t column = HELP_COLUMN;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			strbuf_addf(sb, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			strbuf_addch(sb, ' ');
			column++;
		}
		strbuf_add(sb, text, len);
		column += len;
		text += len + (text[len] == ' ');
	}
	strbuf_addch(sb, '\n');
}

void options_help(const struct option_set *set, struct strbuf *ret)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct option_row *row = &set->rows[i];
		size_t start = ret->len, used;

		if (!row->help)
			continue;
		if (!row->name) {
			strbuf_addf(ret, "\n%s:\n", row->help);
			continue;
		}
		strbuf_addf(ret, "  --%s", row->name);
		if (row->metavar)
			strbuf_addf(ret, " %s", row->metavar);
		used = ret->len - start;
		if (used + 2 > HELP_COLUMN)
			strbuf_addf(ret, "\n%*s", HELP_COLUMN, "");
		else
			strbuf_addf(ret, "%*s", (int)(HELP_COLUMN - used), "");
		add_wrapped(ret, row->help);
	}
}

int options_each_line(const char *file, option_fn *fn, void *target, const char *option,
		      struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *rest, *line;
	int r = io_read_file(AT_FDCWD, file, FILE_MAX, &text, err);

	if (r < 0)
		err->class = ERR_USAGE;
	rest = text.buf;
	while (!r && text.len && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, "\r")] = '\0';
		if (*line && *line != '#')
			r = fn(target, line, err);
	}
	return r < 0 ? err_wrap(err, "%s '%s'", option, file) : 0;
}
